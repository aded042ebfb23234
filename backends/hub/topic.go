package hub

import (
	"context"
	"sync"
)

// Topic is one value that several views share, such as a client's selection. It
// is level-triggered as everything here is: a signal says "look again".
type Topic[T any] struct {
	mu       sync.Mutex
	value    T
	watchers map[*watcher]bool
}

// NewTopic makes a topic that holds v.
func NewTopic[T any](v T) *Topic[T] { return &Topic[T]{value: v, watchers: map[*watcher]bool{}} }

// Get is the value now.
func (t *Topic[T]) Get() T {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}

// Set replaces the value and signals every watcher. It never waits for one.
func (t *Topic[T]) Set(v T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value = v
	for w := range t.watchers {
		signal(w.poke)
	}
}

// Watch fills poke, a channel of one slot, after each Set until ctx ends.
func (t *Topic[T]) Watch(ctx context.Context, poke chan<- struct{}) {
	w := &watcher{poke: poke}
	t.mu.Lock()
	t.watchers[w] = true
	t.mu.Unlock()
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		delete(t.watchers, w)
		t.mu.Unlock()
	})
}
