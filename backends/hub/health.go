package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"flightdeck/backends"
)

// source is one backend as the hub sees it: its Notifier, if it is one, and how
// it is doing. Guarded by the hub's lock.
type source struct {
	h        *Hub
	name     string
	notifier backends.Notifier
	quieter  backends.Quieter
	quiet    bool // what quieter last said
	watched  int  // its feeds that run
	end      context.CancelFunc
	wake     chan struct{} // ends the Notifier's wait after a failure
	notified bool          // the Notifier is running, so polling may be rare
	health   backends.Health
}

// Fixer is an error that knows ways out of the trouble that it reports; they
// become the Health's.
type Fixer interface{ Fixes() []backends.Fix }

func (h *Hub) find(name string) *source {
	i := slices.IndexFunc(h.sources, func(s *source) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return h.sources[i]
}

func (h *Hub) source(name string) *source {
	s := h.find(name)
	if s == nil {
		s = &source{h: h, name: name, wake: make(chan struct{}, 1), health: backends.Health{Backend: name}}
		h.sources = append(h.sources, s)
	}
	return s
}

// Health is how each backend is doing, those attached first, in their order; but
// for those that have found nothing and are in no trouble.
func (h *Hub) Health() []backends.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]backends.Health, 0, len(h.sources))
	for _, s := range h.sources {
		if !s.untold() {
			out = append(out, s.health)
		}
	}
	return out
}

// untold says that the health is not worth telling.
func (s *source) untold() bool {
	return s.quiet && (s.health.State == backends.Unknown || s.health.State == backends.OK)
}

// Subscribe gives a channel of one slot that is filled whenever Health would
// answer differently, until ctx ends.
func (h *Hub) Subscribe(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	h.subs[c] = true
	h.mu.Unlock()
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		delete(h.subs, c)
		h.mu.Unlock()
	})
	return c
}

func (h *Hub) changed() {
	for c := range h.subs {
		signal(c)
	}
}

// tally is what a backend's watched keys last met.
type tally struct {
	good, slow, failing int
	worst               *feed     // the one that has failed for the longest
	at, next            time.Time // of the last good answer; of the next try
}

func (h *Hub) tally(backend string) (t tally) {
	for _, f := range h.feeds {
		if f.key.Backend != backend || !f.live() {
			continue
		}
		if f.at.After(t.at) {
			t.at = f.at
		}
		switch {
		case f.tries > 0:
			t.failing++
			if t.worst == nil || f.since.Before(t.worst.since) || f.since.Equal(t.worst.since) && f.tries > t.worst.tries {
				t.worst = f
			}
			if t.next.IsZero() || f.next.Before(t.next) {
				t.next = f.next
			}
		case f.slow:
			t.slow++
		case f.ok:
			t.good++
		}
	}
	return t
}

// review works out a backend's health from what its watched keys last met, and
// signals the subscribers when it is another. Down means that nothing answers:
// while some keys answer and some fail it is Slow, with the error of those. When
// nobody watches, nothing is asked, and the last state stands.
func (h *Hub) review(s *source) {
	old, t := s.health, h.tally(s.name)
	n := backends.Health{Backend: s.name, State: old.State, At: old.At, Since: old.Since, Next: t.next}
	if t.at.After(n.At) {
		n.At = t.at
	}
	switch {
	case t.failing > 0 && t.good+t.slow == 0:
		n.State = backends.Down
	case t.failing+t.slow > 0:
		n.State = backends.Slow
	case t.good > 0:
		n.State = backends.OK
	default:
		n.Err, n.Tries, n.Fixes = old.Err, old.Tries, old.Fixes
	}
	if t.worst != nil {
		n.Err, n.Tries = t.worst.err, t.worst.tries
		var fixer Fixer
		if errors.As(n.Err, &fixer) {
			n.Fixes = fixer.Fixes()
		}
	}
	if n.State != old.State {
		n.Since = h.o.Now()
		if t.worst != nil {
			n.Since = t.worst.since
		}
	}
	untold := s.untold()
	s.health, s.quiet = n, s.quieter != nil && s.quieter.Quiet()
	if untold != s.untold() || n.State != old.State || n.Tries != old.Tries || !n.Next.Equal(old.Next) || fmt.Sprint(n.Err) != fmt.Sprint(old.Err) {
		h.changed()
	}
}
