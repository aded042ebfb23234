package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"flightdeck/backends"
	stores "flightdeck/backends/mlflow/recorded"
	"flightdeck/backends/mlflow/rest"
	"flightdeck/backends/transfer"
)

// What MLflow wrote is taken over whole: from the folder, and from the database.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, version := range stores.Versions() {
		for store, from := range map[string]string{"mlruns": stores.Runs(t, version), "db": stores.Database(t, version)} {
			ws := workspace(t)
			var reports []transfer.Report
			if err := json.Unmarshal([]byte(must(t, exitOK, ws, "import", from, "--all", "-o", "json").out), &reports); err != nil || len(reports) != 1 {
				t.Fatalf("%d reports (%v)", len(reports), err)
			}
			want := stores.Expected(t, version, store)
			compareCopies(t, ws, want, reports[0].Runs)
			must(t, exitOK, ws, "import", from, "--all")
			if n := len(runsOf(t, opened(t, ws))); n != len(reports[0].Runs) {
				t.Errorf("after a second import of %s %s there are %d runs", version, store, n)
			}
		}
	}
}

// compareCopies holds the copies of a workspace to what MLflow's library read of the
// originals.
func compareCopies(t *testing.T, ws string, want stores.Read, done []transfer.RunDone) {
	t.Helper()
	lo := opened(t, ws)
	copies := map[string]string{}
	for _, d := range done {
		copies[d.Source] = d.ID
	}
	n := 0
	for _, w := range want.Runs {
		if w.Stage == "deleted" {
			continue
		}
		n++
		r, err := lo.Run(t.Context(), copies[w.ID])
		if err != nil {
			t.Errorf("%s: %v", w.Name, err)
			continue
		}
		if r.Name != w.Name || string(r.Status) != w.Status || r.Start.UnixMilli() != w.Start || w.End != nil && r.End.UnixMilli() != *w.End || len(r.Params) != len(w.Params) || len(r.Inputs) != len(w.Inputs) {
			t.Errorf("%+v, want %+v", *r, w)
		}
		for k, v := range w.Params {
			if got, _ := r.Param(k); got != v {
				t.Errorf("%s: param %s is %q, want %q", w.Name, k, got, v)
			}
		}
		for k, v := range w.Tags {
			if k == backends.TagParent {
				v = copies[v]
			}
			if r.Tag(k) != v {
				t.Errorf("%s: tag %s is %q, want %q", w.Name, k, r.Tag(k), v)
			}
		}
		for k, points := range w.History {
			h, err := lo.History(t.Context(), r.Ref(), k)
			if err != nil {
				t.Fatal(err)
			}
			p := h.Points()
			got := make([]stores.Point, p.Len())
			for i := range got {
				got[i] = stores.Point{Value: rest.Float(p.Value[i]), Time: p.Time[i], Step: p.Step[i]}
			}
			got, points = stores.Sorted(got), stores.Sorted(points)
			same := len(got) == len(points)
			for i := range got {
				same = same && got[i].Step == points[i].Step && got[i].Time == points[i].Time && math.Float64bits(float64(got[i].Value)) == math.Float64bits(float64(points[i].Value))
			}
			if !same {
				t.Errorf("%s: the history of %s is %v, want %v", w.Name, k, got, points)
			}
		}
	}
	if n != len(done) {
		t.Errorf("%d runs were copied, want %d", len(done), n)
	}
	models, err := lo.Models(t.Context())
	if err != nil || len(models) != 1 || len(models[0].Versions) != 2 || models[0].Aliases["champion"] != "2" || models[0].Aliases["old"] != "1" || models[0].Versions[0].Source != "notes" {
		t.Errorf("models %+v (%v)", models, err)
	}
}

// Default is there from the store's first moment, which is this import's.
func TestImportIntoDefault(t *testing.T) {
	t.Parallel()
	from, err := filepath.Abs("../../backends/tensorboard/testdata/runs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := must(t, exitOK, dir, "import", from, "--all", "--experiment", "Default").out
	if !strings.Contains(out, "copied") {
		t.Errorf("%s", out)
	}
	for _, r := range runsOf(t, opened(t, dir)) {
		if r.Experiment != "0" {
			t.Errorf("%s is in experiment %s", r.Name, r.Experiment)
		}
	}
}

func TestImportOfSome(t *testing.T) {
	t.Parallel()
	ws, from := workspace(t), stores.Runs(t, "3.17.2")
	must(t, exitOK, ws, "import", from, "child", "brisk-otter", "--experiment", "taken over")
	lo := opened(t, ws)
	runs := runsOf(t, lo)
	if len(runs) != 2 || runs[0].ExpName != "taken over" || runs[0].Parent != runs[1].ID {
		t.Errorf("%d runs, %+v", len(runs), runs)
	}
	files, err := lo.Artifacts(t.Context(), runs[1].Ref())
	if err != nil || len(files) != 6 {
		t.Errorf("%d files (%v)", len(files), err)
	}
	must(t, exitNotFound, ws, "import", from, "nobody")
	must(t, exitNotFound, ws, "import", filepath.Join(ws, "nowhere"), "--all")
	must(t, exitNotFound, ws, "import", "nowhere", "--all")
	must(t, exitUsage, ws, "import", from)
	must(t, exitUsage, ws, "import", from, "child", "--all")
	must(t, exitUsage, ws, "import", ws, "--all")
	other := workspace(t)
	must(t, exitOK, other, "import", ws, "--all")
	if n := len(runsOf(t, opened(t, other))); n != 2 {
		t.Errorf("%d runs of another workspace", n)
	}
	tree := workspace(t)
	if err := os.Rename(from, filepath.Join(tree, "mlruns")); err != nil {
		t.Fatal(err)
	}
	if out := must(t, exitOK, tree, "import", "mlruns", "child").out; !strings.Contains(out, "1 copied") {
		t.Errorf("by the name of its source: %s", out)
	}
}

// What is exported as text is what the store has, every point of it.
func TestExportAsText(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "import", stores.Runs(t, "3.17.2"), "--all")
	lo := opened(t, ws)
	want := 0
	for _, r := range runsOf(t, lo) {
		for _, m := range r.Metrics {
			h, err := lo.History(t.Context(), r.Ref(), m.Key)
			if err != nil {
				t.Fatal(err)
			}
			want += h.Len()
		}
	}
	rows, err := csv.NewReader(strings.NewReader(must(t, exitOK, ws, "export", "--all", "-o", "csv").out)).ReadAll()
	if err != nil || len(rows) != want+1 || strings.Join(rows[0], ",") != "run,key,step,timestamp,value" {
		t.Fatalf("%d rows, want %d (%v)", len(rows), want+1, err)
	}
	infinite := false
	for _, row := range rows[1:] {
		v, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			t.Errorf("%q: %v", row, err)
		}
		infinite = infinite || math.IsInf(v, -1)
	}
	if !infinite {
		t.Error("the infinity that was logged is not there")
	}
	var docs []struct {
		Name    string `json:"run_name"`
		Metrics []struct{ Value rest.Float }
		History map[string]struct {
			Step  []int64
			Value []rest.Float
		}
		Artifacts []backends.Artifact
	}
	if err := json.Unmarshal([]byte(must(t, exitOK, ws, "export", "brisk-otter", "child", "-o", "json").out), &docs); err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 || docs[0].Name != "brisk-otter" || len(docs[0].History["loss"].Step) != 3 || len(docs[0].Artifacts) != 6 || !math.IsNaN(float64(docs[0].History["odd key.x-1 _"].Value[0])) {
		t.Errorf("%+v", docs)
	}
	must(t, exitUsage, ws, "export", "--all")
	must(t, exitUsage, ws, "export", "-o", "csv")
	must(t, exitUsage, ws, "export", "child", "--to", "ftp://x")
	must(t, exitNotFound, ws, "export", "nobody", "-o", "csv")
	if r := must(t, exitFailed, ws, "export", "child", "--to", "http://127.0.0.1:1"); !strings.Contains(r.errs, "nothing listens") || !strings.Contains(r.errs, "once more") {
		t.Errorf("nobody there: %s", r)
	}
}
