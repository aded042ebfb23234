package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"flightdeck/backends"
)

// writes is every method that changes something.
func writes(s *Store, run string) map[string]func(context.Context) error {
	tag := backends.Tag{Key: "a", Value: "b"}
	return map[string]func(context.Context) error{
		"CreateExperiment":  func(ctx context.Context) error { return second(s.CreateExperiment(ctx, "x", nil)) },
		"SetExperimentTag":  func(ctx context.Context) error { return s.SetExperimentTag(ctx, "0", tag) },
		"DeleteExperiment":  func(ctx context.Context) error { return s.DeleteExperiment(ctx, "1") },
		"RestoreExperiment": func(ctx context.Context) error { return s.RestoreExperiment(ctx, "1") },
		"CreateRun":         func(ctx context.Context) error { return second(s.CreateRun(ctx, NewRun{})) },
		"UpdateRun":         func(ctx context.Context) error { return s.UpdateRun(ctx, run, RunUpdate{Name: "n"}) },
		"LogBatch":          func(ctx context.Context) error { return s.LogBatch(ctx, run, series("a", 0, 1), nil, nil) },
		"LogMetric":         func(ctx context.Context) error { return s.LogMetric(ctx, run, backends.Metric{Key: "a"}) },
		"LogParam":          func(ctx context.Context) error { return s.LogParam(ctx, run, backends.Param{Key: "a"}) },
		"SetTags":           func(ctx context.Context) error { return s.SetTags(ctx, run, []backends.Tag{tag}) },
		"DeleteTags":        func(ctx context.Context) error { return s.DeleteTags(ctx, run, []string{"a"}) },
		"LogInputs":         func(ctx context.Context) error { return s.LogInputs(ctx, run, []backends.Dataset{{Name: "d"}}) },
		"DeleteRuns":        func(ctx context.Context) error { return s.DeleteRuns(ctx, []string{run}) },
		"RestoreRuns":       func(ctx context.Context) error { return s.RestoreRuns(ctx, []string{run}) },
		"PurgeRuns":         func(ctx context.Context) error { return s.PurgeRuns(ctx, []string{run}) },
		"PutArtifact":       func(ctx context.Context) error { return second(s.PutArtifact(ctx, run, "p", strings.NewReader("x"))) },
		"CreateModel":       func(ctx context.Context) error { return s.CreateModel(ctx, "m", "", nil) },
		"CreateVersion":     func(ctx context.Context) error { return second(s.CreateVersion(ctx, "m", run, "s")) },
		"DeleteVersion":     func(ctx context.Context) error { return s.DeleteVersion(ctx, "m", "1") },
		"SetAlias":          func(ctx context.Context) error { return s.SetAlias(ctx, "m", "al", "1") },
		"DeleteAlias":       func(ctx context.Context) error { return s.DeleteAlias(ctx, "m", "al") },
		"SetModelTag":       func(ctx context.Context) error { return s.SetModelTag(ctx, "m", "", tag) },
		"DeleteModelTag":    func(ctx context.Context) error { return s.DeleteModelTag(ctx, "m", "", "k") },
		"RenameModel":       func(ctx context.Context) error { return s.RenameModel(ctx, "m", "n") },
		"DescribeModel":     func(ctx context.Context) error { return s.DescribeModel(ctx, "m", "d") },
		"DeleteModel":       func(ctx context.Context) error { return s.DeleteModel(ctx, "m") },
		"RegisterVersion": func(ctx context.Context) error {
			return second(s.RegisterVersion(ctx, NewVersion{Model: "m", Source: "s"}))
		},
		"DescribeVersion": func(ctx context.Context) error { return second(s.DescribeVersion(ctx, "m", "1", nil)) },
		"SetStage":        func(ctx context.Context) error { return second(s.SetStage(ctx, "m", "1", "Staging", false)) },
		"CreateLoggedModel": func(ctx context.Context) error {
			return second(s.CreateLoggedModel(ctx, NewLoggedModel{Experiment: "0"}))
		},
		"FinishLoggedModel": func(ctx context.Context) error { return second(s.FinishLoggedModel(ctx, "m-", backends.LoggedReady)) },
		"DeleteLoggedModel": func(ctx context.Context) error { return s.DeleteLoggedModel(ctx, "m-") },
		"LogLoggedParams":   func(ctx context.Context) error { return s.LogLoggedParams(ctx, "m-", nil) },
		"SetLoggedTags":     func(ctx context.Context) error { return s.SetLoggedTags(ctx, "m-", nil) },
		"DeleteLoggedTag":   func(ctx context.Context) error { return s.DeleteLoggedTag(ctx, "m-", "k") },
		"LogModelMetrics": func(ctx context.Context) error {
			return s.LogModelMetrics(ctx, run, []backends.ModelMetric{{Metric: backends.Metric{Key: "a"}}})
		},
		"LogOutputs":     func(ctx context.Context) error { return s.LogOutputs(ctx, run, nil) },
		"LogModelInputs": func(ctx context.Context) error { return s.LogModelInputs(ctx, run, nil) },
	}
}

func TestNothingIsWrittenWithoutAGrant(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	viewer := backends.WithGrant(t.Context(), backends.Grant{Actor: "v", Role: backends.Viewer})
	for name, write := range writes(s, newID()) {
		for who, ctx := range map[string]context.Context{"no grant": t.Context(), "a viewer": viewer} {
			var denied *backends.DeniedError
			if err := write(ctx); !errors.As(err, &denied) || denied.Transport != "store" {
				t.Errorf("%s by %s: %v", name, who, err)
			}
		}
	}
	operator := backends.WithGrant(t.Context(), backends.Grant{Actor: "o", Role: backends.Operator})
	for _, name := range []string{"PurgeRuns", "DeleteVersion", "DeleteModel"} {
		var denied *backends.DeniedError
		if err := writes(s, newID())[name](operator); !errors.As(err, &denied) {
			t.Errorf("%s by an operator: %v", name, err)
		}
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) > 0 {
		t.Errorf("refused writes made %v", left)
	}
}

func TestReadingCreatesNothing(t *testing.T) {
	parent := t.TempDir()
	for _, o := range []Options{{}, {ReadOnly: true}} {
		s := open(t, parent+"/missing/.flightdeck", o)
		equal(t, len(list(t, s, backends.RunFilter{})), 0)
		equal(t, len(list(t, s, backends.RunFilter{Job: "j"})), 0)
		equal(t, len(must[[]backends.Experiment](t)(s.Experiments(t.Context()))), 0)
		equal(t, len(must[[]backends.RegisteredModel](t)(s.Models(t.Context()))), 0)
		equal(t, must[uint64](t)(s.Rev(t.Context())), 0)
		if _, err := s.Run(t.Context(), "x"); !errors.Is(err, backends.ErrNotFound) {
			t.Error(err)
		}
		sound(t, s)
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(parent)); len(left) > 0 {
		t.Errorf("reading made %v", left)
	}
}

func TestAStoreThatComesLater(t *testing.T) {
	dir := t.TempDir()
	reader := open(t, dir, Options{ReadOnly: true})
	equal(t, len(list(t, reader, backends.RunFilter{})), 0)
	newRun(t, open(t, dir, Options{}), NewRun{})
	equal(t, len(list(t, reader, backends.RunFilter{})), 1)
	equal(t, must[[]backends.Experiment](t)(reader.Experiments(t.Context()))[0].Name, "Default")
}

func TestRevCountsTransactionsThatChangeSomething(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{}).ID
	rev := must[uint64](t)(s.Rev(t.Context()))
	ok(t, s.LogBatch(owner(t), run, series("a", 0, 5), nil, nil))
	equal(t, must[uint64](t)(s.Rev(t.Context())), rev+1)
	ok(t, s.LogBatch(owner(t), run, series("a", 0, 5), nil, nil)) // a retry
	equal(t, must[uint64](t)(s.Rev(t.Context())), rev+1)
	if err := s.LogParam(owner(t), newID(), backends.Param{Key: "a"}); err == nil {
		t.Fatal("logged to no run")
	}
	equal(t, must[uint64](t)(s.Rev(t.Context())), rev+1)
}
