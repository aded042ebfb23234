// Package fake is a backend that says what it is told: for the tests of views, of
// the hub and of the shell, and to prove the suite in backendtest.
//
//	b := fake.Runs(8)                                  // a workspace as people have it
//	b := fake.New("local", fake.State{Runs: runs})     // or exactly this
//	b.Change(func(s *fake.State) { s.Runs = nil })     // it changes, and pokes
//	b.Slow(3 * time.Second)                            // each read takes so long
//	b.Dead(errors.New("connection refused"))           // each read fails; nil revives
//	b.Calls("runs")                                    // how often it was asked
//
// It can do all that a backend can. Reader is the same without any change, for
// views that must say why something cannot be done. A change is checked as in a
// real backend: without a grant nothing is written. Time stands still at Now, so
// that screens of it are the same every day.
package fake

import (
	"context"
	"slices"
	"sync"
	"time"

	"flightdeck/backends"
)

// State is all that the backend knows. What is in it is immutable: a change puts
// another pointer in its place.
type State struct {
	Runs        []*backends.Run // newest first; the deleted ones too
	Experiments []backends.Experiment
	Histories   map[string]map[string]*backends.History // by run id and metric
	// MakeHistory makes what Histories lacks, when it is first asked for.
	MakeHistory func(r *backends.Run, key string) *backends.History
	Jobs        []*backends.Job // newest first
	Usage       map[string][]backends.Usage
	Logs        map[string][]backends.LogLine // by job id
	Artifacts   map[string]map[string][]byte  // by run id and path
	Media       map[string][]Logged           // by run id
	Models      []backends.RegisteredModel
	Provenance  map[string]backends.Provenance // by run id
	Found       []backends.Found
	Views       []backends.SavedView // by name
	LastView    string
}

// Now is when everything of a fake backend happens.
func Now() time.Time { return time.Date(2026, time.November, 24, 12, 31, 0, 0, time.UTC) }

// Backend is the whole thing. It is safe for use by many goroutines.
type Backend struct {
	*world
	runs
	runPlans
	jobs
	jobPlans
	models
	modelPlans
}

// Reader is a Backend that nothing can be changed in: it has no Plan… methods and
// no Apply.
type Reader struct {
	*world
	runs
	jobs
	models
}

// New makes a backend that knows s.
func New(name string, s State) *Backend {
	w := &world{name: name, state: s, calls: map[string]int{}, revs: map[string]uint64{}, changed: make(chan struct{}), pokes: map[chan string]bool{}}
	return &Backend{w, runs{w}, runPlans{w}, jobs{w}, jobPlans{w}, models{w}, modelPlans{w}}
}

// Reader is the part of the backend that only reads.
func (b *Backend) Reader() *Reader { return &Reader{b.world, b.runs, b.jobs, b.models} }

// world is what the parts share.
type world struct {
	name string

	mu      sync.Mutex
	state   State
	delay   time.Duration
	dead    error
	calls   map[string]int
	applied []backends.Plan
	planned int // starts, so that each has an id of its own
	rev     uint64
	revs    map[string]uint64 // by Ref.Key
	changed chan struct{}     // closed by the next change
	pokes   map[chan string]bool
}

// Name is the name that New was given.
func (w *world) Name() string { return w.name }

// Slow makes each read take d, or end with its context.
func (w *world) Slow(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = d
}

// Dead makes each read, plan and change fail with err; nil revives the backend.
func (w *world) Dead(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = err
}

// Calls is how often a capability was used, by the method's name in lower case:
// "runs", "history", "planstop", "apply".
func (w *world) Calls(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

// Applied is the plans that were carried out, in order.
func (w *world) Applied() []backends.Plan {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.applied)
}

// Change lets f change what the backend knows, from outside and without a grant,
// as another process would; then it pokes every topic.
func (w *world) Change(f func(*State)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.state)
	w.stir("")
}

// stir wakes who follows a log and who is notified. The lock is held.
func (w *world) stir(topic string) {
	close(w.changed)
	w.changed = make(chan struct{})
	for c := range w.pokes {
		select {
		case c <- topic:
		default: // it is full of pokes already
		}
	}
}

// touch raises the revision of an object that changed. The lock is held.
func (w *world) touch(refs ...backends.Ref) uint64 {
	w.rev++
	for _, r := range refs {
		w.revs[r.Key()] = w.rev
	}
	return w.rev
}

// enter is the beginning of every call: it counts, waits and fails as told.
func (w *world) enter(ctx context.Context, method string) error {
	w.mu.Lock()
	w.calls[method]++
	delay := w.delay
	w.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

// read takes a look at the state under the lock.
func read[T any](ctx context.Context, w *world, method string, f func(*State) (T, error)) (T, error) {
	if err := w.enter(ctx, method); err != nil {
		var zero T
		return zero, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return f(&w.state)
}

// Notify pokes after each change, until ctx ends.
func (w *world) Notify(ctx context.Context, poke func(topic string)) error {
	c := make(chan string, 16)
	w.mu.Lock()
	w.calls["notify"]++
	w.pokes[c] = true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.pokes, c)
		w.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case topic := <-c:
			poke(topic)
		}
	}
}

// Find reports what State.Found says.
func (w *world) Find(context.Context) []backends.Found {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls["find"]++
	return w.state.Found
}
