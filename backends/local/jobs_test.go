package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/provenance"
)

// A training that is stopped in its middle goes on in the same run, and its job is
// then the new one.
func TestResumeGoesOnInTheSameRun(t *testing.T) {
	l := open(t, t.TempDir())
	const epochs = 12
	started := apply(t, l)(l.PlanStart(t.Context(), backends.JobSpec{
		Command: []string{program, "train", "digits", "--epochs", "12", "--width", "8", "--throttle", "60ms"}, Experiment: "digits",
	}))
	first := started.Target[0]
	if _, err := l.PlanResume(t.Context(), first); err == nil {
		t.Error("what runs can be resumed")
	}
	var run *backends.Run
	eventually(t, "three epochs are trained", func() bool {
		runs, err := l.Runs(t.Context(), backends.RunFilter{Job: first.ID})
		if err != nil || len(runs) == 0 {
			return false
		}
		run = runs[0]
		m, _ := run.Metric("epoch")
		return m.Value >= 3
	})
	apply(t, l)(l.PlanStop(t.Context(), []backends.Ref{run.Ref()}))
	_, run = ended(t, l, first.ID)
	if run.Status != backends.RunKilled || run.Active() || run.Exit == "" {
		t.Fatalf("stopped: %s, %q", run.Status, run.Exit)
	}
	if _, err := l.PlanStop(t.Context(), []backends.Ref{run.Ref()}); err == nil || !strings.Contains(err.Error(), "ended already") {
		t.Errorf("stopping it again: %v", err)
	}
	before := pointsOf(t, l, run)

	again := apply(t, l)(l.PlanResume(t.Context(), run.Ref()))
	if again.Target[0].ID != run.ID {
		t.Errorf("the receipt is for %v", again.Target)
	}
	eventually(t, "the run is the new job's", func() bool {
		r, err := l.Run(t.Context(), run.ID)
		return err == nil && r.Job != first.ID && r.Job != ""
	})
	r, err := l.Run(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	second, after := ended(t, l, r.Job)
	if after == nil || after.ID != run.ID || after.Status != backends.RunFinished || after.Exit != "exit 0" || second.Exit.Code != 0 {
		t.Fatalf("resumed: %+v", after)
	}
	all, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(all) != 1 {
		t.Errorf("%d runs after a resume, want the one: %v", len(all), err)
	}
	now := pointsOf(t, l, after)
	if now.Len() != epochs || before.Len() >= now.Len() {
		t.Errorf("%d points of val_acc, then %d, for %d epochs", before.Len(), now.Len(), epochs)
	}
	for i := 1; i < now.Len(); i++ {
		if now.Step[i] <= now.Step[i-1] {
			t.Errorf("step %d follows step %d", now.Step[i], now.Step[i-1])
		}
	}
	if !slices.Equal(now.Value[:before.Len()], before.Value) {
		t.Error("the points from before are not the same any more")
	}

	// To restart it is to begin anew, whatever it went on from.
	apply(t, l)(l.PlanRestart(t.Context(), after.Ref()))
	third := jobsOf(t, l)[0]
	if third.Spec.Env[envResumeDir] != "" || third.Spec.Env[envResumeRun] != "" || third.Spec.Resume != "" {
		t.Errorf("the restarted job resumes: %+v", third.Spec)
	}
	if _, fresh := ended(t, l, third.ID); fresh.ID == run.ID || pointsOf(t, l, fresh).Len() != epochs {
		t.Errorf("restarted: run %s with %d points", fresh.ID, pointsOf(t, l, fresh).Len())
	}
}

func pointsOf(t *testing.T, l *Local, r *backends.Run) backends.Points {
	t.Helper()
	h, err := l.History(t.Context(), r.Ref(), "val_acc")
	if err != nil {
		t.Fatal(err)
	}
	return h.Points()
}

// A job whose child makes no run gets one of its own, with how it ended, where it
// comes from and what it used.
func TestOwnRun(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "data.csv"), []byte("1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	j, r := finish(t, l, backends.JobSpec{
		Name: "brisk-otter", Command: []string{"sh", "-c", "sleep 1.3; exit 3", "--seed=41"}, Experiment: "plain", Data: []string{"data.csv"},
		Tags: map[string]string{"team": "vision"}, Env: map[string]string{"HUB_TOKEN": "hunter2hunter2", "LAYERS": "3"},
	})
	if r == nil || r.Name != "brisk-otter" || r.ExpName != "plain" || r.Status != backends.RunFailed || r.Exit != "exit 3" || r.Job != j.ID || r.End.IsZero() || r.User != "ada" {
		t.Fatalf("%+v", r)
	}
	for k, want := range map[string]string{
		"team": "vision", backends.TagSeed: "41", backends.TagCommand: "sh -c 'sleep 1.3; exit 3' --seed=41", backends.TagJob: j.ID,
	} {
		if got := r.Tag(k); got != want {
			t.Errorf("tag %s is %q, want %q", k, got, want)
		}
	}
	if len(r.Inputs) != 1 || r.Inputs[0].Name == "" || !strings.HasPrefix(r.Inputs[0].Digest, "sha256:") {
		t.Errorf("inputs %+v", r.Inputs)
	}
	for _, key := range []string{"cpu_utilization_percentage", "system_memory_usage_megabytes", "disk_read_megabytes", "disk_write_megabytes"} {
		if _, ok := r.Metric("system/" + key); !ok {
			t.Errorf("no system/%s", key)
		}
	}
	p, err := l.Provenance(t.Context(), r.Ref())
	if err != nil || p.Env["HUB_TOKEN"] != backends.Masked || p.Env["LAYERS"] != "3" || !slices.Contains(p.Command, "--seed=41") || p.Dir == "" {
		t.Errorf("provenance %+v, %v", p, err)
	}
	// It is kept with the run: the job's folder is not needed for it.
	eventually(t, "the job can be deleted", func() bool {
		p, err := l.PlanDeleteJobs(t.Context(), []backends.Ref{j.Ref()})
		if err == nil {
			_, err = l.Apply(granted(), p, nil)
		}
		return err == nil
	})
	if again, err := l.Provenance(t.Context(), r.Ref()); err != nil || again.Seed != "41" {
		t.Errorf("provenance without the job's folder: %+v, %v", again, err)
	}
	err = filepath.WalkDir(filepath.Join(dir, Folder, "artifacts"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "hunter2hunter2") {
				t.Errorf("%s holds the secret", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if m := provenance.Mask(map[string]string{"HUB_TOKEN": "x-y-z", "LAYERS": "3"}); m["HUB_TOKEN"] != backends.Masked || m["LAYERS"] != "3" {
		t.Errorf("masked: %v", m)
	}
}

// How a job ended is how its run ended.
func TestEnds(t *testing.T) {
	l := open(t, t.TempDir())
	for _, c := range []struct {
		script string
		status backends.RunStatus
		exit   string
	}{
		{"true", backends.RunFinished, "exit 0"},
		{"exit 9", backends.RunFailed, "exit 9"},
		{"kill -TERM $$", backends.RunKilled, "killed by SIGTERM"},
		{"kill -SEGV $$", backends.RunKilled, "killed by SIGSEGV"},
	} {
		if _, r := finish(t, l, backends.JobSpec{Command: []string{"sh", "-c", c.script}}); r.Status != c.status || r.Exit != c.exit {
			t.Errorf("%s: %s, %q", c.script, r.Status, r.Exit)
		}
	}
}

// What a start would fail on is said when it is planned, and a plan starts nothing.
func TestPlanStartChecks(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec backends.JobSpec
		code int
		says string
	}{
		{backends.JobSpec{}, 0, "no command"},
		{backends.JobSpec{Command: []string{""}}, 0, "no command"},
		{backends.JobSpec{Command: []string{"no-such-program"}}, 127, "not found"},
		{backends.JobSpec{Command: []string{"./nothing"}}, 127, "not found"},
		{backends.JobSpec{Command: []string{"script/below"}}, 127, "not found"},
		{backends.JobSpec{Command: []string{"./script"}}, 126, "permission denied"},
		{backends.JobSpec{Command: []string{dir}}, 126, "is a directory"},
		{backends.JobSpec{Command: []string{"sh"}, Env: map[string]string{"PATH": dir}}, 127, "not found"},
		{backends.JobSpec{Command: []string{"true", "a\x00b"}}, 0, "NUL"},
		{backends.JobSpec{Command: []string{"true"}, Env: map[string]string{"A=B": "c"}}, 0, "A=B"},
		{backends.JobSpec{Command: []string{"true"}, Env: map[string]string{"A": "\x00"}}, 0, "NUL"},
		{backends.JobSpec{Command: []string{"true"}, Dir: filepath.Join(dir, "nothing")}, 0, "no such file"},
		{backends.JobSpec{Command: []string{"true"}, Dir: script}, 0, "not a directory"},
		{backends.JobSpec{Command: []string{"true"}, Data: []string{"nothing.csv"}}, 0, "nothing.csv"},
		{backends.JobSpec{Command: []string{"true"}, Grace: -time.Second}, 0, "grace"},
	} {
		_, err := l.PlanStart(t.Context(), c.spec)
		var ce *CommandError
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.As(err, &ce) != (c.code > 0) || ce != nil && ce.Code != c.code {
			t.Errorf("%+v: %v, want %q and %d", c.spec, err, c.says, c.code)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, Folder)); err == nil {
		t.Error("planning made the workspace")
	}
}

// A command named flightdeck is this program, whatever it is called itself, and
// PATH is otherwise the one that was given.
func TestPathOfJobs(t *testing.T) {
	l := open(t, t.TempDir())
	finish(t, l, backends.JobSpec{Name: "a", Command: []string{"sh", "-c", "command -v flightdeck; echo $PATH"}, Env: map[string]string{"PATH": "/usr/bin:/bin"}})
	j := jobsOf(t, l)[0]
	lines := logOf(t, l, j)
	want := filepath.Join(l.dir(), "bin")
	if len(lines) != 2 || lines[0] != filepath.Join(want, program) || lines[1] != want+":/usr/bin:/bin" {
		t.Errorf("in the job: %q", lines)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(want, program)); err != nil || to != exe {
		t.Errorf("it is a link to %s, %v", to, err)
	}
	apply(t, l)(l.PlanRestart(t.Context(), j.Ref()))
	again := jobsOf(t, l)[0]
	if again.ID == j.ID || again.Spec.Env["PATH"] != lines[1] {
		t.Errorf("restarted, PATH is %q", again.Spec.Env["PATH"])
	}
	ended(t, l, again.ID)
}

func logOf(t *testing.T, l *Local, j *backends.Job) (lines []string) {
	t.Helper()
	for line, err := range l.Logs(t.Context(), j.Ref(), backends.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if text := string(line.Text); text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// The next start in a workspace gives a job that lost both its processes a
// supervisor again; a reader does not.
func TestOrphansAreAdopted(t *testing.T) {
	l := open(t, t.TempDir())
	apply(t, l)(l.PlanStart(t.Context(), backends.JobSpec{Command: []string{"sleep", "600"}}))
	j := jobsOf(t, l)[0]
	eventually(t, "keeper and supervisor are gone", func() bool {
		killOf(t, j.Dir)
		return trouble(t, l, j.ID, "supervisor is gone too")
	})
	if _, err := l.Adopt(t.Context()); err == nil {
		t.Error("orphans are adopted without a grant")
	}
	finish(t, l, backends.JobSpec{Command: []string{"true"}})
	eventually(t, "it is supervised again", func() bool { return !trouble(t, l, j.ID, "supervisor is gone too") })
	apply(t, l)(l.PlanStop(t.Context(), []backends.Ref{j.Ref()}))
	if _, r := ended(t, l, j.ID); r == nil || r.Active() {
		t.Errorf("its run: %+v", r)
	}
}

// killOf kills the keeper and the supervisor of a job's folder.
func killOf(t *testing.T, dir string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lines {
		args, err := os.ReadFile(name)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && pid > 1 && (strings.HasSuffix(string(args), "keeper\x00"+dir+"\x00") || strings.HasSuffix(string(args), "supervisor\x00"+dir+"\x00")) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is as good
		}
	}
}

func trouble(t *testing.T, l *Local, id, says string) bool {
	t.Helper()
	for _, j := range jobsOf(t, l) {
		if j.ID == id {
			return strings.Contains(j.Trouble, says)
		}
	}
	return false
}
