//go:build integration && linux

//integration:peer train

package main

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"flightdeck/backends"
)

func TestPeerTorchRegistry(t *testing.T) {
	ws := t.TempDir()
	s := serving(t, ws)
	rep := runScript(t, "train", s.URL, "torch_registry")
	agrees(t, ws, rep)
	noServerErrors(t, s)
	var identical bool
	var champion string
	var found []string
	var files map[string]peerFile
	var models []struct {
		ID     string            `json:"model_id"`
		Run    string            `json:"source_run_id"`
		Status string            `json:"status"`
		Tags   map[string]string `json:"tags"`
	}
	rep.more(t, "same", &identical)
	rep.more(t, "champion", &champion)
	rep.more(t, "found", &found)
	rep.more(t, "downloaded", &files)
	rep.more(t, "logged_models", &models)
	if !identical || champion != "2" {
		t.Errorf("what was loaded predicts the same: %v; champion is version %s", identical, champion)
	}
	if files["MLmodel"].Digest == "" || len(files) < 6 {
		t.Errorf("downloaded %v", files)
	}
	if len(models) != 2 || len(found) != 2 || models[1].Run != rep.named(t, "fit-1").ID || models[1].Status != "READY" {
		t.Errorf("logged models %+v, found %v", models, found)
	}
	if m := rep.Models[0]; !maps.Equal(m.Aliases, map[string]string{"champion": "2", "challenger": "2"}) || len(m.Versions) != 2 || m.Versions[0].Tags["validated"] != "no" {
		t.Errorf("the registered model: %+v", m)
	}
	if r := rep.Runs[0]; r.points("loss") != 20 {
		t.Errorf("%d points", r.points("loss"))
	}
	sameLoggedModels(t, ws, found)
}

// sameLoggedModels looks into the store for the models that the library found.
func sameLoggedModels(t *testing.T, ws string, want []string) {
	t.Helper()
	lister, ok := any(opened(t, ws)).(backends.LoggedModelLister)
	if !ok {
		t.Fatal("the local backend lists no logged models")
	}
	models, err := lister.LoggedModels(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range models {
		got = append(got, m.ID)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the store has the logged models %v, and the library found %v", got, want)
	}
}

func TestPeerLightningMLflow(t *testing.T) {
	ws := t.TempDir()
	s := serving(t, ws)
	rep := runScript(t, "train", s.URL, "lightning_loggers", "mlflow")
	agrees(t, ws, rep)
	noServerErrors(t, s)
	lightningFacts(t, rep)
}

func lightningFacts(t *testing.T, rep *peerReport) {
	t.Helper()
	r := rep.named(t, "three-loggers")
	if r.points("train_loss") != 12 || r.points("val_loss") != 3 || r.Params["width"] != "16" || r.Tags["team"] != "vision" || len(r.files()) != 3 {
		t.Errorf("%d and %d points, params %v, tags %v, files %v", r.points("train_loss"), r.points("val_loss"), r.Params, r.Tags, r.files())
	}
}

// All three loggers in one training, inside a job: MLflow's goes to the job's
// endpoint.
func TestPeerLightningInAJob(t *testing.T) {
	ws := workspace(t)
	rep := runInJob(t, "train", ws, "lightning_loggers", "mlflow", "tensorboard", "csv")
	agrees(t, ws, rep)
	lightningFacts(t, rep)
}

// A training that knows nothing of MLflow: its event file, or its metrics.csv, is
// followed, and the job's run has its curves.
func TestPeerLightningFilesAreFollowed(t *testing.T) {
	t.Run("tensorboard", func(t *testing.T) {
		ws := workspace(t)
		rep := runInJob(t, "train", ws, "lightning_loggers", "tensorboard")
		var tb struct {
			Scalars map[string][][3]float64 `json:"scalars"` // step, seconds, value
		}
		rep.more(t, "tensorboard", &tb)
		if len(tb.Scalars["train_loss"]) != 12 || len(tb.Scalars["val_loss"]) != 3 {
			t.Fatalf("TensorBoard itself read %v", tb.Scalars)
		}
		for tag, points := range tb.Scalars {
			want := map[int64][]float64{}
			for _, p := range points {
				want[int64(p[0])] = append(want[int64(p[0])], p[2])
			}
			followed(t, ws, tag, want)
		}
	})
	t.Run("csv", func(t *testing.T) {
		ws := workspace(t)
		rep := runInJob(t, "train", ws, "lightning_loggers", "csv")
		var file struct {
			Rows []map[string]string `json:"rows"`
		}
		rep.more(t, "csv", &file)
		want := map[string]map[int64][]float64{}
		for _, row := range file.Rows {
			step, err := strconv.ParseInt(row["step"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			for key, cell := range row {
				v, err := strconv.ParseFloat(cell, 64)
				if key == "step" || err != nil {
					continue
				}
				if want[key] == nil {
					want[key] = map[int64][]float64{}
				}
				want[key][step] = append(want[key][step], v)
			}
		}
		if len(want["train_loss"]) != 12 || len(want["val_loss"]) != 3 {
			t.Fatalf("csv itself read %v", want)
		}
		for _, key := range []string{"train_loss", "val_loss"} {
			followed(t, ws, key, want[key])
		}
	})
}

// followed compares the history of a metric, in whichever run of the workspace has
// it, with the values that each step must have.
func followed(t *testing.T, ws, key string, want map[int64][]float64) {
	t.Helper()
	lo := opened(t, ws)
	for _, r := range runsOf(t, lo) {
		if _, ok := r.Metric(key); !ok {
			continue
		}
		h, err := lo.History(t.Context(), r.Ref(), key)
		if err != nil {
			t.Fatal(err)
		}
		got := map[int64][]float64{}
		p := h.Points()
		for i := range p.Len() {
			got[p.Step[i]] = append(got[p.Step[i]], p.Value[i])
		}
		for _, m := range []map[int64][]float64{got, want} {
			for _, vs := range m {
				slices.Sort(vs)
			}
		}
		if !maps.EqualFunc(got, want, func(a, b []float64) bool { return slices.Equal(slices.Compact(a), slices.Compact(b)) }) {
			t.Errorf("%s in the job's run: %v, and the library read %v", key, got, want)
		}
		return
	}
	t.Errorf("no run has the metric %s", key)
}

func TestPeerHydraMultirun(t *testing.T) {
	ws := t.TempDir()
	s := serving(t, ws)
	rep := runScript(t, "train", s.URL, "hydra_multirun", "--multirun", "lr=0.1,0.01", "model=small,big")
	agrees(t, ws, rep)
	noServerErrors(t, s)
	var returned []float64
	rep.more(t, "returned", &returned)
	if len(rep.Runs) != 4 || len(returned) != 4 {
		t.Fatalf("%d runs, %v", len(rep.Runs), returned)
	}
	for i, r := range rep.Runs {
		if r.points("loss") != 30 || float64(r.Metrics["loss"]) != returned[i] || len(r.Params) != 3 || r.Artifacts["config.yaml"].Digest == "" {
			t.Errorf("%s: %d points, loss %v (returned %v), params %v", r.Name, r.points("loss"), r.Metrics["loss"], returned[i], r.Params)
		}
	}
}
