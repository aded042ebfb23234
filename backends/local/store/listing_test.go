package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"flightdeck/backends"
)

func list(t testing.TB, s *Store, f backends.RunFilter) []*backends.Run {
	t.Helper()
	return must[[]*backends.Run](t)(s.Runs(t.Context(), f))
}

func namesOf(runs []*backends.Run) (out []string) {
	for _, r := range runs {
		out = append(out, r.Name)
	}
	return out
}

func TestListingIsPatched(t *testing.T) {
	dir := t.TempDir()
	s, writer := open(t, dir, Options{}), open(t, dir, Options{})
	day := time.UnixMilli(1_795_440_000_000)
	for i, n := range []string{"a", "b", "c"} {
		newRun(t, writer, NewRun{Name: n, Start: day.Add(time.Duration(i) * time.Hour), Job: "j-" + n})
	}
	one := list(t, s, backends.RunFilter{})
	equal(t, namesOf(one), []string{"c", "b", "a"})
	if again := list(t, s, backends.RunFilter{}); &again[0] != &one[0] {
		t.Error("nothing changed, and the listing is another")
	}
	ok(t, writer.LogMetric(owner(t), one[1].ID, backends.Metric{Key: "loss", Value: 1}))
	newRun(t, writer, NewRun{Name: "between", Start: day.Add(90 * time.Minute)})
	two := list(t, s, backends.RunFilter{})
	equal(t, namesOf(two), []string{"c", "between", "b", "a"})
	if two[0] != one[0] || two[3] != one[2] || two[2] == one[1] || len(two[2].Metrics) != 1 || len(one[1].Metrics) != 0 {
		t.Error("unchanged runs must be the same pointers, changed ones others")
	}
	ok(t, writer.DeleteRuns(owner(t), []string{one[0].ID, one[2].ID}))
	equal(t, namesOf(list(t, s, backends.RunFilter{})), []string{"between", "b"})
	equal(t, namesOf(list(t, s, backends.RunFilter{Deleted: true})), []string{"c", "a"})
	ok(t, writer.RestoreRuns(owner(t), []string{one[2].ID}))
	ok(t, writer.PurgeRuns(owner(t), []string{one[0].ID}))
	equal(t, namesOf(list(t, s, backends.RunFilter{})), []string{"between", "b", "a"})
	equal(t, namesOf(list(t, s, backends.RunFilter{Deleted: true})), nil)
	equal(t, namesOf(list(t, s, backends.RunFilter{Job: "j-a"})), []string{"a"})
	fresh := open(t, dir, Options{})
	equal(t, namesOf(list(t, fresh, backends.RunFilter{Job: "j-b"})), []string{"b"})
	if x, y := list(t, fresh, backends.RunFilter{Job: "j-b"}), list(t, fresh, backends.RunFilter{Job: "j-b"}); x[0] != y[0] {
		t.Error("a job's unchanged run must be the same pointer")
	}
	sound(t, s)
}

func TestFindingARun(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	newRun(t, s, NewRun{ID: "abc00000000000000000000000000001", Name: "brisk-otter"})
	newRun(t, s, NewRun{ID: "abc00000000000000000000000000002", Name: "brisk-otter", Start: time.Now().Add(time.Hour)})
	newRun(t, s, NewRun{ID: "abd00000000000000000000000000003", Name: "abc0"})
	for in, want := range map[string]string{
		"abc00000000000000000000000000001": "abc00000000000000000000000000001",
		"abd":                              "abd00000000000000000000000000003",
		"brisk-otter":                      "abc00000000000000000000000000002",
		"abc0":                             "abd00000000000000000000000000003", // a name wins over a beginning
	} {
		r, err := s.Run(t.Context(), in)
		if err != nil || r.ID != want {
			t.Errorf("%s: %v, %v", in, r, err)
		}
	}
	for _, in := range []string{"", "zzz", "abe"} {
		if _, err := s.Run(t.Context(), in); !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := s.Run(t.Context(), "abc"); err == nil || errors.Is(err, backends.ErrNotFound) {
		t.Errorf("abc could be two runs: %v", err)
	}
}

// TestClockGoingBackwards: what is new is told by rev, what is latest by step.
func TestClockGoingBackwards(t *testing.T) {
	now := time.UnixMilli(1_795_440_000_000)
	dir := t.TempDir()
	s := open(t, dir, Options{Now: func() time.Time { now = now.Add(-time.Hour); return now }})
	reader := open(t, dir, Options{})
	first := newRun(t, s, NewRun{Name: "first"})
	list(t, reader, backends.RunFilter{})
	second := newRun(t, s, NewRun{Name: "second"})
	equal(t, namesOf(list(t, reader, backends.RunFilter{})), []string{"first", "second"})
	ok(t, s.LogMetric(owner(t), first.ID, backends.Metric{Key: "loss", Step: 1, Time: 5000, Value: 2}))
	ok(t, s.LogMetric(owner(t), first.ID, backends.Metric{Key: "loss", Step: 2, Time: 4000, Value: 1}))
	ok(t, s.UpdateRun(owner(t), second.ID, RunUpdate{Status: backends.RunFinished}))
	runs := list(t, reader, backends.RunFilter{})
	if m, _ := runs[0].Metric("loss"); m.Value != 1 {
		t.Errorf("latest is %+v", m)
	}
	if took := runs[1].Took(now); took != 0 || runs[1].End.IsZero() {
		t.Errorf("took %s, ended %s", took, runs[1].End)
	}
	sound(t, s)
}

func TestUpdates(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{Name: "old"}).ID
	end := time.UnixMilli(1_795_440_001_000)
	ok(t, s.UpdateRun(owner(t), run, RunUpdate{Status: backends.RunFailed, End: end, Exit: "exit 1"}))
	ok(t, s.SetTags(owner(t), run, []backends.Tag{{Key: backends.TagName, Value: "new"}, {Key: "b", Value: "2"}, {Key: "a", Value: "1"}}))
	r := must[*backends.Run](t)(s.Run(t.Context(), "new"))
	if r.Status != backends.RunFailed || !r.End.Equal(end) || r.Exit != "exit 1" || r.Tag("a") != "1" {
		t.Fatalf("%+v", r)
	}
	ok(t, s.DeleteTags(owner(t), run, []string{"a"}))
	ok(t, s.UpdateRun(owner(t), run, RunUpdate{Status: backends.RunRunning}))
	r = must[*backends.Run](t)(s.Run(t.Context(), run))
	if !r.End.IsZero() || r.Tag("a") != "" || r.Tag("b") != "2" {
		t.Fatalf("%+v", r)
	}
	in := []backends.Dataset{{Name: "digits", Digest: "d", Context: "training"}}
	ok(t, s.LogInputs(owner(t), run, in))
	ok(t, s.LogInputs(owner(t), run, in))
	if r = must[*backends.Run](t)(s.Run(t.Context(), run)); len(r.Inputs) != 1 {
		t.Fatalf("%+v", r.Inputs)
	}
	if err := s.UpdateRun(owner(t), run, RunUpdate{Status: "DONE"}); err == nil {
		t.Fatal("a status of no kind was taken")
	}
}

func TestExperiments(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	one := must[string](t)(s.CreateExperiment(owner(t), "digits", []backends.Tag{{Key: "team", Value: "vision"}}))
	ok(t, s.SetExperimentTag(owner(t), one, backends.Tag{Key: "stage", Value: "dev"}))
	run := newRun(t, s, NewRun{ExperimentID: one})
	newRun(t, s, NewRun{Experiment: "sentiment"})
	newRun(t, s, NewRun{Experiment: "sentiment"})
	newRun(t, s, NewRun{})
	es := must[[]backends.Experiment](t)(s.Experiments(t.Context()))
	var got []string
	for _, e := range es {
		got = append(got, e.ID+" "+e.Name+" "+string(rune('0'+e.RunCount)))
	}
	equal(t, got, []string{"0 Default 1", "1 digits 1", "2 sentiment 2"})
	equal(t, es[1].Tags, []backends.Tag{{Key: "stage", Value: "dev"}, {Key: "team", Value: "vision"}})

	ok(t, s.DeleteExperiment(owner(t), one))
	if r := must[*backends.Run](t)(s.Run(t.Context(), run.ID)); !r.Deleted {
		t.Error("the runs of a deleted experiment stay in the lists")
	}
	for name, err := range map[string]error{
		"taken":   second(s.CreateExperiment(owner(t), "digits", nil)),
		"deleted": second(s.CreateRun(owner(t), NewRun{ExperimentID: one})),
		"none":    second(s.CreateRun(owner(t), NewRun{ExperimentID: "99"})),
		"no id":   second(s.CreateRun(owner(t), NewRun{ExperimentID: "x"})),
		"empty":   second(s.CreateExperiment(owner(t), "", nil)),
	} {
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ok(t, s.RestoreExperiment(owner(t), one))
	if r := must[*backends.Run](t)(s.Run(t.Context(), run.ID)); r.Deleted {
		t.Error("restored, and its runs are not")
	}
}

func second[T any](_ T, err error) error { return err }

// A store that let go of its listing reads the same again.
func TestRest(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := must[*backends.Run](t)(s.CreateRun(owner(t), NewRun{Name: "first"}))
	before := must[[]*backends.Run](t)(s.Runs(t.Context(), backends.RunFilter{}))
	s.Rest()
	must[*backends.Run](t)(s.CreateRun(owner(t), NewRun{Name: "second"}))
	after := must[[]*backends.Run](t)(s.Runs(t.Context(), backends.RunFilter{}))
	if len(before) != 1 || len(after) != 2 || !slices.ContainsFunc(after, func(r *backends.Run) bool { return r.ID == run.ID }) {
		t.Errorf("%d runs before, %d after", len(before), len(after))
	}
	s.Rest()
	s.Rest()
}
