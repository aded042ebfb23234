package job

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// gate makes a child that says that it lives, waits for a file, and goes on.
func gate(t *testing.T, then string) (script, path string) {
	path = filepath.Join(t.TempDir(), "gate")
	return fmt.Sprintf("echo up; while [ ! -e %s ]; do sleep 0.02; done; %s", path, then), path
}

func open(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKillingTheStarterCostsNothing(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "echo late; exit 7")
	cmd := exec.Command(os.Args[0], "start-and-hang", r.dir, script)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if j := r.job("j1"); j.State != backends.JobRunning || j.PID != pid {
		t.Errorf("after the starter's end: %+v", j)
	}
	open(t, g)
	if j := r.ended("j1"); j.Exit.Code != 7 || r.text("j1", outputFile) != "up\nlate\n" || r.text("j1", "t.ended") != "exit 7\n" {
		t.Errorf("exit %v, output %q, told %q", j.Exit, r.text("j1", outputFile), r.text("j1", "t.ended"))
	}
}

func TestKillingTheSupervisorCostsNothing(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "echo late; exit 7")
	j := r.start("j1", script)
	token := r.text("j1", tokenFile)
	if err := post(j, token, "before"); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		kill(t, r.supervisor("j1"))
		at := time.Now()
		if err := post(j, token, "after "+strconv.Itoa(i)); err != nil {
			t.Fatalf("the endpoint after the kill: %v", err)
		}
		if d := time.Since(at); d > 2*time.Second {
			t.Errorf("the endpoint was back after %v", d)
		}
	}
	r.until("the trouble is told", func() bool {
		return r.job("j1").Trouble == "supervisor restarted 2 times, last it was killed by SIGKILL"
	})
	if err := post(j, "guess", "x"); err == nil {
		t.Error("another token was taken")
	}
	open(t, g)
	if j := r.ended("j1"); j.Exit.Code != 7 || r.text("j1", outputFile) != "up\nlate\n" {
		t.Errorf("exit %v, output %q", j.Exit, r.text("j1", outputFile))
	}
	if got := r.text("j1", "t.metrics"); got != "before\nafter 0\nafter 1\n" {
		t.Errorf("metrics %q", got)
	}
	if got := r.text("j1", "t.ended"); got != "exit 7\n" {
		t.Errorf("told %q", got)
	}
}

func TestTheEndIsToldThoughTheSupervisorDiesWithTheChild(t *testing.T) {
	r := newRoom(t)
	open(t, filepath.Join(mkdir(t, r.dir), ".refuse")) // the tracker does not open
	script, g := gate(t, "exit 5")
	r.start("j1", script)
	kill(t, r.supervisor("j1"))
	open(t, g)
	r.until("the exit is known and the supervisors fail", func() bool {
		j := r.job("j1")
		return j.State == backends.JobExited && strings.Contains(j.Trouble, "the store is locked") && r.state("j1").Restarts >= 2
	})
	if r.text("j1", "t.ended") != "" {
		t.Fatal("told before the tracker opened")
	}
	if err := os.Remove(filepath.Join(r.dir, ".refuse")); err != nil {
		t.Fatal(err)
	}
	r.ended("j1")
	if got := r.text("j1", "t.ended"); got != "exit 5\n" {
		t.Errorf("told %q", got)
	}
}

func mkdir(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestKillingTheKeeperCostsTheExitCode(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "echo late; exit 7")
	j := r.start("j1", script)
	token := r.text("j1", tokenFile)
	sup := r.supervisor("j1")
	kill(t, r.state("j1").Keeper)
	if j := r.job("j1"); j.State != backends.JobRunning || !strings.Contains(j.Trouble, "keeper was killed") || strings.Contains(j.Trouble, "supervisor") {
		t.Errorf("without its keeper: %s, %q", j.State, j.Trouble)
	}
	if err := post(j, token, "still"); err != nil || !sup.Alive() {
		t.Errorf("the endpoint without a keeper: %v", err)
	}
	open(t, g)
	j = r.ended("j1")
	if j.State != backends.JobLost || j.Exit == nil || j.Exit.Known || j.Exit.String() != "exit code unknown" || j.Ended.Before(j.Started) {
		t.Errorf("ended as %s, %v", j.State, j.Exit)
	}
	if r.text("j1", outputFile) != "up\nlate\n" || r.text("j1", "t.ended") != "exit code unknown\n" || r.text("j1", "t.metrics") != "still\n" {
		t.Errorf("output %q, told %q, metrics %q", r.text("j1", outputFile), r.text("j1", "t.ended"), r.text("j1", "t.metrics"))
	}
}

func TestStopWithoutAKeeper(t *testing.T) {
	r := newRoom(t)
	r.start("j1", "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & while :; do sleep 1; done")
	r.supervisor("j1")
	st := r.state("j1")
	kill(t, st.Keeper)
	if err := r.Stop(granted(), "j1", time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if j := r.ended("j1"); j.State != backends.JobLost || st.Child.Alive() {
		t.Errorf("%s", j.State)
	}
}

func TestAdoptionOfAJobThatNobodyWatches(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "echo late")
	j := r.start("j1", script)
	token := r.text("j1", tokenFile)
	sup := r.supervisor("j1")
	kill(t, r.state("j1").Keeper)
	kill(t, sup)
	if got := r.job("j1"); got.State != backends.JobRunning || !strings.Contains(got.Trouble, "endpoint is closed") || got.Tracking != "" {
		t.Errorf("%s %q %q", got.State, got.Trouble, got.Tracking)
	}
	if _, err := r.Adopt(context.Background()); err == nil {
		t.Fatal("adopted without a grant")
	}
	if got, err := r.Adopt(granted()); err != nil || len(got) != 1 {
		t.Fatalf("adopted %v, %v", got, err)
	}
	r.until("the endpoint is back on its port", func() bool { return post(j, token, "again") == nil })
	open(t, g)
	if j := r.ended("j1"); j.State != backends.JobLost || r.text("j1", "t.ended") != "exit code unknown\n" {
		t.Errorf("%s, told %q", j.State, r.text("j1", "t.ended"))
	}
	if got, err := r.Adopt(granted()); err != nil || len(got) != 0 {
		t.Errorf("adopted again: %v, %v", got, err)
	}
}

func TestStopByTheCallerWhenNobodyWatches(t *testing.T) {
	r := newRoom(t)
	r.start("j1", "while :; do sleep 1; done")
	sup := r.supervisor("j1")
	st := r.state("j1")
	kill(t, st.Keeper)
	kill(t, sup)
	if err := r.Stop(granted(), "j1", time.Second); err != nil {
		t.Fatal(err)
	}
	if st.Child.Alive() {
		t.Error("the child lives")
	}
	if j := r.ended("j1"); j.State != backends.JobLost || r.text("j1", "t.ended") != "exit code unknown\n" {
		t.Errorf("%s, told %q", j.State, r.text("j1", "t.ended"))
	}
}

func TestStopTakesDaemonisedGrandchildren(t *testing.T) {
	r := newRoom(t)
	pids := t.TempDir()
	// A double fork into a session of its own, with a clean environment; one that
	// ignores TERM; one that is stopped.
	r.start("j1", fmt.Sprintf(`
		(setsid env -i sh -c 'echo $$ > %[1]s/a; while :; do sleep 1; done' &)
		sh -c 'trap "" TERM; echo $$ > %[1]s/b; while :; do sleep 1; done' &
		sh -c 'echo $$ > %[1]s/c; kill -STOP $$' &
		trap 'echo asked; exit 9' TERM; while :; do sleep 0.05; done`, pids))
	a, b, c := pidIn(t, pids+"/a"), pidIn(t, pids+"/b"), pidIn(t, pids+"/c")
	r.until("the last one is stopped", func() bool { s, _ := proc.Read(c.PID); return s.State == 'T' })
	ctx, cancel := context.WithCancel(granted())
	done := make(chan error, 1)
	go func() { done <- r.Stop(ctx, "j1", 300*time.Millisecond) }()
	r.until("the request is written down", func() bool { return r.text("j1", stopFile) != "" })
	cancel() // the caller's end takes nothing back
	<-done
	j := r.ended("j1")
	if a.Alive() || b.Alive() || c.Alive() {
		t.Errorf("left alive: %v %v %v", a.Alive(), b.Alive(), c.Alive())
	}
	if j.Exit.Code != 9 || !strings.Contains(r.text("j1", outputFile), "asked\n") || j.Exit.OOM {
		t.Errorf("exit %v, output %q", j.Exit, r.text("j1", outputFile))
	}
	if err := r.Stop(granted(), "j1", 0); err != nil {
		t.Errorf("stopping what has ended: %v", err)
	}
}

func TestStopKillsWhatIgnoresTerm(t *testing.T) {
	r := newRoom(t)
	r.startSpec("j1", backends.JobSpec{Command: []string{"sh", "-c", "trap '' TERM; while :; do sleep 1; done"}, Grace: 200 * time.Millisecond})
	if err := r.Stop(granted(), "j1", 0); err != nil {
		t.Fatal(err)
	}
	if j := r.ended("j1"); j.Exit.Signal != "SIGKILL" || j.Exit.OOM || j.Exit.Code != -1 {
		t.Errorf("exit %+v", j.Exit)
	}
}

func TestAJobStartedByAJobIsItsOwn(t *testing.T) {
	r := newRoom(t)
	inner := filepath.Join(t.TempDir(), ".flightdeck", "jobs")
	in := &room{Jobs: New(Options{Dir: inner, Exe: []string{os.Args[0]}}), t: t, dir: inner}
	t.Cleanup(in.sweep)
	r.startSpec("sweep", backends.JobSpec{Command: []string{os.Args[0], "start-and-hang", inner, "while :; do sleep 0.1; done"}, Dir: "/"})
	in.until("the inner job runs", func() bool {
		j, err := in.Get(context.Background(), "j1")
		return err == nil && j.State == backends.JobRunning
	})
	if err := r.Stop(granted(), "sweep", time.Second); err != nil {
		t.Fatal(err)
	}
	r.ended("sweep")
	if j := in.job("j1"); j.State != backends.JobRunning || !in.state("j1").Keeper.Alive() {
		t.Errorf("the inner job is %s", j.State)
	}
	if err := in.Stop(granted(), "j1", time.Second); err != nil {
		t.Fatal(err)
	}
	if j := in.ended("j1"); j.Exit.Signal != "SIGTERM" {
		t.Errorf("the inner job ended by %v", j.Exit)
	}
}

func TestAFullDiskIsToldAndCostsTheChildNothing(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "echo late; exit 3")
	_, err := r.Start(granted(), "j1", backends.JobSpec{Command: []string{"sh", "-c", script}}, func(dir string) error {
		for _, name := range []string{usageFile, indexFile} {
			if err := os.Symlink("/dev/full", filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.until("both troubles are told", func() bool {
		s := r.job("j1").Trouble
		return strings.Contains(s, "index output: write") && strings.Contains(s, "keep usage: write") && strings.Contains(s, "no space left on device")
	})
	open(t, g)
	if j := r.ended("j1"); j.Exit.Code != 3 || r.text("j1", outputFile) != "up\nlate\n" {
		t.Errorf("exit %v, output %q", j.Exit, r.text("j1", outputFile))
	}
}

func TestASupervisorThatIsKilledAgainAndAgainIsGivenPauses(t *testing.T) {
	for row, want := range map[int]time.Duration{1: 0, 3: 0, 4: 250 * time.Millisecond, 5: 500 * time.Millisecond, 40: 30 * time.Second} {
		if got := pause(row); got != want {
			t.Errorf("after %d deaths: %v, want %v", row, got, want)
		}
	}
	var n nursing
	var st state
	now := time.Now()
	for range 5 {
		n.since = now
		n.died(syscall.WaitStatus(syscall.SIGKILL), now.Add(time.Second), &st)
	}
	if n.row != 5 || st.Died != "killed by SIGKILL" {
		t.Errorf("%+v %+v", n, st)
	}
	n.died(syscall.WaitStatus(1<<8), now.Add(time.Minute), &st)
	if n.row != 1 || st.Died != "exit 1" || n.finished {
		t.Errorf("one that lived long: %+v %+v", n, st)
	}
	n.died(0, now, &st)
	if !n.finished {
		t.Error("exit 0 is the end of the work")
	}
}
