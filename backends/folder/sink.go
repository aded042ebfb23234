package folder

import (
	"slices"
	"strings"

	"flightdeck/backends"
)

// runSink takes what a Reader finds into the run's state. What is not read anew is
// seen at once: a long file shows its curves while it is read.
type runSink struct {
	r     *run
	media bool // something other than points came
}

func (s *runSink) do(f func(st *state)) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	f(&s.r.state)
}

func (s *runSink) Info(i Info) {
	s.do(func(st *state) {
		i.Inputs = slices.Clone(i.Inputs)
		st.info = i
		st.rev++
	})
}

func (s *runSink) Params(ps ...backends.Param) {
	s.do(func(st *state) {
		for _, p := range ps {
			put(st, st.params, p.Key, p.Value)
		}
	})
}

func (s *runSink) Tags(ts ...backends.Tag) {
	s.do(func(st *state) {
		for _, t := range ts {
			put(st, st.tags, t.Key, t.Value)
		}
	})
}

func put(st *state, into map[string]string, k, v string) {
	if old, ok := into[k]; ok && old == v {
		return
	}
	if _, ok := into[k]; !ok && len(into) >= mostKeys {
		st.say("it has more than " + itoa(mostKeys) + " params or tags: the rest is left out")
		return
	}
	into[strings.Clone(k)] = strings.Clone(v)
	st.rev++
}

func (s *runSink) Points(key string, p backends.Points) {
	n := min(len(p.Step), len(p.Time), len(p.Value)) // a Reader's mistake must not shear the columns
	if n == 0 {
		return
	}
	p = backends.Points{Step: p.Step[:n], Time: p.Time[:n], Value: p.Value[:n]}
	s.do(func(st *state) { st.add(key, p) })
	s.r.b.tell(backends.TopicMetrics)
}

func (s *runSink) Rewind(step int64) {
	s.do(func(st *state) {
		for _, x := range st.series {
			if x.rewind(step) {
				st.rev++
			}
		}
	})
}

// RewindKey forgets the points of one metric with a step of at least step.
func (s *runSink) RewindKey(key string, step int64) {
	s.do(func(st *state) {
		if x := st.series[key]; x != nil && x.rewind(step) {
			st.rev++
		}
	})
}

func (s *runSink) Forget() { s.do((*state).forget) }

func (s *runSink) Histograms(key string, hs ...backends.Histogram) {
	s.media = true
	s.do(func(st *state) {
		l := st.hists[key]
		if l == nil {
			if len(st.hists) >= mostKeys {
				return
			}
			l = &thinned[backends.Histogram]{}
			st.hists[strings.Clone(key)] = l
		}
		l.add(hs...)
		st.rev++
	})
}

func (s *runSink) Media(kind backends.MediaKind, key string, items ...backends.MediaItem) {
	s.media = true
	s.do(func(st *state) {
		k := mediaKey{kind, strings.Clone(key)}
		l := st.media[k]
		if l == nil {
			if len(st.media) >= mostKeys {
				return
			}
			l = &thinned[backends.MediaItem]{}
			st.media[k] = l
		}
		l.add(items...)
		st.rev++
	})
}

func (s *runSink) Trouble(err error) {
	if err != nil {
		s.do(func(st *state) { st.say(err.Error()) })
	}
}
