package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/tui/tuitest/terminal"
)

// The demo's trainers outlive make, the full-screen program, a command line and a
// supervisor that are all killed: they are still there in /proc, and what they log
// and how they end later is in the store.
func TestTrainersSurviveEveryKill(t *testing.T) {
	t.Parallel()
	bin, ws := built(t), workspace(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	screen, err := terminal.Start(terminal.Options{
		Args: []string{"make", "-s", "-C", root, "demo", "BIN=" + bin, "DEMO=-C " + ws}, Dir: root, W: 120, H: 40, Env: goEnv(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	lo := opened(t, ws)
	eventually(t, "the demo has started its eight jobs", 60*time.Second, func() bool { return len(jobsOf(t, lo)) == 8 })
	cli := exec.Command(bin, "-C", ws, "train", "sentiment", "--epochs", "20", "--throttle", "400ms")
	cli.Env = onPath(t)
	if err := cli.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- cli.Wait() }()
	// One of the eight has crashed and one diverges within a moment; six of them and
	// the command line's are at work.
	var trainers []process
	eventually(t, "seven trainers at work, with metrics in the store", 30*time.Second, func() bool {
		trainers = steady(t, ws)
		measured := 0
		for _, r := range runsOf(t, lo) {
			if _, ok := r.Metric("val_acc"); ok && r.Active() {
				measured++
			}
		}
		return len(trainers) == 7 && measured >= 7
	})

	victims := append(one(t, "make", "make -s -C "+root+" demo", ws), one(t, "the full-screen program", bin+" demo", ws)...)
	victims = append(victims, one(t, "the command line", bin+" -C "+ws+" train sentiment")...)
	victims = append(victims, supervisorOf(t, lo, trainers[0]))
	before := points(t, lo)
	for _, p := range victims {
		kill9(t, p)
	}
	<-waited
	eventually(t, "what was killed is gone", 10*time.Second, func() bool {
		for _, p := range victims {
			if alive(p) {
				return false
			}
		}
		return true
	})
	for _, p := range trainers {
		if !alive(p) {
			t.Errorf("trainer %d (%s) is gone after the kills", p.pid, p.args)
		}
	}
	laterIsStored(t, lo, before)
}

func jobsOf(t testing.TB, lo *local.Local) []*backends.Job {
	t.Helper()
	jobs, err := lo.Jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// steady are the trainers that neither crash nor diverge.
func steady(t testing.TB, ws string) []process {
	var out []process
	for _, p := range children(t, ws) {
		if strings.HasPrefix(p.args, "flightdeck train") && !strings.Contains(p.args, "--lr 30") && !strings.Contains(p.args, "--batch 0") {
			out = append(out, p)
		}
	}
	return out
}

func one(t *testing.T, what string, parts ...string) []process {
	t.Helper()
	hits := matching(t, parts...)
	if len(hits) == 0 {
		t.Fatalf("%s is not running", what)
	}
	return hits
}

// supervisorOf is the supervisor of the job whose child a trainer is.
func supervisorOf(t *testing.T, lo *local.Local, trainer process) process {
	t.Helper()
	for _, j := range jobsOf(t, lo) {
		if j.PID == trainer.pid {
			return one(t, "its supervisor", "supervisor "+j.Dir)[0]
		}
	}
	t.Fatalf("no job has the trainer %d", trainer.pid)
	return process{}
}

// points counts the points of val_acc of each run.
func points(t *testing.T, lo *local.Local) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, r := range runsOf(t, lo) {
		if _, ok := r.Metric("val_acc"); !ok {
			continue
		}
		h, err := lo.History(t.Context(), r.Ref(), "val_acc")
		if err != nil {
			t.Fatal(err)
		}
		n[r.ID] = h.Len()
	}
	return n
}

// laterIsStored waits for the ends and compares what the store has with what the
// trainers must have said.
func laterIsStored(t *testing.T, lo *local.Local, before map[string]int) {
	t.Helper()
	var runs []*backends.Run
	eventually(t, "every run has ended in the store", 90*time.Second, func() bool {
		runs = runsOf(t, lo)
		for _, r := range runs {
			if r.Active() || r.Exit == "" {
				return false
			}
		}
		return len(runs) == 9
	})
	after, finished := points(t, lo), 0
	for _, r := range runs {
		if r.Status != backends.RunFinished || r.Diverged != "" {
			continue
		}
		finished++
		_, total, _ := r.Progress()
		if r.Exit != "exit 0" {
			t.Errorf("%s ended with %s", r.Name, r.Exit)
		}
		if after[r.ID] != int(total) || before[r.ID] >= after[r.ID] {
			t.Errorf("%s: %d points of val_acc at the kills, %d at the end, for %v epochs", r.Name, before[r.ID], after[r.ID], total)
		}
		if out := outputOf(t, lo, r); !strings.Contains(out, fmt.Sprintf("%v/%v", total, total)) {
			t.Errorf("%s: its output lacks the last epoch:\n%s", r.Name, out)
		}
	}
	if finished != 7 {
		t.Errorf("%d runs finished, want 7", finished)
	}
	restarted := 0
	for _, j := range jobsOf(t, lo) {
		if strings.Contains(j.Trouble, "supervisor restarted") {
			restarted++
		}
	}
	if restarted != 1 {
		t.Errorf("%d jobs say that their supervisor was restarted, want the one that was killed", restarted)
	}
}

func outputOf(t testing.TB, lo *local.Local, r *backends.Run) string {
	t.Helper()
	var out strings.Builder
	for line, err := range lo.Logs(t.Context(), r.Ref(), backends.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		out.Write(line.Text)
		out.WriteByte('\n')
	}
	return out.String()
}

// goEnv is what make needs to build in a terminal with a small environment.
func goEnv(t *testing.T) []string {
	t.Helper()
	names := []string{"GOCACHE", "GOFLAGS", "GOPATH", "GOMODCACHE"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for i, v := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		env = append(env, names[i]+"="+v)
	}
	return append(env, "TMPDIR="+os.TempDir())
}
