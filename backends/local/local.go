// Package local is the backend that is always there: this machine, with nothing
// installed. It joins three rooms that do not know each other: the store (runs,
// metrics, artifacts, models), the jobs (processes that outlive whoever started
// them) and the provenance of each run.
//
// Reading creates nothing. The first write makes the workspace's folder. Every
// change is a plan whose requests name an operation of this package (ops.go) and
// carry its arguments as JSON, so that what a dialog shows is what is done.
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job"
	"flightdeck/backends/local/store"
)

// Options say where the workspace is and by which means it is changed.
type Options struct {
	Root     string // the workspace; its folder is Root/.flightdeck
	Exe      []string
	Version  string
	ReadOnly bool
	Now      func() time.Time
	Import   Importer // nil cannot import

	// The transports, for tests that record what would have been done.
	Signal func(ctx context.Context, pid int, sig syscall.Signal) error
	Spawn  func(ctx context.Context, cmd *exec.Cmd) error
	// Statfs reports the file system's type, for tests.
	Statfs func(path string) (int64, error)
}

// Local is the backend.
type Local struct {
	o    Options
	jobs *job.Jobs

	mu     sync.Mutex
	st     *store.Store
	stands map[string]*stand // for the runs of jobs that have none yet, by job
}

// Open opens the workspace without creating anything.
func Open(o Options) (*Local, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Exe) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find own program: %w", err)
		}
		o.Exe = []string{exe}
	}
	l := &Local{o: o}
	l.jobs = job.New(job.Options{Dir: filepath.Join(l.dir(), "jobs"), Exe: o.Exe, Signal: o.Signal, Spawn: o.Spawn, Now: o.Now})
	if _, err := l.store(); err != nil {
		return nil, err
	}
	return l, nil
}

// Name is the backend's name, which the source column shows.
func (l *Local) Name() string { return "local" }

// Root is the workspace's folder, the parent of .flightdeck.
func (l *Local) Root() string { return l.o.Root }

// Close lets go of the store.
func (l *Local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.st == nil {
		return nil
	}
	err := l.st.Close()
	l.st = nil
	return err
}

func (l *Local) dir() string { return filepath.Join(l.o.Root, Folder) }

// store is the open store, nil while the workspace does not exist yet.
func (l *Local) store() (*store.Store, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.st != nil {
		return l.st, nil
	}
	if _, err := os.Stat(l.dir()); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	st, err := store.Open(l.dir(), store.Options{ReadOnly: l.o.ReadOnly, Statfs: l.o.Statfs, Now: l.o.Now})
	if err != nil {
		return nil, err
	}
	l.st = st
	return st, nil
}

// writable is the store for a change under ctx's grant; it makes the workspace.
func (l *Local) writable(ctx context.Context, what string) (*store.Store, error) {
	if err := l.permit(ctx, "store", what); err != nil {
		return nil, err
	}
	st, err := l.store()
	if err == nil && st == nil {
		if err = makeFolder(l.o.Root); err == nil {
			st, err = l.store()
		}
	}
	if err != nil {
		return nil, err
	}
	return st, nil
}

// permit refuses a change that the grant or the workspace does not allow.
func (l *Local) permit(ctx context.Context, transport, what string) error {
	if err := backends.Check(ctx, transport, what); err != nil {
		return err
	}
	if ro, why := l.ReadOnly(); ro {
		return fmt.Errorf("%s: %w: %s", what, backends.ErrReadOnly, why)
	}
	return nil
}

// Adopt gives jobs whose keeper and supervisor were both killed a supervisor again,
// and with it their endpoint. It is a change, and never made by reading: whoever
// opens the workspace to work in it calls this. It returns the ids of those jobs.
func (l *Local) Adopt(ctx context.Context) ([]string, error) {
	if err := l.permit(ctx, "exec", "adopt orphaned jobs"); err != nil {
		return nil, err
	}
	return l.jobs.Adopt(ctx)
}

// ReadOnly says whether the workspace cannot be changed, and why.
func (l *Local) ReadOnly() (bool, string) {
	if l.o.ReadOnly {
		return true, "--read-only"
	}
	if st, err := l.store(); err == nil && st != nil {
		return st.ReadOnly()
	}
	return false, ""
}

// Notify pokes when another process changed the store or a job.
func (l *Local) Notify(ctx context.Context, poke func(topic string)) error {
	done := make(chan error, 1)
	go func() {
		done <- l.jobs.Watch(ctx, func(topic string) {
			poke(topic)
			poke(backends.TopicRuns) // a job that runs may be listed as a run
		})
	}()
	err := l.watchStore(ctx, poke)
	return errors.Join(err, <-done)
}

// watchStore waits for the workspace to appear, then watches its store.
func (l *Local) watchStore(ctx context.Context, poke func(topic string)) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		st, err := l.store()
		if err != nil {
			return err
		}
		if st != nil {
			poke("")
			return st.Watch(ctx, func(topic string) {
				if topic == backends.TopicMetrics { // a list of runs holds their last metrics
					poke(backends.TopicRuns)
				}
				poke(topic)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
