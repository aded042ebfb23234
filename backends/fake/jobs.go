package fake

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"flightdeck/backends"
)

// jobs reads jobs and their output.
type jobs struct{ w *world }

func (p jobs) Jobs(ctx context.Context) ([]*backends.Job, error) {
	return read(ctx, p.w, "jobs", func(s *State) ([]*backends.Job, error) { return slices.Clone(s.Jobs), nil })
}

// job is the job that a reference names: its own id, or its run's job.
func (s *State) job(ref backends.Ref) (*backends.Job, error) {
	id := ref.ID
	if ref.Kind == "run" {
		r, err := s.run(ref.ID)
		if err != nil {
			return nil, err
		}
		id = r.Job
	}
	i := slices.IndexFunc(s.Jobs, func(j *backends.Job) bool { return j.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("job of %s: %w", ref, backends.ErrNotFound)
	}
	return s.Jobs[i], nil
}

func (p jobs) Usage(ctx context.Context, job backends.Ref) ([]backends.Usage, error) {
	return read(ctx, p.w, "usage", func(s *State) ([]backends.Usage, error) {
		j, err := s.job(job)
		if err != nil {
			return nil, err
		}
		return slices.Clone(s.Usage[j.ID]), nil
	})
}

// Logs streams State.Logs; a follower gets what Change appends.
func (p jobs) Logs(ctx context.Context, ref backends.Ref, o backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	return func(yield func(backends.LogLine, error) bool) {
		if err := p.w.enter(ctx, "logs"); err != nil {
			yield(backends.LogLine{}, err)
			return
		}
		from := o.From
		for first := true; ; first = false {
			lines, active, changed, err := p.lines(ref)
			if err != nil {
				yield(backends.LogLine{}, err)
				return
			}
			if n := int64(len(lines)); first && o.Tail > 0 {
				from = max(from, n-o.Tail)
			}
			for _, l := range lines[min(max(from, 0), int64(len(lines))):] {
				if !l.Time.Before(o.Since) && !yield(l, nil) {
					return
				}
			}
			from = max(from, int64(len(lines)))
			if !o.Follow || !active {
				return
			}
			select {
			case <-ctx.Done():
				yield(backends.LogLine{}, ctx.Err())
				return
			case <-changed:
			}
		}
	}
}

func (p jobs) lines(ref backends.Ref) (lines []backends.LogLine, active bool, changed <-chan struct{}, err error) {
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	j, err := w.state.job(ref)
	if err != nil {
		return nil, false, nil, err
	}
	return w.state.Logs[j.ID], j.Active(), w.changed, nil
}

// replaceJob puts a changed job in the old one's place. The lock is held.
func (w *world) replaceJob(j *backends.Job) {
	w.touch(j.Ref())
	w.state.Jobs = slices.Clone(w.state.Jobs)
	i := slices.IndexFunc(w.state.Jobs, func(o *backends.Job) bool { return o.ID == j.ID })
	w.state.Jobs[i] = j
}
