package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// A job has a run of its own only from the moment when it is sure that its child
// makes none: at its end, or when something else measures it. Until then people
// want to see it all the same, read its output and stop it. So a job that runs and
// has no run yet is listed as the run that it would make: under the id and the name
// that its own run will have, so that nothing moves when that comes into being.

// ownRun is the id and the name of a job's own run.
func ownRun(j *backends.Job) (id, name string) {
	sum := sha256.Sum256([]byte("flightdeck job " + j.ID))
	id = hex.EncodeToString(sum[:16])
	if name = j.Spec.Name; name == "" {
		name = store.NameFrom(sum)
	}
	return id, name
}

// shy is how long a job may take to make a run before it is listed without one:
// the built-in trainer needs a tenth of it.
const shy = time.Second

// unborn is the jobs among those that run which are to be listed without a run.
func (l *Local) unborn(ctx context.Context, runs []*backends.Run, f backends.RunFilter) ([]*backends.Run, error) {
	if f.Deleted || f.Experiment != "" {
		return nil, nil
	}
	jobs, err := l.jobs.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []*backends.Run
	for _, j := range jobs {
		if !j.Active() || j.Spec.Service || j.Spec.Resume != "" || f.Job != "" && f.Job != j.ID || l.o.Now().Sub(j.Started) < shy {
			continue
		}
		if slices.ContainsFunc(runs, func(r *backends.Run) bool { return r.Job == j.ID }) {
			continue
		}
		gone, err := ask(l, func(st *store.Store) ([]*backends.Run, error) {
			return st.Runs(ctx, backends.RunFilter{Job: j.ID, Deleted: true})
		})
		if err != nil {
			return nil, err
		}
		if len(gone) == 0 {
			out = append(out, l.asRun(j))
		}
	}
	return out, nil
}

// stand is what stands for the run of a job that has none.
type stand struct {
	run     *backends.Run
	history map[string]*backends.History // of its samples, by metric
}

// asRun is a job as the run that it would make: the same pointer until it has been
// sampled again.
func (l *Local) asRun(j *backends.Job) *backends.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.stands[j.ID]
	if st == nil {
		st = &stand{history: map[string]*backends.History{}}
		if l.stands == nil {
			l.stands = map[string]*stand{}
		}
		l.stands[j.ID] = st
	}
	var metrics []backends.Metric
	if j.Usage != nil {
		metrics = systemMetrics(*j.Usage, 0)
		slices.SortFunc(metrics, func(a, b backends.Metric) int { return strings.Compare(a.Key, b.Key) })
	}
	if st.run != nil && slices.Equal(st.run.Metrics, metrics) {
		return st.run
	}
	id, name := ownRun(j)
	exp := j.Spec.Experiment
	if exp == "" {
		exp = "Default"
	}
	st.run = &backends.Run{
		ID: id, Name: name, ExpName: exp, Backend: l.Name(), Status: backends.RunRunning, Start: j.Started, Job: j.ID, Metrics: metrics,
		Tags: []backends.Tag{{Key: backends.TagCommand, Value: backends.Join(j.Spec.Command)}, {Key: backends.TagJob, Value: j.ID}},
	}
	return st.run
}

// sampled is the history of a system metric of a job that has no run yet.
func (l *Local) sampled(ctx context.Context, run, key string) (*backends.History, error) {
	r, err := l.findUnborn(ctx, run)
	if err != nil {
		return nil, err
	}
	samples, err := l.jobs.Usage(ctx, r.Job)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.stands[r.Job]
	h := st.history[key]
	if h == nil {
		h = &backends.History{Key: key}
		st.history[key] = h
	}
	var fresh backends.Points
	for i := h.Len(); i < len(samples); i++ {
		for _, m := range systemMetrics(samples[i], int64(i)) {
			if m.Key == key {
				fresh.Step, fresh.Time, fresh.Value = append(fresh.Step, m.Step), append(fresh.Time, m.Time), append(fresh.Value, m.Value)
			}
		}
	}
	h.Append(fresh)
	return h, nil
}

// findUnborn is the run that a running job would make, by id, by its beginning or
// by name.
func (l *Local) findUnborn(ctx context.Context, name string) (*backends.Run, error) {
	runs, err := ask(l, func(st *store.Store) ([]*backends.Run, error) { return st.Runs(ctx, backends.RunFilter{}) })
	if err != nil {
		return nil, err
	}
	waiting, err := l.unborn(ctx, runs, backends.RunFilter{})
	if err != nil {
		return nil, err
	}
	for _, r := range waiting {
		if r.Name == name || len(name) >= 4 && strings.HasPrefix(r.ID, name) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("run %s: %w", name, backends.ErrNotFound)
}

// stored is a run that can be changed: one that the store has.
func (l *Local) stored(ctx context.Context, name string) (*backends.Run, error) {
	r, err := ask(l, func(st *store.Store) (*backends.Run, error) { return st.Run(ctx, name) })
	if err == nil && r != nil {
		return r, nil
	}
	if err != nil && !errors.Is(err, backends.ErrNotFound) {
		return nil, err
	}
	if r, err := l.findUnborn(ctx, name); err == nil {
		return nil, fmt.Errorf("%s runs, and its run is recorded when it ends or logs something: try it then", r.Name)
	}
	return nil, fmt.Errorf("run %s: %w", name, backends.ErrNotFound) // the store says it in MLflow's words
}
