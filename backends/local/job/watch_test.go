package job

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

func identityOfTest() (proc.Identity, error) { return proc.Self() }

func TestWatchPokesWhenSomethingChanged(t *testing.T) {
	r := newRoom(t)
	ctx, cancel := context.WithCancel(context.Background())
	var pokes atomic.Int64
	done := make(chan error, 1)
	go func() {
		done <- New(r.o).Watch(ctx, func(topic string) {
			if topic == backends.TopicJobs {
				pokes.Add(1)
			}
		})
	}()
	script, g := gate(t, "")
	r.start("j1", script)
	r.until("the start is told", func() bool { return pokes.Load() > 0 })
	open(t, g)
	r.ended("j1")
	n := pokes.Load()
	if err := r.Delete(granted(), "j1"); err != nil {
		t.Fatal(err)
	}
	r.until("the deletion is told", func() bool { return pokes.Load() > n })
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not end with its context")
	}
}

func TestLogsOfARunningJob(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, `printf 'half'; while [ ! -e "$0.2" ]; do sleep 0.02; done; echo ' done'; printf '\033]0;evil\007no newline'`)
	r.startSpec("j1", backends.JobSpec{Command: []string{"sh", "-c", script, g}})
	var got []string
	for l, err := range r.Logs(context.Background(), "j1", backends.LogOptions{Follow: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(l.Text))
		switch string(l.Text) {
		case "up":
			open(t, g)
		case "half":
			if !l.Partial || l.Seq != 1 {
				t.Errorf("a line that goes on: %+v", l)
			}
			open(t, g+".2")
		}
	}
	if want := []string{"up", "half", " done", "\x1b]0;evil\x07no newline"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	j := r.ended("j1")
	for l, err := range r.Logs(context.Background(), "j1", backends.LogOptions{Tail: 2}) {
		if err != nil || l.Partial || l.Time.Before(j.Started) {
			t.Errorf("%+v %v", l, err)
		}
	}
	for _, err := range r.Logs(context.Background(), "nobody", backends.LogOptions{}) {
		if !errors.Is(err, backends.ErrNotFound) {
			t.Error(err)
		}
	}
}

func TestFollowersReportThroughTheSupervisor(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "")
	r.start("j1", "echo acc > metrics.txt; "+script)
	r.until("the follower reported", func() bool { return r.text("j1", "t.followed") == "acc\n\n" })
	open(t, g)
	r.ended("j1")
	if got := r.text("j1", "t.followed"); got != "acc\n\nlast look\n" {
		t.Errorf("followed %q", got)
	}
}

func TestAJobHasOneSupervisor(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "")
	r.start("j1", script)
	r.supervisor("j1")
	if out, err := exec.Command(os.Args[0], "supervisor", r.Dir("j1")).CombinedOutput(); err == nil || !strings.Contains(string(out), "someone does already") {
		t.Errorf("a second supervisor: %v, %s", err, out)
	}
	open(t, g)
	r.ended("j1")
	if out, err := exec.Command(os.Args[0], "supervisor", r.Dir("j1")).CombinedOutput(); err != nil {
		t.Errorf("one of a job that is done has nothing to do: %v, %s", err, out)
	}
	if got := r.text("j1", "t.ended"); got != "exit 0\n" {
		t.Errorf("told %q", got)
	}
}

func BenchmarkList(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "jobs")
	for i := range 500 {
		d := filepath.Join(dir, time.Unix(int64(i), 0).UTC().Format("150405"))
		if err := os.MkdirAll(d, 0o755); err != nil {
			b.Fatal(err)
		}
		for name, v := range map[string]any{
			specFile: spec{Order: int64(i), Spec: backends.JobSpec{Command: []string{"train"}}}, stateFile: state{Done: true},
			exitFile: exited{Known: true}, supervisorFile: supervised{Ended: true},
		} {
			if err := replace(d, name, v); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if jobs, err := New(Options{Dir: dir}).List(context.Background()); err != nil || len(jobs) != 500 {
				b.Fatal(len(jobs), err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		j := New(Options{Dir: dir})
		for b.Loop() {
			if _, err := j.List(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
