// Package sinktest is a Sink that keeps what a format's reader tells, for tests.
package sinktest

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/folder"
)

// Sink keeps everything it is told. The zero value is ready.
type Sink struct {
	RunInfo   folder.Info
	ParamMap  map[string]string
	TagMap    map[string]string
	Metrics   map[string]backends.Points
	Hists     map[string][]backends.Histogram
	Items     map[string][]backends.MediaItem // by "kind key"
	Troubles  []string
	Forgotten int // how often
}

func (s *Sink) Info(i folder.Info) { s.RunInfo = i }

func (s *Sink) Params(ps ...backends.Param) {
	if s.ParamMap == nil {
		s.ParamMap = map[string]string{}
	}
	for _, p := range ps {
		s.ParamMap[p.Key] = p.Value
	}
}

func (s *Sink) Tags(ts ...backends.Tag) {
	if s.TagMap == nil {
		s.TagMap = map[string]string{}
	}
	for _, t := range ts {
		s.TagMap[t.Key] = t.Value
	}
}

func (s *Sink) Points(key string, p backends.Points) {
	if s.Metrics == nil {
		s.Metrics = map[string]backends.Points{}
	}
	if len(p.Step) != len(p.Value) || len(p.Time) != len(p.Value) {
		panic("columns of unequal length")
	}
	h := s.Metrics[key]
	s.Metrics[strings.Clone(key)] = backends.Points{
		Step: append(h.Step, p.Step...), Time: append(h.Time, p.Time...), Value: append(h.Value, p.Value...),
	}
}

func (s *Sink) Rewind(step int64) {
	for key := range s.Metrics {
		s.RewindKey(key, step)
	}
}

func (s *Sink) RewindKey(key string, step int64) {
	h, ok := s.Metrics[key]
	if !ok {
		return
	}
	var kept backends.Points
	for i, at := range h.Step {
		if at < step {
			kept.Step, kept.Time, kept.Value = append(kept.Step, at), append(kept.Time, h.Time[i]), append(kept.Value, h.Value[i])
		}
	}
	if s.Metrics[key] = kept; kept.Len() == 0 {
		delete(s.Metrics, key)
	}
}

func (s *Sink) Forget() {
	s.Metrics, s.ParamMap, s.Hists, s.Items = nil, nil, nil, nil
	s.Forgotten++
}

func (s *Sink) Histograms(key string, h ...backends.Histogram) {
	if s.Hists == nil {
		s.Hists = map[string][]backends.Histogram{}
	}
	s.Hists[key] = append(s.Hists[key], h...)
}

func (s *Sink) Media(kind backends.MediaKind, key string, items ...backends.MediaItem) {
	if s.Items == nil {
		s.Items = map[string][]backends.MediaItem{}
	}
	key = string(kind) + " " + key
	s.Items[key] = append(s.Items[key], items...)
}

func (s *Sink) Trouble(err error) { s.Troubles = append(s.Troubles, err.Error()) }

// Point is one value at its step.
type Point struct {
	Step  int64
	Value float64
}

// Of is the history of one metric without its times.
func (s *Sink) Of(key string) []Point {
	p := s.Metrics[key]
	out := make([]Point, p.Len())
	for i := range out {
		out[i] = Point{p.Step[i], p.Value[i]}
	}
	return out
}

// Same reports whether two histories are equal, NaN being equal to NaN.
func Same(a, b []Point) bool {
	return slices.EqualFunc(a, b, func(x, y Point) bool {
		return x.Step == y.Step && (x.Value == y.Value || math.IsNaN(x.Value) && math.IsNaN(y.Value))
	})
}

// Places is what a format finds in the tree of root, in the order of a walk. What is
// below a place that claims it is not looked at.
func Places(t testing.TB, f folder.Format, root string) (out []folder.Place) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a program that is followed removes folders, too
		}
		if err != nil || !d.IsDir() {
			return err
		}
		entries, err := os.ReadDir(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found := f.Places(path, filepath.ToSlash(rel), entries)
		out = append(out, found...)
		if slices.ContainsFunc(found, func(p folder.Place) bool { return p.Below }) {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Read reads a place once, from its start.
func Read(t testing.TB, f folder.Format, p folder.Place) *Sink {
	t.Helper()
	s := &Sink{}
	r := f.Open(p)
	defer r.Close()
	if err := r.Read(t.Context(), s); err != nil {
		t.Fatalf("read %s: %v", p.ID, err)
	}
	return s
}

var (
	_ folder.Sink        = (*Sink)(nil)
	_ folder.KeyRewinder = (*Sink)(nil)
)
