package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
)

func TestDeleteAndRestore(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "echo late")
	r.start("j1", script)
	if err := r.Delete(granted(), "j1"); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("a running job was deleted: %v", err)
	}
	open(t, g)
	before := r.ended("j1")
	if err := r.Delete(granted(), "j1"); err != nil {
		t.Fatal(err)
	}
	if jobs, err := r.List(context.Background()); err != nil || len(jobs) != 0 {
		t.Errorf("still listed: %v, %v", jobs, err)
	}
	if _, err := r.Get(context.Background(), "j1"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := r.Delete(granted(), "j1"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := r.Restore(granted(), "j1"); err != nil {
		t.Fatal(err)
	}
	if j := r.job("j1"); j.Exit.String() != before.Exit.String() || r.text("j1", outputFile) != "up\nlate\n" {
		t.Errorf("restored as %+v", j)
	}
	if err := r.Restore(granted(), "j1"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("restored twice: %v", err)
	}
}

func TestCleanRemovesExactlyWhatIsListed(t *testing.T) {
	r := newRoom(t)
	pids := t.TempDir()
	r.start("old", "exit 0")
	r.start("new", "exit 0")
	r.start("stray", fmt.Sprintf("setsid sh -c 'echo $$ > %s/s; while :; do sleep 1; done' & while [ ! -e %[1]s/s ]; do sleep 0.01; done", pids))
	r.start("runs", "while :; do sleep 1; done")
	for _, id := range []string{"old", "new", "stray"} {
		r.ended(id)
	}
	stray := pidIn(t, pids+"/s")
	for _, id := range []string{"old", "new"} {
		if err := r.Delete(granted(), id); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * keepTrash)
	half, fresh, never := mkdir(t, r.Dir("half")), mkdir(t, r.Dir("fresh")), mkdir(t, r.Dir("never"))
	if err := replace(never, specFile, spec{ID: "never"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{half, never, filepath.Join(r.trash(), "old")} {
		if err := os.Chtimes(p, long, long); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Stale(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range got {
		list = append(list, filepath.Base(s.Path)+": "+s.Why)
	}
	want := []string{
		"half: half-made: it has no spec", "never: never started: whoever started it died before it did",
		"old: deleted on " + long.Format("2006-01-02"), fmt.Sprintf(`pid %d: "sh" of job stray goes on though the job has ended`, stray.PID),
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(list, "\n"), w) {
			t.Errorf("%q is not listed in %q", w, list)
		}
	}
	if j := r.job("never"); j.State != backends.JobLost || !strings.Contains(j.Trouble, "never started") {
		t.Errorf("%s %q", j.State, j.Trouble)
	}
	operator := backends.WithGrant(context.Background(), backends.Grant{Role: backends.Operator})
	if err := r.Clean(operator, got); err == nil {
		t.Error("an operator may not remove for good")
	}
	wrong := append(got, Stale{Path: r.Dir("runs")}, Stale{Path: fresh}, Stale{Path: "/etc"})
	if err := r.Clean(granted(), wrong); !errors.Is(err, backends.ErrStale) || strings.Count(err.Error(), "clean ") != 3 {
		t.Errorf("what is not stale: %v", err)
	}
	until(t, "the stray is gone", func() bool { return !stray.Alive() })
	for path, there := range map[string]bool{half: false, never: false, fresh: true, r.Dir("runs"): true, filepath.Join(r.trash(), "old"): false, filepath.Join(r.trash(), "new"): true} {
		if _, err := os.Stat(path); (err == nil) != there {
			t.Errorf("%s there: %v, want %v", path, err == nil, there)
		}
	}
	if err := r.Stop(granted(), "runs", time.Second); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsChangedWithoutAGrant(t *testing.T) {
	r := newRoom(t)
	r.start("ended", "exit 0")
	r.start("runs", "while :; do sleep 1; done")
	r.ended("ended")
	r.supervisor("runs")
	var touched []string
	rec := New(Options{
		Dir: r.dir, Exe: r.o.Exe,
		Signal: func(_ context.Context, pid int, sig syscall.Signal) error {
			touched = append(touched, fmt.Sprint(pid, sig))
			return nil
		},
		Spawn: func(_ context.Context, cmd *exec.Cmd) error { touched = append(touched, cmd.String()); return nil },
	})
	before := tree(t, filepath.Dir(r.dir))
	for who, ctx := range map[string]context.Context{
		"nobody": context.Background(), "a viewer": backends.WithGrant(context.Background(), backends.Grant{Role: backends.Viewer}),
	} {
		_, startErr := rec.Start(ctx, "j9", backends.JobSpec{Command: []string{"true"}}, func(string) error { touched = append(touched, "prepare"); return nil })
		for what, err := range map[string]error{
			"start": startErr, "stop": rec.Stop(ctx, "runs", 0), "delete": rec.Delete(ctx, "ended"),
			"restore": rec.Restore(ctx, "ended"), "clean": rec.Clean(ctx, []Stale{{Path: r.Dir("ended")}}),
		} {
			var denied *backends.DeniedError
			if !errors.As(err, &denied) {
				t.Errorf("%s may %s: %v", who, what, err)
			}
		}
	}
	if len(touched) != 0 || tree(t, filepath.Dir(r.dir)) != before {
		t.Errorf("touched %q", touched)
	}
	_, _ = rec.Start(granted(), "j9", backends.JobSpec{Command: []string{"true"}}, nil)
	ctx, cancel := context.WithTimeout(granted(), 100*time.Millisecond)
	defer cancel()
	_ = rec.Stop(ctx, "runs", time.Second)
	if len(touched) != 2 || !strings.Contains(touched[0], "keeper") || !strings.Contains(touched[1], syscall.SIGUSR1.String()) {
		t.Errorf("with a grant it would have done %q", touched)
	}
}

// tree is the names below a folder, without those that running jobs write by
// themselves.
func tree(t *testing.T, dir string) string {
	var names []string
	err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
		if base := filepath.Base(p); err == nil && !strings.HasPrefix(base, "t.") && !strings.HasSuffix(base, ".tmp") && base != usageFile && base != indexFile {
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}
