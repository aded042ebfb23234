package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

var errRefused = errors.New("connection refused")

// peer is a backend's answer that a test sets, and the count of its fetches.
type peer struct {
	calls   atomic.Int32
	running atomic.Int32
	answer  atomic.Pointer[func(context.Context) (int, error)]
}

func (p *peer) says(f func(context.Context) (int, error)) { p.answer.Store(&f) }

func (p *peer) fetch(ctx context.Context) (int, error) {
	p.calls.Add(1)
	p.running.Add(1)
	defer p.running.Add(-1)
	return (*p.answer.Load())(ctx)
}

func value(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return n, nil }
}

func takes(d time.Duration, n int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		select {
		case <-time.After(d):
			return n, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func refuses(context.Context) (int, error) { return 0, errRefused }

func newPeer(f func(context.Context) (int, error)) *peer {
	p := &peer{}
	p.says(f)
	return p
}

// steady is a hub whose waits are exact.
func steady(t *testing.T) *Hub {
	return New(t.Context(), Options{Jitter: func() float64 { return 0 }})
}

func slot() chan struct{} { return make(chan struct{}, 1) }

func filled(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

var runsKey = Key{Backend: "b", Capability: "runs"}

func TestManyWatchersCostOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(7))
		ctx, cancel := context.WithCancel(t.Context())
		var pokes []chan struct{}
		var handles []*Handle[int]
		for range 50 {
			c := slot()
			pokes = append(pokes, c)
			handles = append(handles, Watch(ctx, h, c, runsKey, p.fetch))
		}
		synctest.Wait()
		for i, hd := range handles {
			if r := hd.Result(); !r.OK || r.Value != 7 || r.Rev != 1 || r.Busy {
				t.Fatalf("watcher %d reads %+v", i, r)
			}
			if !filled(pokes[i]) {
				t.Errorf("watcher %d was not signalled", i)
			}
		}
		if n := p.calls.Load(); n != 1 {
			t.Errorf("%d fetches for 50 watchers", n)
		}
		time.Sleep(51 * time.Second) // fake time: ten more polls, each 5 s after the last
		synctest.Wait()
		if n := p.calls.Load(); n != 11 {
			t.Errorf("%d fetches in 51 s, want 11", n)
		}
		if filled(pokes[0]) || handles[0].Result().Rev != 1 {
			t.Error("an unchanged answer is news")
		}
		p.says(value(8))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if r := handles[49].Result(); r.Value != 8 || r.Rev != 2 || !filled(pokes[49]) {
			t.Errorf("a changed answer reads %+v", r)
		}
		cancel()
	})
}

func TestLastWatcherEndsTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(takes(20*time.Second, 1))
		first, leaveFirst := context.WithCancel(t.Context())
		second, leaveSecond := context.WithCancel(t.Context())
		Watch(first, h, slot(), runsKey, p.fetch)
		Watch(second, h, slot(), runsKey, p.fetch)
		synctest.Wait()
		leaveFirst()
		synctest.Wait()
		if p.running.Load() != 1 {
			t.Error("the first to leave ended the fetch of the other")
		}
		leaveSecond()
		synctest.Wait()
		if p.running.Load() != 0 {
			t.Error("the fetch goes on though nobody watches")
		}
		n := p.calls.Load()
		time.Sleep(10 * time.Minute)
		if p.calls.Load() != n {
			t.Error("something still polls") // and a goroutine left would fail the bubble
		}
	})
}

func TestAnotherWatchShowsTheLastAnswerAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(3))
		ctx, leave := context.WithCancel(t.Context())
		Watch(ctx, h, slot(), runsKey, p.fetch)
		synctest.Wait()
		asOf := time.Now()
		leave()
		time.Sleep(time.Minute)
		again, end := context.WithCancel(t.Context())
		defer end()
		p.says(takes(time.Second, 4))
		c := slot()
		hd := Watch(again, h, c, runsKey, p.fetch)
		synctest.Wait()
		if r := hd.Result(); r.Value != 3 || !r.At.Equal(asOf) || !r.Busy || !filled(c) {
			t.Errorf("before the answer: %+v", r)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if r := hd.Result(); r.Value != 4 || r.Rev != 2 {
			t.Errorf("after the answer: %+v", r)
		}
	})
}

func TestKeptAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := New(t.Context(), Options{Keep: 3}), newPeer(value(1))
		for i := range 10 {
			ctx, leave := context.WithCancel(t.Context())
			Watch(ctx, h, slot(), Key{"b", "runs", fmt.Sprint(i)}, p.fetch)
			synctest.Wait()
			leave()
			synctest.Wait()
		}
		if len(h.feeds) != 3 || len(h.idle) != 3 {
			t.Errorf("%d feeds, %d idle, want 3", len(h.feeds), len(h.idle))
		}
	})
}

// The story of a backend that gets slow, stops answering, refuses, and comes back.
func TestSlowTimeoutRefusedBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(1))
		c := slot()
		hd := Watch(t.Context(), h, c, runsKey, p.fetch)
		health := h.Subscribe(t.Context())
		synctest.Wait()
		state := func(want backends.HealthState, what string) backends.Health {
			t.Helper()
			synctest.Wait()
			g := h.Health()[0]
			if g.State != want {
				t.Fatalf("%s: state %v (%v), want %v", what, g.State, g.Err, want)
			}
			return g
		}
		start := state(backends.OK, "first answer").Since

		p.says(takes(time.Hour, 0))
		<-health
		filled(c)
		time.Sleep(5*time.Second + 2*time.Second)
		state(backends.Slow, "2 s into a fetch")
		if r := hd.Result(); r.Err != nil || !r.Busy || r.Value != 1 || !filled(c) {
			t.Errorf("while slow: %+v", r)
		}
		time.Sleep(28 * time.Second)
		g := state(backends.Down, "after the timeout")
		if r := hd.Result(); !errors.Is(r.Err, context.DeadlineExceeded) || !strings.Contains(r.Err.Error(), "30s") || !r.OK || r.Value != 1 || !r.At.Equal(start) {
			t.Errorf("after the timeout: %+v", r)
		}
		if want := start.Add(35 * time.Second); !g.Since.Equal(want) || !g.Next.Equal(want.Add(time.Second)) || g.Tries != 1 {
			t.Errorf("down since %v, next %v, tries %d", g.Since.Sub(start), g.Next.Sub(start), g.Tries)
		}

		p.says(refuses)
		n := p.calls.Load()
		time.Sleep(2 * time.Minute) // 1+2+4+8+16+32 = 63 s, then one a minute
		g = state(backends.Down, "refused for two minutes")
		if got := p.calls.Load() - n; got != 6 {
			t.Errorf("%d tries in two minutes, want 6", got)
		}
		if g.Tries != 7 || !errors.Is(g.Err, errRefused) || time.Until(g.Next) > time.Minute {
			t.Errorf("health %+v", g)
		}
		time.Sleep(30 * time.Minute)
		if got := p.calls.Load() - n; got != 36 {
			t.Errorf("%d tries in 32 minutes, want 36: it must never give up", got)
		}

		p.says(value(2))
		h.Retry("b")
		g = state(backends.OK, "asked again by hand")
		if r := hd.Result(); r.Value != 2 || r.Err != nil || r.Tries != 0 || !r.Next.IsZero() || g.Err != nil || g.Tries != 0 {
			t.Errorf("after it came back: %+v, %+v", r, g)
		}
	})
}

func TestFetchThatIgnoresItsContextIsNotDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := steady(t)
		p, let := &peer{}, make(chan struct{})
		p.says(func(context.Context) (int, error) { <-let; return 5, nil })
		hd := Watch(t.Context(), h, slot(), runsKey, p.fetch)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if p.calls.Load() != 1 || hd.Result().Err == nil {
			t.Errorf("%d fetches, %v", p.calls.Load(), hd.Result().Err)
		}
		p.says(value(6))
		close(let)
		synctest.Wait()
		if r := hd.Result(); r.Err != nil || r.Value != 5 {
			t.Errorf("a late answer is an answer: %+v", r)
		}
	})
}
