package local

import (
	"context"
	"syscall"
	"time"

	"flightdeck/backends"
)

// WaitJob waits until a job has ended and its supervisor has closed its runs, or
// until ctx ends. A supervisor that does not come back is not waited for for ever.
func (l *Local) WaitJob(ctx context.Context, id string) (*backends.Job, error) {
	return l.Await(ctx, id, func([]*backends.Run) {})
}

// patience is how long a job's runs may stay open after its end: a keeper that
// lives restarts its supervisor until they are closed. A job without one is lost,
// and its runs are closed by whoever starts the next job here.
func (l *Local) patience(j *backends.Job) time.Duration {
	if j.State == backends.JobLost || l.full() {
		return 2 * time.Second
	}
	return 20 * time.Second
}

// scarce is the free space, in bytes, under which a store can take nothing more.
const scarce = 128 << 10

// full reports whether the workspace's disk has no room left.
func (l *Local) full() bool {
	var st syscall.Statfs_t
	return syscall.Statfs(l.dir(), &st) == nil && st.Bavail*uint64(st.Bsize) < scarce
}

// Unrecorded says why the end of a job is not in its runs yet; "" when it is.
// Nothing is lost by then: the job's folder has it, and whoever supervises next
// writes it down.
func (l *Local) Unrecorded(ctx context.Context, j *backends.Job) string {
	runs, err := l.runsOf(ctx, j.ID)
	switch {
	case err == nil && (closed(runs) || j.Spec.Service && len(runs) == 0):
		return ""
	case l.full():
		return "the disk is full; it is recorded when there is room"
	case err != nil:
		return err.Error()
	case j.Trouble != "":
		return j.Trouble
	}
	return "its supervisor does not answer; flightdeck doctor says more"
}

// Await is WaitJob that shows the job's runs to look while they change.
func (l *Local) Await(ctx context.Context, id string, look func([]*backends.Run)) (*backends.Job, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var ended time.Time
	for {
		j, err := l.jobs.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		runs, err := l.runsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		look(runs)
		if !j.Active() {
			if ended.IsZero() {
				ended = time.Now()
			}
			if closed(runs) || j.Spec.Service && len(runs) == 0 || time.Since(ended) > l.patience(j) {
				return j, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// runsOf is all runs of a job, newest first, those that were deleted meanwhile too.
func (l *Local) runsOf(ctx context.Context, id string) ([]*backends.Run, error) {
	runs, err := l.Runs(ctx, backends.RunFilter{Job: id})
	if err != nil || len(runs) > 0 {
		return runs, err
	}
	return l.Runs(ctx, backends.RunFilter{Job: id, Deleted: true})
}

// closed reports whether the supervisor has written the end of every run. A job
// gets its own run at its end, so that none means not yet.
func closed(runs []*backends.Run) bool {
	for _, r := range runs {
		if r.Active() || r.Exit == "" {
			return false
		}
	}
	return len(runs) > 0
}
