package hub

import (
	"context"
	"time"

	"flightdeck/backends"
)

// Attach makes a backend known by its name: it has a Health from now on, and if
// it is a Notifier it is listened to while at least one of its keys is watched.
// Attaching another backend of the same name takes the old one's place.
func (h *Hub) Attach(b backends.Backend) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.source(b.Name())
	s.hush()
	s.notifier, _ = b.(backends.Notifier)
	s.quieter, _ = b.(backends.Quieter)
	s.quiet = s.quieter != nil && s.quieter.Quiet()
	if s.watched > 0 {
		s.listen()
	}
}

func (s *source) watch() {
	s.watched++
	if s.watched == 1 {
		s.listen()
	}
}

func (s *source) unwatch() {
	s.watched--
	if s.watched == 0 {
		s.hush()
	}
}

func (s *source) listen() {
	if s.notifier == nil || s.h.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(s.h.ctx)
	s.end = cancel
	go s.run(ctx, s.notifier)
}

func (s *source) hush() {
	if s.end != nil {
		s.end()
		s.end, s.notified = nil, false
	}
}

// run keeps a Notifier going. What happened while it was not is unknown, so each
// further start asks for everything once.
func (s *source) run(ctx context.Context, n backends.Notifier) {
	h := s.h
	tries := 0
	for ctx.Err() == nil {
		if !s.listening(ctx, true) {
			return
		}
		if tries > 0 {
			h.Poke(s.name, "")
		}
		start := time.Now()
		notify(ctx, n, func(topic string) {
			if ctx.Err() == nil {
				h.Poke(s.name, topic)
			}
		})
		if !s.listening(ctx, false) {
			return
		}
		if time.Since(start) > h.o.Longest {
			tries = 0
		}
		tries++
		timer := time.NewTimer(h.o.backoff(tries))
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// listening notes whether the Notifier runs, which decides how often its feeds
// poll. It reports false when another has taken its place.
func (s *source) listening(ctx context.Context, on bool) bool {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	s.notified = on
	for _, f := range s.h.feeds {
		if f.key.Backend == s.name && f.live() {
			f.stir()
		}
	}
	return true
}

// notify runs a Notifier until it ends. That it failed needs no report: polling
// goes on and says how the backend is.
func notify(ctx context.Context, n backends.Notifier, poke func(string)) {
	defer func() { _ = recover() }() // as in call: one backend's bug stays its own
	_ = n.Notify(ctx, poke)
}
