package logview

import (
	"context"
	"sync"
	"time"
)

// notify is how often a search that goes on asks for a new frame.
const notify = 50 * time.Millisecond

// run is one search, and what it has found so far.
type run struct {
	q      Query
	from   int64
	cancel context.CancelFunc
	more   chan struct{}
	poke   chan<- struct{}

	mu     sync.Mutex
	hits   set
	losses set // lines to show because something is missing before them
	progress
}

// progress is how far a run is.
type progress struct {
	news        int  // rises when there is something to show
	busy        bool // more hits may come
	ahead       bool // all from where it began to the end was looked at
	done, total int64
	err         error
}

func (r *run) state() progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress
}

// work looks from where the reader stands to the end, then back to the beginning,
// then at every line that comes, until ctx ends.
func (r *run) work(ctx context.Context, src Source, s Searcher) {
	next := src.Len()
	r.sweep(ctx, s, r.from, false)
	r.tell(func() { r.ahead = true })
	if r.from > 0 {
		r.sweep(ctx, s, r.from-1, true)
	}
	for ctx.Err() == nil {
		r.tell(func() { r.busy = false })
		select {
		case <-ctx.Done():
			return
		case <-r.more:
		}
		end := src.Len()
		if end > next || end == next && end > 0 {
			r.sweep(ctx, s, max(next-1, 0), false) // the last line may have grown
			next = end
		}
	}
}

func (r *run) sweep(ctx context.Context, s Searcher, from int64, back bool) {
	told := time.Now()
	for h, err := range s.Search(ctx, r.q, from, back) {
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		first := h.Match && r.hits.n == 0
		r.take(h, err)
		r.mu.Unlock()
		if now := time.Now(); first || now.Sub(told) >= notify {
			told = now
			r.tell(func() {})
		}
	}
}

// take notes a hit. The caller holds the lock.
func (r *run) take(h Hit, err error) {
	if err != nil {
		r.err = err
	}
	if h.Match {
		r.hits.add(h.Seq)
	}
	if h.Loss {
		r.losses.add(h.Seq)
	}
	r.done, r.total = h.Done, h.Total
}

// tell changes the state and asks for a frame, if that says anything new.
func (r *run) tell(change func()) {
	r.mu.Lock()
	change()
	r.news++
	r.mu.Unlock()
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// step is the next line that was found or must be shown.
func (r *run) step(seq int64, back bool) (int64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if back {
		a, ok := r.hits.prev(seq)
		b, lost := r.losses.prev(seq)
		return pick(max(a, b), a, b, ok, lost)
	}
	a, ok := r.hits.next(seq)
	b, lost := r.losses.next(seq)
	return pick(min(a, b), a, b, ok, lost)
}

func pick(both, a, b int64, isA, isB bool) (int64, bool) {
	switch {
	case isA && isB:
		return both, true
	case isA:
		return a, true
	}
	return b, isB
}

func (r *run) matches(seq int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits.has(seq)
}

// count is how many lines in [from, to) were found.
func (r *run) count(from, to int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits.count(from, to)
}
