package lightning

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/flat"
	"flightdeck/backends/folder/grow"
	"flightdeck/backends/folder/inner"
)

type reader struct {
	place   folder.Place
	csv     metrics
	hparams grow.Small
	inner   *inner.Group
	tags    []backends.Tag // of the last checkpoint, as told
	info    folder.Info
}

func newReader(formats []folder.Format, p folder.Place) *reader {
	r := &reader{
		place:   p,
		hparams: grow.Small{Path: filepath.Join(p.Path, hparamsFile)},
		inner:   inner.New(formats, p.Path, false),
	}
	r.csv.table = grow.Table{File: grow.File{Path: filepath.Join(p.Path, metricsFile)}, Comma: ','}
	return r
}

// Read tells what is new.
func (r *reader) Read(ctx context.Context, to folder.Sink) error {
	err := r.csv.read(ctx, to, r.forget)
	if e := ctx.Err(); e != nil {
		return e
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		to.Trouble(fmt.Errorf("metrics.csv: %w", err))
	}
	if r.csv.header != nil {
		r.inner.Outer = r.csv.has
	}
	forgot, err := r.inner.Read(ctx, to)
	if err != nil {
		return err
	}
	if forgot {
		// The rows went too, and the params: both are read again.
		r.csv.restart()
		r.hparams.Again()
		keep := func(folder.Sink, bool) {}
		if err := r.csv.read(ctx, to, keep); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	r.params(to)
	r.checkpoints(to)
	r.started(to)
	return nil
}

// started tells when the run's oldest file was written, as the rows have no time.
func (r *reader) started(to folder.Sink) {
	if r.csv.header == nil {
		return
	}
	entries, err := os.ReadDir(r.place.Path)
	if err != nil {
		return
	}
	first := r.info.Start
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && fi.Mode().IsRegular() && (first.IsZero() || fi.ModTime().Before(first)) {
			first = fi.ModTime()
		}
	}
	if !first.Equal(r.info.Start) {
		r.info.Start = first
		to.Info(r.info)
	}
}

// forget is called when metrics.csv begins anew. The first time there is nothing to
// forget, unless the event files told of the metrics already.
func (r *reader) forget(to folder.Sink, first bool) {
	if first && !r.inner.Told() {
		return
	}
	to.Forget()
	r.inner.Restart()
	r.hparams.Again()
}

func (r *reader) params(to folder.Sink) {
	var params []backends.Param
	changed, err := r.hparams.Read(func(data []byte) (err error) {
		params, err = flat.YAML(data)
		return err
	})
	if err != nil {
		to.Trouble(err)
	}
	if changed {
		to.Params(params...)
	}
}

// OpenMedia opens what the event files hold.
func (r *reader) OpenMedia(ctx context.Context, item backends.MediaItem) (io.ReadCloser, error) {
	rc, ok, err := r.inner.OpenMedia(ctx, item)
	if !ok {
		return nil, fmt.Errorf("open %q of %s: %w", item.Place, r.place.ID, fs.ErrNotExist)
	}
	return rc, err
}

// Close ends the readers inside.
func (r *reader) Close() error { return r.inner.Close() }
