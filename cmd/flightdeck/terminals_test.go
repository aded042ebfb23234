package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/tui/tuitest/terminal"
)

// screen is the real program in a terminal of its own, with every byte that it
// wrote.
type screen struct {
	*terminal.Program
	t   testing.TB
	mu  sync.Mutex
	raw bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.Write(b)
}

func (s *screen) bytes() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

func onScreen(t testing.TB, w, h int, dir string, args ...string) *screen {
	t.Helper()
	s := &screen{t: t}
	var err error
	s.Program, err = terminal.Start(terminal.Options{
		Args: append([]string{built(t)}, args...), Dir: dir, W: w, H: h, Tee: s, Env: []string{"XDG_CONFIG_HOME=" + dir},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// shows waits until the screen shows all of the texts.
func (s *screen) shows(texts ...string) {
	s.t.Helper()
	_, err := s.WaitFor(func(screen string) bool {
		for _, x := range texts {
			if !strings.Contains(screen, x) {
				return false
			}
		}
		return true
	}, 20*time.Second)
	if err != nil {
		s.t.Fatalf("wait for %q: %v", texts, err)
	}
}

func (s *screen) lacks(text string) {
	s.t.Helper()
	if _, err := s.WaitFor(func(screen string) bool { return !strings.Contains(screen, text) }, 20*time.Second); err != nil {
		s.t.Fatalf("wait until %q is gone: %v", text, err)
	}
}

func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		if err := s.Send(k); err != nil {
			s.t.Fatal(err)
		}
		s.Quiet(120*time.Millisecond, 2*time.Second)
	}
}

func (s *screen) ends(code int) {
	s.t.Helper()
	err := s.Wait(20 * time.Second)
	if code == 0 && err == nil {
		return
	}
	if err == nil || err.Error() != fmt.Sprintf("exit status %d", code) {
		s.t.Errorf("it ended with %v, want exit status %d; the screen:\n%s", err, code, s.Text())
	}
}

// Two screens and a command line work on one workspace: each sees what the others
// do.
func TestTwoScreensAndACommandLine(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	one, two := onScreen(t, 120, 30, ws), onScreen(t, 80, 24, ws)
	must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--name", "brisk-otter")
	one.shows("brisk-otter", "finished")
	two.shows("brisk-otter", "finished")
	must(t, exitOK, ws, "tag", "brisk-otter", "mlflow.runName=calm-heron")
	one.shows("calm-heron")
	two.shows("calm-heron")

	one.press("X")
	two.lacks("calm-heron")
	if r := must(t, exitOK, ws, "runs"); !strings.Contains(r.out, "no runs") {
		t.Errorf("after one screen deleted it the list says %s", r)
	}
	must(t, exitOK, ws, "restore", "calm-heron")
	two.shows("calm-heron")
	one.lacks("no runs")

	one.press("q")
	one.ends(0)
	two.press("q")
	two.ends(0)
}

// A terminal of one cell is no reason to end, and a bigger one shows all again.
func TestOneCell(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "1", "--name", "brisk-otter")
	s := onScreen(t, 1, 1, ws)
	if _, err := s.WaitFor(func(string) bool { return s.Program.Bytes() > 0 }, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	s.press("j", "?", "\x1b", ":", "\x1b", "/", "x", "\x1b")
	for _, size := range [][2]int{{80, 24}, {1, 1}, {3, 2}, {200, 60}} {
		if err := s.Resize(size[0], size[1]); err != nil {
			t.Fatal(err)
		}
		s.Quiet(200*time.Millisecond, 3*time.Second)
	}
	s.shows("brisk-otter")
	s.press("q")
	s.ends(0)
}

// standsStill makes a terminal take nothing more and gives its program work for
// the screen until it has written nothing for a while: then it hangs in a write.
func (s *screen) standsStill() {
	s.t.Helper()
	s.Block()
	w, h := s.Size()
	first := written(s.t, s.Pid())
	last, same := int64(-1), 0
	eventually(s.t, "the program hangs in a write", 30*time.Second, func() bool {
		w ^= 1 // a new size is a whole new frame
		if err := s.Resize(w, h); err != nil {
			s.t.Fatal(err)
		}
		now := written(s.t, s.Pid())
		if same++; now != last {
			last, same = now, 0
		}
		return same > 40 && now > first // it went on writing for a while, and then a second of new sizes drew nothing
	})
}

// written is how many bytes a process has written to anything.
func written(t testing.TB, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, err = strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A terminal that stops reading harms nobody else: jobs go on, other clients work,
// and when it reads again it shows how things are. Told to end, it ends.
func TestTerminalThatStopsReading(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "5", "--name", "calm-heron")
	stuck, dead := onScreen(t, 200, 60, ws), onScreen(t, 200, 60, ws)
	stuck.shows("calm-heron", "finished")
	dead.shows("calm-heron", "finished")
	stuck.standsStill()
	dead.standsStill()

	must(t, exitOK, ws, "train", "digits", "--epochs", "3", "--name", "brisk-otter")
	other := onScreen(t, 120, 30, ws)
	other.shows("brisk-otter", "finished")
	other.press("q")
	other.ends(0)
	if err := dead.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the one that was told to end has ended", 20*time.Second, func() bool { _, ok := readProcess(dead.Pid()); return !ok })
	if _, ok := readProcess(stuck.Pid()); !ok {
		t.Fatal("the other one ended by itself")
	}
	stuck.Unblock()
	stuck.shows("brisk-otter", "finished")
	stuck.press("q")
	stuck.ends(0)
}

// A terminal that is closed, and HUP, end the program and none of its jobs.
func TestHangUp(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "40", "--throttle", "100ms", "--name", "brisk-otter", "-d")
	closed, told := onScreen(t, 120, 30, ws), onScreen(t, 120, 30, ws)
	closed.shows("brisk-otter", "training")
	told.shows("brisk-otter", "training")
	trainers := children(t, ws)
	if len(trainers) != 1 {
		t.Fatalf("%d trainers", len(trainers))
	}
	if err := closed.HangUp(); err != nil {
		t.Fatal(err)
	}
	if err := told.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*screen{closed, told} {
		eventually(t, "the program has ended", 20*time.Second, func() bool { _, ok := readProcess(s.Pid()); return !ok })
	}
	if !strings.Contains(told.bytes(), "\x1b[?1049l") {
		t.Error("told to hang up, it left the terminal in its alternate screen")
	}
	if !alive(trainers[0]) {
		t.Error("the training is gone with the terminal")
	}
	lo := opened(t, ws)
	eventually(t, "the training ends well", 40*time.Second, func() bool {
		r := runsOf(t, lo)[0]
		return r.Status == backends.RunFinished && r.Exit == "exit 0"
	})
}

// payload is what a hostile log, name or folder holds: it would set the title and
// the clipboard, clear the screen, ask for answers that the shell then reads.
const payload = "\x1b]0;PWNED\x07\x1b]52;c;UFdORUQ=\x07\x1b[2J\x1b[6n\u009b31mPWNED\x1bP$qm\x1b\\\x1bcPWNED\u202e\x7f\b"

// escaped fails the test if a byte of the payload that a terminal acts on got
// through, and unless its text was shown at all.
func escaped(t *testing.T, what, raw string) {
	t.Helper()
	for _, bad := range []string{"\x1b]0;PWNED", "\x1b]52;c;UFdORUQ=", "\x1b[6n", "\u009b31m", "\x1bP$qm", "\x1bcPWNED", "\u202e"} {
		if strings.Contains(raw, bad) {
			t.Errorf("%s: %q reached the terminal", what, bad)
		}
	}
	if !strings.Contains(raw, "PWNED") {
		t.Errorf("%s: the text is not shown at all:\n%q", what, raw)
	}
}

func TestNothingReachesTheTerminalUnescaped(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	ws := filepath.Join(parent, "PWNED\x1b]0;PWNED\x07\x1b]52;c;UFdORUQ=\x07")
	if err := os.MkdirAll(filepath.Join(ws, ".flightdeck"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopAll(t, ws) })
	write(t, filepath.Join(ws, "log"), payload+"\n", 0o644)
	must(t, exitOK, ws, "run", "--name", payload, "--tag", payload+"="+payload, "-e", payload, "--", "cat", "log")
	run := runsOf(t, opened(t, ws))[0]
	if run.Name != payload {
		t.Fatalf("the run is called %q", run.Name)
	}
	must(t, exitOK, ws, "note", run.ID, payload)
	must(t, exitOK, ws, "run", "-d", "--name", payload, "--", "sleep", "1000")

	for _, args := range [][]string{
		{"runs"},
		{"runs", "-o", "csv"},
		{"runs", "-o", "json"},
		{"ps"},
		{"ps", "-a", "-o", "csv"},
		{"ps", "-a", "-o", "json"},
		{"show", run.ID},
		{"show", run.ID, "-o", "csv"},
		{"show", run.ID, "-o", "json"},
		{"note", run.ID},
		{"note", run.ID, "-o", "json"},
		{"logs", run.ID},
		{"logs", run.ID, "-t"},
		{"logs", run.ID, "-o", "csv"},
		{"logs", run.ID, "-o", "json"},
		{"run", "--", "cat", "log"},
		{"show", "PWNED" + payload},
		{"PWNED" + payload},
		{"runs", "-o", payload},
		{"runs", "metrics." + payload + " >"},
		{"-C", payload, "runs"},
		{"tag", run.ID, "--dry-run", "a=" + payload},
		{"tag", run.ID, payload + "=1"},
		{"delete", run.ID, "--dry-run"},
		{"stop", payload, "--dry-run"},
		{"run", "--dry-run", "--name", payload, "--env", "A=" + payload, "--", "echo", payload},
		{"models", "register", run.ID, payload},
		{"diff", run.ID, run.ID, "-a"},
		{"doctor"},
		{"__complete", "show", ""},
		{"__complete", "runs", "-e", ""},
	} {
		s := onScreen(t, 300, 40, ws, args...)
		_ = s.Wait(20 * time.Second)
		if raw := s.bytes(); args[0] == "models" || args[0] == "__complete" || args[0] == "doctor" {
			escaped(t, fmt.Sprintf("%.60q", args), raw+"PWNED") // may have nothing to show
		} else {
			escaped(t, fmt.Sprintf("%.60q", args), raw)
		}
	}

	s := onScreen(t, 160, 45, ws)
	s.shows("finished")
	s.press("g", "\r") // the details
	for range 6 {
		s.press("]") // each page of them: the log, the files
	}
	s.press("\x1b", "p", "?", "\x1b", ":", "PWNED", "\x1b", "e", "\x1b", "\x1b", "/", "PWNED", "\r", "s", "\x1b", "X")
	escaped(t, "the full-screen program", s.bytes())
	if title := regexp.MustCompile("\x1b\\][02];[^\x07\x1b]*").FindString(s.bytes()); !strings.Contains(title, "flightdeck") {
		t.Errorf("the title is %q", title)
	}
	s.press("q")
}
