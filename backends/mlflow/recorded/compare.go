package recorded

import (
	"encoding/json"
	"maps"
	"math"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/rest"
)

// Backend is what each way of reading MLflow can do.
type Backend interface {
	backends.Backend
	backends.RunLister
	backends.ExperimentLister
	backends.HistoryReader
	backends.ArtifactLister
	backends.ModelLister
}

// Compare holds a backend to what the library read back. files says whether the
// artifacts are within reach.
func Compare(t *testing.T, b Backend, want Read, files bool) {
	t.Helper()
	exps, err := b.Experiments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(exps) != len(want.Experiments) {
		t.Errorf("%d experiments, want %d", len(exps), len(want.Experiments))
	}
	for _, w := range want.Experiments {
		compareExperiment(t, exps, w)
	}
	got := map[string]*backends.Run{}
	for _, deleted := range []bool{false, true} {
		runs, err := b.Runs(t.Context(), backends.RunFilter{Deleted: deleted})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			got[r.ID] = r
		}
	}
	if len(got) != len(want.Runs) {
		t.Errorf("%d runs, want %d", len(got), len(want.Runs))
	}
	for _, w := range want.Runs {
		r := got[w.ID]
		if r == nil {
			t.Errorf("run %s %q is not listed", w.ID, w.Name)
			continue
		}
		compareRun(t, r, w)
		compareHistory(t, b, r, w)
		if files {
			compareFiles(t, b, r, w)
		}
	}
	models, err := b.Models(t.Context())
	if err != nil || len(models) != len(want.Models) {
		t.Fatalf("%d models, want %d (%v)", len(models), len(want.Models), err)
	}
	for i, w := range want.Models {
		compareModel(t, models[i], w)
	}
}

func compareExperiment(t *testing.T, exps []backends.Experiment, w Experiment) {
	t.Helper()
	for _, e := range exps {
		if e.ID != w.ID {
			continue
		}
		if e.Name != w.Name || e.Deleted != (w.Stage == "deleted") || e.Created.UnixMilli() != w.Created || !maps.Equal(tagMap(e.Tags), w.Tags) {
			t.Errorf("experiment %+v, want %+v", e, w)
		}
		return
	}
	t.Errorf("experiment %s %q is not listed", w.ID, w.Name)
}

func tagMap(tags []backends.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

func compareRun(t *testing.T, r *backends.Run, w Run) {
	t.Helper()
	end := int64(0)
	if w.End != nil {
		end = *w.End
	}
	gotEnd := int64(0)
	if !r.End.IsZero() {
		gotEnd = r.End.UnixMilli()
	}
	if r.Name != w.Name || r.Experiment != w.Experiment || string(r.Status) != w.Status || r.Deleted != (w.Stage == "deleted") || r.Start.UnixMilli() != w.Start || gotEnd != end || r.User != w.User {
		t.Errorf("run %+v,\nwant %+v", *r, w)
	}
	params := map[string]string{}
	for _, p := range r.Params {
		params[p.Key] = p.Value
	}
	if !maps.Equal(params, w.Params) {
		t.Errorf("%s: params %q, want %q", w.Name, params, w.Params)
	}
	if tags := tagMap(r.Tags); !maps.Equal(tags, w.Tags) {
		t.Errorf("%s: tags %q, want %q", w.Name, tags, w.Tags)
	}
	metrics := map[string]Point{}
	for _, m := range r.Metrics {
		metrics[m.Key] = Point{Time: m.Time, Step: m.Step}
		w, ok := w.Metrics[m.Key]
		if !ok || w.Time != m.Time || w.Step != m.Step || math.Float64bits(float64(w.Value)) != math.Float64bits(m.Value) {
			t.Errorf("%s: last %s is %+v, want %+v", r.Name, m.Key, m, w)
		}
	}
	if len(metrics) != len(w.Metrics) {
		t.Errorf("%s: %d metrics, want %d", w.Name, len(metrics), len(w.Metrics))
	}
	if len(r.Inputs) != len(w.Inputs) {
		t.Fatalf("%s: %d inputs, want %d", w.Name, len(r.Inputs), len(w.Inputs))
	}
	for i, in := range w.Inputs {
		if g := r.Inputs[i]; g.Name != in.Name || g.Digest != in.Digest || g.SourceType != in.SourceType || g.Source != in.Source || g.Schema != in.Schema || g.Profile != in.Profile || g.Context != in.Context {
			t.Errorf("%s: input %+v, want %+v", w.Name, g, in)
		}
	}
}

func compareHistory(t *testing.T, b Backend, r *backends.Run, w Run) {
	t.Helper()
	for key, points := range w.History {
		h, err := b.History(t.Context(), r.Ref(), key)
		if err != nil {
			t.Errorf("%s: history of %q: %v", w.Name, key, err)
			continue
		}
		p := h.Points()
		got := make([]Point, p.Len())
		for i := range got {
			got[i] = Point{Value: rest.Float(p.Value[i]), Time: p.Time[i], Step: p.Step[i]}
		}
		got, points = Sorted(got), Sorted(points)
		if len(got) != len(points) {
			t.Errorf("%s: %d points of %q, want %d", w.Name, len(got), key, len(points))
			continue
		}
		for i := range got {
			if got[i].Time != points[i].Time || got[i].Step != points[i].Step || math.Float64bits(float64(got[i].Value)) != math.Float64bits(float64(points[i].Value)) {
				t.Errorf("%s: point %d of %q is %+v, want %+v", w.Name, i, key, got[i], points[i])
			}
		}
	}
}

func compareFiles(t *testing.T, b Backend, r *backends.Run, w Run) {
	t.Helper()
	files, err := b.Artifacts(t.Context(), r.Ref())
	if err != nil || len(files) != len(w.Artifacts) {
		t.Errorf("%s: %d artifacts, want %d (%v)", w.Name, len(files), len(w.Artifacts), err)
		return
	}
	for i, f := range files {
		if f.Path != w.Artifacts[i].Path || f.Size != w.Artifacts[i].Size {
			t.Errorf("%s: artifact %s of %d bytes, want %+v", w.Name, f.Path, f.Size, w.Artifacts[i])
		}
	}
}

func compareModel(t *testing.T, m backends.RegisteredModel, w Model) {
	t.Helper()
	aliases := map[string]string{}
	for k, v := range w.Aliases {
		aliases[k] = Text(v)
	}
	if m.Name != w.Name || m.Description != w.Description || !maps.Equal(tagMap(m.Tags), w.Tags) || !maps.Equal(m.Aliases, aliases) || len(m.Versions) != len(w.Versions) {
		t.Errorf("model %+v, want %+v", m, w)
		return
	}
	for i, v := range w.Versions { // they were written oldest first
		g := m.Versions[len(m.Versions)-1-i]
		var tags map[string]string
		if err := json.Unmarshal(v[3], &tags); err != nil {
			t.Fatal(err)
		}
		if g.Version != Text(v[0]) || g.Run != Text(v[1]) || g.Description != Text(v[2]) || !maps.Equal(tagMap(g.Tags), tags) || g.Source != "notes" {
			t.Errorf("version %+v, want %s", g, v)
		}
	}
}
