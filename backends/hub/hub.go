// Package hub asks backends once for every client, and keeps the last good answer.
//
// A view watches a key: a backend, a capability, its arguments. The first watcher
// of a key starts its feed, a loop that fetches and waits; the last one to leave
// ends it. However many clients look at the same key, there is one fetch at a
// time, and all of them read the same snapshot.
//
// Signals are level-triggered: a watcher's channel has one slot, a send never
// blocks, and a signal says only "look again". So a client that stopped reading
// costs nobody anything, and no change can be lost. Snapshots are immutable; a
// fetch that finds nothing new gives the one before, with the same Rev.
//
// A backend that fails is asked again after a wait that grows to a minute, for
// ever; its last good answer stays, with its age and the reason. A Notifier only
// hastens the next fetch, and while one runs polling is rare.
//
// What the hub fetches never carries a backends.Grant: its context is the hub's
// own, not a client's, and any grant in it is hidden. The hub knows no screen and
// no kind of backend.
package hub

import (
	"cmp"
	"context"
	"reflect"
	"sync"
	"time"

	"flightdeck/backends"
)

// Key names what is watched. Args is one canonical string: equal arguments must
// spell equal strings. Watchers of an equal key share the first one's fetch.
type Key struct {
	Backend    string
	Capability string // "runs", or with its object "metrics/history"; Poke matches the part before the slash too
	Args       string
}

// Options are the hub's paces. A zero field takes the default beside it.
type Options struct {
	Now     func() time.Time // time.Now; stamps results, does not drive the waits
	Every   time.Duration    // 5 s, from one answer to the next question
	Rare    time.Duration    // 30 s, the same while the backend's Notifier runs
	Gap     time.Duration    // 50 ms, the least from an answer to a question that a poke asks
	Slow    time.Duration    // 2 s, after which a fetch makes its backend slow
	Timeout time.Duration    // 30 s, after which a fetch has failed
	Retry   time.Duration    // 1 s, the wait after the first failure; doubled for each further one
	Longest time.Duration    // 1 min, the longest wait
	Jitter  func() float64   // in [0,1), random; shortens a wait by up to a fifth so that clients do not march in step
	Keep    int              // 32 answers of keys that nobody watches, so that a tab opens with rows
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = jitter
	}
	o.Every = cmp.Or(o.Every, 5*time.Second)
	o.Rare = cmp.Or(o.Rare, 30*time.Second)
	o.Gap = cmp.Or(o.Gap, 50*time.Millisecond)
	o.Slow = cmp.Or(o.Slow, 2*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Retry = cmp.Or(o.Retry, time.Second)
	o.Longest = cmp.Or(o.Longest, time.Minute)
	o.Keep = cmp.Or(o.Keep, 32)
	return o
}

// Hub is shared by every client of the process.
type Hub struct {
	o   Options
	ctx context.Context // of every fetch: it ends with the hub and carries no grant

	mu      sync.Mutex // guards everything below, and every feed's fields
	feeds   map[feedKey]*feed
	idle    []*feed // watched by nobody, oldest first
	sources []*source
	subs    map[chan struct{}]bool
}

// feedKey keeps two watchers of one key apart if they disagree about its type.
type feedKey struct {
	Key
	typ reflect.Type
}

// New makes a hub that fetches until ctx ends.
func New(ctx context.Context, o Options) *Hub {
	return &Hub{o: o.withDefaults(), ctx: ungranted{ctx}, feeds: map[feedKey]*feed{}, subs: map[chan struct{}]bool{}}
}

// Result is what is known of a key.
type Result[T any] struct {
	Value T         // the last good answer
	OK    bool      // there has been one
	Err   error     // of the last fetch; nil when it was good
	At    time.Time // of the last good answer
	Busy  bool      // being asked now
	Since time.Time // of the first failure in a row
	Tries int       // failures in a row
	Next  time.Time // of the next try, while it fails
	Rev   uint64    // rises when Value is another one; 0 before the first
}

// Handle reads one key. It stays valid, and says the last answer, after its
// watch has ended.
type Handle[T any] struct{ f *feed }

// Result is what is known now. It does not block. A nil Handle knows nothing.
func (h *Handle[T]) Result() Result[T] {
	if h == nil {
		return Result[T]{}
	}
	f := h.f
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	r := Result[T]{OK: f.ok, Err: f.err, At: f.at, Busy: f.busy, Since: f.since, Tries: f.tries, Next: f.next, Rev: f.rev}
	r.Value, _ = f.value.(T)
	return r
}

// Option adjusts one watch; the first watcher's hold for its key.
type Option func(*settings)

type settings struct {
	same  func(old, new any) bool
	every time.Duration
}

// Same says when an answer is the one before, instead of the default: equal by
// value, with pointers equal when they are identical, and no History in it grown.
func Same[T any](f func(old, new T) bool) Option {
	return func(s *settings) {
		s.same = func(old, new any) bool {
			a, okA := old.(T)
			b, okB := new.(T)
			return okA && okB && f(a, b)
		}
	}
}

// Every sets the pace of polling for one key, whether a Notifier runs or not.
func Every(d time.Duration) Option { return func(s *settings) { s.every = d } }

// Watch follows k until ctx ends. poke has one slot and may be shared by all
// handles of a view: a receive means that some Result may be another one. fetch
// must end with its context, and its answer is never written to again.
func Watch[T any](ctx context.Context, h *Hub, poke chan<- struct{}, k Key, fetch func(context.Context) (T, error), opts ...Option) *Handle[T] {
	var s settings
	for _, o := range opts {
		o(&s)
	}
	f := h.join(ctx, poke, feedKey{k, reflect.TypeFor[T]()}, func(ctx context.Context) (any, error) { return fetch(ctx) }, s)
	return &Handle[T]{f}
}

// Retry asks everything of a backend again now, and its Notifier too, however
// long the wait that its failures have earned.
func (h *Hub) Retry(backend string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.feeds {
		if f.key.Backend == backend && f.live() {
			f.forced = true
			f.stir()
		}
	}
	if s := h.find(backend); s != nil {
		signal(s.wake)
	}
}

// Poke asks the watched keys of a backend again soon, those whose capability is
// topic or begins with it; "" is all. Pokes that come together cost one fetch.
func (h *Hub) Poke(backend, topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.feeds {
		if f.key.Backend == backend && f.live() && about(f.key.Capability, topic) {
			f.asked = true
			f.stir()
		}
	}
}

// ungranted is a context from which nobody can take a grant.
type ungranted struct{ context.Context }

func (c ungranted) Value(key any) any {
	v := c.Context.Value(key)
	if _, ok := v.(backends.Grant); ok {
		return nil
	}
	return v
}

// signal fills a one-slot channel without waiting for its reader.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
