package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/output"
)

// Options say where the jobs are and by which means they are changed.
type Options struct {
	Dir string   // …/.flightdeck/jobs; it need not exist
	Exe []string // this program, to which "keeper DIR" is added
	Now func() time.Time

	// The transports, for tests that record. They are asked only under a grant.
	Signal func(ctx context.Context, pid int, sig syscall.Signal) error
	Spawn  func(ctx context.Context, cmd *exec.Cmd) error
}

// Jobs is the jobs of one workspace. It holds no state of its own but a cache:
// any number of processes may have one of the same folder.
type Jobs struct {
	o Options
	t transport

	mu      sync.Mutex
	cache   map[string]*cached
	ids     []string // the folders, while the parent is as in seen
	seen    stamp
	started []*os.Process // keepers that are our children and must be reaped
}

// New makes the jobs of a folder, without touching it.
func New(o Options) *Jobs {
	if o.Now == nil {
		o.Now = time.Now
	}
	if dir, err := filepath.Abs(o.Dir); err == nil {
		o.Dir = dir
	}
	return &Jobs{o: o, t: transport{raise: o.Signal, start: o.Spawn}, cache: map[string]*cached{}}
}

// Dir is the folder of a job.
func (j *Jobs) Dir(id string) string { return filepath.Join(j.o.Dir, id) }

// exists answers backends.ErrNotFound for a job that is not there.
func (j *Jobs) exists(id string) error {
	if err := CheckID(id); err != nil {
		return fmt.Errorf("%w: %w", err, backends.ErrNotFound)
	}
	if fi, err := os.Stat(j.Dir(id)); err != nil || !fi.IsDir() {
		return fmt.Errorf("job %s: %w", id, backends.ErrNotFound)
	}
	return nil
}

// Get is one job. The same pointer is the same, unchanged job.
func (j *Jobs) Get(ctx context.Context, id string) (*backends.Job, error) {
	if err := j.exists(id); err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reap()
	c := j.refresh(id, false)
	if c == nil {
		return nil, fmt.Errorf("job %s: %w", id, backends.ErrNotFound)
	}
	return c.job, ctx.Err()
}

// List is all jobs, newest first. A job that did not change is the same pointer as
// before. What it costs goes with the jobs that still run.
func (j *Jobs) List(ctx context.Context) ([]*backends.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reap()
	at := stampOf(j.o.Dir)
	again := at != j.seen || at.recent()
	if again {
		entries, err := os.ReadDir(j.o.Dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("list jobs: %w", err)
		}
		j.ids = j.ids[:0]
		for _, e := range entries {
			if e.IsDir() && CheckID(e.Name()) == nil {
				j.ids = append(j.ids, e.Name())
			}
		}
		j.seen = at
		for id := range j.cache {
			if _, ok := slices.BinarySearch(j.ids, id); !ok {
				delete(j.cache, id)
			}
		}
	}
	found := make([]*cached, 0, len(j.ids))
	for _, id := range j.ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c := j.refresh(id, !again); c != nil {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, newer)
	jobs := make([]*backends.Job, len(found))
	for i, c := range found {
		jobs[i] = c.job
	}
	return jobs, nil
}

// Watch pokes the topic of jobs when a job changed, until ctx ends.
func (j *Jobs) Watch(ctx context.Context, poke func(topic string)) error {
	t := time.NewTicker(lookPace)
	defer t.Stop()
	var before []*backends.Job
	for {
		now, err := j.List(ctx)
		if err == nil && !slices.Equal(before, now) {
			before = now
			poke(backends.TopicJobs)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Logs streams the output of a job. A line longer than 64 KB comes in Partial
// pieces, each with a Seq of its own; a last line that did not end yet is Partial
// too, and its rest follows under the same Seq. Follow ends when the job has.
func (j *Jobs) Logs(ctx context.Context, id string, o backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	if err := j.exists(id); err != nil {
		return func(yield func(backends.LogLine, error) bool) { yield(backends.LogLine{}, err) }
	}
	dir := j.Dir(id)
	src := output.Source{
		Output: filepath.Join(dir, outputFile), Index: filepath.Join(dir, indexFile), Now: j.o.Now, Poll: lookPace,
		Ended: func() bool {
			job, err := j.Get(ctx, id)
			return err != nil || !job.Active()
		},
	}
	return src.Lines(ctx, o)
}

// Usage is the samples of a job, oldest first.
func (j *Jobs) Usage(_ context.Context, id string) ([]backends.Usage, error) {
	if err := j.exists(id); err != nil {
		return nil, err
	}
	return readUsage(filepath.Join(j.Dir(id), usageFile))
}
