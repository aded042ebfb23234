package job

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
)

func TestHalfWrittenFiles(t *testing.T) {
	for _, c := range []struct{ file, damage, trouble string }{
		{stateFile, `{"keeper":{"pid":1`, "state.json is damaged"},
		{stateFile, ``, "state.json is damaged"},
		{specFile, `{"id":"j1","spec":{"com`, "spec.json is damaged"},
		{supervisorFile, `{"superv`, ""},
		{usageFile, `{"at":"2026-`, ""},
		{indexFile, "\x01\x02", ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			r := newRoom(t)
			r.start("j1", "echo hello; while :; do sleep 0.1; done")
			sup := r.supervisor("j1")
			st := r.state("j1")
			if err := os.WriteFile(filepath.Join(r.Dir("j1"), c.file), []byte(c.damage), 0o600); err != nil {
				t.Fatal(err)
			}
			jobs, err := r.List(context.Background())
			if err != nil || len(jobs) != 1 {
				t.Fatalf("listed %v, %v", jobs, err)
			}
			if j := jobs[0]; j.State != backends.JobRunning || !strings.Contains(j.Trouble, c.trouble) {
				t.Errorf("%s, %q", j.State, j.Trouble)
			}
			if err := r.Stop(granted(), "j1", time.Second); err != nil {
				t.Fatal(err)
			}
			r.until("all have ended", func() bool { return !st.Child.Alive() && !sup.Alive() && !st.Keeper.Alive() })
			if j := r.job("j1"); j.State != backends.JobExited || j.Exit.Signal != "SIGTERM" {
				t.Errorf("ended as %s %v", j.State, j.Exit)
			}
			if got := r.text("j1", "t.ended"); got != "killed by SIGTERM\n" {
				t.Errorf("told %q", got)
			}
		})
	}
}

func TestAJobHoldsNothingOfItsStarter(t *testing.T) {
	r := newRoom(t)
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil { // not close-on-exec, as a shell's
		t.Fatal(err)
	}
	script, g := gate(t, "ls /proc/self/fd | wc -l")
	r.start("j1", script)
	r.supervisor("j1")
	syscall.Close(p[1])
	end := make(chan error, 1)
	go func() {
		n, err := syscall.Read(p[0], make([]byte, 1))
		if n != 0 {
			err = fmt.Errorf("read %d bytes", n)
		}
		end <- err
	}()
	select {
	case err := <-end:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the job still holds the pipe")
	}
	syscall.Close(p[0])
	open(t, g)
	r.ended("j1")
	if got := strings.Fields(r.text("j1", outputFile)); len(got) != 2 || got[1] != "4" { // 0, 1, 2 and ls' own
		t.Errorf("descriptors of the child: %q", got)
	}
}

func TestAnEndlessLineGoesThrough(t *testing.T) {
	const size = 64 << 20
	r := newRoom(t)
	script, g := gate(t, "")
	r.start("j1", fmt.Sprintf(`head -c %d /dev/zero | tr '\0' '\033'; printf '\n'; %s`, size, script))
	r.until("it has written all", func() bool {
		fi, err := os.Stat(filepath.Join(r.Dir("j1"), outputFile))
		return err == nil && fi.Size() == size+int64(len("\nup\n"))
	})
	sup := r.supervisor("j1")
	r.until("it is indexed", func() bool {
		fi, err := os.Stat(filepath.Join(r.Dir("j1"), indexFile))
		return err == nil && fi.Size() >= 64*24
	})
	if pss := smaps(t, sup.PID, "Pss"); pss > 20e6*memoryFactor {
		t.Errorf("the supervisor has grown to %d bytes", pss)
	}
	open(t, g)
	r.ended("j1")
	var n int64
	var last string
	for l, err := range r.Logs(context.Background(), "j1", backends.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		n += int64(len(l.Text))
		last = string(l.Text)
	}
	if n != size+int64(len("up")) || last != "up" {
		t.Errorf("%d bytes, the last line %q", n, last)
	}
}

// The keeper's own clock decides, so a clock that is set back while the job runs
// does not make it end before it began.
func TestTheEndComesAfterTheStartThoughTheClockGoesBack(t *testing.T) {
	c := &clock{}
	k := &keeper{begun: time.Now().Add(-time.Minute)}
	k.o.Now = c.tick
	k.st.Started = c.tick().Add(-time.Minute)
	c.back = true
	if e := k.verdict(syscall.WaitStatus(3<<8), time.Now()); e.At.Sub(k.st.Started).Round(time.Second) != time.Minute || e.Code != 3 {
		t.Errorf("%+v, started %v", e, k.st.Started)
	}
}

func TestARemovedFolderLeavesNoProcessBehind(t *testing.T) {
	r := newRoom(t)
	script, g := gate(t, "")
	r.start("j1", script)
	sup, st := r.supervisor("j1"), r.state("j1")
	r.until("it is gone", func() bool { return os.RemoveAll(r.Dir("j1")) == nil && gone(r.Dir("j1")) && !sup.Alive() })
	if !st.Child.Alive() || !st.Keeper.Alive() {
		t.Error("the child or its parent died with the folder")
	}
	open(t, g)
	r.until("all have ended", func() bool { return !st.Child.Alive() && !st.Keeper.Alive() })
	if jobs, err := r.List(context.Background()); err != nil || len(jobs) != 0 {
		t.Errorf("listed %v, %v", jobs, err)
	}
}
