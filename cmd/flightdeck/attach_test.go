package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
)

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
	must(t, exitOK, ws, "run", "--name", "endless", "-d", "--", "sh", "-c", "echo here; exec sleep 1000")
	s = onScreen(t, 80, 20, ws, "logs", "-f", "endless")
	s.shows("here")
	s.press("\x03") // ends the following and not the job
	s.ends(130)
	if r := must(t, exitOK, ws, "ps"); !strings.Contains(r.out, "endless") {
		t.Errorf("ctrl+c of logs -f ended the job: %s", r)
	}
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
