package folder

import (
	"context"
	"time"

	"flightdeck/backends"
)

// await has what waits read in the background, and waits for the end of it, but no
// longer than d.
func (b *Backend) await(ctx context.Context, d time.Duration) {
	idle := b.start()
	if idle == nil {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-ctx.Done():
	case <-b.tree.ctx.Done():
	}
}

// start gets readers going, as many as there may be. It gives a channel that is
// closed when all is read, nil when it is.
func (b *Backend) start() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy == 0 && len(b.waiting) == 0 || b.tree.ctx.Err() != nil {
		return nil
	}
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	for n := min(b.o.Readers-b.busy, len(b.waiting)); n > 0; n-- {
		b.busy++
		go b.work()
	}
	return b.idle
}

// work reads one run after the other until nothing waits.
func (b *Backend) work() {
	for {
		b.mu.Lock()
		r := b.next()
		if r == nil {
			if b.busy--; b.busy == 0 && b.idle != nil {
				close(b.idle)
				b.idle = nil
			}
			b.mu.Unlock()
			return
		}
		b.claim(r)
		b.mu.Unlock()
		b.readOn(b.tree.ctx, r)
		b.tell(backends.TopicRuns)
	}
}

// next is the newest run that waits; the lock is held.
func (b *Backend) next() *run {
	for n := len(b.waiting); n > 0 && b.tree.ctx.Err() == nil; n = len(b.waiting) {
		r := b.waiting[n-1]
		b.waiting = b.waiting[:n-1]
		if r.stale() && !r.reading {
			return r
		}
	}
	return nil
}

// claim takes the run for reading; the lock is held.
func (b *Backend) claim(r *run) { r.reading, r.done = true, make(chan struct{}) }

// fresh reads what is new of one run, before all others.
func (b *Backend) fresh(ctx context.Context, r *run) error {
	s := b.tree.again(&r.place)
	for {
		b.mu.Lock()
		r.grew(s)
		if !r.stale() {
			b.mu.Unlock()
			return nil
		}
		if !r.reading {
			b.claim(r)
			b.mu.Unlock()
			return b.readOn(ctx, r)
		}
		done, once := r.done, r.once
		b.mu.Unlock()
		if once && ctx.Err() == nil { // what it has shows while the rest is read
			return nil
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		case <-b.tree.ctx.Done():
			return b.tree.ctx.Err()
		}
	}
}

// readOn reads what is new of a run that was claimed, and gives it back.
func (b *Backend) readOn(ctx context.Context, r *run) error {
	b.mu.Lock()
	at, place, again := r.now, r.place, r.once || r.failed > 0
	b.mu.Unlock()
	sink := &runSink{r: r}
	if r.reader == nil {
		if again {
			sink.Forget() // a new reader tells everything again
		}
		r.reader = b.format.Open(place)
	}
	err := r.reader.Read(ctx, sink)
	cut := err != nil && ctx.Err() != nil
	if err != nil && !cut {
		sink.Trouble(err)
	}
	r.mu.Lock()
	if !cut || !r.state.anew {
		r.state.settle()
	}
	r.mu.Unlock()
	if sink.media {
		b.tell("")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if cut {
		r.failed++
		b.waiting = append(b.waiting, r)
	} else {
		r.failed, r.once, r.read = 0, true, at
	}
	b.keep(r, !cut && !r.lively(b.o.Now(), b.o.Grace))
	r.reading = false
	close(r.done)
	if cut {
		return err
	}
	return nil
}

// keep decides whether the run's reader stays open for what comes next; the lock is
// held.
func (b *Backend) keep(r *run, over bool) {
	if over || r.gone || !r.kept && b.open >= mostOpen || b.tree.ctx.Err() != nil {
		b.release(r)
		return
	}
	if !r.kept {
		r.kept = true
		b.open++
	}
}

// release closes the run's reader; the lock is held, and nobody reads it.
func (b *Backend) release(r *run) {
	if r.reader != nil {
		_ = r.reader.Close() // it only read
		r.reader = nil
	}
	if r.kept {
		r.kept = false
		b.open--
	}
}

// rest closes the readers of runs that have been quiet for long, and says whether
// the status of any is another one now.
func (b *Backend) rest(was map[*run]bool) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.o.Now()
	for _, r := range b.order {
		lively := r.lively(now, b.o.Grace)
		if was[r] != lively {
			changed = true
		}
		if lively {
			was[r] = true
			continue
		}
		delete(was, r)
		if !r.reading && !r.stale() {
			b.release(r)
		}
	}
	return changed
}
