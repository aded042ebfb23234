package hub

import (
	"context"
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

var typeOfRuns = reflect.TypeFor[[]*backends.Run]()

func TestIdentical(t *testing.T) {
	a, b := &backends.Run{ID: "a"}, &backends.Run{ID: "a"}
	moment := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	exp := func(n int) backends.Experiment {
		return backends.Experiment{ID: "1", Created: moment, Tags: []backends.Tag{{Key: "k", Value: "v"}}, RunCount: n}
	}
	f := func() {}
	for _, c := range []struct {
		name string
		x, y any
		want bool
	}{
		{"equal values", 1, 1, true},
		{"other values", 1, 2, false},
		{"other types", 1, "1", false},
		{"nil and nil", nil, nil, true},
		{"nil and not", nil, 1, false},
		{"the same rows", []*backends.Run{a, b}, []*backends.Run{a, b}, true},
		{"equal rows behind other pointers", []*backends.Run{a}, []*backends.Run{b}, false},
		{"one row less", []*backends.Run{a, b}, []*backends.Run{a}, false},
		{"none and nil", []*backends.Run{}, []*backends.Run(nil), false},
		{"equal structs with slices in them", []backends.Experiment{exp(3)}, []backends.Experiment{exp(3)}, true},
		{"other structs", []backends.Experiment{exp(3)}, []backends.Experiment{exp(4)}, false},
		{"equal maps", map[string]string{"a": "1"}, map[string]string{"a": "1"}, true},
		{"other keys", map[string]string{"a": "1"}, map[string]string{"b": "1"}, false},
		{"other map values", map[string]string{"a": "1"}, map[string]string{"a": "2"}, false},
		{"NaN", []float64{math.NaN()}, []float64{math.NaN()}, true},
		{"in an interface", []any{1, "a"}, []any{1, "a"}, true},
		{"functions are never the same", []any{f}, []any{f}, false},
		{"arrays", [2]int{1, 2}, [2]int{1, 3}, false},
	} {
		if got := identical(c.x, c.y); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	loop := []any{nil}
	loop[0] = loop
	other := []any{nil}
	other[0] = other
	if identical(loop, other) {
		t.Error("what is too deep counts as changed")
	}
}

func TestGrownHistoryIsNews(t *testing.T) {
	type curves struct {
		names []string
		byRun map[string][]*backends.History
		none  *backends.History
	}
	synctest.Test(t, func(t *testing.T) {
		h, grows := steady(t), &backends.History{Key: "loss"}
		c := slot()
		hd := Watch(t.Context(), h, c, Key{Backend: "b", Capability: "metrics"}, func(context.Context) (curves, error) {
			return curves{names: []string{"loss"}, byRun: map[string][]*backends.History{"r": {grows}}, none: nil}, nil
		})
		synctest.Wait()
		filled(c)
		h.Poke("b", "metrics")
		time.Sleep(time.Second)
		if filled(c) || hd.Result().Rev != 1 {
			t.Error("a history that did not grow is news")
		}
		grows.Append(backends.Points{Step: []int64{1}, Time: []int64{1}, Value: []float64{0.5}})
		h.Poke("b", "metrics")
		time.Sleep(time.Second)
		if !filled(c) || hd.Result().Rev != 2 {
			t.Error("a history that grew in place is no news")
		}
	})
}

func TestSameReplacesTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := steady(t), newPeer(value(10))
		c := slot()
		hd := Watch(t.Context(), h, c, runsKey, p.fetch, Same(func(a, b int) bool { return a/10 == b/10 }))
		synctest.Wait()
		filled(c)
		p.says(value(19))
		h.Retry("b")
		synctest.Wait()
		if filled(c) || hd.Result().Rev != 1 || hd.Result().Value != 10 {
			t.Error("what Same calls the same is news")
		}
		p.says(value(20))
		h.Retry("b")
		synctest.Wait()
		if !filled(c) || hd.Result().Value != 20 {
			t.Error("what Same calls another is no news")
		}
	})
}

// BenchmarkUnchanged is what a poll of 10,000 unchanged rows costs.
func BenchmarkUnchanged(b *testing.B) {
	rows := make([]*backends.Run, 10_000)
	for i := range rows {
		rows[i] = &backends.Run{}
	}
	again := append([]*backends.Run(nil), rows...)
	b.ReportAllocs()
	for b.Loop() {
		if !identical(rows, again) || points(again) != 0 {
			b.Fatal("changed")
		}
	}
}
