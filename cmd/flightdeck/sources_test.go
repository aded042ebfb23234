package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
)

// foreign is a workspace with what other programs left in it.
func foreign(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for to, from := range map[string]string{
		"tb": "../../backends/tensorboard/testdata/runs", "live": "../../backends/dvclive/testdata/dvclive", "wandb": "../../backends/wandb/testdata/wandb",
		"outputs": "../../backends/hydra/testdata/outputs",
	} {
		if err := os.CopyFS(filepath.Join(dir, to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What lies in the tree of a workspace is found, in every verb that looks at runs.
func TestSourcesInTheTree(t *testing.T) {
	dir := foreign(t)
	var found []inventory
	if err := json.Unmarshal([]byte(must(t, 0, dir, "sources", "-o", "json").out), &found); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range found {
		count[s.Name] = s.Runs
		if s.Error != "" || s.Where == "" {
			t.Errorf("%+v", s)
		}
	}
	for _, name := range []string{"hydra", "lightning", "tensorboard", "wandb", "dvclive"} {
		if count[name] == 0 {
			t.Errorf("nothing of %s: %v", name, count)
		}
	}
	var runs []backends.Run
	if err := json.Unmarshal([]byte(must(t, 0, dir, "runs", "-o", "json").out), &runs); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range count {
		total += n
	}
	if len(runs) != total || !slices.IsSortedFunc(runs, func(a, b backends.Run) int { return b.Start.Compare(a.Start) }) {
		t.Errorf("%d runs of %d, or not newest first", len(runs), total)
	}
	only := must(t, 0, dir, "runs", "-s", "dvclive", "-o", "csv").out
	if lines := strings.Split(strings.TrimSpace(only), "\n"); len(lines) != count["dvclive"]+1 || !strings.Contains(lines[0], ",source") || !strings.Contains(lines[1], ",dvclive,") {
		t.Errorf("-s dvclive: %s", only)
	}
	if out := must(t, 0, dir, "runs").out; !strings.Contains(out, "SOURCE") || !strings.Contains(out, "tensorboard") {
		t.Errorf("no column says the source:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, ".flightdeck")); err == nil {
		t.Error("looking made a workspace")
	}
}

func TestARunOfAnotherSource(t *testing.T) {
	dir := foreign(t)
	out := must(t, 0, dir, "show", "tb/purged").out
	if !strings.Contains(out, "tensorboard") || !strings.Contains(out, "metrics.") || !strings.Contains(out, "tfevents") {
		t.Errorf("%s", out)
	}
	if out := must(t, 0, dir, "diff", "tb/torch/both_a", "tb/torch/both_b", "-a").out; !strings.Contains(out, "both_b") {
		t.Errorf("%s", out)
	}
	if r := must(t, exitNotFound, dir, "logs", "tb/purged"); !strings.Contains(r.errs, "keeps no output") {
		t.Errorf("%s", r)
	}
	if r := must(t, exitNotFound, dir, "show", "tb/purged", "-s", "wandb"); !strings.Contains(r.errs, "not found") {
		t.Errorf("%s", r)
	}
	if r := must(t, exitNotFound, dir, "runs", "-s", "nowhere"); !strings.Contains(r.errs, "no source nowhere") {
		t.Errorf("%s", r)
	}
	must(t, exitNotFound, dir, "show", "no-such-run")
	// The same name in two places is refused, with what tells them apart.
	if err := os.CopyFS(filepath.Join(dir, "again", "purged"), os.DirFS(filepath.Join(dir, "tb", "purged"))); err != nil {
		t.Fatal(err)
	}
	if r := must(t, exitUsage, dir, "show", "purged"); !strings.Contains(r.errs, "again/purged") || !strings.Contains(r.errs, "tb/purged") || !strings.Contains(r.errs, "-s tensorboard") {
		t.Errorf("%s", r)
	}
}

// A server that does not answer costs its own runs, and nothing else.
func TestASourceThatIsDown(t *testing.T) {
	dir := foreign(t)
	r := must(t, exitFailed, dir, "runs", "-s", "http://127.0.0.1:9")
	if !strings.Contains(r.errs, "source 127.0.0.1:9") {
		t.Errorf("%s", r)
	}
}

// A script that only prints has curves.
func TestAPlainScriptHasCurves(t *testing.T) {
	dir := workspace(t)
	must(t, 0, dir, "run", "--", "sh", "-c", `for i in 1 2 3; do echo "step=$i loss=0.$i port=8080"; done`)
	var runs []backends.Run
	if err := json.Unmarshal([]byte(must(t, 0, dir, "runs", "-o", "json").out), &runs); err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 {
		t.Fatalf("%d runs", len(runs))
	}
	if m, ok := runs[0].Metric("loss"); !ok || m.Step != 3 || m.Value != 0.3 {
		t.Errorf("loss %+v", m)
	}
	if _, ok := runs[0].Metric("port"); ok {
		t.Error("a port is a metric")
	}
}
