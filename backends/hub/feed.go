package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// feed is one key: who watches it, what is known, and when to ask next. Its
// fields are guarded by the hub's lock; only its current run writes the answer.
type feed struct {
	h   *Hub
	key feedKey
	settings

	watchers map[*watcher]bool
	wake     chan struct{} // of the current run: something that decides the wait changed
	end      context.CancelFunc

	value any
	mark  int // points in the histories of value when it was fetched
	ok    bool
	rev   uint64
	at    time.Time
	err   error
	since time.Time
	next  time.Time
	tries int
	busy  bool
	slow  bool

	asked, forced bool          // by a poke; by the user
	ended         time.Time     // the last fetch, by the clock that drives the waits
	took          time.Duration // the last fetch
	wait          time.Duration // from ended, while it fails
}

type watcher struct{ poke chan<- struct{} }

type fetcher func(context.Context) (any, error)

type outcome struct {
	value any
	err   error
}

func (f *feed) live() bool { return len(f.watchers) > 0 }

// stir makes the run think again about when to ask.
func (f *feed) stir() { signal(f.wake) }

// tell signals every watcher.
func (f *feed) tell() {
	for w := range f.watchers {
		signal(w.poke)
	}
}

func (h *Hub) join(ctx context.Context, poke chan<- struct{}, k feedKey, fetch fetcher, s settings) *feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[k]
	if f == nil {
		f = &feed{h: h, key: k, watchers: map[*watcher]bool{}}
		h.feeds[k] = f
	}
	w := &watcher{poke: poke}
	first := !f.live()
	f.watchers[w] = true
	if first {
		f.settings = s
		h.start(f, fetch)
	}
	if f.ok || f.err != nil {
		signal(poke)
	}
	context.AfterFunc(ctx, func() { h.leave(f, w) })
	return f
}

// start begins a run of the feed. What an earlier run learned is still shown,
// with its age, while the first answer is awaited.
func (h *Hub) start(f *feed, fetch fetcher) {
	h.idle = slices.DeleteFunc(h.idle, func(o *feed) bool { return o == f })
	ctx, cancel := context.WithCancel(h.ctx)
	f.end, f.wake, f.forced = cancel, make(chan struct{}, 1), true
	h.source(f.key.Backend).watch()
	go f.run(ctx, f.wake, fetch)
}

func (h *Hub) leave(f *feed, w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(f.watchers, w)
	if f.live() {
		return
	}
	f.end()
	f.busy, f.slow, f.asked, f.forced = false, false, false, false
	h.idle = append(h.idle, f)
	if len(h.idle) > h.o.Keep {
		delete(h.feeds, h.idle[0].key)
		h.idle = slices.Delete(h.idle, 0, 1)
	}
	s := h.source(f.key.Backend)
	s.unwatch()
	h.review(s)
}

// run asks, waits until it is time, and asks again.
func (f *feed) run(ctx context.Context, wake <-chan struct{}, fetch fetcher) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		if d := f.due(); d > 0 {
			timer.Reset(d)
			select {
			case <-ctx.Done():
			case <-wake:
			case <-timer.C:
			}
			continue
		}
		f.ask(ctx, fetch)
	}
}

// due is how long to wait before the next question. A poke is answered at once
// after a quiet time; in a storm half of the time at most goes into asking. While
// the backend fails, a poke is a sign of life but no reason to hammer it.
func (f *feed) due() time.Duration {
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	o := &f.h.o
	since := time.Since(f.ended)
	switch {
	case f.forced:
		return 0
	case f.tries > 0 && f.asked:
		return min(f.wait, o.Retry) - since
	case f.tries > 0:
		return f.wait - since
	case f.asked:
		return max(o.Gap, f.took) - since
	case f.every > 0:
		return f.every - since
	case f.h.source(f.key.Backend).notified:
		return o.Rare - since
	}
	return o.Every - since
}

// ask fetches once. A fetch that outlives its time has failed even if it does not
// return, and is not doubled: the next one waits for it.
func (f *feed) ask(ctx context.Context, fetch fetcher) {
	h := f.h
	if !f.begin(ctx) {
		return
	}
	start := time.Now()
	fctx, cancel := context.WithTimeout(ctx, h.o.Timeout)
	defer cancel()
	done := make(chan outcome, 1)
	go func() { done <- call(fctx, fetch) }()
	slow := time.NewTimer(h.o.Slow)
	defer slow.Stop()
	for {
		select {
		case <-slow.C:
			f.crawl(ctx)
		case out := <-done:
			if out.err != nil && fctx.Err() != nil {
				out.err = h.late()
			}
			f.settle(ctx, out, time.Since(start))
			return
		case <-fctx.Done():
			if ctx.Err() != nil {
				return
			}
			f.settle(ctx, outcome{err: h.late()}, time.Since(start))
			select {
			case <-ctx.Done():
			case out := <-done:
				if out.err == nil {
					f.settle(ctx, out, time.Since(start))
				}
			}
			return
		}
	}
}

func (h *Hub) late() error {
	return fmt.Errorf("no answer within %s: %w", h.o.Timeout, context.DeadlineExceeded)
}

// begin reports false when the run has ended meanwhile.
func (f *feed) begin(ctx context.Context) bool {
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	f.busy, f.asked, f.forced = true, false, false
	return true
}

// crawl notes that the fetch in flight is a slow one.
func (f *feed) crawl(ctx context.Context) {
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	if ctx.Err() != nil || f.slow {
		return
	}
	f.slow = true
	f.tell()
	f.h.review(f.h.source(f.key.Backend))
}

// settle takes an outcome over and signals whoever it is news for.
func (f *feed) settle(ctx context.Context, out outcome, took time.Duration) {
	h := f.h
	changed, mark := false, 0
	if out.err == nil { // compared without the lock: it may be ten thousand rows
		changed, mark = f.differs(out.value)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	now := h.o.Now()
	f.busy, f.ended, f.took = false, time.Now(), took
	if out.err != nil {
		if f.tries == 0 {
			f.since = now
		}
		f.tries++
		f.err, f.wait = out.err, h.o.backoff(f.tries)
		f.next = now.Add(f.wait)
		f.tell()
	} else {
		news := changed || f.err != nil || f.slow != (took >= h.o.Slow)
		if changed {
			f.value, f.mark = out.value, mark
			f.rev++
		}
		f.ok, f.at, f.slow = true, now, took >= h.o.Slow
		f.err, f.tries, f.since, f.next = nil, 0, time.Time{}, time.Time{}
		if news {
			f.tell()
		}
	}
	h.review(h.source(f.key.Backend))
}

// differs compares an answer with the one before, and counts its points.
func (f *feed) differs(v any) (bool, int) {
	f.h.mu.Lock()
	old, ok, mark, same := f.value, f.ok, f.mark, f.same
	f.h.mu.Unlock()
	if same != nil {
		return !ok || !same(old, v), 0
	}
	n := points(v)
	return !ok || n != mark || !identical(old, v), n
}

// backoff is the wait after so many failures in a row.
func (o *Options) backoff(tries int) time.Duration {
	w := o.Longest
	if tries < 32 {
		w = min(w, o.Retry<<(tries-1))
	}
	if w <= 0 { // Retry is long enough to overflow
		w = o.Longest
	}
	return w - time.Duration(float64(w)*0.2*o.Jitter())
}

func jitter() float64 { return rand.Float64() }

// PanicError is a fetch that panicked: a bug of one backend, which must not take
// the terminals of all clients with it.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: %v", e.Value) }

func call(ctx context.Context, fetch fetcher) (out outcome) {
	defer func() {
		if v := recover(); v != nil {
			out = outcome{err: &PanicError{Value: v, Stack: debug.Stack()}}
		}
	}()
	v, err := fetch(ctx)
	return outcome{v, err}
}

// about reports whether a topic covers a capability: "runs" covers "runs" and
// "runs/history", not "runsummary".
func about(capability, topic string) bool {
	rest, ok := strings.CutPrefix(capability, topic)
	if !ok || topic == "" || rest == "" {
		return ok
	}
	return strings.ContainsRune("/.:- ", rune(rest[0]))
}
