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

func TestExportOfAnotherSource(t *testing.T) {
	dir := foreign(t)
	points := strings.Split(strings.TrimSpace(must(t, 0, dir, "export", "-o", "csv", "tb/purged").out), "\n")
	if points[0] != "run,key,step,timestamp,value" || len(points) < 3 || !strings.HasPrefix(points[1], "tb/purged,") {
		t.Errorf("%q", points)
	}
	type exported struct {
		ID     string `json:"run_id"`
		Source string `json:"source"`
	}
	var all []exported
	if err := json.Unmarshal([]byte(must(t, 0, dir, "export", "-o", "json", "-s", "tensorboard", "--all").out), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 3 || slices.ContainsFunc(all, func(r exported) bool { return r.Source != "tensorboard" }) {
		t.Errorf("%+v", all)
	}
	must(t, exitNotFound, dir, "export", "-o", "csv", "-s", "local", "--all")
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

// A source that only reads says so, whatever it is asked to change.
func TestASourceThatChangesNothing(t *testing.T) {
	t.Parallel()
	dir := foreign(t)
	for _, line := range [][]string{
		{"tag", "tb/purged", "a=b"}, {"note", "tb/purged", "hello"}, {"delete", "tb/purged"}, {"restore", "tb/purged"}, {"models", "register", "tb/purged", "net"},
	} {
		if r := must(t, exitRefused, dir, line...); !strings.Contains(r.errs, "tensorboard reads in place and changes nothing") {
			t.Errorf("%q: %s", line, r)
		}
	}
	if out := must(t, 0, dir, "note", "tb/purged").out; strings.TrimSpace(out) != "" {
		t.Errorf("its note is %q", out)
	}
	if r := must(t, exitUsage, dir, "reproduce", "tb/purged"); !strings.Contains(r.errs, "tensorboard") {
		t.Errorf("%s", r)
	}
	if _, err := os.Stat(filepath.Join(dir, ".flightdeck")); err == nil {
		t.Error("a refusal made a workspace")
	}
}

// The runs of an MLflow server are tagged, deleted and restored where they are, and
// its registry is listed and changed, by the verbs that do it here.
func TestChangesOnAServer(t *testing.T) {
	t.Parallel()
	there := workspace(t)
	must(t, 0, there, "train", "digits", "--epochs", "1", "--width", "8", "--name", "far-lark")
	must(t, 0, there, "models", "register", "far-lark", "net")
	at := served(t, there).URL
	here := t.TempDir()
	must(t, 0, here, "tag", "far-lark", "team=vision", "-s", at)
	must(t, 0, here, "note", "far-lark", "from afar", "-s", at)
	r := onlyRun(t, opened(t, there), "digits")
	if r.Tag("team") != "vision" || r.Tag(backends.TagNote) != "from afar" {
		t.Errorf("tags %v", r.Tags)
	}
	must(t, 0, here, "tag", "far-lark", "team-", "-s", at)
	if out := must(t, 0, here, "--dry-run", "delete", "far-lark", "-s", at).out; !strings.Contains(out, "runs/delete") {
		t.Errorf("%s", out)
	}
	must(t, exitRefused, here, "--read-only", "delete", "far-lark", "-s", at)
	must(t, 0, here, "delete", "far-lark", "-s", at)
	must(t, exitNotFound, here, "show", "far-lark", "-s", at)
	must(t, 0, here, "restore", "far-lark", "-s", at)
	must(t, 0, here, "models", "alias", "net", "best", "1", "-s", at)
	if out := must(t, 0, here, "models", "-s", at).out; !strings.Contains(out, "net") || !strings.Contains(out, "best") || !strings.Contains(out, "REGISTRY") {
		t.Errorf("%s", out)
	}
	if out := must(t, 0, here, "__complete", "tag", "-s", at, "").out; !strings.Contains(out, "far-lark") {
		t.Errorf("completion: %s", out)
	}
	if tags := onlyRun(t, opened(t, there), "digits"); tags.Tag("team") != "" || tags.Deleted {
		t.Errorf("%+v", tags)
	}
	if _, err := os.Stat(filepath.Join(here, ".flightdeck")); err == nil {
		t.Error("changing a server made a workspace here")
	}
}

// A run that a job followed is one row, and what only its files have is the job's
// run's too.
func TestAFollowedRunIsOneRow(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	// dvclive's files have no times of their own, so that a copy is as good as new.
	from, err := filepath.Abs("../../backends/dvclive/testdata/dvclive")
	if err != nil {
		t.Fatal(err)
	}
	must(t, 0, sub, "run", "--name", "followed", "--", "cp", "-r", from, "out")
	var runs []backends.Run
	if err := json.Unmarshal([]byte(must(t, 0, dir, "runs", "-o", "json").out), &runs); err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || runs[0].Name != "followed" || len(runs[0].Metrics) == 0 {
		t.Fatalf("%d runs: %+v", len(runs), runs)
	}
	twins := backends.Twins(&runs[0])
	if len(twins) != 1 || twins[0].Backend != "dvclive" || twins[0].ID != "sub/out" {
		t.Fatalf("twins %v", twins)
	}
	if out := must(t, 0, dir, "runs", "-s", "dvclive", "-o", "csv").out; !strings.Contains(out, "sub/out") {
		t.Errorf("in its own source it is not there: %s", out)
	}
	mine, its := must(t, 0, dir, "media", "followed", "-o", "json").out, must(t, 0, dir, "media", "sub/out", "-o", "json").out
	if mine != its || !strings.Contains(mine, "image") {
		t.Errorf("its media are\n%s\nand those of its files\n%s", mine, its)
	}
}

// Damage in one place costs that place; loops and escapes cost nothing.
func TestAFolderWithBadThingsInIt(t *testing.T) {
	t.Parallel()
	dir := foreign(t)
	before := len(strings.Split(must(t, 0, dir, "runs", "-o", "csv").out, "\n"))
	put := func(path string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	logs, err := filepath.Glob(filepath.Join(dir, "wandb", "*", "*.wandb"))
	if err != nil || len(logs) == 0 {
		t.Fatal("no log of wandb's", err)
	}
	log, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	put("cut/wandb/offline-run-20260101_000000-aaaaaaaa/run-aaaaaaaa.wandb", log[:len(log)/2])
	put("zero/events.out.tfevents.1.host", nil)
	put("zero-wandb/wandb/offline-run-20260101_000000-bbbbbbbb/run-bbbbbbbb.wandb", nil)
	put("e\x1b[31mvil/events.out.tfevents.1.host", []byte("no event file"))
	for from, to := range map[string]string{"loop": ".", "tb/up": "..", "out": "/", "gone": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range [][]string{{"runs"}, {"sources"}, {"show", "zero"}, {"show", "cut/wandb/offline-run-20260101_000000-aaaaaaaa"}, {"diff", "zero", "tb/purged"}} {
		r := must(t, 0, dir, line...)
		if strings.Contains(r.out+r.errs, "\x1b") {
			t.Errorf("%q writes an escape: %q", line, r.out+r.errs)
		}
	}
	if after := len(strings.Split(must(t, 0, dir, "runs", "-o", "csv").out, "\n")); after < before+2 || after > before+4 {
		t.Errorf("%d lines, and %d before", after, before)
	}
}
