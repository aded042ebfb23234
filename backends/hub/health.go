package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"flightdeck/backends"
)

// source is one backend as the hub sees it: its Notifier, if it is one, and how
// it is doing. Guarded by the hub's lock.
type source struct {
	h        *Hub
	name     string
	notifier backends.Notifier
	watched  int // its feeds that run
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

// Health is how each backend is doing, those attached first, in their order.
func (h *Hub) Health() []backends.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]backends.Health, len(h.sources))
	for i, s := range h.sources {
		out[i] = s.health
	}
	return out
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

// review works out a backend's health from what its watched keys last met, and
// signals the subscribers when it is another. Down means that nothing answers:
// while some keys answer and some fail it is Slow, with the error of those. When
// nobody watches, nothing is asked, and the last state stands.
func (h *Hub) review(s *source) {
	old := s.health
	n := backends.Health{Backend: s.name, State: old.State, At: old.At, Since: old.Since}
	var good, slow, failing int
	var worst *feed
	for _, f := range h.feeds {
		if f.key.Backend != s.name || !f.live() {
			continue
		}
		if f.at.After(n.At) {
			n.At = f.at
		}
		switch {
		case f.tries > 0:
			failing++
			if worst == nil || f.since.Before(worst.since) || f.since.Equal(worst.since) && f.tries > worst.tries {
				worst = f
			}
			if n.Next.IsZero() || f.next.Before(n.Next) {
				n.Next = f.next
			}
		case f.slow:
			slow++
		case f.ok:
			good++
		}
	}
	switch {
	case failing > 0 && good+slow == 0:
		n.State = backends.Down
	case failing+slow > 0:
		n.State = backends.Slow
	case good > 0:
		n.State = backends.OK
	default:
		n.Err, n.Tries, n.Fixes = old.Err, old.Tries, old.Fixes
	}
	if worst != nil {
		n.Err, n.Tries = worst.err, worst.tries
		var fixer Fixer
		if errors.As(worst.err, &fixer) {
			n.Fixes = fixer.Fixes()
		}
	}
	if n.State != old.State {
		n.Since = h.o.Now()
		if worst != nil {
			n.Since = worst.since
		}
	}
	s.health = n
	if n.State != old.State || n.Tries != old.Tries || !n.Next.Equal(old.Next) || fmt.Sprint(n.Err) != fmt.Sprint(old.Err) {
		h.changed()
	}
}
