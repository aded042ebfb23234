// Package tensorboard reads the runs that TensorBoard's writers leave in a folder:
// torch.utils.tensorboard, Lightning, Keras, Accelerate, tensorboardX and all
// others that write event files.
//
// A folder with event files is one run, whatever their number; its place in the
// tree is its name, as in TensorBoard. Package events reads the files; this one
// says which folders are runs and turns what is in them into the words of package
// backends: scalars into points, the hparams plugin into params and a status,
// histograms, images, texts and sound into media that stay in their files.
//
// dataserver turns the direction round: it serves runs to TensorBoard itself.
package tensorboard

import (
	"context"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"flightdeck/backends/folder"
	"flightdeck/backends/tensorboard/events"
)

// Format is event files, as backends/folder asks for them.
type Format struct{}

var (
	_ folder.Format      = Format{}
	_ folder.MediaOpener = (*Reader)(nil)
)

// Kind is the name of the format.
func (Format) Kind() string { return "tensorboard" }

// Places is the folder itself when it holds an event file. A run's folder may hold
// others: torch writes a run of its own for each call of add_hparams and for each
// line of add_scalars.
func (Format) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	for _, e := range entries {
		if e.IsDir() || !events.IsFile(e.Name()) {
			continue
		}
		p := folder.Place{ID: rel, Name: path.Base(rel), Path: dir}
		if rel == "." {
			p.Name = path.Base(strings.ReplaceAll(dir, "\\", "/"))
			return []folder.Place{p}
		}
		if up := path.Dir(rel); up != "." {
			p.Experiment = up
		}
		if isTime(p.Name) {
			// add_hparams names its folder by the time, below the writer's own.
			p.Parent = path.Dir(rel)
			if p.Parent != "." {
				p.Name = path.Base(p.Parent) + "/" + p.Name
				p.Experiment = strings.TrimPrefix(path.Dir(p.Parent), ".")
			}
		}
		return []folder.Place{p}
	}
	return nil
}

// isTime says whether a folder's name is seconds since 1970 with a fraction.
func isTime(name string) bool {
	whole, _, ok := strings.Cut(name, ".")
	if !ok || len(whole) < 9 || len(whole) > 11 {
		return false
	}
	_, err := strconv.ParseFloat(name, 64)
	return err == nil
}

// Open begins to read the event files of a place.
func (Format) Open(p folder.Place) folder.Reader {
	return &Reader{dir: p.Path, run: events.NewRun(p.Path)}
}

// Read tells what is new in the event files.
func (r *Reader) Read(ctx context.Context, to folder.Sink) error {
	r.to = to
	defer func() { r.to = nil }()
	err := r.run.Read(ctx, r)
	r.tellInfo()
	return err
}

// Close holds nothing back: no file is open between reads.
func (r *Reader) Close() error { return nil }
