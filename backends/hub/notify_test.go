package hub

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

// bell is a backend whose Notifier a test rings and breaks.
type bell struct {
	name    string
	ring    chan string
	fail    chan error
	running atomic.Int32
	starts  atomic.Int32
}

func newBell(name string) *bell {
	return &bell{name: name, ring: make(chan string), fail: make(chan error)}
}

func (b *bell) Name() string { return b.name }

func (b *bell) Notify(ctx context.Context, poke func(string)) error {
	b.starts.Add(1)
	b.running.Add(1)
	defer b.running.Add(-1)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case topic := <-b.ring:
			poke(topic)
		case err := <-b.fail:
			return err
		}
	}
}

func TestNotifierRunsWhileSomethingIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p, b := steady(t), newPeer(value(1)), newBell("b")
		h.Attach(b)
		time.Sleep(time.Minute)
		if b.starts.Load() != 0 {
			t.Error("the notifier runs though nobody watches")
		}
		first, leaveFirst := context.WithCancel(t.Context())
		second, leaveSecond := context.WithCancel(t.Context())
		Watch(first, h, slot(), runsKey, p.fetch)
		Watch(second, h, slot(), Key{Backend: "b", Capability: "jobs"}, newPeer(value(1)).fetch)
		synctest.Wait()
		if b.starts.Load() != 1 || b.running.Load() != 1 {
			t.Errorf("two keys: started %d times, %d running", b.starts.Load(), b.running.Load())
		}
		b.ring <- "runs"
		synctest.Wait()
		time.Sleep(h.o.Gap)
		synctest.Wait()
		if n := p.calls.Load(); n != 2 {
			t.Errorf("%d fetches after one event, want 2", n)
		}
		leaveFirst()
		synctest.Wait()
		if b.running.Load() != 1 {
			t.Error("the notifier ended though a key is watched")
		}
		leaveSecond()
		synctest.Wait()
		if b.running.Load() != 0 {
			t.Error("the notifier goes on though nobody watches")
		}
		third, leaveThird := context.WithCancel(t.Context())
		defer leaveThird()
		Watch(third, h, slot(), runsKey, p.fetch)
		synctest.Wait()
		if b.starts.Load() != 2 || b.running.Load() != 1 {
			t.Error("the notifier did not come back with the next watcher")
		}
	})
}

func TestPollingIsRareWhileTheNotifierRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p, b := steady(t), newPeer(value(1)), newBell("b")
		Watch(t.Context(), h, slot(), runsKey, p.fetch)
		h.Attach(b) // after the watch: the order does not matter
		synctest.Wait()
		time.Sleep(61 * time.Second)
		if n := p.calls.Load(); n != 3 { // at 0, 30 and 60
			t.Errorf("%d fetches in 61 s, want 3", n)
		}
		n := p.calls.Load()
		b.fail <- errors.New("stream closed")
		synctest.Wait()
		if b.running.Load() != 0 {
			t.Fatal("still running")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b.running.Load() != 1 {
			t.Error("not started again after a second")
		}
		if p.calls.Load() != n+1 {
			t.Errorf("%d fetches after the gap in events, want one more", p.calls.Load()-n)
		}
	})
}

func TestBrokenNotifierLeavesPollingAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(1))
		h.Attach(brokenBell{})
		Watch(t.Context(), h, slot(), runsKey, p.fetch)
		time.Sleep(2 * time.Minute)
		// 24 polls at 5 s, and what the restarts at 1, 3, 7, 15, 31 and 63 s ask.
		if n := p.calls.Load(); n < 24 || n > 31 {
			t.Errorf("%d fetches in two minutes", n)
		}
		if g := h.Health()[0]; g.State != backends.OK {
			t.Errorf("the backend answers, yet it is %v", g.State)
		}
	})
}

type brokenBell struct{}

func (brokenBell) Name() string                               { return "b" }
func (brokenBell) Notify(context.Context, func(string)) error { panic("no such stream") }

func TestAttachReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, old, next := steady(t), newBell("b"), newBell("b")
		h.Attach(old)
		Watch(t.Context(), h, slot(), runsKey, newPeer(value(1)).fetch)
		synctest.Wait()
		h.Attach(next)
		synctest.Wait()
		if old.running.Load() != 0 || next.running.Load() != 1 || len(h.Health()) != 1 {
			t.Errorf("old %d, next %d running, %d backends", old.running.Load(), next.running.Load(), len(h.Health()))
		}
	})
}

type fixable struct{}

func (fixable) Error() string { return "permission denied" }

func (fixable) Fixes() []backends.Fix {
	return []backends.Fix{{Command: "sudo usermod -aG docker ada", Note: "lets you in"}}
}

func TestHealthOfManyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, good, bad := steady(t), newPeer(value(1)), newPeer(func(context.Context) (int, error) { return 0, fixable{} })
		changed := h.Subscribe(t.Context())
		h.Attach(newBell("z"))
		Watch(t.Context(), h, slot(), runsKey, good.fetch)
		Watch(t.Context(), h, slot(), Key{Backend: "b", Capability: "models"}, bad.fetch)
		synctest.Wait()
		g := h.Health()
		if len(g) != 2 || g[0].Backend != "z" || g[0].State != backends.Unknown {
			t.Fatalf("%+v", g)
		}
		if g[1].State != backends.Slow || g[1].Err == nil || len(g[1].Fixes) != 1 {
			t.Errorf("one of two keys fails: %+v", g[1])
		}
		good.says(func(context.Context) (int, error) { return 0, errRefused })
		h.Poke("b", "runs")
		time.Sleep(time.Second)
		synctest.Wait()
		if g := h.Health()[1]; g.State != backends.Down || g.At.IsZero() {
			t.Errorf("both fail: %+v", g)
		}
		<-changed
		good.says(value(1))
		bad.says(value(1))
		h.Retry("b")
		synctest.Wait()
		<-changed
		if g := h.Health()[1]; g.State != backends.OK || g.Err != nil || g.Fixes != nil || !g.Next.IsZero() {
			t.Errorf("both answer: %+v", g)
		}
	})
}

func TestSubscriptionEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := steady(t)
		ctx, end := context.WithCancel(t.Context())
		h.Subscribe(ctx)
		end()
		synctest.Wait()
		if len(h.subs) != 0 {
			t.Error("it is still there")
		}
	})
}

// silent is a backend that may have found nothing.
type silent struct{ found atomic.Bool }

func (*silent) Name() string  { return "b" }
func (s *silent) Quiet() bool { return !s.found.Load() }

func TestAQuietBackendHasNoHealthUntilItFailsOrFinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p, b := steady(t), newPeer(value(1)), &silent{}
		h.Attach(b)
		news := h.Subscribe(t.Context())
		told := func(want ...backends.HealthState) {
			t.Helper()
			time.Sleep(time.Minute)
			synctest.Wait()
			var got []backends.HealthState
			for _, b := range h.Health() {
				got = append(got, b.State)
			}
			if !slices.Equal(got, want) {
				t.Errorf("health %v, want %v", got, want)
			}
		}
		Watch(t.Context(), h, slot(), runsKey, p.fetch)
		told()
		for len(news) > 0 {
			<-news
		}
		b.found.Store(true)
		told(backends.OK)
		if len(news) == 0 {
			t.Error("nobody was told that the source has something")
		}
		b.found.Store(false)
		told()
		p.says(func(context.Context) (int, error) { return 0, errors.New("gone") })
		told(backends.Down)
	})
}
