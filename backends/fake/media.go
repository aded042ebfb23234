package fake

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"flightdeck/backends"
)

// Logged is what a run logged under one key that is no number.
type Logged struct {
	Kind       backends.MediaKind
	Key        string
	Histograms []backends.Histogram
	Items      []Item
}

// Item is an image or a text, with the bytes that the writer encoded.
type Item struct {
	backends.MediaItem
	Data []byte
}

func (p runs) Media(ctx context.Context, run backends.Ref) ([]backends.Media, error) {
	return read(ctx, p.w, "media", func(s *State) ([]backends.Media, error) {
		out := make([]backends.Media, 0, len(s.Media[run.ID]))
		for _, l := range s.Media[run.ID] {
			m := backends.Media{Kind: l.Kind, Key: l.Key, Steps: len(l.Histograms)}
			for i, it := range l.Items {
				if i == 0 || it.Step != l.Items[i-1].Step {
					m.Steps++
				}
			}
			out = append(out, m)
		}
		slices.SortFunc(out, func(a, b backends.Media) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
		return out, nil
	})
}

func (s *State) logged(run string, kind backends.MediaKind, key string) (Logged, error) {
	for _, l := range s.Media[run] {
		if l.Kind == kind && l.Key == key {
			return l, nil
		}
	}
	return Logged{}, fmt.Errorf("%s %s of %s: %w", kind, key, run, backends.ErrNotFound)
}

func (p runs) Histograms(ctx context.Context, run backends.Ref, key string) ([]backends.Histogram, error) {
	return read(ctx, p.w, "histograms", func(s *State) ([]backends.Histogram, error) {
		l, err := s.logged(run.ID, backends.MediaHistogram, key)
		return l.Histograms, err
	})
}

func (p runs) MediaItems(ctx context.Context, run backends.Ref, kind backends.MediaKind, key string) ([]backends.MediaItem, error) {
	return read(ctx, p.w, "mediaitems", func(s *State) ([]backends.MediaItem, error) {
		l, err := s.logged(run.ID, kind, key)
		out := make([]backends.MediaItem, len(l.Items))
		for i, it := range l.Items {
			out[i] = it.MediaItem
			out[i].Size, out[i].Place = int64(len(it.Data)), fmt.Sprintf("%s/%s/%d", kind, key, i)
		}
		return out, err
	})
}

func (p runs) OpenMedia(ctx context.Context, run backends.Ref, item backends.MediaItem) (io.ReadCloser, error) {
	return read(ctx, p.w, "openmedia", func(s *State) (io.ReadCloser, error) {
		for _, l := range s.Media[run.ID] {
			for i, it := range l.Items {
				if item.Place == fmt.Sprintf("%s/%s/%d", l.Kind, l.Key, i) {
					return io.NopCloser(bytes.NewReader(it.Data)), nil
				}
			}
		}
		return nil, fmt.Errorf("media %s of %s: %w", item.Place, run, backends.ErrNotFound)
	})
}
