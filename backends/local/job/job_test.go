package job

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
)

func TestAJobFromStartToEnd(t *testing.T) {
	r := newRoom(t)
	t.Setenv("MLFLOW_RUN_ID", "deadbeef")
	t.Setenv("HTTP_PROXY", "http://proxy.invalid:3128")
	spec := backends.JobSpec{
		Name: "brisk-otter", Dir: t.TempDir(), Env: map[string]string{"LR": "0.1", "MLFLOW_RUN_ID": "cafe"},
		Command: []string{"sh", "-c", `pwd; echo err >&2; env | sort; exit 3`},
	}
	prepared := ""
	j, err := r.Start(granted(), "j1", spec, func(dir string) error {
		prepared = dir
		return os.WriteFile(filepath.Join(dir, "beside"), []byte("x"), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if prepared != r.Dir("j1") || j.Dir != prepared || j.Name != "brisk-otter" || j.Started.IsZero() {
		t.Errorf("started as %+v, prepared in %s", j, prepared)
	}
	j = r.ended("j1")
	if j.State != backends.JobExited || j.Exit.String() != "exit 3" || j.Ended.Before(j.Started) || j.Trouble != "" || j.PID != 0 {
		t.Errorf("ended as %+v (%v)", j, j.Exit)
	}
	st := r.state("j1")
	out := r.text("j1", outputFile)
	for _, want := range []string{
		spec.Dir + "\n", "err\n", "\nLR=0.1\n", "\nFLIGHTDECK_JOB=j1\n", "\nFLIGHTDECK_JOB_DIR=" + prepared + "\n",
		"\nMLFLOW_TRACKING_URI=" + tracking(st.Port) + "\n", "\nMLFLOW_TRACKING_TOKEN=" + r.text("j1", tokenFile) + "\n", "\nNO_PROXY=127.0.0.1\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	for _, never := range []string{"MLFLOW_RUN_ID", envKeeper, envListener} {
		if strings.Contains(out, never+"=") {
			t.Errorf("the child sees %s", never)
		}
	}
	if got := r.text("j1", "t.ended"); got != "exit 3\n" {
		t.Errorf("the tracker was told %q", got)
	}
	if got := r.text("j1", "t.opened"); got != "tester\n" {
		t.Errorf("the tracker was opened under the grant of %q", got)
	}
	for _, name := range []string{specFile, tokenFile} {
		if fi, err := os.Stat(filepath.Join(prepared, name)); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, fi, err)
		}
	}
	for _, name := range []string{specFile, stateFile, supervisorFile, exitFile} {
		if strings.Contains(r.text("j1", name), "127.0.0.1") {
			t.Errorf("%s stores a host", name)
		}
	}
}

func TestWhyAJobDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	garbage := filepath.Join(dir, "garbage")
	for path, mode := range map[string]os.FileMode{plain: 0o644, garbage: 0o755} {
		if err := os.WriteFile(path, []byte("\x00\x01 no program"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		spec backends.JobSpec
		want string
	}{
		{"no command", backends.JobSpec{}, "no command given"},
		{"unknown command", backends.JobSpec{Command: []string{"no-such-program"}, Dir: dir}, "start no-such-program: command not found in PATH"},
		{"unknown path", backends.JobSpec{Command: []string{"./nope"}, Dir: dir}, "start ./nope: command not found"},
		{"not executable", backends.JobSpec{Command: []string{plain}, Dir: dir}, "permission denied"},
		{"not a program", backends.JobSpec{Command: []string{garbage}, Dir: dir}, "exec format error"},
		{"a folder", backends.JobSpec{Command: []string{dir}, Dir: dir}, "is a directory"},
		{"folder missing", backends.JobSpec{Command: []string{"true"}, Dir: filepath.Join(dir, "gone")}, "gone: no such file or directory"},
		{"folder is a file", backends.JobSpec{Command: []string{"true"}, Dir: plain}, "not a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRoom(t)
			j, err := r.Start(granted(), "j1", c.spec, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, %v; want …%s…", j, err, c.want)
			}
			if _, err := os.Stat(r.Dir("j1")); !errors.Is(err, os.ErrNotExist) {
				t.Error("a folder is left behind")
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	r := newRoom(t)
	spec := backends.JobSpec{Command: []string{"true"}}
	for _, id := range []string{"", ".hidden", "a/b", "..", "a b", "ü"} {
		if _, err := r.Start(granted(), id, spec, nil); err == nil {
			t.Errorf("id %q was taken", id)
		}
	}
	boom := errors.New("boom")
	if _, err := r.Start(granted(), "j1", spec, func(string) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("got %v, want what prepare said", err)
	}
	other := New(Options{Dir: r.dir, Exe: []string{lookTool(t, "true")}})
	if _, err := other.Start(granted(), "j1", spec, nil); err == nil || !strings.Contains(err.Error(), "without an answer") {
		t.Errorf("with a program that is no keeper: %v", err)
	}
	r.start("j1", "exit 0")
	if _, err := r.Start(granted(), "j1", spec, nil); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("the same id twice: %v", err)
	}
	r.ended("j1")
	if out, err := exec.Command(os.Args[0], "keeper", r.Dir("j1")).CombinedOutput(); err == nil || !strings.Contains(string(out), "started already") {
		t.Errorf("a second keeper: %v, %s", err, out)
	}
}

func TestCancelledStartStopsTheJob(t *testing.T) {
	r := newRoom(t)
	ctx, cancel := context.WithCancel(granted())
	_, err := r.Start(ctx, "j1", backends.JobSpec{Command: []string{"sleep", "100"}}, func(string) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	r.until("nothing of it runs", func() bool {
		j, err := r.Get(context.Background(), "j1")
		return errors.Is(err, backends.ErrNotFound) || err == nil && !j.Active()
	})
}

func TestListIsNewestFirstWhateverTheClockSays(t *testing.T) {
	r := newRoom(t)
	now := clock{}
	r.o.Now = now.tick
	r.start("a", "exit 0")
	r.start("c", "exit 0")
	now.back = true
	r.start("b", "exit 0")
	for _, id := range []string{"a", "b", "c"} {
		r.ended(id)
	}
	list := func(j *Jobs) []*backends.Job {
		jobs, err := j.List(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return jobs
	}
	first := list(r.Jobs)
	if got := ids(first); !slices.Equal(got, []string{"b", "c", "a"}) {
		t.Errorf("order %v", got)
	}
	if again := list(r.Jobs); !slices.Equal(first, again) {
		t.Error("unchanged jobs are other pointers")
	}
	for _, j := range first {
		if j.Ended.Before(j.Started) {
			t.Errorf("%s ended before it started", j.ID)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, ".order"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start("d", "exit 0")
	r.ended("d")
	if got := ids(list(New(r.o))); !slices.Equal(got, []string{"d", "b", "c", "a"}) {
		t.Errorf("after the count was damaged: %v", got)
	}
}

func ids(jobs []*backends.Job) []string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.ID)
	}
	return out
}
