package job

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
)

const (
	atOnce    = 3                // restarts in a row without a pause: a kill is no crash
	steady    = 10 * time.Second // a supervisor that lived that long is forgiven its past
	mostPause = 30 * time.Second
	mostTries = 20 // to write down the end, after the child has ended
)

// nursing is the keeper's care for its supervisor.
type nursing struct {
	pid      int
	since    time.Time
	row      int // deaths in a row
	due      time.Time
	finished bool
}

// died decides what the supervisor's end means: exit 0 is that all is done.
func (n *nursing) died(ws syscall.WaitStatus, now time.Time, st *state) {
	n.pid = 0
	if ws.Exited() && ws.ExitStatus() == 0 {
		n.finished = true
		return
	}
	st.Died = fmt.Sprintf("exit %d", ws.ExitStatus())
	if ws.Signaled() {
		st.Died = "killed by " + unix.SignalName(ws.Signal())
	}
	if now.Sub(n.since) > steady {
		n.row = 0
	}
	n.row++
	n.due = now.Add(pause(n.row))
}

// pause is how long to wait after so many deaths in a row.
func pause(row int) time.Duration {
	if row <= atOnce {
		return 0
	}
	return min(mostPause, 250*time.Millisecond<<min(row-atOnce-1, 16))
}

// nurse keeps a supervisor running; it answers when to look again.
func (k *keeper) nurse(ctx context.Context, now time.Time) time.Duration {
	n := &k.sup
	switch {
	case n.finished || n.pid != 0 || gone(k.dir):
		return time.Second
	case k.child.kept && n.row >= mostTries:
		n.finished = true
		k.st.Trouble = "gave up writing down the end: supervisor " + k.st.Died
		return 0
	case now.Before(n.due):
		return n.due.Sub(now)
	}
	if !n.since.IsZero() {
		k.st.Restarts++
	}
	n.since = now
	pid, err := k.spawnSupervisor(ctx)
	if err != nil {
		n.row++
		k.st.Died = err.Error()
		n.due = now.Add(max(time.Second, pause(n.row)))
		return time.Second
	}
	n.pid = pid
	return time.Second
}

func (k *keeper) spawnSupervisor(ctx context.Context) (int, error) {
	argv := append(append([]string{}, k.o.Exe...), "supervisor", k.dir)
	// The program's file may have been replaced or removed by a new build; this name
	// still means what runs here.
	path := "/proc/self/exe"
	if len(k.o.Exe) == 0 {
		argv = append([]string{os.Args[0]}, argv...)
	} else {
		path = k.o.Exe[0]
	}
	if err := backends.Check(ctx, "exec", strings.Join(argv, " ")); err != nil {
		return 0, err
	}
	trim(filepath.Join(k.dir, logFile))
	env := append(without(os.Environ(), envListener), envListener+"=3")
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env: env, Files: []uintptr{0, 1, 2, uintptr(k.lfd)}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("start supervisor: %w", err)
	}
	return pid, nil
}

// trim keeps the log of one that crashes for days from filling the disk.
func trim(path string) {
	if fi, err := os.Stat(path); err == nil && fi.Size() > 1<<20 {
		_ = os.Truncate(path, 0)
	}
}

// without leaves variables out of an environment.
func without(env []string, keys ...string) []string {
	var out []string
next:
	for _, kv := range env {
		for _, key := range keys {
			if strings.HasPrefix(kv, key+"=") {
				continue next
			}
		}
		out = append(out, kv)
	}
	return out
}
