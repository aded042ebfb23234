package backends

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// TagPlace, with the kind of a source behind it, names where a job's run was followed
// from: ids of that source's runs, one a line.
const TagPlace = "flightdeck.place."

// Twins is the runs of other sources that are the same run, read in place: those
// that a job's run was followed from. nil for any other run.
func Twins(r *Run) (out []Ref) {
	from := slices.IndexFunc(r.Tags, func(t Tag) bool { return strings.HasPrefix(t.Key, TagPlace) })
	if from < 0 {
		return nil
	}
	for _, t := range r.Tags[from:] {
		kind, ok := strings.CutPrefix(t.Key, TagPlace)
		if !ok {
			break
		}
		for id := range strings.SplitSeq(t.Value, "\n") {
			if kind != "" && id != "" {
				out = append(out, Ref{Backend: kind, Kind: "run", ID: id})
			}
		}
	}
	return out
}

// WithoutTwins is the runs but for those that another of them is the twin of. all is
// not written to, and returned itself when there are none.
func WithoutTwins(all []*Run) []*Run {
	var twins map[string]bool
	for _, r := range all {
		for _, ref := range Twins(r) {
			if ref.Backend == r.Backend {
				continue // copied here from elsewhere, and no job's
			}
			if twins == nil {
				twins = map[string]bool{}
			}
			twins[ref.Key()] = true
		}
	}
	is := func(r *Run) bool { return twins[r.Ref().Key()] }
	if twins == nil || !slices.ContainsFunc(all, is) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), is)
}

// Exhibits is what one run logged beside numbers, wherever that lies: in its own
// backend, and in those that have a twin of it. It is a MediaLister, HistogramReader
// and MediaReader, of that run whatever Ref it is asked about.
type Exhibits struct{ rooms []room }

// room is a backend with what the run is called there.
type room struct {
	Backend
	ref Ref
}

// ExhibitsOf finds the run's exhibits among the backends; ok is false when none has
// any means to show them.
func ExhibitsOf(from []Backend, r *Run) (x *Exhibits, ok bool) {
	x = &Exhibits{}
	for _, ref := range append([]Ref{r.Ref()}, Twins(r)...) {
		for _, b := range from {
			if _, ok := b.(MediaLister); ok && b.Name() == ref.Backend {
				x.rooms = append(x.rooms, room{b, ref})
			}
		}
	}
	return x, len(x.rooms) > 0
}

// Media lists the keys of all places. One that is in two is the first one's. A place
// that cannot be read is an error only when no other has anything.
func (x *Exhibits) Media(ctx context.Context, _ Ref) ([]Media, error) {
	var all []Media
	var errs []error
	for _, m := range x.rooms {
		got, err := m.Backend.(MediaLister).Media(ctx, m.ref)
		errs = append(errs, err)
		for _, one := range got {
			if !slices.ContainsFunc(all, func(o Media) bool { return o.Kind == one.Kind && o.Key == one.Key }) {
				all = append(all, one)
			}
		}
	}
	if len(all) > 0 {
		return all, ctx.Err()
	}
	return nil, errors.Join(errs...)
}

// Histograms reads a key's from the first place that has it.
func (x *Exhibits) Histograms(ctx context.Context, _ Ref, key string) ([]Histogram, error) {
	var errs []error
	for _, m := range x.rooms {
		if b, ok := m.Backend.(HistogramReader); ok {
			got, err := b.Histograms(ctx, m.ref, key)
			if len(got) > 0 {
				return got, err
			}
			errs = append(errs, err)
		}
	}
	return nil, errors.Join(errs...)
}

// MediaItems lists a key's from the first place that has it.
func (x *Exhibits) MediaItems(ctx context.Context, _ Ref, kind MediaKind, key string) ([]MediaItem, error) {
	var errs []error
	for i, m := range x.rooms {
		b, ok := m.Backend.(MediaReader)
		if !ok {
			continue
		}
		got, err := b.MediaItems(ctx, m.ref, kind, key)
		if errs = append(errs, err); len(got) == 0 {
			continue
		}
		got = slices.Clone(got)
		for j := range got {
			got[j].Place = strconv.Itoa(i) + ":" + got[j].Place
		}
		return got, err
	}
	return nil, errors.Join(errs...)
}

// OpenMedia opens an item that MediaItems listed.
func (x *Exhibits) OpenMedia(ctx context.Context, _ Ref, item MediaItem) (io.ReadCloser, error) {
	at, place, _ := strings.Cut(item.Place, ":")
	i, err := strconv.Atoi(at)
	if err != nil || i < 0 || i >= len(x.rooms) {
		return nil, fmt.Errorf("open what was logged at step %d: %w", item.Step, ErrNotFound)
	}
	b, ok := x.rooms[i].Backend.(MediaReader)
	if !ok {
		return nil, fmt.Errorf("open what was logged at step %d: %w", item.Step, ErrNotFound)
	}
	item.Place = place
	return b.OpenMedia(ctx, x.rooms[i].ref, item)
}
