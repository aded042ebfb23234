package store

import (
	"errors"
	"math"
	"testing"

	"flightdeck/backends"
)

func TestLoggedModels(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{}).ID
	made := must[*backends.LoggedModel](t)(s.CreateLoggedModel(owner(t), NewLoggedModel{
		Experiment: "0", Name: "net", Type: "torch", Run: run,
		Params: []backends.Param{{Key: "lr", Value: "0.1"}}, Tags: []backends.Tag{{Key: "b", Value: "2"}, {Key: "a", Value: "1"}},
	}))
	if len(made.ID) != 34 || made.ID[:2] != "m-" || made.Status != backends.LoggedPending || made.Experiment != "0" {
		t.Fatalf("%+v", made)
	}
	equal(t, made.Tags, []backends.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}})
	if other := must[*backends.LoggedModel](t)(s.CreateLoggedModel(owner(t), NewLoggedModel{Experiment: "0"})); other.Name == "" {
		t.Fatal("no name")
	}

	ok(t, s.LogLoggedParams(owner(t), made.ID, []backends.Param{{Key: "epochs", Value: "3"}}))
	ok(t, s.SetLoggedTags(owner(t), made.ID, []backends.Tag{{Key: "a", Value: "x"}}))
	ok(t, s.DeleteLoggedTag(owner(t), made.ID, "b"))
	m := must[*backends.LoggedModel](t)(s.FinishLoggedModel(owner(t), made.ID, backends.LoggedReady))
	equal(t, m.Status, backends.LoggedReady)
	equal(t, m.Params, []backends.Param{{Key: "epochs", Value: "3"}, {Key: "lr", Value: "0.1"}})
	equal(t, m.Tags, []backends.Tag{{Key: "a", Value: "x"}})

	ok(t, s.DeleteLoggedModel(owner(t), made.ID))
	if _, err := s.LoggedModel(t.Context(), made.ID, false); !errors.Is(err, backends.ErrNotFound) {
		t.Fatal(err)
	}
	if m := must[*backends.LoggedModel](t)(s.LoggedModel(t.Context(), made.ID, true)); !m.Deleted {
		t.Fatalf("%+v", m)
	}
	equal(t, len(must[[]*backends.LoggedModel](t)(s.LoggedModels(t.Context(), "0"))), 1)
	sound(t, s)

	for name, c := range map[string]struct {
		err  error
		code string
	}{
		"param twice": {s.LogLoggedParams(owner(t), made.ID, []backends.Param{{Key: "lr", Value: "0.1"}}), badRequest},
		"tag":         {s.DeleteLoggedTag(owner(t), made.ID, "none"), DoesNotExist},
		"none":        {s.DeleteLoggedModel(owner(t), "m-none"), DoesNotExist},
		"name":        {second(s.CreateLoggedModel(owner(t), NewLoggedModel{Experiment: "0", Name: "a/b"})), InvalidParameter},
		"experiment":  {second(s.CreateLoggedModel(owner(t), NewLoggedModel{Experiment: "7"})), DoesNotExist},
		"status":      {second(s.FinishLoggedModel(owner(t), made.ID, "DONE")), InvalidParameter},
		"metric":      {s.LogModelMetrics(owner(t), run, []backends.ModelMetric{{Model: "m-none", Metric: backends.Metric{Key: "a"}}}), badRequest},
		"run":         {s.LogOutputs(owner(t), newID(), nil), DoesNotExist},
	} {
		var e *Error
		if !errors.As(c.err, &e) || e.Code != c.code {
			t.Errorf("%s: %v, want %s", name, c.err, c.code)
		}
	}
}

func TestModelMetricsAndUses(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run, other := newRun(t, s, NewRun{}).ID, newRun(t, s, NewRun{}).ID
	id := must[*backends.LoggedModel](t)(s.CreateLoggedModel(owner(t), NewLoggedModel{Experiment: "0", Name: "net"})).ID
	point := func(key string, v float64, step int64) backends.ModelMetric {
		return backends.ModelMetric{Metric: backends.Metric{Key: key, Value: v, Time: 5, Step: step}, Model: id, Dataset: "d", Digest: "g"}
	}
	for range 2 { // a request may be sent again
		ok(t, s.LogModelMetrics(owner(t), run, []backends.ModelMetric{point("acc", 0.5, 1), point("acc", math.Inf(1), 2), point("loss", math.NaN(), 1)}))
		ok(t, s.LogModelMetrics(owner(t), other, []backends.ModelMetric{point("acc", 0.7, 1)}))
		ok(t, s.LogOutputs(owner(t), run, []backends.ModelUse{{Model: id, Step: 3}}))
		ok(t, s.LogModelInputs(owner(t), run, []string{"m-b", "m-a"}))
	}
	m := must[*backends.LoggedModel](t)(s.LoggedModel(t.Context(), id, false))
	if len(m.Metrics) != 4 {
		t.Fatalf("%+v", m.Metrics)
	}
	values := map[string]float64{}
	for _, p := range m.Metrics {
		if p.Dataset != "d" || p.Digest != "g" || p.Model != id {
			t.Errorf("%+v", p)
		}
		values[p.Key+" "+p.Run[:4]] += p.Value
	}
	if v := values["acc "+run[:4]]; !math.IsInf(v, 1) {
		t.Error(v)
	}
	if v := values["loss "+run[:4]]; !math.IsNaN(v) {
		t.Error(v)
	}
	equal(t, values["acc "+other[:4]], 0.7)
	uses := must[map[string][]backends.ModelUse](t)(s.ModelUses(t.Context(), run, other))
	equal(t, uses, map[string][]backends.ModelUse{run: {{Model: id, Step: 3, Output: true}, {Model: "m-b"}, {Model: "m-a"}}})
	sound(t, s)

	// What a run measured goes with it.
	ok(t, s.DeleteRuns(owner(t), []string{run}))
	ok(t, s.PurgeRuns(owner(t), []string{run}))
	m = must[*backends.LoggedModel](t)(s.LoggedModel(t.Context(), id, false))
	if len(m.Metrics) != 1 || m.Metrics[0].Run != other {
		t.Fatalf("%+v", m.Metrics)
	}
	sound(t, s)
}
