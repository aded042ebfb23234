package hydra

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/flat"
	"flightdeck/backends/folder/grow"
	"flightdeck/backends/folder/inner"
)

// Tags of a run. What was overridden is "hydra.override.<key>" with its value, and
// "~" for what was deleted; what was chosen from a group is "hydra.choices.<group>".
const (
	TagJob       = "hydra.job.name"
	TagNum       = "hydra.job.num"
	TagOverrides = "hydra.overrides"
	TagDir       = "hydra.runtime.cwd"

	tagOverride = "hydra.override."
	tagChoices  = "hydra.choices."
)

type reader struct {
	place     folder.Place
	config    grow.Small
	hydra     grow.Small
	overrides grow.Small
	inner     *inner.Group
	job       string
	log       *jobLog
	better    bool // than the log's: there are curves inside
	info      folder.Info
}

func newReader(formats []folder.Format, p folder.Place) *reader {
	dot := filepath.Join(p.Path, dotHydra)
	r := &reader{
		place:     p,
		config:    grow.Small{Path: filepath.Join(dot, "config.yaml")},
		hydra:     grow.Small{Path: filepath.Join(dot, "hydra.yaml")},
		overrides: grow.Small{Path: filepath.Join(dot, "overrides.yaml")},
		inner:     inner.New(formats, p.Path, true),
	}
	r.inner.First = func(to folder.Sink) {
		r.better = true
		if r.log != nil {
			r.log.silence(to)
		}
	}
	return r
}

// Read tells what is new.
func (r *reader) Read(ctx context.Context, to folder.Sink) error {
	r.about(to)
	forgot, err := r.inner.Read(ctx, to)
	if err != nil {
		return err
	}
	if forgot {
		r.config.Again()
		r.log = nil
	}
	r.params(to)
	if err := r.follow(ctx, to); err != nil {
		return err
	}
	return nil
}

// params tells the composed configuration.
func (r *reader) params(to folder.Sink) {
	var params []backends.Param
	changed, err := r.config.Read(func(data []byte) (err error) {
		params, err = flat.YAML(data)
		return err
	})
	if err != nil {
		to.Trouble(err)
	}
	if changed && len(params) > 0 {
		to.Params(params...)
	}
}

// about tells the tags and the name, from Hydra's own configuration.
func (r *reader) about(to folder.Sink) {
	var own []backends.Param
	changed, err := r.hydra.Read(func(data []byte) (err error) {
		own, err = flat.YAML(data)
		return err
	})
	if err != nil {
		to.Trouble(err)
	}
	if changed && len(own) > 0 {
		var name string
		var tags []backends.Tag
		r.job, name, tags = describe(own)
		to.Tags(tags...)
		if name == "" {
			name = title(r.job, r.place.ID)
		}
		r.info.Name, r.info.Experiment = name, r.job
		to.Info(r.info)
	}
	var list []string
	changed, err = r.overrides.Read(func(data []byte) (err error) {
		list, err = flat.List(data)
		return err
	})
	if err != nil {
		to.Trouble(err)
	}
	if changed && len(list) > 0 {
		to.Tags(overrideTags(list)...)
	}
}

// describe finds the job's name, the one that its overrides give it, and tags in
// Hydra's configuration.
func describe(own []backends.Param) (job, name string, tags []backends.Tag) {
	const missing = "???"
	for _, p := range own {
		if p.Value == missing || p.Value == "null" {
			continue
		}
		switch p.Key {
		case "hydra.job.name":
			job = p.Value
			tags = append(tags, backends.Tag{Key: TagJob, Value: p.Value})
		case "hydra.job.num":
			tags = append(tags, backends.Tag{Key: TagNum, Value: p.Value})
		case "hydra.job.override_dirname":
			name = p.Value
		case "hydra.runtime.cwd":
			tags = append(tags, backends.Tag{Key: TagDir, Value: p.Value})
		default:
			group, ok := strings.CutPrefix(p.Key, "hydra.runtime.choices.")
			if ok && !strings.HasPrefix(group, "hydra/") {
				tags = append(tags, backends.Tag{Key: tagChoices + group, Value: p.Value})
			}
		}
	}
	return job, name, tags
}

// overrideTags is one tag with all overrides, as they would be typed, and one for
// each that can be read.
func overrideTags(list []string) []backends.Tag {
	tags := []backends.Tag{{Key: TagOverrides, Value: backends.Join(list)}}
	for _, s := range list {
		o, err := ParseOverride(s)
		if err != nil || o.Key == "" {
			continue
		}
		value := o.Value
		if o.Op == Delete {
			value = "~"
		}
		key := o.Key
		if o.Package != "" {
			key += "@" + o.Package
		}
		tags = append(tags, backends.Tag{Key: tagOverride + key, Value: value})
	}
	return tags
}

// follow reads the job's log, for its status, and for curves as long as nothing else
// in the folder has any.
func (r *reader) follow(ctx context.Context, to folder.Sink) error {
	if r.job == "" || !filepath.IsLocal(r.job+".log") {
		return nil
	}
	if r.log == nil {
		r.log = newJobLog(filepath.Join(r.place.Path, r.job+".log"))
		r.log.quiet = r.better
	}
	err := r.log.read(ctx, to)
	if e := ctx.Err(); e != nil {
		return e
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		to.Trouble(err)
	}
	status := backends.RunStatus("")
	if r.log.failed {
		status = backends.RunFailed
	}
	if status != r.info.Status {
		r.info.Status = status
		to.Info(r.info)
	}
	return nil
}

// OpenMedia opens what a place inside told.
func (r *reader) OpenMedia(ctx context.Context, item backends.MediaItem) (io.ReadCloser, error) {
	rc, ok, err := r.inner.OpenMedia(ctx, item)
	if !ok {
		return nil, fmt.Errorf("open %q of %s: %w", item.Place, r.place.ID, fs.ErrNotExist)
	}
	return rc, err
}

// Close ends the readers inside.
func (r *reader) Close() error { return r.inner.Close() }
