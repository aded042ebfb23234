package folder

import (
	"math"
	"slices"
	"strings"

	"flightdeck/backends"
)

// state is what was read of a run: columns, and no text but params and tags.
type state struct {
	info    Info
	params  map[string]string
	tags    map[string]string
	series  map[string]*series
	hists   map[string]*thinned[backends.Histogram]
	media   map[mediaKey]*thinned[backends.MediaItem]
	trouble []string
	first   int64  // the earliest time of a point
	anew    bool   // Forget was called, and what comes instead is not all there
	rev     uint64 // rises with every change
}

type mediaKey struct {
	kind backends.MediaKind
	key  string
}

// What one run may take, whatever its files say.
const (
	mostKeys    = 200_000
	mostTrouble = 8
	mostItems   = 2048 // histograms, or media, of one key: then every second is let go
)

func newState() state {
	return state{params: map[string]string{}, tags: map[string]string{}, series: map[string]*series{}, hists: map[string]*thinned[backends.Histogram]{}, media: map[mediaKey]*thinned[backends.MediaItem]{}}
}

// series is the history of one metric. While its points are read anew, or after
// some were taken back, draft is what the history will be; it replaces the shared
// one only if it is not a longer form of it.
type series struct {
	h     *backends.History
	draft *backends.Points
	last  backends.Metric
	some  bool
}

func (s *series) points() backends.Points {
	if s.draft != nil {
		return *s.draft
	}
	return s.h.Points()
}

func (s *series) add(p backends.Points) {
	if s.draft == nil {
		s.h.Append(p)
	} else {
		s.draft.Step, s.draft.Time, s.draft.Value = append(s.draft.Step, p.Step...), append(s.draft.Time, p.Time...), append(s.draft.Value, p.Value...)
	}
	s.see(p)
}

// see keeps the latest, as MLflow decides it: by step, then time, then value.
func (s *series) see(p backends.Points) {
	for i := range p.Len() {
		m := backends.Metric{Key: s.h.Key, Value: p.Value[i], Step: p.Step[i], Time: p.Time[i]}
		if !s.some || later(m, s.last) {
			s.last, s.some = m, true
		}
	}
}

func later(m, than backends.Metric) bool {
	switch {
	case m.Step != than.Step:
		return m.Step > than.Step
	case m.Time != than.Time:
		return m.Time > than.Time
	}
	return m.Value > than.Value || math.IsNaN(than.Value) && !math.IsNaN(m.Value)
}

// rewind takes back what has a step of at least step.
func (s *series) rewind(step int64) bool {
	old := s.points()
	if !slices.ContainsFunc(old.Step, func(v int64) bool { return v >= step }) {
		return false
	}
	kept := &backends.Points{}
	for i, v := range old.Step {
		if v < step {
			kept.Step, kept.Time, kept.Value = append(kept.Step, v), append(kept.Time, old.Time[i]), append(kept.Value, old.Value[i])
		}
	}
	s.draft, s.some = kept, false
	s.see(*kept)
	return true
}

// settle makes the draft the history.
func (s *series) settle() {
	if s.draft == nil {
		return
	}
	d, old := *s.draft, s.h.Points()
	s.draft = nil
	if !extends(d, old) {
		s.h = &backends.History{Key: s.h.Key} // whoever looks at the old one asks again, and sees another pointer
		s.h.Append(d)
		return
	}
	s.h.Append(d.From(old.Len()))
	s.some = false
	s.see(s.h.Points())
}

// extends says whether a begins with all of b, whatever the times: formats without
// times take that of the reading, and then the first is the best.
func extends(a, b backends.Points) bool {
	n := b.Len()
	return a.Len() >= n && slices.Equal(a.Step[:n], b.Step) &&
		slices.EqualFunc(a.Value[:n], b.Value, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// forget empties the state. The histories stay for those who look at them until it
// is known what comes instead.
func (st *state) forget() {
	fresh := newState()
	fresh.info, fresh.series, fresh.anew, fresh.rev = st.info, st.series, true, st.rev+1
	fresh.tags = st.tags
	for _, s := range fresh.series {
		s.draft, s.some = &backends.Points{}, false
	}
	*st = fresh
}

// settle ends a read.
func (st *state) settle() {
	for k, s := range st.series {
		if s.draft == nil {
			continue
		}
		s.settle()
		if !s.some {
			delete(st.series, k)
		}
	}
	st.anew = false
}

func (st *state) add(key string, p backends.Points) bool {
	s := st.series[key]
	if s == nil {
		if len(st.series) >= mostKeys {
			st.say("it has more than " + itoa(mostKeys) + " metrics: the rest is left out")
			return false
		}
		key = strings.Clone(key) // it may be a piece of a large buffer
		s = &series{h: &backends.History{Key: key}}
		if st.anew {
			s.draft = &backends.Points{}
		}
		st.series[key] = s
	}
	for _, at := range p.Time {
		if at > 0 && (st.first == 0 || at < st.first) {
			st.first = at
		}
	}
	s.add(p)
	st.rev++
	return true
}

func (st *state) say(trouble string) {
	if len(st.trouble) < mostTrouble && !slices.Contains(st.trouble, trouble) {
		st.trouble = append(st.trouble, trouble)
		st.rev++
	}
}

// latest is the last point of each metric, sorted by key.
func (st *state) latest() []backends.Metric {
	var out []backends.Metric
	for _, s := range st.series {
		if s.some {
			out = append(out, s.last)
		}
	}
	slices.SortFunc(out, func(a, b backends.Metric) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// allTags is the run's tags, and what could not be read of it.
func (st *state) allTags() []backends.Tag {
	out := pairs(st.tags, backends.Tag{})
	if len(st.trouble) == 0 {
		return out
	}
	out = slices.DeleteFunc(out, func(t backends.Tag) bool { return t.Key == backends.TagTrouble })
	out = append(out, backends.Tag{Key: backends.TagTrouble, Value: strings.Join(st.trouble, "; ")})
	slices.SortFunc(out, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// thinned is a list that stays short: when it is full, every second is let go, and
// from then on only as many are taken.
type thinned[T any] struct {
	items  []T
	stride int
	seen   int
}

func (l *thinned[T]) add(items ...T) {
	l.stride = max(l.stride, 1)
	for _, v := range items {
		if l.seen++; (l.seen-1)%l.stride != 0 {
			continue
		}
		if len(l.items) == mostItems {
			for i := range mostItems / 2 {
				l.items[i] = l.items[2*i]
			}
			clear(l.items[mostItems/2:])
			l.items, l.stride = l.items[:mostItems/2], 2*l.stride
			if (l.seen-1)%l.stride != 0 {
				continue
			}
		}
		l.items = append(l.items, v)
	}
}
