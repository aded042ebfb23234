package mlflow

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"sync"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
	"flightdeck/backends/mlflow/rest"
)

type historyKey struct{ run, key string }

// follower is one metric of one run, as far as it was read.
type follower struct {
	mu    sync.Mutex
	h     *backends.History
	read  bool
	last  backends.Metric // what the listing said of it when it was read
	whole bool            // the server does not page: the next read is of everything
}

// History is the points of one metric. A server of 3.x gives them ordered, by time,
// and is asked for those behind the last one only; one of 2.x gives all at once, and
// is asked when the listing says that there is a new last value.
func (s *Server) History(ctx context.Context, ref backends.Ref, key string) (*backends.History, error) {
	s.mu.Lock()
	k := historyKey{ref.ID, key}
	f := s.histories[k]
	if f == nil {
		f = &follower{h: &backends.History{Key: key}}
		s.histories[k] = f
	}
	s.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	run, err := s.listed(ctx, ref.ID)
	if err != nil {
		return nil, err
	}
	var last backends.Metric
	if run != nil {
		last, _ = run.Metric(key)
		if f.read && (f.whole || !run.Active()) && entity.SameMetric(last, f.last) {
			return f.h, nil
		}
	}
	if err := f.update(ctx, s.c, k); err != nil {
		return nil, err
	}
	if f.h.Len() == 0 { // some versions say nothing of a run that is not there
		if _, err := s.c.Run(ctx, ref.ID); err != nil {
			return nil, err
		}
	}
	f.read, f.last = true, last
	return f.h, nil
}

// listed is the run as the listing has it, nil when it has not.
func (s *Server) listed(ctx context.Context, id string) (*backends.Run, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if h := s.active.runs[id]; h != nil {
		return h.run, nil
	}
	return nil, nil
}

// update reads on behind the last point, which is read again to see that it still
// is where it was; else it reads everything.
func (f *follower) update(ctx context.Context, c *rest.Client, k historyKey) error {
	n := f.h.Len()
	if n > 0 && !f.whole {
		var fresh backends.Points
		err := c.History(ctx, k.run, k.key, token(n-1), func(p backends.Points) { join(&fresh, p) })
		if err == nil && fresh.Len() > 0 && same(f.h.Points(), n-1, fresh, 0) {
			f.h.Append(fresh.From(1))
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.whole = err != nil && rest.Code(err) != ""
	}
	var all backends.Points
	if err := c.History(ctx, k.run, k.key, "", func(p backends.Points) { join(&all, p) }); err != nil {
		return err
	}
	old := f.h.Points()
	for i := range n {
		if i >= all.Len() || !same(old, i, all, i) {
			f.h = &backends.History{Key: k.key}
			f.h.Append(all)
			return nil
		}
	}
	f.h.Append(all.From(n))
	return nil
}

func join(to *backends.Points, p backends.Points) {
	to.Step, to.Time, to.Value = append(to.Step, p.Step...), append(to.Time, p.Time...), append(to.Value, p.Value...)
}

func same(a backends.Points, i int, b backends.Points, j int) bool {
	return a.Step[i] == b.Step[j] && a.Time[i] == b.Time[j] && math.Float64bits(a.Value[i]) == math.Float64bits(b.Value[j])
}

// token is MLflow's page token for an offset: mlflow/utils/search_utils.py,
// create_page_token. A server that has others refuses it.
func token(offset int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"offset": %d}`, offset))
}
