package dvclive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/flat"
	"flightdeck/backends/folder/grow"
)

// maxFiles is how many metrics and images of one run are read.
const maxFiles = 20_000

type reader struct {
	place   folder.Place
	tables  map[string]*metric // by the metric's name
	images  map[string]bool    // by path, told
	params  grow.Small
	latest  grow.Small
	only    map[string]float64 // metrics that the summary alone has, as told
	info    folder.Info
	trouble bool // that there are too many files was told
}

func newReader(p folder.Place) *reader {
	r := &reader{
		place:  p,
		params: grow.Small{Path: filepath.Join(p.Path, "params.yaml")},
		latest: grow.Small{Path: filepath.Join(p.Path, "metrics.json")},
	}
	r.restart()
	return r
}

func (r *reader) restart() {
	r.tables, r.images, r.only = map[string]*metric{}, map[string]bool{}, map[string]float64{}
	r.params.Again()
	r.latest.Again()
}

// Read tells what is new.
func (r *reader) Read(ctx context.Context, to folder.Sink) error {
	if r.gone() {
		to.Forget()
		r.restart()
	}
	metrics, err := r.files("metrics", to)
	if err != nil {
		return err
	}
	for _, rel := range metrics {
		key, comma := split(rel)
		if comma == 0 {
			continue
		}
		m := r.tables[key]
		if m == nil {
			m = newMetric(key, filepath.Join(r.dir("metrics"), filepath.FromSlash(rel)), comma)
			r.tables[key] = m
			if _, ok := r.only[key]; ok { // metrics.json was there before its file
				delete(r.only, key)
				takeBack(key, to)
			}
		}
		err := m.read(ctx, to)
		if e := ctx.Err(); e != nil {
			return e
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			to.Trouble(err)
		}
	}
	if err := r.pictures(to); err != nil {
		return err
	}
	r.configuration(to)
	r.summary(to)
	r.started(to)
	return nil
}

// gone reports whether a metric's file that was read is no more: a fresh Live
// removes all before it begins.
func (r *reader) gone() bool {
	for _, m := range r.tables {
		if _, err := os.Lstat(m.table.Path); errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

func (r *reader) dir(kind string) string { return filepath.Join(r.place.Path, "plots", kind) }

// files is the regular files below plots/<kind>, relative and sorted.
func (r *reader) files(kind string, to folder.Sink) (out []string, err error) {
	root := r.dir(kind)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be listed is not there, for us
		}
		if !d.Type().IsRegular() {
			return nil
		}
		if len(out) == maxFiles {
			if !r.trouble {
				to.Trouble(fmt.Errorf("plots/%s has more than %d files: the rest is left out", kind, maxFiles))
			}
			r.trouble = true
			return fs.SkipAll
		}
		rel, err := filepath.Rel(root, path)
		if err == nil {
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	return out, err
}

// split makes the metric's name of its file's: train/loss of train/loss.tsv. Files
// of another kind have no comma.
func split(rel string) (key string, comma byte) {
	if key, ok := strings.CutSuffix(rel, ".tsv"); ok {
		return key, '\t'
	}
	if key, ok := strings.CutSuffix(rel, ".csv"); ok {
		return key, ','
	}
	return "", 0
}

func (r *reader) configuration(to folder.Sink) {
	var params []backends.Param
	changed, err := r.params.Read(func(data []byte) (err error) {
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

// summary reads metrics.json. A number that has no file of its own, as it was logged
// with plot=False, is a metric of one point, the latest; a text is a tag
// "summary.<name>".
func (r *reader) summary(to folder.Sink) {
	values := map[string]any{}
	changed, err := r.latest.Read(func(data []byte) error {
		return json.Unmarshal(flat.Numbers(data), &values)
	})
	if err != nil {
		to.Trouble(err)
	}
	if !changed {
		return
	}
	step, _ := values["step"].(float64)
	delete(values, "step")
	r.values("", values, int64(step), to, 0)
}

func (r *reader) values(key string, values map[string]any, step int64, to folder.Sink, depth int) {
	if depth > 32 {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		name := k
		if key != "" {
			name = key + "/" + k
		}
		switch v := values[k].(type) {
		case map[string]any:
			r.values(name, v, step, to, depth+1)
		case float64:
			if !r.hasFile(name) {
				r.onePoint(name, step, v, to)
			}
		case string:
			if _, ok := grow.Number([]byte(v)); !ok {
				to.Tags(backends.Tag{Key: "summary." + name, Value: v})
			} else if !r.hasFile(name) {
				f, _ := grow.Number([]byte(v))
				r.onePoint(name, step, f, to)
			}
		}
	}
}

func (r *reader) hasFile(name string) bool {
	if r.tables[name] != nil {
		return true
	}
	if !filepath.IsLocal(name) {
		return false
	}
	_, err := os.Lstat(filepath.Join(r.dir("metrics"), filepath.FromSlash(name)+".tsv"))
	return err == nil
}

func (r *reader) onePoint(key string, step int64, v float64, to folder.Sink) {
	if old, ok := r.only[key]; ok && math.Float64bits(old) == math.Float64bits(v) {
		return
	}
	r.only[key] = v
	takeBack(key, to)
	at := time.Now()
	if fi, err := os.Stat(r.latest.Path); err == nil {
		at = fi.ModTime()
	}
	to.Points(key, backends.Points{Step: []int64{step}, Time: []int64{at.UnixMilli()}, Value: []float64{v}})
}

// takeBack forgets what was told of one metric.
func takeBack(key string, to folder.Sink) {
	if one, ok := to.(folder.KeyRewinder); ok {
		one.RewindKey(key, math.MinInt64)
	}
}

// started tells the earliest time that is known of the run: rows need not have one.
func (r *reader) started(to folder.Sink) {
	first := time.Time{}
	for _, m := range r.tables {
		if first.IsZero() || !m.first.IsZero() && m.first.Before(first) {
			first = m.first
		}
	}
	if fi, err := os.Stat(r.params.Path); err == nil && (first.IsZero() || fi.ModTime().Before(first)) {
		first = fi.ModTime()
	}
	if !first.IsZero() && (r.info.Start.IsZero() || first.Before(r.info.Start)) {
		r.info.Start = first
		to.Info(r.info)
	}
}

// Close has nothing to close: no file stays open.
func (*reader) Close() error { return nil }

// OpenMedia opens an image below plots/images, and nothing outside.
func (r *reader) OpenMedia(_ context.Context, item backends.MediaItem) (io.ReadCloser, error) {
	root, err := os.OpenRoot(r.dir("images"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", item.Place, err)
	}
	defer root.Close()
	if fi, err := root.Stat(item.Place); err != nil || !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: no such image of the run: %w", item.Place, fs.ErrNotExist)
	}
	return root.Open(item.Place)
}
