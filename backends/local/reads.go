package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/provenance"
	"flightdeck/backends/local/store"
)

// ask runs a read against the store; a workspace that does not exist yet answers
// with the zero value.
func ask[T any](l *Local, read func(*store.Store) (T, error)) (T, error) {
	st, err := l.store()
	if err != nil || st == nil {
		var zero T
		return zero, err
	}
	return read(st)
}

// Runs lists the runs, newest first: before those that the store has, the jobs that
// run and have made none yet (unborn.go).
func (l *Local) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	runs, err := ask(l, func(st *store.Store) ([]*backends.Run, error) { return st.Runs(ctx, f) })
	if err != nil {
		return nil, err
	}
	first, err := l.unborn(ctx, runs, f)
	if err != nil || len(first) == 0 {
		return runs, err
	}
	return append(first, runs...), nil
}

// Run finds one run by id, by a unique beginning of it, or by name.
func (l *Local) Run(ctx context.Context, name string) (*backends.Run, error) {
	r, err := ask(l, func(st *store.Store) (*backends.Run, error) { return st.Run(ctx, name) })
	if errors.Is(err, backends.ErrNotFound) || err == nil && r == nil {
		return l.findUnborn(ctx, name)
	}
	return r, err
}

// Experiments lists the experiments.
func (l *Local) Experiments(ctx context.Context) ([]backends.Experiment, error) {
	return ask(l, func(st *store.Store) ([]backends.Experiment, error) { return st.Experiments(ctx) })
}

// History is the shared, growing history of a metric.
func (l *Local) History(ctx context.Context, run backends.Ref, key string) (*backends.History, error) {
	h, err := ask(l, func(st *store.Store) (*backends.History, error) { return st.History(ctx, run.ID, key) })
	if err == nil && (h == nil || h.Len() == 0) && strings.HasPrefix(key, "system/") {
		if s, err := l.sampled(ctx, run.ID, key); err == nil {
			return s, nil
		}
	}
	return h, err
}

// Artifacts lists a run's files.
func (l *Local) Artifacts(ctx context.Context, run backends.Ref) ([]backends.Artifact, error) {
	return ask(l, func(st *store.Store) ([]backends.Artifact, error) { return st.Artifacts(ctx, run.ID) })
}

// OpenArtifact reads one of a run's files.
func (l *Local) OpenArtifact(ctx context.Context, run backends.Ref, path string) (io.ReadCloser, error) {
	return ask(l, func(st *store.Store) (io.ReadCloser, error) { return st.OpenArtifact(ctx, run.ID, path) })
}

// Models lists the registered models.
func (l *Local) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	return ask(l, func(st *store.Store) ([]backends.RegisteredModel, error) { return st.Models(ctx) })
}

// LoggedModels lists the models that trainings of an experiment logged, of all
// experiments when it is empty.
func (l *Local) LoggedModels(ctx context.Context, experiment string) ([]*backends.LoggedModel, error) {
	return ask(l, func(st *store.Store) ([]*backends.LoggedModel, error) { return st.LoggedModels(ctx, experiment) })
}

// Jobs lists the jobs, newest first.
func (l *Local) Jobs(ctx context.Context) ([]*backends.Job, error) { return l.jobs.List(ctx) }

// Usage is the samples of what a job used. A run stands for its job.
func (l *Local) Usage(ctx context.Context, ref backends.Ref) ([]backends.Usage, error) {
	id, err := l.jobID(ctx, ref)
	if err != nil {
		return nil, err
	}
	return l.jobs.Usage(ctx, id)
}

// Logs streams a job's output. A run stands for its job.
func (l *Local) Logs(ctx context.Context, ref backends.Ref, o backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	id, err := l.jobID(ctx, ref)
	if err != nil {
		return func(yield func(backends.LogLine, error) bool) { yield(backends.LogLine{}, err) }
	}
	return l.jobs.Logs(ctx, id, o)
}

// Provenance is where a run comes from: what its job's folder recorded, or, when
// that folder is gone, the copy that was kept with the run.
func (l *Local) Provenance(ctx context.Context, run backends.Ref) (backends.Provenance, error) {
	open, err := l.provenanceFiles(ctx, run)
	if err != nil {
		return backends.Provenance{}, err
	}
	return provenance.Load(open)
}

// ProvenanceFile opens one of the files that were recorded with a run: the diff,
// the untracked files.
func (l *Local) ProvenanceFile(ctx context.Context, run backends.Ref) (func(name string) (io.ReadCloser, error), error) {
	return l.provenanceFiles(ctx, run)
}

func (l *Local) provenanceFiles(ctx context.Context, run backends.Ref) (func(string) (io.ReadCloser, error), error) {
	r, err := l.Run(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	return func(name string) (io.ReadCloser, error) {
		f, err := l.OpenArtifact(ctx, r.Ref(), provenanceDir+"/"+name)
		if err == nil || r.Job == "" {
			return f, err
		}
		return os.Open(filepath.Join(l.jobs.Dir(r.Job), provenanceDir, name))
	}, nil
}

// jobID is the job that a reference names: its own id, or its run's job.
func (l *Local) jobID(ctx context.Context, ref backends.Ref) (string, error) {
	if ref.Kind != "run" {
		return ref.ID, nil
	}
	r, err := l.Run(ctx, ref.ID)
	if err != nil {
		return "", err
	}
	if r.Job == "" {
		return "", fmt.Errorf("run %s was not started as a job here: %w", r.Name, backends.ErrNotFound)
	}
	return r.Job, nil
}
