package mlflow

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
	"flightdeck/backends/mlflow/rest"
)

// Server is the backend that asks an MLflow server.
type Server struct {
	name    string
	c       *rest.Client
	now     func() time.Time
	watched atomic.Int32

	turn   chan struct{} // held by whoever asks for runs; guards the two listings
	active listing
	gone   listing // the deleted runs

	mu        sync.Mutex
	histories map[historyKey]*follower
}

// NewServer makes the backend called name over a client. It asks nothing yet.
func NewServer(name string, c *rest.Client) *Server {
	return &Server{
		name: name, c: c, now: time.Now, turn: make(chan struct{}, 1), histories: map[historyKey]*follower{},
		active: listing{view: rest.Active}, gone: listing{view: rest.Deleted},
	}
}

// Name is the backend's name.
func (s *Server) Name() string { return s.name }

// Where is the server's address.
func (s *Server) Where() string { return s.c.URL() }

// Close lets go of connections.
func (s *Server) Close() error {
	s.c.Close()
	return nil
}

// firstLook is how long a listing that is watched goes on asking for pages before it
// shows what it has.
const firstLook = 700 * time.Millisecond

// Runs lists the runs. For who watches it returns what has come so far; a poke says
// that there is more.
func (s *Server) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	l := &s.active
	if f.Deleted {
		l = &s.gone
	}
	began := s.now()
	for {
		all, done, err := s.advance(ctx, l, s.watched.Load() == 0)
		if err != nil {
			return nil, err
		}
		if !done && (s.watched.Load() == 0 || len(all) == 0 || s.now().Sub(began) < firstLook) {
			continue
		}
		out := make([]*backends.Run, 0, len(all))
		for _, r := range all {
			if (f.Experiment == "" || r.Experiment == f.Experiment) && (f.Job == "" || r.Job == f.Job) {
				out = append(out, r)
			}
		}
		return out, nil
	}
}

// advance asks for one page that is lacking, or for what is new when that is due.
func (s *Server) advance(ctx context.Context, l *listing, poll bool) (all []*backends.Run, done bool, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if poll || !l.complete {
		err = l.step(ctx, s)
	}
	return l.shown, l.complete, err
}

// Experiments lists the experiments, the deleted ones too. Counts are of the runs
// that were listed.
func (s *Server) Experiments(ctx context.Context) ([]backends.Experiment, error) {
	all, err := s.c.Experiments(ctx, rest.All)
	if err != nil {
		return nil, err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	counts := map[string]int{}
	for _, r := range s.active.shown {
		counts[r.Experiment]++
	}
	out := make([]backends.Experiment, len(all))
	for i, e := range all {
		out[i] = e.Entity()
		out[i].RunCount = counts[e.ID]
	}
	return out, nil
}

// Artifacts lists a run's files.
func (s *Server) Artifacts(ctx context.Context, run backends.Ref) ([]backends.Artifact, error) {
	return s.c.Artifacts(ctx, run.ID)
}

// OpenArtifact reads one of a run's files.
func (s *Server) OpenArtifact(ctx context.Context, run backends.Ref, path string) (io.ReadCloser, error) {
	return s.c.OpenArtifact(ctx, run.ID, path)
}

// Media lists the images of a run.
func (s *Server) Media(ctx context.Context, run backends.Ref) ([]backends.Media, error) {
	files, err := s.c.Artifacts(ctx, run.ID)
	return entity.Media(files), err
}

// MediaItems lists the images of one key.
func (s *Server) MediaItems(ctx context.Context, run backends.Ref, kind backends.MediaKind, key string) ([]backends.MediaItem, error) {
	files, err := s.c.Artifacts(ctx, run.ID)
	return entity.MediaItems(files, kind, key), err
}

// OpenMedia reads one image.
func (s *Server) OpenMedia(ctx context.Context, run backends.Ref, item backends.MediaItem) (io.ReadCloser, error) {
	return s.c.OpenArtifact(ctx, run.ID, item.Place)
}

// Models lists the registered models.
func (s *Server) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	models, err := s.c.Models(ctx)
	for i := range models {
		models[i].Backend = s.name
	}
	return models, err
}

// Notify asks the server for news until ctx ends, and pokes when there are some.
func (s *Server) Notify(ctx context.Context, poke func(topic string)) error {
	s.watched.Add(1)
	defer s.watched.Add(-1)
	var seen uint64
	for {
		began := s.now()
		_, done, err := s.advance(ctx, &s.active, true)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watch %s: %w", s.c.URL(), err)
		}
		if rev := s.rev(); rev != seen {
			seen = rev
			poke(backends.TopicRuns)
			poke(backends.TopicMetrics)
		}
		if !done {
			continue
		}
		t := time.NewTimer(max(pollAtLeast, pollShare*s.now().Sub(began)))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

func (s *Server) rev() uint64 {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	return s.active.rev
}
