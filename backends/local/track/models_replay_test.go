package track

import (
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// TestReplayModels says again what was asked of MLflow about registered and logged
// models, most of it wrong in some way, and expects its answers: errors, limits,
// pages, orders, odd names (testdata/README.md).
func TestReplayModels(t *testing.T) {
	var tick atomic.Int64 // no two answers of MLflow came in the same millisecond
	st, err := store.Open(t.TempDir(), store.Options{Now: func() time.Time { return time.UnixMilli(1_795_000_000_000 + tick.Add(1)) }})
	ok(t, err)
	defer st.Close()
	p := &replay{
		h:    Handler(st, Options{Grant: backends.Grant{Actor: "test", Role: backends.Owner}}),
		ours: true, ids: map[string]string{}, found: map[string][]string{},
	}
	for i, x := range recorded(t, "testdata/models-mlflow-3.17.2.jsonl.gz") {
		p.exchange(t, i, x)
	}
	for _, route := range slices.Sorted(maps.Keys(p.found)) {
		t.Run(route, func(t *testing.T) {
			for i, d := range p.found[route] {
				if i == 10 {
					t.Errorf("and %d more", len(p.found[route])-i)
					break
				}
				t.Error(d)
			}
		})
	}
}
