package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
)

// template is a workspace with two trainings that ended, their jobs, and a model.
func template(t *testing.T) string {
	t.Helper()
	l := open(t, t.TempDir())
	_, run := finish(t, l, backends.JobSpec{Command: []string{program, "train", "digits", "--epochs", "2", "--width", "8"}, Experiment: "digits"})
	finish(t, l, backends.JobSpec{Name: "plain", Command: []string{"sh", "-c", "echo one; echo two"}})
	apply(t, l)(l.PlanRegister(t.Context(), run.Ref(), "digits", "model"))
	eventually(t, "the jobs' own processes are done", func() bool {
		for _, j := range jobsOf(t, l) {
			if p, err := l.PlanDeleteJobs(t.Context(), []backends.Ref{j.Ref()}); err != nil || len(p.Requests) == 0 {
				return false
			}
		}
		return true
	})
	return l.Root()
}

func copied(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestSuite(t *testing.T) {
	seed := template(t)
	backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, copied(t, seed)) },
		backendtest.Start(backends.JobSpec{Name: "sleeper", Command: []string{"sleep", "600"}}))
}

// A workspace that does not exist reads as empty, and reading makes nothing.
func TestEmptyWorkspace(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	runs, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(runs) > 0 {
		t.Errorf("runs %v, %v", runs, err)
	}
	if _, err := l.Run(t.Context(), "x"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("a run of an empty workspace: %v", err)
	}
	found, err := l.Doctor(t.Context(), nil)
	if err != nil || len(found) != 2 {
		t.Errorf("doctor: %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan string, 8)
	done := make(chan error, 1)
	go func() {
		done <- l.Notify(ctx, func(topic string) {
			select {
			case heard <- topic:
			default:
			}
		})
	}()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("reading left %v, %v", entries, err)
	}
	other := open(t, dir) // the first write, by somebody else, is heard of
	finish(t, other, backends.JobSpec{Command: []string{"true"}})
	select {
	case <-heard:
	case <-time.After(20 * time.Second):
		t.Error("nobody was told of the first write")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("notify: %v", err)
	}
	if runs, err = l.Runs(t.Context(), backends.RunFilter{}); err != nil || len(runs) != 1 {
		t.Errorf("after the first write: %v, %v", runs, err)
	}
}

func TestWorkspace(t *testing.T) {
	root := t.TempDir()
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, found, err := Workspace(below); got != below || found || err != nil {
		t.Errorf("without one: %s, %v, %v", got, found, err)
	}
	if err := os.WriteFile(filepath.Join(root, "a", Folder), nil, 0o644); err != nil { // a file is no workspace
		t.Fatal(err)
	}
	for range 2 {
		if err := makeFolder(root); err != nil {
			t.Fatal(err)
		}
	}
	if got, found, err := Workspace(below); got != root || !found || err != nil {
		t.Errorf("from below: %s, %v, %v", got, found, err)
	}
	if text, err := os.ReadFile(filepath.Join(root, Folder, ".gitignore")); string(text) != "*\n" || err != nil {
		t.Errorf("it does not ignore itself: %q, %v", text, err)
	}
	if _, _, err := Workspace(filepath.Join(root, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
	if _, _, err := Workspace(filepath.Join(root, "a", Folder)); err == nil {
		t.Error("a file is a workspace")
	}
}

// On a network file system a workspace opens for reading and says why; every change
// is refused with that reason, and nothing is written.
func TestNetworkFileSystem(t *testing.T) {
	dir := copied(t, template(t))
	l := open(t, dir, func(o *Options) { o.Statfs = func(string) (int64, error) { return 0x6969, nil } })
	if ro, why := l.ReadOnly(); !ro || !strings.Contains(why, "NFS") {
		t.Fatalf("on NFS: %v, %q", ro, why)
	}
	runs, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(runs) != 2 {
		t.Fatalf("its runs: %v, %v", runs, err)
	}
	plans := map[string]func() (backends.Plan, error){
		"tag": func() (backends.Plan, error) {
			return l.PlanTags(t.Context(), runs[0].Ref(), []backends.Tag{{Key: "a", Value: "b"}}, nil)
		},
		"delete": func() (backends.Plan, error) { return l.PlanDelete(t.Context(), []backends.Ref{runs[0].Ref()}) },
		"start": func() (backends.Plan, error) {
			return l.PlanStart(t.Context(), backends.JobSpec{Command: []string{"true"}})
		},
		"delete a job": func() (backends.Plan, error) {
			return l.PlanDeleteJobs(t.Context(), []backends.Ref{jobsOf(t, l)[0].Ref()})
		},
	}
	for what, plan := range plans {
		p, err := plan()
		if err != nil {
			t.Fatal(what, err)
		}
		if _, err := l.Apply(granted(), p, nil); !errors.Is(err, backends.ErrReadOnly) || !strings.Contains(err.Error(), "NFS") {
			t.Errorf("%s on NFS: %v", what, err)
		}
	}
	if _, err := l.Adopt(granted()); !errors.Is(err, backends.ErrReadOnly) {
		t.Errorf("adopt on NFS: %v", err)
	}
	if found, err := l.Doctor(t.Context(), nil); err != nil || !slices.ContainsFunc(found, func(f Finding) bool { return strings.Contains(f.Result, "NFS") }) {
		t.Errorf("the doctor does not say it: %v, %v", found, err)
	}
}

// The doctor names a damaged store and what is stale, and cleans only that.
func TestDoctor(t *testing.T) {
	dir := copied(t, template(t))
	l := open(t, dir)
	steps := 0
	found, err := l.Doctor(t.Context(), func(backends.Progress) { steps++ })
	if err != nil || slices.ContainsFunc(found, func(f Finding) bool { return f.Bad }) {
		t.Fatalf("a sound workspace: %+v, %v", found, err)
	}
	if steps == 0 {
		t.Error("it reports no progress")
	}
	if p, err := l.PlanClean(t.Context()); err != nil || len(p.Target) > 0 {
		t.Errorf("nothing is stale: %+v, %v", p, err)
	}
	half := l.jobs.Dir("20200101-000000-000000")
	if err := os.Mkdir(half, 0o755); err != nil {
		t.Fatal(err)
	}
	old := l.o.Now().AddDate(0, 0, -1)
	if err := os.Chtimes(half, old, old); err != nil {
		t.Fatal(err)
	}
	if found, err = l.Doctor(t.Context(), nil); err != nil || !slices.ContainsFunc(found, func(f Finding) bool { return f.Bad && strings.Contains(f.Result, half) && f.Fix != "" }) {
		t.Errorf("half a job: %+v, %v", found, err)
	}
	p, err := l.PlanClean(t.Context())
	if err != nil || len(p.Target) != 1 || p.Risk != backends.Destructive {
		t.Fatalf("the plan: %+v, %v", p, err)
	}
	operator := backends.WithGrant(t.Context(), backends.Grant{Actor: "op", Role: backends.Operator})
	var denied *backends.DeniedError
	if _, err := l.Apply(operator, p, nil); !errors.As(err, &denied) {
		t.Errorf("an operator cleaned: %v", err)
	}
	if _, err := l.Apply(granted(), p, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a job is still there: %v", err)
	}
	if len(jobsOf(t, l)) != 2 {
		t.Errorf("%d jobs are left of 2", len(jobsOf(t, l)))
	}

	blobs, err := filepath.Glob(filepath.Join(dir, Folder, "artifacts", "*", "*"))
	if err != nil || len(blobs) == 0 {
		t.Fatalf("no artifacts: %v", err)
	}
	if err := os.Chmod(blobs[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blobs[0], []byte("other bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found, err = l.Doctor(t.Context(), nil); err != nil || !slices.ContainsFunc(found, func(f Finding) bool { return f.Bad && f.Check == "store" }) {
		t.Errorf("a changed artifact: %+v, %v", found, err)
	}
}
