package hub

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

func TestPokesCoalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(takes(10*time.Millisecond, 1))
		Watch(t.Context(), h, slot(), runsKey, p.fetch)
		time.Sleep(time.Second)
		synctest.Wait()
		n := p.calls.Load()
		h.Poke("b", "runs")
		synctest.Wait()
		if p.calls.Load() != n+1 {
			t.Error("a poke after a quiet time is not answered at once")
		}
		for range 1000 { // while that fetch is in flight: it may have read too early
			h.Poke("b", "")
		}
		time.Sleep(2 * time.Second)
		if got := p.calls.Load() - n; got != 2 {
			t.Errorf("%d fetches for a thousand pokes, want 2", got)
		}
		n = p.calls.Load()
		for range 1000 { // one a millisecond, for a second
			h.Poke("b", "runs")
			time.Sleep(time.Millisecond)
		}
		if got := p.calls.Load() - n; got < 5 || got > 18 {
			t.Errorf("%d fetches in a second of pokes, want one each 60 ms", got)
		}
	})
}

func TestPokeReachesItsTopicOnly(t *testing.T) {
	for _, c := range []struct {
		capability, topic string
		want              bool
	}{
		{"runs", "runs", true},
		{"runs/history", "runs", true},
		{"runs", "", true},
		{"runsummary", "runs", false},
		{"runs", "runs/history", false},
		{"jobs", "runs", false},
	} {
		if got := about(c.capability, c.topic); got != c.want {
			t.Errorf("about(%q, %q) = %v", c.capability, c.topic, got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		h, runs, jobs, other := steady(t), newPeer(value(1)), newPeer(value(1)), newPeer(value(1))
		Watch(t.Context(), h, slot(), runsKey, runs.fetch)
		Watch(t.Context(), h, slot(), Key{Backend: "b", Capability: "jobs"}, jobs.fetch)
		Watch(t.Context(), h, slot(), Key{Backend: "c", Capability: "runs"}, other.fetch)
		time.Sleep(time.Second)
		h.Poke("b", "runs")
		time.Sleep(time.Second)
		if runs.calls.Load() != 2 || jobs.calls.Load() != 1 || other.calls.Load() != 1 {
			t.Errorf("fetches: runs %d, jobs %d, other %d", runs.calls.Load(), jobs.calls.Load(), other.calls.Load())
		}
	})
}

func TestPokeWhileFailingIsHeardButDoesNotHammer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(refuses)
		Watch(t.Context(), h, slot(), runsKey, p.fetch)
		time.Sleep(40 * time.Second) // tries at 0, 1, 3, 7, 15, 31; the next at 63
		n := p.calls.Load()
		for range 100 {
			h.Poke("b", "runs")
			time.Sleep(100 * time.Millisecond)
		}
		if got := p.calls.Load() - n; got < 9 || got > 11 {
			t.Errorf("%d tries in 10 s of pokes, want one a second", got)
		}
	})
}

func TestBlockedClientHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(0))
		blocked, alive := slot(), slot()
		frozen := Watch(t.Context(), h, blocked, runsKey, p.fetch) // nobody ever receives from blocked
		hd := Watch(t.Context(), h, alive, runsKey, p.fetch)
		for i := range 200 {
			p.says(value(i + 1))
			h.Poke("b", "runs")
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			if !filled(alive) || hd.Result().Value != i+1 {
				t.Fatalf("change %d did not reach the client that reads", i)
			}
		}
		if frozen.Result().Value != 200 || !filled(blocked) || filled(blocked) {
			t.Error("the blocked client finds more or less than one signal and the newest value")
		}
	})
}

func TestGrantNeverReachesAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := backends.WithGrant(t.Context(), backends.Grant{Actor: "ada", Role: backends.Owner})
		type other struct{}
		owner = context.WithValue(owner, other{}, "kept")
		h := New(owner, Options{})
		seen := make(chan context.Context, 1)
		Watch(owner, h, slot(), runsKey, func(ctx context.Context) (int, error) { seen <- ctx; return 0, nil })
		ctx := <-seen
		if g, ok := backends.GrantOf(ctx); ok {
			t.Errorf("a fetch carries the grant %+v", g)
		}
		var denied *backends.DeniedError
		if err := backends.Check(ctx, "store", "write"); !errors.As(err, &denied) {
			t.Errorf("a write under a fetch's context gives %v", err)
		}
		if ctx.Value(other{}) != "kept" {
			t.Error("other values of the hub's context are lost")
		}
	})
}

func TestPanicIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(func(context.Context) (int, error) { panic("index out of range") })
		hd := Watch(t.Context(), h, slot(), runsKey, p.fetch)
		synctest.Wait()
		var pe *PanicError
		if err := hd.Result().Err; !errors.As(err, &pe) || len(pe.Stack) == 0 || !strings.Contains(err.Error(), "index out of range") {
			t.Errorf("%v", err)
		}
	})
}

func TestKeysOfDifferentTypesDoNotMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := steady(t)
		a := Watch(t.Context(), h, slot(), runsKey, func(context.Context) (int, error) { return 1, nil })
		b := Watch(t.Context(), h, slot(), runsKey, func(context.Context) (string, error) { return "x", nil })
		synctest.Wait()
		if a.Result().Value != 1 || b.Result().Value != "x" {
			t.Errorf("%+v, %+v", a.Result(), b.Result())
		}
	})
}

func TestEveryHoldsForItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(1))
		Watch(t.Context(), h, slot(), runsKey, p.fetch, Every(time.Second))
		time.Sleep(10*time.Second + time.Millisecond)
		if n := p.calls.Load(); n != 11 {
			t.Errorf("%d fetches in 10 s, want 11", n)
		}
	})
}

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	for _, j := range []float64{0, 0.5, 0.999} {
		o := Options{Jitter: func() float64 { return j }}.withDefaults()
		for tries := 1; tries < 200; tries++ {
			want := time.Minute
			if tries < 7 {
				want = time.Second << (tries - 1)
			}
			if w := o.backoff(tries); w > want || w < want*4/5 {
				t.Errorf("jitter %v, try %d: %v, want %v to %v", j, tries, w, want*4/5, want)
			}
		}
	}
}

func TestTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topic := NewTopic("a")
		ctx, leave := context.WithCancel(t.Context())
		c, blocked := slot(), slot()
		topic.Watch(ctx, c)
		topic.Watch(t.Context(), blocked)
		for _, v := range []string{"b", "c"} {
			topic.Set(v)
		}
		if !filled(c) || filled(c) || topic.Get() != "c" {
			t.Error("two sets are one signal and the newest value")
		}
		leave()
		synctest.Wait()
		topic.Set("d")
		if filled(c) || !filled(blocked) {
			t.Error("who left is signalled, or who stays is not")
		}
	})
}

// BenchmarkSignal is what one change of 10,000 rows costs 100 clients.
func BenchmarkSignal(b *testing.B) {
	h := New(b.Context(), Options{})
	rows := make([]*backends.Run, 10_000)
	for i := range rows {
		rows[i] = &backends.Run{}
	}
	other := append([]*backends.Run(nil), rows...)
	other[9_999] = &backends.Run{}
	for range 100 {
		Watch(b.Context(), h, slot(), runsKey, func(context.Context) ([]*backends.Run, error) { return rows, nil })
	}
	f := h.feeds[feedKey{runsKey, typeOfRuns}]
	f.value, f.ok = rows, true
	for i := 0; b.Loop(); i++ {
		v := rows
		if i%2 == 0 {
			v = other
		}
		f.settle(b.Context(), outcome{value: v}, 0)
	}
}
