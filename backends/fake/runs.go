package fake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"flightdeck/backends"
)

// runs reads runs and what hangs on them.
type runs struct{ w *world }

func (p runs) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	return read(ctx, p.w, "runs", func(s *State) ([]*backends.Run, error) {
		out := make([]*backends.Run, 0, len(s.Runs))
		for _, r := range s.Runs {
			if r.Deleted == f.Deleted && (f.Experiment == "" || r.Experiment == f.Experiment) && (f.Job == "" || r.Job == f.Job) {
				out = append(out, r)
			}
		}
		return out, nil
	})
}

func (p runs) Experiments(ctx context.Context) ([]backends.Experiment, error) {
	return read(ctx, p.w, "experiments", func(s *State) ([]backends.Experiment, error) { return slices.Clone(s.Experiments), nil })
}

func (s *State) run(id string) (*backends.Run, error) {
	i := slices.IndexFunc(s.Runs, func(r *backends.Run) bool { return r.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("run %s: %w", id, backends.ErrNotFound)
	}
	return s.Runs[i], nil
}

func (p runs) History(ctx context.Context, run backends.Ref, key string) (*backends.History, error) {
	return read(ctx, p.w, "history", func(s *State) (*backends.History, error) {
		r, err := s.run(run.ID)
		if err != nil {
			return nil, err
		}
		if h, ok := s.Histories[r.ID][key]; ok {
			return h, nil
		}
		if _, ok := r.Metric(key); !ok || s.MakeHistory == nil {
			return nil, fmt.Errorf("metric %s of %s: %w", key, r.Name, backends.ErrNotFound)
		}
		return s.keep(r.ID, key, s.MakeHistory(r, key)), nil
	})
}

func (s *State) keep(run, key string, h *backends.History) *backends.History {
	if s.Histories == nil {
		s.Histories = map[string]map[string]*backends.History{}
	}
	if s.Histories[run] == nil {
		s.Histories[run] = map[string]*backends.History{}
	}
	s.Histories[run][key] = h
	return h
}

// Log appends points to a run's histories and takes the last ones over into its
// metrics, as a training that goes on does; then it pokes.
func (p runs) Log(run string, points ...backends.Metric) error {
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	old, err := w.state.run(run)
	if err != nil {
		return err
	}
	r := *old
	r.Metrics = slices.Clone(old.Metrics)
	for _, m := range points {
		h := w.state.Histories[run][m.Key]
		if h == nil {
			if _, ok := old.Metric(m.Key); ok && w.state.MakeHistory != nil {
				h = w.state.MakeHistory(old, m.Key)
			} else {
				h = &backends.History{Key: m.Key}
			}
			w.state.keep(run, m.Key, h)
		}
		h.Append(backends.Points{Step: []int64{m.Step}, Time: []int64{m.Time}, Value: []float64{m.Value}})
		i, found := slices.BinarySearchFunc(r.Metrics, m.Key, func(o backends.Metric, k string) int { return strings.Compare(o.Key, k) })
		if !found {
			r.Metrics = slices.Insert(r.Metrics, i, m)
		}
		r.Metrics[i] = m
	}
	w.replaceRun(&r)
	w.stir(backends.TopicMetrics)
	w.stir(backends.TopicRuns)
	return nil
}

// replaceRun puts a changed run in the old one's place. The lock is held.
func (w *world) replaceRun(r *backends.Run) {
	r.Rev = w.touch(r.Ref())
	w.state.Runs = slices.Clone(w.state.Runs)
	i := slices.IndexFunc(w.state.Runs, func(o *backends.Run) bool { return o.ID == r.ID })
	w.state.Runs[i] = r
}

func (p runs) Provenance(ctx context.Context, run backends.Ref) (backends.Provenance, error) {
	return read(ctx, p.w, "provenance", func(s *State) (backends.Provenance, error) {
		v, ok := s.Provenance[run.ID]
		if !ok {
			return v, fmt.Errorf("provenance of %s: %w", run, backends.ErrNotFound)
		}
		return v, nil
	})
}

func (p runs) Artifacts(ctx context.Context, run backends.Ref) ([]backends.Artifact, error) {
	return read(ctx, p.w, "artifacts", func(s *State) ([]backends.Artifact, error) {
		if _, err := s.run(run.ID); err != nil {
			return nil, err
		}
		files := s.Artifacts[run.ID]
		out := make([]backends.Artifact, 0, len(files))
		for _, path := range slices.Sorted(maps.Keys(files)) {
			out = append(out, backends.Artifact{Path: path, Size: int64(len(files[path])), Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(files[path])), Time: Now()})
		}
		return out, nil
	})
}

func (p runs) OpenArtifact(ctx context.Context, run backends.Ref, path string) (io.ReadCloser, error) {
	return read(ctx, p.w, "openartifact", func(s *State) (io.ReadCloser, error) {
		data, ok := s.Artifacts[run.ID][path]
		if !ok {
			return nil, fmt.Errorf("artifact %s of %s: %w", path, run, backends.ErrNotFound)
		}
		return io.NopCloser(bytes.NewReader(data)), nil
	})
}

// models reads the registry.
type models struct{ w *world }

func (p models) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	return read(ctx, p.w, "models", func(s *State) ([]backends.RegisteredModel, error) { return slices.Clone(s.Models), nil })
}
