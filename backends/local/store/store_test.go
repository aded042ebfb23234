package store

import (
	"context"
	"math"
	"testing"
	"time"

	"flightdeck/backends"
)

func owner(t testing.TB) context.Context {
	return backends.WithGrant(t.Context(), backends.Grant{Actor: "test", Role: backends.Owner})
}

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// must fails the test on an error and gives the value.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRun(t testing.TB, s *Store, nr NewRun) *backends.Run {
	t.Helper()
	return must[*backends.Run](t)(s.CreateRun(owner(t), nr))
}

// sound fails the test when the doctor finds anything.
func sound(t testing.TB, s *Store) {
	t.Helper()
	for _, p := range must[[]Problem](t)(s.Check(t.Context(), nil)) {
		t.Error(p)
	}
}

// series is n points of one key, from step on.
func series(key string, step, n int) []backends.Metric {
	out := make([]backends.Metric, n)
	for i := range out {
		s := int64(step + i)
		out[i] = backends.Metric{Key: key, Step: s, Time: 1_795_440_000_000 + 37*s, Value: math.Sin(float64(s)) / float64(s+1)}
	}
	return out
}

func points(t testing.TB, s *Store, run, key string) backends.Points {
	t.Helper()
	return must[*backends.History](t)(s.History(t.Context(), run, key)).Points()
}

func TestRunsAreKeptWhole(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	start := time.UnixMilli(1_795_440_927_447)
	made := newRun(t, s, NewRun{
		Experiment: "digits", Name: "brisk-otter", User: "ada", Start: start, Parent: "p", Job: "j1",
		Tags: []backends.Tag{{Key: "team", Value: "vision"}}, Params: []backends.Param{{Key: "lr", Value: "0.01"}},
	})
	in := []backends.Dataset{{Name: "digits", Digest: "sha256:ab", Context: "training"}}
	ok(t, s.LogInputs(owner(t), made.ID, in))
	ok(t, s.LogBatch(owner(t), made.ID, []backends.Metric{{Key: "loss", Value: 0.5, Step: 3, Time: 9}, {Key: "acc", Value: 0.9, Step: 3, Time: 9}}, nil, nil))
	ok(t, s.UpdateRun(owner(t), made.ID, RunUpdate{Status: backends.RunFinished, End: start.Add(time.Second), Exit: "exit 0"}))

	other := open(t, dir, Options{})
	got := must[*backends.Run](t)(other.Run(t.Context(), made.ID[:9]))
	want := &backends.Run{
		ID: made.ID, Name: "brisk-otter", Experiment: "1", ExpName: "digits", Backend: "local", Parent: "p", Status: backends.RunFinished,
		Exit: "exit 0", Start: start, End: start.Add(time.Second), User: "ada", Job: "j1",
		Params:  []backends.Param{{Key: "lr", Value: "0.01"}},
		Metrics: []backends.Metric{{Key: "acc", Value: 0.9, Step: 3, Time: 9}, {Key: "loss", Value: 0.5, Step: 3, Time: 9}},
		Tags: []backends.Tag{
			{Key: backends.TagExit, Value: "exit 0"},
			{Key: backends.TagJob, Value: "j1"},
			{Key: backends.TagParent, Value: "p"},
			{Key: backends.TagName, Value: "brisk-otter"},
			{Key: "team", Value: "vision"},
		},
		Inputs: in, Rev: got.Rev,
	}
	equal(t, got, want)
	list := must[[]*backends.Run](t)(other.Runs(t.Context(), backends.RunFilter{}))
	equal(t, list, []*backends.Run{want})
	sound(t, s)
}
