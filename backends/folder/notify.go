package folder

import (
	"context"
	"time"

	"flightdeck/backends"
)

// tell says to those who listen that something of a topic is new. It never waits.
func (b *Backend) tell(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.pokes {
		select {
		case c <- topic:
		default: // there is enough to make the listener look
		}
	}
}

// gather is how long pokes are held back, so that many points cost one.
const gather = 100 * time.Millisecond

// Notify looks at the tree at its pace, reads what is new in the background, and
// pokes.
func (b *Backend) Notify(ctx context.Context, poke func(topic string)) error {
	news := make(chan string, 64)
	b.mu.Lock()
	b.pokes[news] = true
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.pokes, news)
	}()
	was := map[*run]bool{}
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.tree.ctx.Done():
			return b.tree.ctx.Err()
		case topic := <-news:
			b.gather(ctx, news, topic, poke)
		case <-look.C:
			b.tree.look(ctx, b.tree.o.Pace*3/4, waitTree) // several backends share one
			changed := b.sync()
			changed = b.rest(was) || changed
			b.start()
			if changed {
				poke(backends.TopicRuns)
			}
			d := b.tree.pace()
			if !b.tree.whole() {
				d = waitTree
			}
			look.Reset(d)
		}
	}
}

// gather waits for what comes together, and pokes each topic once.
func (b *Backend) gather(ctx context.Context, news <-chan string, first string, poke func(string)) {
	topics := map[string]bool{first: true}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for {
		select {
		case t := <-news:
			topics[t] = true
			continue
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		break
	}
	if topics[""] {
		poke("")
		return
	}
	if topics[backends.TopicMetrics] {
		topics[backends.TopicRuns] = true // a list of runs holds their last metrics
	}
	for t := range topics {
		poke(t)
	}
}
