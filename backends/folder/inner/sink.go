package inner

import (
	"math"

	"flightdeck/backends"
	"flightdeck/backends/folder"
)

// sink is the Sink that a reader inside is given: its keys are told apart from the
// others', and what it takes back is its own alone.
type sink struct {
	folder.Sink
	r     *reader
	keys  map[string]string // of metrics, as the run has them; "" is not told
	media bool              // it told something that only a Forget of all takes back
}

func newSink(r *reader) *sink { return &sink{r: r, keys: map[string]string{}} }

// name is the one under which the run has a key.
func (s *sink) name(kind, key string) string {
	o := s.r.g.owner[kind+"\x00"+key]
	if o == nil {
		s.r.g.owner[kind+"\x00"+key] = s.r
	} else if o != s.r {
		return s.r.place.ID + "/" + key
	}
	return key
}

func (s *sink) Points(key string, p backends.Points) {
	g := s.r.g
	if g.again || p.Len() == 0 || g.Outer != nil && g.Outer(key) {
		return
	}
	name, ok := s.keys[key]
	if !ok {
		name = s.name("", key)
		s.keys[key] = name
	}
	if !g.begun && g.First != nil {
		g.First(s.Sink)
	}
	g.begun, g.told = true, true
	s.Sink.Points(name, p)
}

// Rewind rewinds this reader's metrics. A Sink that cannot rewind one alone rewinds
// all.
func (s *sink) Rewind(step int64) {
	if s.r.g.again {
		return
	}
	one, ok := s.Sink.(folder.KeyRewinder)
	if !ok {
		s.Sink.Rewind(step)
		return
	}
	for _, name := range s.keys {
		one.RewindKey(name, step)
	}
}

// RewindKey is folder.KeyRewinder's.
func (s *sink) RewindKey(key string, step int64) {
	one, ok := s.Sink.(folder.KeyRewinder)
	if name, told := s.keys[key]; ok && told && !s.r.g.again {
		one.RewindKey(name, step)
	}
}

// Forget takes back what this reader told.
func (s *sink) Forget() {
	if _, ok := s.Sink.(folder.KeyRewinder); ok && !s.media {
		s.Rewind(math.MinInt64)
		return
	}
	s.r.g.again = s.r.g.told && !s.r.g.deaf
}

func (s *sink) Histograms(key string, h ...backends.Histogram) {
	if s.r.g.again {
		return
	}
	s.r.g.told, s.media = true, true
	s.Sink.Histograms(s.name("histogram", key), h...)
}

func (s *sink) Media(kind backends.MediaKind, key string, items ...backends.MediaItem) {
	if s.r.g.again {
		return
	}
	s.r.g.told, s.media = true, true
	out := make([]backends.MediaItem, len(items))
	for i, it := range items {
		it.Place = s.r.id + separator + it.Place
		out[i] = it
	}
	s.Sink.Media(kind, s.name(string(kind), key), out...)
}

// What a place inside says of itself as a whole is not the run's.

func (s *sink) Info(folder.Info)         {}
func (s *sink) Params(...backends.Param) {}
func (s *sink) Tags(...backends.Tag)     {}
