package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
	stores "flightdeck/backends/mlflow/recorded"
)

// errRecorded is what a recorded transport answers: nothing came of it.
var errRecorded = errors.New("recorded, not done")

// recorder stands behind the transports that leave the workspace (signals,
// processes, HTTP) and writes down what would have been done. What goes into the
// workspace itself, the store and its files, a fingerprint shows.
type recorder struct {
	exe   string
	nfs   bool // the workspace lies on a network file system
	mu    sync.Mutex
	calls []string
}

func (r *recorder) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, what)
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// RoundTrip refuses in a way that no client tries again.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet {
		r.note("http " + req.Method + " " + req.URL.String())
	}
	return &http.Response{
		StatusCode: http.StatusForbidden, Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader(`{"error_code":"PERMISSION_DENIED","message":"recorded, not done"}`)),
	}, nil
}

// open opens a workspace whose signals and processes are recorded instead of made.
func (r *recorder) open(o local.Options) (*local.Local, error) {
	o.Exe = []string{r.exe}
	if r.nfs {
		o.Statfs = func(string) (int64, error) { return 0x6969, nil }
	}
	o.Signal = func(_ context.Context, pid int, sig syscall.Signal) error {
		r.note(fmt.Sprintf("signal %d %s", pid, sig))
		return errRecorded
	}
	o.Spawn = func(_ context.Context, cmd *exec.Cmd) error {
		r.note("exec " + strings.Join(cmd.Args, " "))
		return errRecorded
	}
	return local.Open(o)
}

// fingerprint is everything under a folder, by name and content, but not what
// SQLite keeps beside the store for readers.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") && fi.Size() == 0 {
			return nil
		}
		if fi.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s %x\n", name, data)
		} else {
			fmt.Fprintf(&b, "%s\n", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lab is a workspace that has something for every verb and action to act on, and in
// which nothing moves: a run with a model and a checkpoint, one that trains (its
// process is frozen, and its keeper and supervisor are gone), one that is deleted, a
// deleted job, a folder that never became a job.
type lab struct {
	dir               string
	done, live, gone  string // runs, by name
	cut               string // a run that failed and left a checkpoint
	ended, trash, pid string // jobs, by id; the frozen process
	old               string // a folder elsewhere that MLflow wrote
}

func newLab(t testing.TB) lab {
	t.Helper()
	l := lab{dir: workspace(t), done: "brisk-otter", live: "calm-heron", gone: "still-crane", cut: "short-swan", old: stores.Runs(t, "3.17.2")}
	must(t, exitOK, l.dir, "train", "digits", "--epochs", "2", "--width", "8", "--name", l.done)
	must(t, exitOK, l.dir, "models", "register", l.done, "digits")
	must(t, exitOK, l.dir, "run", "--name", l.gone, "--", "true")
	must(t, 9, l.dir, "run", "--name", l.cut, "--", "sh", "-c", "mkdir $FLIGHTDECK_JOB_DIR/checkpoints; touch $FLIGHTDECK_JOB_DIR/checkpoints/last; exit 9")
	must(t, exitOK, l.dir, "run", "--name", "spare", "--", "true")
	must(t, exitOK, l.dir, "train", "digits", "--epochs", "1000", "--throttle", "1m", "--name", l.live, "-d")
	lo := opened(t, l.dir)
	eventually(t, "the run that trains has a metric", 20*time.Second, func() bool {
		r, err := lo.Run(context.Background(), l.live)
		if err != nil {
			return false
		}
		_, ok := r.Metric("val_acc")
		return ok && children(t, l.dir) != nil
	})
	trainer := children(t, l.dir)[0]
	l.pid = fmt.Sprint(trainer.pid)
	// Keepers and supervisors, again until there are none: one that is killed late may
	// have started another, which would go on writing.
	eventually(t, "the keepers and supervisors are gone", 20*time.Second, func() bool {
		left := matching(t, " "+l.dir+"/.flightdeck/jobs/")
		for _, p := range left {
			_ = syscall.Kill(p.pid, syscall.SIGKILL) // one that is gone already is what is wanted
		}
		return len(left) == 0
	})
	if err := syscall.Kill(trainer.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(trainer.pid, syscall.SIGKILL) })
	for _, j := range jobsOf(t, lo) {
		switch j.Name {
		case l.done:
			l.ended = j.ID
		case "spare":
			l.trash = j.ID
		}
	}
	must(t, exitOK, l.dir, "delete", l.gone)
	must(t, exitOK, l.dir, "delete", "--jobs", l.trash)
	half := filepath.Join(l.dir, ".flightdeck", "jobs", "20200101-000000-000000")
	if err := os.Mkdir(half, 0o755); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(half, old, old); err != nil {
		t.Fatal(err)
	}
	if err := lo.Close(); err != nil {
		t.Fatal(err)
	}
	before := ""
	eventually(t, "nothing moves in the lab", 20*time.Second, func() bool {
		now := fingerprint(t, l.dir)
		same := now == before
		before = now
		return same
	})
	return l
}

// copied is the lab in another folder, to be changed.
func (l lab) copied(t testing.TB) lab {
	t.Helper()
	to := t.TempDir()
	if out, err := exec.Command("cp", "-a", l.dir+"/.", to).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l.dir = to
	return l
}

// usage is one way to call a verb, and the transports that it reaches when it may:
// some of store, file, exec, signal, http.
type usage struct {
	args    string
	reaches string
}

// usages are how each verb is called on the lab. A verb that is not here fails the
// tests: whoever adds one says how it is called and what it reaches.
func (l lab) usages() map[string][]usage {
	return map[string][]usage{
		"demo":            {{"--headless", "exec"}, {"", "exec"}},
		"run":             {{"-- true", "exec"}, {"-d -- true", "exec"}, {"--data main.go -- true", "exec"}},
		"train":           {{"", ""}},
		"train digits":    {{"", "exec"}, {"-d", "exec"}},
		"train sentiment": {{"-d", "exec"}},
		"ps":              {{"", ""}, {"-a", ""}},
		"logs":            {{l.done, ""}, {l.live, ""}},
		"stop":            {{l.live, "file signal"}},
		"restart":         {{l.done, "exec"}, {l.live, "exec"}},
		"resume":          {{l.cut, "exec"}},
		"delete":          {{l.done, "store"}, {l.live, "store"}, {"--jobs " + l.ended, "file"}},
		"restore":         {{l.gone, "store"}, {"--jobs " + l.trash, "file"}},
		"tag":             {{l.done + " team=vision old-", "store"}},
		"note":            {{l.done + " a note", "store"}, {l.done, ""}},
		"runs":            {{"", ""}, {"metrics.val_acc>0.5", ""}, {"--deleted", ""}},
		"show":            {{l.done, ""}},
		"media":           {{l.done, ""}},
		"diff":            {{l.done + " " + l.live, ""}},
		"reproduce":       {{l.done, "file exec"}},
		"models":          {{"", ""}},
		"models register": {{l.done + " digits", "store"}},
		"models alias":    {{"digits champion 1", "store"}},
		"sources":         {{"", ""}},
		"import":          {{l.old + " --all", "store"}, {l.old + " child --experiment x", "store"}},
		"export":          {{l.done + " -o csv", ""}, {"--all -o json", ""}, {"--to http://127.0.0.1:9 " + l.done, "http"}},
		"serve":           {{"--http 127.0.0.1:0 --with-stdin", ""}, {"--http 127.0.0.1:0 -d", "exec"}},
		"serve user":      {{"eve", ""}},
		"tensorboard":     {{"--port 0 --with-stdin", ""}, {"main.go --port 0 --with-stdin", ""}},
		"doctor":          {{"", ""}, {"--clean -y", "file"}},
		"version":         {{"", ""}},
		"completion":      {{"bash", ""}},
		"exit-codes":      {{"", ""}},
	}
}

// differs says in which of the workspace's two transports something was written.
func differs(before, after string) (kinds []string) {
	split := func(s string) (db, rest string) {
		for line := range strings.Lines(s) {
			if strings.HasPrefix(line, ".flightdeck/store.db") {
				db += line
			} else {
				rest += line
			}
		}
		return db, rest
	}
	db1, rest1 := split(before)
	db2, rest2 := split(after)
	if db1 != db2 {
		kinds = append(kinds, "store")
	}
	if rest1 != rest2 {
		kinds = append(kinds, "file")
	}
	return kinds
}

// call calls a verb in this process, over recorded transports.
func (l lab) call(t testing.TB, rec *recorder, grant *backends.Grant, args ...string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c := newCLI(strings.NewReader(""), &out, &errs)
	c.grant, c.open = grant, rec.open
	code := c.main(ctx, append([]string{"-C", l.dir}, args...))
	return code, out.String() + errs.String()
}
