package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/tui/tuitest/tape"
	"flightdeck/tui/tuitest/terminal"
)

// make demo, without a terminal: exit 0 and a table of real runs, the best of
// which keeps what was promised. The same runs with one missing do not.
func TestDemoHeadless(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	cmd := exec.Command("make", "-s", "-C", "../..", "demo", "BIN="+built(t), "DEMO=-C "+ws)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make demo: %v\n%s", err, out)
	}
	lo := opened(t, ws)
	runs := runsOf(t, lo)
	best := 0.0
	for _, r := range runs {
		if m, ok := r.Metric("val_acc"); ok && r.Diverged == "" {
			best = max(best, m.Value)
		}
		if !strings.Contains(string(out), r.Name) {
			t.Errorf("%s is not in the table:\n%s", r.Name, out)
		}
		if r.Job == "" || r.Exit == "" || !strings.HasPrefix(r.Tag(backends.TagCommand), "flightdeck train digits") {
			t.Errorf("%s is not the run of a job that ended: %+v", r.Name, r)
		}
	}
	if len(runs) != 8 || best < demoGoal {
		t.Errorf("%d runs, best val_acc %.4f\n%s", len(runs), best, out)
	}
	if err := judgeDemo(runs); err != nil {
		t.Errorf("the runs of a demo that ended well: %v", err)
	}
	for what, without := range map[string]func(*backends.Run) bool{
		"finished": func(r *backends.Run) bool { return r.Status == backends.RunFinished && r.Diverged == "" },
		"diverged": func(r *backends.Run) bool { return r.Diverged != "" },
		"crashed":  func(r *backends.Run) bool { return r.Status == backends.RunFailed },
	} {
		i := slices.IndexFunc(runs, without)
		if i < 0 {
			t.Fatalf("no run %s", what)
		}
		if err := judgeDemo(slices.Delete(slices.Clone(runs), i, i+1)); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("without one that %s it says %v", what, err)
		}
	}
	dull := slices.DeleteFunc(slices.Clone(runs), func(r *backends.Run) bool { m, _ := r.Metric("val_acc"); return m.Value >= demoGoal })
	if err := judgeDemo(dull); err == nil || !strings.Contains(err.Error(), "best val_acc") {
		t.Errorf("with only the runs under %v: %v", demoGoal, err)
	}
}

// A demo of which a trainer is killed did not do all of its work, and says so.
func TestDemoBrokenPromise(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	ended := make(chan result, 1)
	go func() { ended <- flightdeck(t, ws, "-C", ws, "demo") }()
	var victim process
	eventually(t, "a trainer to kill", 30*time.Second, func() bool {
		for _, p := range steady(t, ws) {
			victim = p
			return true
		}
		return false
	})
	kill9(t, victim)
	r := <-ended
	if r.code != exitFailed || !strings.Contains(r.errs, "did not do all of its work") || !strings.Contains(r.errs, "5 finished instead of 6") {
		t.Errorf("a demo with a killed trainer: %s", r)
	}
	if !strings.Contains(r.out, "killed by SIGKILL") {
		t.Errorf("the line of the killed trainer is missing:\n%s", r.out)
	}
}

// demo.tape is what people see; it plays whole against the real program.
func TestTape(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("../../demo.tape")
	if err != nil {
		t.Fatal(err)
	}
	tp, err := tape.Parse(string(src))
	if err != nil {
		t.Fatal(err)
	}
	if got := tp.Requires(); !slices.Equal(got, []string{"flightdeck"}) || tp.Setting("Shell") != "bash" {
		t.Fatalf("the tape requires %q in %q", got, tp.Setting("Shell"))
	}
	tmp := t.TempDir()
	p, err := terminal.Start(terminal.Options{
		Args: []string{"bash", "--norc", "--noprofile"}, Dir: tmp, W: 160, H: 45,
		Env: []string{"PATH=" + filepath.Dir(built(t)) + ":" + os.Getenv("PATH"), "TMPDIR=" + tmp, "PS1=> ", "HOME=" + tmp},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	t.Cleanup(func() {
		labs, _ := filepath.Glob(filepath.Join(tmp, "flightdeck-demo-*", "digits-lab"))
		for _, lab := range labs {
			stopAll(t, lab)
		}
	})
	shots := map[string]string{}
	err = tp.Play(p, 60*time.Second, func(name string) error {
		shots[filepath.Base(name)] = p.Text()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*regexp.Regexp{
		"tape-live.png": regexp.MustCompile(`(?s)training.*diverged.*exit 1|training.*exit 1.*diverged`),
		"tape-diff.png": regexp.MustCompile(`(?s)2 marked.*params.*batch.*run.*command.*more metrics`),
	} {
		if !want.MatchString(shots[name]) {
			t.Errorf("screenshot %s does not show %s:\n%s", name, want, shots[name])
		}
	}
	if _, err := p.WaitFor(func(s string) bool { return strings.Contains(s, "the demo's workspace stays") }, 20*time.Second); err != nil {
		t.Errorf("after its last key the tape is not back at the shell: %v", err)
	}
}
