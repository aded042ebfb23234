// Package backendtest is the suite that every backend passes. It asks a backend
// for each capability in turn and holds what it finds to the contracts in package
// backends:
//
//	func TestSuite(t *testing.T) {
//		backendtest.Run(t, func(t *testing.T) backends.Backend { return seeded(t) })
//	}
//
// The backend must have something in it, or there would be nothing to hold: what
// lists runs has at least two that ended, one of them with a metric; what lists jobs has
// one; and no run ends or starts by itself meanwhile. Each part of the suite opens
// a backend of its own; open closes it with t.Cleanup. What the backend cannot do
// is not asked.
package backendtest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"flightdeck/backends"
)

// Option adds to the suite what not every backend can be asked.
type Option func(*suite)

// Start lets the suite start and stop a real job. The command must run for a
// minute at least and end at a TERM.
func Start(spec backends.JobSpec) Option { return func(s *suite) { s.spec = &spec } }

// prompt is how long a call may take once its context has ended.
const prompt = 2 * time.Second

type suite struct {
	open     func(t *testing.T) backends.Backend
	spec     *backends.JobSpec
	patience time.Duration // how long a read may take
}

// Run runs the suite against what open gives.
func Run(t *testing.T, open func(t *testing.T) backends.Backend, opts ...Option) {
	s := &suite{open: open, patience: 10 * time.Second}
	for _, o := range opts {
		o(s)
	}
	for _, part := range []struct {
		name string
		f    func(t *testing.T, w *world)
	}{
		{"name", named},
		{"answers", answers},
		{"many readers at once", manyReaders},
		{"reads end with their context", readsEnd},
		{"snapshots", snapshots},
		{"histories are shared", histories},
		{"artifacts", artifacts},
		{"unknown objects", unknown},
		{"plans only read", plansOnlyRead},
		{"a change needs a grant", needsGrant},
		{"undo", undo},
		{"stale plans", stale},
		{"odd names", oddNames},
		{"logs", logs},
		{"notifier", notifier},
		{"start and stop", s.startAndStop},
	} {
		s.part(t, part.name, part.f)
	}
}

// part opens a backend for one part, and sees afterwards that nothing of it runs.
func (s *suite) part(t *testing.T, name string, f func(t *testing.T, w *world)) {
	before := runtime.NumGoroutine()
	t.Run(name, func(t *testing.T) {
		f(t, discover(t, s.open(t), s.patience))
	})
	deadline, tick := time.After(prompt), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-deadline:
			buf := make([]byte, 1<<20)
			t.Fatalf("%s: %d goroutines before, %d after:\n%s", name, before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		case <-tick.C:
		}
	}
}

// world is the backend and what it listed at first.
type world struct {
	backends.Backend
	patience time.Duration
	runs     []*backends.Run
	jobs     []*backends.Job
	models   []backends.RegisteredModel
}

func discover(t *testing.T, b backends.Backend, patience time.Duration) *world {
	w := &world{Backend: b, patience: patience}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if l, ok := b.(backends.RunLister); ok {
		if w.runs, err = l.Runs(ctx, backends.RunFilter{}); err != nil {
			t.Fatalf("list runs: %v", err)
		}
		if len(w.ended()) < 2 {
			t.Fatalf("%d runs that ended, the suite needs two: seed the backend", len(w.ended()))
		}
		if w.measured() == nil {
			t.Fatal("no run has a metric: seed the backend")
		}
	}
	if l, ok := b.(backends.JobLister); ok {
		if w.jobs, err = l.Jobs(ctx); err != nil {
			t.Fatalf("list jobs: %v", err)
		}
		if len(w.jobs) == 0 {
			t.Fatal("no jobs: seed the backend")
		}
	}
	if l, ok := b.(backends.ModelLister); ok {
		if w.models, err = l.Models(ctx); err != nil {
			t.Fatalf("list models: %v", err)
		}
	}
	return w
}

func (w *world) ended() (out []*backends.Run) {
	for _, r := range w.runs {
		if !r.Active() {
			out = append(out, r)
		}
	}
	return out
}

// measured is a run that has a metric.
func (w *world) measured() *backends.Run {
	for _, r := range w.runs {
		if len(r.Metrics) > 0 {
			return r
		}
	}
	return nil
}

// within fails the test when f does not return in time.
func within(t *testing.T, d time.Duration, what string, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		t.Fatalf("%s did not return within %s", what, d)
		return nil
	}
}

// owner is a context under which everything may be changed.
func owner(ctx context.Context) context.Context {
	return backends.WithGrant(ctx, backends.Grant{Actor: "backendtest", Role: backends.Owner})
}

// apply carries a plan out as an owner.
func (w *world) apply(t *testing.T, p backends.Plan) backends.Receipt {
	t.Helper()
	a, ok := w.Backend.(backends.Applier)
	if !ok {
		t.Fatalf("%s can be planned, but nothing can be applied", p.Action)
	}
	var r backends.Receipt
	err := within(t, 2*w.patience, "apply "+p.Action, func() (err error) {
		r, err = a.Apply(owner(t.Context()), p, func(backends.Progress) {})
		return err
	})
	if err != nil {
		t.Fatalf("apply %s: %v", p.Action, err)
	}
	return r
}

func denied(err error) bool {
	var d *backends.DeniedError
	return errors.As(err, &d)
}
