package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// KeeperOptions are the keeper's.
type KeeperOptions struct {
	// Exe starts the supervisor: Exe + "supervisor DIR". Empty is this very program,
	// even if its file has been replaced meanwhile.
	Exe []string
	Now func() time.Time
	// Signal, when set, is used instead of kill(2).
	Signal func(ctx context.Context, pid int, sig syscall.Signal) error
}

// keeper is the child's parent. All its work is done by one goroutine, since two
// could not share wait4(-1).
type keeper struct {
	dir, id string
	o       KeeperOptions
	t       transport
	spec    spec
	st      state
	begun   time.Time // by this process' own clock, which never goes back
	lfd     int       // the listening socket
	kills   proc.OOMKills

	child struct {
		pid   int
		ended bool
		exit  exited
		kept  bool // exit is written
	}
	sup     nursing
	stop    *stopper
	stopped bool      // the stop found nothing left
	heeded  time.Time // when the last stop was asked for
	killed  bool      // by us: then it was not for want of memory
	written state
}

// Keeper runs the keeper of the job in dir: it starts the child, tells the starter
// through descriptor 3 how that went, and stays until the child has ended and all
// about it is written down. It outlives TERM, INT and HUP, which are meant for the
// child, and ends early only with ctx. It returns the process' exit code.
func Keeper(ctx context.Context, dir string, o KeeperOptions) int {
	slim(1, 4<<20)
	if o.Now == nil {
		o.Now = time.Now
	}
	starter := openStarter()
	shed()
	k := &keeper{dir: dir, id: filepath.Base(dir), o: o, t: transport{raise: o.Signal}, begun: time.Now(), lfd: -1}
	ctx, err := k.open(ctx)
	if err == nil {
		err = k.launch(ctx)
	}
	if err != nil {
		if starter.fail(err) != nil { // nobody is there to hear it: the folder says it
			k.bury(err)
		}
		fmt.Fprintln(os.Stderr, "keeper:", err)
		return 1
	}
	starter.started(k.st.Child.PID)
	return k.loop(ctx)
}

// open claims the folder and prepares all that must not fail later.
func (k *keeper) open(ctx context.Context) (context.Context, error) {
	if err := read(k.dir, specFile, &k.spec); err != nil {
		return ctx, fmt.Errorf("keep job: %w", err)
	}
	ctx = backends.WithGrant(ctx, k.spec.Grant)
	if err := k.t.file(ctx, k.dir); err != nil {
		return ctx, err
	}
	if _, err := os.Stat(filepath.Join(k.dir, stateFile)); err == nil {
		return ctx, fmt.Errorf("job %s has been started already", k.id)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return ctx, fmt.Errorf("become subreaper: %w", err)
	}
	me, err := proc.Self()
	if err != nil {
		return ctx, err
	}
	fd, port, err := listen(0)
	if err != nil {
		return ctx, err
	}
	k.lfd = fd
	k.st = state{Keeper: me, Port: port}
	k.kills = proc.ReadOOMKills("/")
	err = errors.Join(reserve(k.dir, stateFile), reserve(k.dir, exitFile), reserve(k.dir, supervisorFile), k.save())
	return ctx, err
}

// save writes the state if it changed. A failure is tried again with the next
// change or the next second.
func (k *keeper) save() error {
	if k.st == k.written {
		return nil
	}
	if err := replace(k.dir, stateFile, k.st); err != nil {
		return err
	}
	k.written = k.st
	return nil
}

// loop does what is due until there is nothing left to do.
func (k *keeper) loop(ctx context.Context) int {
	sigs := make(chan os.Signal, 16)
	signal.Notify(sigs, syscall.SIGCHLD, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(sigs)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return 1
		case <-sigs:
		case <-timer.C:
		}
		now := time.Now()
		k.reap(now)
		k.heed(now)
		next := k.end(ctx, now)
		next = min(next, k.nurse(ctx, now))
		done := k.finished()
		k.st.Done = done
		if err := k.save(); err != nil {
			fmt.Fprintln(os.Stderr, "keeper:", err)
		}
		if done {
			return 0
		}
		timer.Reset(next)
	}
}

// reap takes in everyone who ended: the child, the supervisor, orphans.
func (k *keeper) reap(now time.Time) {
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			break
		}
		switch pid {
		case k.child.pid:
			k.child.ended, k.child.pid = true, 0 // the number may come again with an orphan
			k.child.exit = k.verdict(ws, now)
		case k.sup.pid:
			k.sup.died(ws, now, &k.st)
		}
	}
	if k.child.ended && !k.child.kept {
		if err := replace(k.dir, exitFile, k.child.exit); err != nil {
			k.st.Trouble = "the exit code is not written yet: " + err.Error()
			return
		}
		k.child.kept, k.st.Trouble = true, ""
	}
}

// verdict is why the child ended. When the wall clock went back, the time is
// counted from the start by the one that never does.
func (k *keeper) verdict(ws syscall.WaitStatus, now time.Time) exited {
	e := exited{Known: true, Code: ws.ExitStatus(), At: later(k.o.Now(), k.st.Started.Add(now.Sub(k.begun)))}
	if ws.Signaled() {
		e.Code, e.Signal = -1, unix.SignalName(ws.Signal())
	}
	killed := ws.Signaled() && ws.Signal() == syscall.SIGKILL || ws.ExitStatus() == 128+int(syscall.SIGKILL) // a shell says its child's end so
	e.OOM = killed && !k.killed && proc.ReadOOMKills("/").Rose(k.kills)
	return e
}

// heed takes note of a request to stop. A later one may only hasten the end.
func (k *keeper) heed(now time.Time) {
	var r stopRequest
	if read(k.dir, stopFile, &r) != nil || k.stopped && r.At.Equal(k.heeded) {
		return
	}
	k.heeded = r.At
	if k.stop == nil || k.stopped {
		k.stopped = false
		k.stop = newStopper(k.t, crew{id: k.id, keeper: k.st.Keeper, child: k.st.Child}, now.Add(r.Grace))
	} else if hurry := now.Add(r.Grace); hurry.Before(k.stop.deadline) {
		k.stop.deadline = hurry
	}
}

// end goes on stopping; it answers when to look again.
func (k *keeper) end(ctx context.Context, now time.Time) time.Duration {
	if k.stop == nil || k.stopped {
		return time.Second
	}
	if !now.Before(k.stop.deadline) {
		k.killed = true
	}
	done, err := k.stop.step(ctx, now)
	switch trouble := k.stop.overdue(now); {
	case err != nil:
		k.st.Trouble = "stop: " + err.Error()
	case trouble != "":
		k.st.Trouble = trouble
	}
	k.stopped = done
	return stopPace
}

func (k *keeper) finished() bool {
	if gone(k.dir) { // someone removed it: there is nothing to keep but the child
		return k.child.ended
	}
	return k.child.kept && (k.stop == nil || k.stopped) && k.sup.finished
}
