package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

// Command lines as newcomers and attackers type them, in a folder where nothing has
// been done yet: each has its exit code and says what is wrong, on standard error
// alone, and none of them leaves anything behind.
func TestCommandLinesInAnEmptyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		line []string
		code int
		says string // in the error, or in the answer where the code is 0
	}{
		{[]string{"runs"}, 0, "no runs here yet"},
		{[]string{"runs", "-o", "json"}, 0, "[]"},
		{[]string{"runs", "-o", "csv"}, 0, "run,run_id,"},
		{[]string{"ps"}, 0, "no jobs run here"},
		{[]string{"ps", "-a"}, 0, "no job has been started here"},
		{[]string{"ps", "-o", "json"}, 0, "[]"},
		{[]string{"models"}, 0, "no models registered"},
		{[]string{"models", "-o", "json"}, 0, "[]"},
		{[]string{"doctor"}, 0, "none yet"},
		{[]string{"doctor", "-o", "json"}, 0, `"bad": false`},
		{[]string{"doctor", "--clean"}, 0, "nothing is stale"},
		{[]string{"version"}, 0, "flightdeck "},
		{[]string{"version", "-o", "json"}, 0, `"go": "go`},
		{[]string{"--version"}, 0, "flightdeck version"},
		{[]string{"help"}, 0, "Available Commands"},
		{[]string{"help", "exit-codes"}, 0, "128+n"},
		{[]string{"run", "--help"}, 0, "/dev/null"},
		{[]string{"demo", "--dry-run"}, 0, "--batch 0"},
		{[]string{"run", "--dry-run", "--", "true"}, 0, "Start true"},
		{[]string{"train", "digits", "--dry-run", "-o", "json"}, 0, `"requests"`},

		{[]string{"frobnicate"}, exitUsage, "neither a verb nor a folder"},
		{[]string{"shwo"}, exitUsage, "did you mean show?"},
		{[]string{"a", "b"}, exitUsage, "usage"},
		{[]string{}, exitUsage, "needs a terminal"},
		{[]string{"."}, exitUsage, "needs a terminal"},
		{[]string{"--fps", "0"}, exitUsage, "1 to 120"},
		{[]string{"--theme", "pink"}, exitUsage, "dark, light"},
		{[]string{"runs", "--bogus"}, exitUsage, "unknown flag: --bogus"},
		{[]string{"runs", "-o", "xml"}, exitUsage, "table, json or csv"},
		{[]string{"runs", "-n", "-1"}, exitUsage, "number of runs"},
		{[]string{"runs", "--columns", "val_acc"}, exitUsage, "metrics.KEY"},
		{[]string{"runs", "metrics.val_acc >"}, exitUsage, "metrics.val_acc >\n                   ^"},
		{[]string{"runs", "((("}, exitUsage, "column"},
		{[]string{"show"}, exitUsage, "usage: flightdeck show RUN"},
		{[]string{"show", "a", "b"}, exitUsage, "usage"},
		{[]string{"diff", "a"}, exitUsage, "usage"},
		{[]string{"tag", "a"}, exitUsage, "usage"},
		{[]string{"completion"}, exitUsage, "bash|zsh"},
		{[]string{"completion", "tcsh"}, exitUsage, "bash, zsh"},
		{[]string{"train"}, exitUsage, "digits or sentiment"},
		{[]string{"train", "cats"}, exitUsage, "cats"},
		{[]string{"train", "digits", "extra"}, exitUsage, "extra"},
		{[]string{"train", "digits", "--epochs", "0"}, exitUsage, "at least 1"},
		{[]string{"train", "digits", "--lr", "fast"}, exitUsage, "fast"},
		{[]string{"train", "digits", "--optimizer", "magic"}, exitUsage, "adam"},
		{[]string{"run"}, exitUsage, "usage"},
		{[]string{"run", "--env", "A", "--", "true"}, exitUsage, "KEY=VALUE"},
		{[]string{"run", "--tag", "=b", "--", "true"}, exitUsage, "KEY=VALUE"},
		{[]string{"run", "--grace", "soon", "--", "true"}, exitUsage, "soon"},
		{[]string{"-C", "/nonexistent", "runs"}, exitUsage, "/nonexistent"},
		{[]string{"-C", "/etc/passwd", "runs"}, exitUsage, "/etc/passwd"},
		{[]string{"models", "alias", "digits", "champion", "latest"}, exitUsage, "number"},
		{[]string{"logs", "x", "-n", "-1"}, exitUsage, "not negative"},
		{[]string{"run", "--", ""}, exitFailed, "no command"},
		{[]string{"run", "--grace", "-1s", "--", "true"}, exitFailed, "grace"},
		{[]string{"run", "--dir", "/nonexistent", "--", "true"}, exitFailed, "/nonexistent"},
		{[]string{"run", "--data", "nothing.csv", "--", "true"}, exitFailed, "nothing.csv"},
		{[]string{"run", "--", "no-such-command"}, 127, "no-such-command: command not found"},
		{[]string{"run", "--", "./no-such-command"}, 127, "command not found"},
		{[]string{"run", "--", "/etc/passwd"}, 126, "permission denied"},
		{[]string{"run", "--", "/etc"}, 126, "is a directory"},
		{[]string{"run", "--dry-run", "--", "no-such-command"}, 127, "command not found"},

		{[]string{"show", "nobody"}, exitNotFound, "run nobody: not found"},
		{[]string{"show", ""}, exitUsage, "is empty"},
		{[]string{"show", long}, exitNotFound, "not found"},
		{[]string{"show", "../../etc/passwd"}, exitNotFound, "not found"},
		{[]string{"logs", "nobody"}, exitNotFound, "neither a job nor a run"},
		{[]string{"logs", ".."}, exitNotFound, "neither"},
		{[]string{"stop", "nobody"}, exitNotFound, "neither"},
		{[]string{"stop", ""}, exitUsage, "is empty"},
		{[]string{"restart", "nobody"}, exitNotFound, "neither"},
		{[]string{"resume", "nobody"}, exitNotFound, "neither"},
		{[]string{"delete", "nobody"}, exitNotFound, "neither"},
		{[]string{"delete", "--jobs", "../store.db"}, exitNotFound, "neither"},
		{[]string{"restore", "nobody"}, exitNotFound, "not found"},
		{[]string{"restore", "--jobs", "../../x"}, exitNotFound, "not in the trash"},
		{[]string{"restore", "--jobs", ".."}, exitNotFound, "not in the trash"},
		{[]string{"tag", "nobody", "a=b"}, exitNotFound, "not found"},
		{[]string{"note", "nobody"}, exitNotFound, "not found"},
		{[]string{"diff", "a", "b"}, exitNotFound, "not found"},
		{[]string{"reproduce", "nobody"}, exitNotFound, "not found"},
		{[]string{"runs", "-e", "nothing"}, exitNotFound, "experiment nothing"},
		{[]string{"models", "alias", "digits", "champion", "1"}, exitNotFound, "digits"},
		{[]string{"models", "register", "nobody", "digits"}, exitNotFound, "not found"},
		{[]string{"--read-only", "demo"}, exitRefused, "read-only"},
		{[]string{"--read-only", "run", "--", "true"}, exitRefused, "read-only"},
	} {
		r := flightdeck(t, dir, c.line...)
		where, quiet := r.errs, r.out
		if c.code == 0 {
			where, quiet = r.out, r.errs
		}
		name := fmt.Sprintf("%.80q", c.line)
		if r.code != c.code || !strings.Contains(where, c.says) {
			t.Errorf("flightdeck %s: want exit %d and %q, got %.2000s", name, c.code, c.says, r)
		}
		if quiet != "" {
			t.Errorf("flightdeck %s: says on the other stream %.500q", name, quiet)
		}
		if c.code != 0 && !strings.HasPrefix(r.errs, "flightdeck: ") {
			t.Errorf("flightdeck %s: its error does not say whose it is: %.200q", name, r.errs)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("reading and failing left %v behind (%v)", entries, err)
	}
}

// The workspace is found from below, and works without HOME, without git, without a
// configuration.
// A column may be headed by what somebody called a run, whether the line is cut to
// the terminal or not.
func TestTableEscapesItsHead(t *testing.T) {
	t.Parallel()
	for _, w := range []int{0, 24, 400} {
		var out strings.Builder
		if err := table(&out, listing{head: []string{"WHAT", payload}, rows: [][]string{{"name", payload}}}, w); err != nil {
			t.Fatal(err)
		}
		escaped(t, fmt.Sprintf("%d cells", w), out.String())
	}
}

func TestWorkspaceFromBelow(t *testing.T) {
	t.Parallel()
	ws := t.TempDir()
	below := filepath.Join(ws, "src", "deep")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	must(t, exitOK, ws, "run", "--name", "top", "--", "true")
	t.Cleanup(func() { stopAll(t, ws) })
	if text, err := os.ReadFile(filepath.Join(ws, ".flightdeck", ".gitignore")); err != nil || string(text) != "*\n" {
		t.Errorf("the workspace does not ignore itself: %q, %v", text, err)
	}
	cmd := exec.Command(built(t), "run", "--name", "below", "--", "sh", "-c", "pwd")
	cmd.Dir, cmd.Env = below, []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != below {
		t.Errorf("from below, with no environment: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(below, ".flightdeck")); err == nil {
		t.Error("a second workspace was made below the first")
	}
	if r := must(t, exitOK, below, "runs"); !strings.Contains(r.out, "top") || !strings.Contains(r.out, "below") {
		t.Errorf("the list from below: %s", r)
	}
	if r := must(t, exitOK, "/", "-C", below, "runs", "-o", "csv"); strings.Count(r.out, "\n") != 3 {
		t.Errorf("with -C: %s", r)
	}
}

// Every listing is the same in JSON and CSV, and both are exact.
func TestListingsAreExact(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--width", "8", "--name", "brisk-otter")
	must(t, exitOK, ws, "models", "register", "brisk-otter", "digits")
	must(t, exitOK, ws, "models", "alias", "digits", "champion", "1")
	var runs []backends.Run
	if err := json.Unmarshal([]byte(must(t, exitOK, ws, "runs", "-o", "json").out), &runs); err != nil || len(runs) != 1 {
		t.Fatal(len(runs), err)
	}
	rows, err := csv.NewReader(strings.NewReader(must(t, exitOK, ws, "runs", "-o", "csv").out)).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	for _, m := range runs[0].Metrics {
		i := slices.Index(rows[0], "metrics."+m.Key)
		if i < 0 {
			t.Errorf("CSV has no metrics.%s", m.Key)
			continue
		}
		if v, err := strconv.ParseFloat(rows[1][i], 64); err != nil || v != m.Value {
			t.Errorf("metrics.%s is %v in JSON and %s in CSV", m.Key, m.Value, rows[1][i])
		}
	}
	table := must(t, exitOK, ws, "runs").out
	if head := strings.Fields(table); !slices.Equal(head[:4], []string{"RUN", "ID", "STATE", "val_acc"}) {
		t.Errorf("the table does not begin with what is judged by:\n%s", table)
	}
	for _, args := range [][]string{{"show", "brisk-otter"}, {"models"}, {"ps", "-a"}, {"doctor"}, {"diff", "brisk-otter", "brisk-otter", "-a"}, {"version"}, {"logs", "brisk-otter"}} {
		if rows, err := csv.NewReader(strings.NewReader(must(t, exitOK, ws, append(args, "-o", "csv")...).out)).ReadAll(); err != nil || len(rows) < 2 {
			t.Errorf("%q as CSV: %d rows, %v", args, len(rows), err)
		}
		for line := range strings.Lines(must(t, exitOK, ws, append(args, "-o", "json")...).out) {
			if args[0] == "logs" && !json.Valid([]byte(line)) {
				t.Errorf("%q as JSON: %s", args, line)
			}
		}
		if doc := must(t, exitOK, ws, append(args, "-o", "json")...).out; args[0] != "logs" && !json.Valid([]byte(doc)) {
			t.Errorf("%q as JSON: %s", args, doc)
		}
	}
	if out := must(t, exitOK, ws, "runs", "--columns", "tags.flightdeck.seed,metrics.val_acc", "-o", "csv").out; !strings.Contains(out, "tags.flightdeck.seed,metrics.val_acc\n") || !strings.Contains(out, ",11,") {
		t.Errorf("chosen columns:\n%s", out)
	}
}

// A beginning of an id that several have is not guessed at.
func TestAmbiguousNames(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	for range 17 { // of sixteen first digits two must be the same
		must(t, exitOK, ws, "run", "--name", "twin", "-d", "--", "true")
	}
	lo := opened(t, ws)
	eventually(t, "all have ended", 60*time.Second, func() bool {
		n := 0
		for _, r := range runsOf(t, lo) {
			if r.Exit != "" {
				n++
			}
		}
		return n == 17
	})
	count := map[byte][]string{}
	for _, r := range runsOf(t, lo) {
		count[r.ID[0]] = append(count[r.ID[0]], r.ID)
	}
	for first, ids := range count {
		if len(ids) < 2 || len(matchingJobs(t, lo, string(first))) > 0 {
			continue
		}
		if r := flightdeck(t, ws, "show", string(first)); r.code != exitUsage || !strings.Contains(r.errs, ids[0][:8]) || !strings.Contains(r.errs, ids[1][:8]) {
			t.Errorf("show %c, which %d ids begin with: %s", first, len(ids), r)
		}
	}
	day := jobsOf(t, lo)[0].ID[:9]
	if n := len(matchingJobs(t, lo, day)); n > 1 { // all 17, but around midnight
		if r := flightdeck(t, ws, "logs", day); r.code != exitUsage || !strings.Contains(r.errs, fmt.Sprintf("begins the ids of %d jobs", n)) {
			t.Errorf("logs %s, with which the ids of %d jobs begin: %s", day, n, r)
		}
	}
	for _, verb := range [][]string{{"show", "twin"}, {"logs", "twin"}, {"note", "twin", "mine"}, {"tag", "twin", "a=b"}, {"delete", "twin"}, {"restart", "twin"}, {"diff", "twin", runsOf(t, lo)[0].ID}} {
		r := flightdeck(t, ws, verb...)
		if newest := runsOf(t, lo)[0].ID[:8]; r.code != exitUsage || !strings.Contains(r.errs, "twin names 17 runs; give an id: "+newest+" (") || !strings.Contains(r.errs, "and 7 more") {
			t.Errorf("%q, which 17 runs are called: %s", verb, r)
		}
	}
	must(t, exitOK, ws, "show", runsOf(t, lo)[3].ID[:12])

	// Of those that are deleted, restore means the deleted ones.
	gone := runsOf(t, lo)[:2]
	for _, r := range gone {
		must(t, exitOK, ws, "delete", r.ID)
	}
	if r := flightdeck(t, ws, "restore", "twin"); r.code != exitUsage || !strings.Contains(r.errs, "twin names 2 runs") || !strings.Contains(r.errs, gone[1].ID[:8]) {
		t.Errorf("restore of a name that two deleted runs have: %s", r)
	}
	must(t, exitOK, ws, "restore", gone[0].ID[:12])
	must(t, exitOK, ws, "restore", "twin")
	if n := len(runsOf(t, lo)); n != 17 {
		t.Errorf("%d runs after all were restored, want 17", n)
	}
}

func matchingJobs(t *testing.T, lo *local.Local, prefix string) (ids []string) {
	for _, j := range jobsOf(t, lo) {
		if strings.HasPrefix(j.ID, prefix) {
			ids = append(ids, j.ID)
		}
	}
	return ids
}

// A verb wins over a folder of its name; ./ says the folder.
func TestVerbOrFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"runs", "lab"} {
		if err := os.MkdirAll(filepath.Join(dir, name, ".flightdeck"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if r := must(t, exitOK, dir, "runs"); !strings.Contains(r.out, "no runs here yet") {
		t.Errorf("runs, beside a folder of that name: %s", r)
	}
	for _, arg := range []string{"./runs", "lab"} {
		s := onScreen(t, 80, 24, dir, arg)
		s.shows("flightdeck  " + filepath.Base(arg))
		s.press("q")
		s.ends(0)
	}
	if r := flightdeck(t, dir, "-C", "lab", "./runs"); r.code != exitUsage || !strings.Contains(r.errs, "give one") {
		t.Errorf("two folders: %s", r)
	}
}
