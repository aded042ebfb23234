package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
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
		{[]string{"show", ""}, exitNotFound, "not found"},
		{[]string{"show", long}, exitNotFound, "not found"},
		{[]string{"show", "../../etc/passwd"}, exitNotFound, "not found"},
		{[]string{"logs", "nobody"}, exitNotFound, "neither a job nor a run"},
		{[]string{"logs", ".."}, exitNotFound, "neither"},
		{[]string{"stop", "nobody"}, exitNotFound, "neither"},
		{[]string{"stop", ""}, exitNotFound, "neither"},
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

// A job's standard input is empty, its streams are kept apart from ours, and its end
// is ours.
func TestRunEndsAsItsCommand(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	for _, c := range []struct {
		script, out string
		code        int
	}{
		{"cat; echo end", "end\n", 0},
		{"echo out; echo err >&2; exit 7", "out\nerr\n", 7},
		{"printf 'no newline'", "no newline\n", 0},
		{"kill -9 $$", "", 137},
		{"kill -TERM $$", "", 143},
		{`printf 'a\033]0;x\007b\r\n'`, "a\x1b]0;x\x07b\r\n", 0}, // into a pipe: as it was written
		{"test -n \"$FLIGHTDECK_JOB\" && test -z \"$MLFLOW_RUN_ID\" && echo $GREETING", "hello\n", 0},
	} {
		r := flightdeck(t, ws, "run", "--env", "GREETING=hello", "--", "sh", "-c", c.script)
		if r.code != c.code || r.out != c.out {
			t.Errorf("%q: %s", c.script, r)
		}
	}
	var jobs []backends.Job
	r := must(t, exitOK, ws, "ps", "-a", "-o", "json")
	if err := json.Unmarshal([]byte(r.out), &jobs); err != nil || len(jobs) != 7 {
		t.Fatalf("%v: %s", err, r)
	}
	for _, j := range jobs {
		if j.Name != "sh" || len(j.Runs) != 1 {
			t.Errorf("job %s is called %q and made the runs %q", j.ID, j.Name, j.Runs)
		}
	}
	must(t, exitOK, ws, "train", "digits", "--epochs", "1", "--width", "8", "-d")
	if r := must(t, exitOK, ws, "ps", "-a"); !strings.Contains(r.out, "train digits") {
		t.Errorf("a training is not called by what it does:\n%s", r.out)
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
		r := flightdeck(t, ws, "show", string(first))
		if r.code != exitFailed && r.code != exitUsage || !strings.Contains(r.errs, ids[0]) && !strings.Contains(r.errs, ids[1]) && !strings.Contains(r.errs, "more than one") {
			t.Errorf("show %c, which %d ids begin with: %s", first, len(ids), r)
		}
	}
	if r := flightdeck(t, ws, "logs", "2"); r.code == 0 || !strings.Contains(r.errs, "more than one") {
		t.Errorf("logs 2, with which every job's id begins: %s", r)
	}
	must(t, exitOK, ws, "show", "twin") // a name means the newest of that name
	must(t, exitOK, ws, "show", runsOf(t, lo)[3].ID[:12])
}

func matchingJobs(t *testing.T, lo *local.Local, prefix string) (ids []string) {
	for _, j := range jobsOf(t, lo) {
		if strings.HasPrefix(j.ID, prefix) {
			ids = append(ids, j.ID)
		}
	}
	return ids
}

// A reader that goes away ends what only reads, and a job goes on without it.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "run", "--name", "long", "--", "sh", "-c", "yes 0123456789012345678901234567890123456789 | head -200000")
	for _, args := range [][]string{{"logs", "long"}, {"logs", "long", "-o", "json"}, {"run", "--name", "piped", "--", "sh", "-c", "while :; do echo tick; done"}} {
		cmd := exec.Command(built(t), args...)
		var errs bytes.Buffer
		cmd.Dir, cmd.Env, cmd.Stderr = ws, onPath(t), &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		out.Close()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatalf("%q did not end when its reader went away", args)
		}
		if args[0] == "run" && (!strings.Contains(errs.String(), "left job") || cmd.ProcessState.ExitCode() != 141) {
			t.Errorf("%q ended with %v and said %q", args, cmd.ProcessState, errs.String())
		}
		if args[0] == "logs" && strings.Contains(errs.String(), "flightdeck:") {
			t.Errorf("%q said %q", args, errs.String())
		}
	}
	if r := must(t, exitOK, ws, "ps"); !strings.Contains(r.out, "piped") {
		t.Errorf("the job that nobody reads does not run any more: %s", r)
	}
	must(t, exitOK, ws, "stop", "piped")
	if r := flightdeck(t, ws, "stop", "piped"); r.code != exitFailed || !strings.Contains(r.errs, "ended already") {
		t.Errorf("stopping it again: %s", r)
	}
}

// ctrl+c stops the job and its end is ours; a second one leaves a job that does not
// listen, which then ends by itself.
func TestInterrupts(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	s := onScreen(t, 100, 30, ws, "run", "--name", "obedient", "--", "sh", "-c", "echo ready; exec sleep 1000")
	s.shows("ready")
	s.press("\x03")
	s.shows("stopping it")
	s.ends(130)
	lo := opened(t, ws)
	if r := runsOf(t, lo)[0]; r.Status != backends.RunKilled || r.Exit != "killed by SIGTERM" {
		t.Errorf("a run that ctrl+c stopped: %s, %s", r.Status, r.Exit)
	}

	s = onScreen(t, 100, 30, ws, "run", "--name", "deaf", "--grace", "2s", "--", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
	s.shows("ready")
	s.press("\x03")
	s.shows("stopping it")
	s.press("\x03")
	s.ends(130)
	if !strings.Contains(s.bytes(), "left job") {
		t.Errorf("it does not say that it left the job:\n%s", s.Text())
	}
	eventually(t, "the job that was left is killed when its grace is over", 20*time.Second, func() bool { return len(children(t, ws)) == 0 })

	s = onScreen(t, 100, 30, ws, "run", "--name", "lasting", "--", "sh", "-c", "echo ready; sleep 1000")
	s.shows("ready")
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ends(143)
	if len(children(t, ws)) == 0 {
		t.Error("TERM of the command line took the job along")
	}
}

// On a terminal a training shows a bar under its lines, which is gone in the end;
// into a pipe there is none.
func TestTrainShowsABar(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	s := onScreen(t, 100, 30, ws, "train", "digits", "--epochs", "12", "--width", "8", "--throttle", "100ms", "--name", "brisk-otter")
	s.shows("━━", "brisk-otter", "epoch")
	if _, err := s.WaitFor(func(text string) bool {
		return regexp.MustCompile(`epoch [1-9][0-9]*/12\s*\n\s*$`).MatchString(strings.TrimRight(text, "\n") + "\n")
	}, 20*time.Second); err != nil {
		t.Errorf("the bar does not stand under the output: %v", err)
	}
	s.ends(0)
	if text := s.Text(); strings.Contains(text, "━") || !strings.Contains(text, "epoch 12/12") || strings.Count(text, "epoch  1/12") != 1 {
		t.Errorf("the screen in the end:\n%s", text)
	}
	if r := must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--width", "8"); r.errs != "" || strings.Contains(r.out, "━") || strings.Contains(r.out, "\x1b") {
		t.Errorf("into a pipe: %q %q", r.out, r.errs)
	}
}

// logs -f shows what comes until the job ends, and a partial line at once.
func TestLogsFollow(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	fifo := filepath.Join(ws, "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, exitOK, ws, "run", "--name", "slow", "-d", "--", "sh", "-c", "printf 'first\\npart'; read x < go; echo ial; exit 3")
	s := onScreen(t, 80, 20, ws, "logs", "-f", "slow")
	s.shows("first\npart")
	write(t, fifo, "\n", 0)
	s.shows("partial")
	s.ends(0)
	if r := must(t, exitOK, ws, "logs", "slow", "-n", "1"); r.out != "partial\n" {
		t.Errorf("its last line: %s", r)
	}
	if r := must(t, exitOK, ws, "logs", "slow", "-t"); !regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}  first$`).MatchString(r.out) {
		t.Errorf("with times: %s", r)
	}
}

// resume goes on in the same run; restart and a delete of what runs say what they do.
func TestChangesSayWhatTheyDo(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "200", "--width", "8", "--throttle", "50ms", "--name", "brisk-otter", "-d")
	lo := opened(t, ws)
	eventually(t, "some epochs are trained", 20*time.Second, func() bool {
		r, err := lo.Run(t.Context(), "brisk-otter")
		if err != nil {
			return false
		}
		m, _ := r.Metric("epoch")
		return m.Value >= 2
	})
	if r := must(t, exitOK, ws, "delete", "brisk-otter"); !strings.Contains(r.errs, "still running") || !strings.Contains(r.out, "deleted") {
		t.Errorf("deleting what runs: %s", r)
	}
	must(t, exitOK, ws, "restore", "brisk-otter")
	if r := flightdeck(t, ws, "resume", "brisk-otter"); r.code != exitFailed || !strings.Contains(r.errs, "still running") {
		t.Errorf("resuming what runs: %s", r)
	}
	job := jobsOf(t, lo)[0].ID
	if r := flightdeck(t, ws, "delete", "--jobs", job); r.code != exitFailed || !strings.Contains(r.errs, "stop it first") {
		t.Errorf("deleting the job of what runs: %s", r)
	}
	if r := flightdeck(t, ws, "delete", "--jobs", "brisk-otter"); r.code != exitUsage || !strings.Contains(r.errs, "is a run") {
		t.Errorf("deleting a run as a job: %s", r)
	}
	if r := must(t, exitOK, ws, "restart", "brisk-otter", "--dry-run"); !strings.Contains(r.out, "Stops it") {
		t.Errorf("restarting what runs: %s", r)
	}
	must(t, exitOK, ws, "stop", "brisk-otter")
	must(t, exitOK, ws, "delete", "--jobs", job)
	if r := flightdeck(t, ws, "logs", "brisk-otter"); r.code != exitNotFound {
		t.Errorf("the log of a deleted job: %s", r)
	}
	must(t, exitOK, ws, "restore", "--jobs", job)
	must(t, exitOK, ws, "logs", "brisk-otter")
	if r := must(t, exitOK, ws, "note", "brisk-otter", "a", "note"); !strings.Contains(r.out, "Note on brisk-otter") {
		t.Errorf("note: %s", r)
	}
	if r := must(t, exitOK, ws, "note", "brisk-otter"); r.out != "a note\n" {
		t.Errorf("the note: %s", r)
	}
	must(t, exitOK, ws, "tag", "brisk-otter", "team=vision", "empty=")
	must(t, exitOK, ws, "tag", "brisk-otter", "team-")
	r, err := lo.Run(t.Context(), "brisk-otter")
	if err != nil || slices.ContainsFunc(r.Tags, func(t backends.Tag) bool { return t.Key == "team" }) || !slices.ContainsFunc(r.Tags, func(t backends.Tag) bool { return t.Key == "empty" }) {
		t.Errorf("tags %v, %v", r.Tags, err)
	}
}
