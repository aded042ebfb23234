package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"flightdeck/backends"
)

// find is the run of that id, read up to now.
func (b *Backend) find(ctx context.Context, ref backends.Ref) (*run, error) {
	for _, look := range []func(){func() {}, func() { b.tree.look(ctx, b.tree.o.Pace/4, waitTree); b.sync() }, func() { _ = b.tree.settle(ctx); b.sync() }} {
		look()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.mu.Lock()
		r := b.runs[ref.ID]
		b.mu.Unlock()
		if r != nil {
			return r, b.fresh(ctx, r)
		}
	}
	return nil, fmt.Errorf("run %s of %s: %w", ref.ID, b.name, backends.ErrNotFound)
}

// History is the shared, growing history of a metric. When points were taken back
// it is another one from then on.
func (b *Backend) History(ctx context.Context, ref backends.Ref, key string) (*backends.History, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.state.series[key]; s != nil {
		return s.h, nil
	}
	return &backends.History{Key: key}, nil
}

// Media lists what the run logged beside numbers, by kind, then key.
func (b *Backend) Media(ctx context.Context, ref backends.Ref) ([]backends.Media, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []backends.Media
	for k, l := range r.state.hists {
		out = append(out, backends.Media{Kind: backends.MediaHistogram, Key: k, Steps: len(l.items)})
	}
	for k, l := range r.state.media {
		steps := map[int64]bool{}
		for _, i := range l.items {
			steps[i.Step] = true
		}
		out = append(out, backends.Media{Kind: k.kind, Key: k.key, Steps: len(steps)})
	}
	slices.SortFunc(out, func(a, b backends.Media) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Key, b.Key))
	})
	return out, nil
}

// Histograms is a key's distributions, by step. Of a very long list every second,
// fourth … is left.
func (b *Backend) Histograms(ctx context.Context, ref backends.Ref, key string) ([]backends.Histogram, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.state.hists[key]
	if l == nil {
		return nil, fmt.Errorf("histogram %s of run %s: %w", key, ref, backends.ErrNotFound)
	}
	out := slices.Clone(l.items)
	slices.SortStableFunc(out, func(a, b backends.Histogram) int { return cmp.Compare(a.Step, b.Step) })
	return out, nil
}

// MediaItems is what was logged under a key, by step, then index.
func (b *Backend) MediaItems(ctx context.Context, ref backends.Ref, kind backends.MediaKind, key string) ([]backends.MediaItem, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.state.media[mediaKey{kind, key}]
	if l == nil {
		return nil, fmt.Errorf("%s %s of run %s: %w", kind, key, ref, backends.ErrNotFound)
	}
	out := slices.Clone(l.items)
	slices.SortStableFunc(out, func(a, b backends.MediaItem) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Index, b.Index))
	})
	return out, nil
}

// OpenMedia opens an item as the run's program wrote it.
func (b *Backend) OpenMedia(ctx context.Context, ref backends.Ref, item backends.MediaItem) (io.ReadCloser, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	place := r.place
	b.mu.Unlock()
	reader := b.format.Open(place) // one of its own: the run's may be closed at any moment
	o, ok := reader.(MediaOpener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("media of run %s: %w", ref, backends.ErrNotFound), reader.Close())
	}
	f, err := o.OpenMedia(ctx, item)
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	return both{f, reader}, nil
}

// both closes the reader with what was opened by it.
type both struct {
	io.ReadCloser
	reader io.Closer
}

func (c both) Close() error { return errors.Join(c.ReadCloser.Close(), c.reader.Close()) }
