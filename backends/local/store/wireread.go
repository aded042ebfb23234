package store

import (
	"context"
	"strconv"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// Reads for the tracking API that keep nothing in memory: a supervisor answers them
// too, and has room for one run's history at a time.

// Points reads a metric's points in the order in which they were logged. A run that
// is not there has none.
func (m *metrics) Points(ctx context.Context, run, key string) (backends.Points, error) {
	p, _, err := m.PointsRev(ctx, run, key)
	return p, err
}

// PointsRev is Points with the rev of the run, which goes up whenever there are more.
func (m *metrics) PointsRev(ctx context.Context, run, key string) (p backends.Points, rev int64, err error) {
	err = m.read(ctx, func(c *conn) error {
		var n int64
		err := c.each("SELECT n, rev FROM runs WHERE id = ?", func(s *sqlite.Stmt) error {
			n, rev = s.ColumnInt64(0), s.ColumnInt64(1)
			return nil
		}, run)
		if err != nil || n == 0 {
			return err
		}
		k, err := c.int("SELECT id FROM names WHERE name = ?", key)
		if err != nil || k == 0 {
			return err
		}
		if p, err = c.pointsFrom(n, k, 0); err != nil {
			return m.damagedRun(run, "metric "+key, err)
		}
		return nil
	})
	return p, rev, err
}

// RunRev is the rev of a run, 0 when it is not there.
func (m *metrics) RunRev(ctx context.Context, run string) (rev int64, err error) {
	err = m.read(ctx, func(c *conn) (err error) {
		rev, err = c.int("SELECT rev FROM runs WHERE id = ?", run)
		return err
	})
	return rev, err
}

// EachRun calls f with every run of the experiments, deleted ones too, in no order
// and without keeping them.
func (r *runs) EachRun(ctx context.Context, experiments []string, f func(*backends.Run) error) error {
	return r.read(ctx, func(c *conn) error {
		sc, err := r.scanner(c)
		if err != nil {
			return err
		}
		for _, id := range experiments {
			n, err := parseExperiment(id)
			if err != nil {
				return err
			}
			err = c.each("SELECT "+rowColumns+" FROM runs WHERE experiment = ?", func(s *sqlite.Stmt) error { return f(sc.run(s)) }, n)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// AllRuns is the listing of all runs, deleted ones too, newest first. It is kept, as
// that of Runs, and as shared.
func (r *runs) AllRuns(ctx context.Context) ([]*backends.Run, error) {
	r.snap.mu.Lock()
	defer r.snap.mu.Unlock()
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	if r.snap.all == nil && r.snap.rows != nil {
		all := make([]*backends.Run, len(r.snap.rows))
		for i, l := range r.snap.rows {
			all[i] = l.run
		}
		r.snap.all = all
	}
	return r.snap.all, nil
}

// InputsOf lists the different data sets that runs of the experiments read, at most
// limit of them, with only Name, Digest and Context, by the experiment's id.
func (r *runs) InputsOf(ctx context.Context, experiments []string, limit int) (map[string][]backends.Dataset, error) {
	out := map[string][]backends.Dataset{}
	type seenKey struct{ exp, name, digest, context string }
	seen := map[seenKey]bool{}
	err := r.read(ctx, func(c *conn) error {
		for _, id := range experiments {
			n, err := parseExperiment(id)
			if err != nil {
				return err
			}
			exp := strconv.FormatInt(n, 10)
			err = c.each("SELECT inputs FROM runs WHERE experiment = ? AND inputs <> x''", func(s *sqlite.Stmt) error {
				in, err := unpackInputs(s.ColumnText(0))
				if err != nil {
					return r.damaged(err)
				}
				for _, d := range in {
					k := seenKey{exp, d.Name, d.Digest, d.Context}
					if !seen[k] && len(seen) < limit {
						seen[k] = true
						out[exp] = append(out[exp], backends.Dataset{Name: d.Name, Digest: d.Digest, Context: d.Context})
					}
				}
				return nil
			}, n)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// RunPlace is the experiment of a run, and its location when that is not here. The
// experiment is "" when there is no such run.
func (r *runs) RunPlace(ctx context.Context, id string) (experiment, location string, err error) {
	err = r.read(ctx, func(c *conn) error {
		return c.each("SELECT experiments.id, location FROM runs JOIN experiments ON experiments.id = runs.experiment WHERE runs.id = ?", func(s *sqlite.Stmt) error {
			experiment, location = s.ColumnText(0), s.ColumnText(1)
			return nil
		}, id)
	})
	return experiment, location, err
}

// RunRef is a run and where its experiment keeps files.
type RunRef struct{ ID, Experiment, Location string }

// RunsWithFiles are the runs that have files here.
func (r *runs) RunsWithFiles(ctx context.Context) (out []RunRef, err error) {
	err = r.read(ctx, func(c *conn) error {
		return c.each(`SELECT runs.id, experiments.id, location FROM runs JOIN experiments ON experiments.id = runs.experiment
			WHERE EXISTS (SELECT 1 FROM artifacts WHERE artifacts.run = runs.n) ORDER BY runs.n`, func(s *sqlite.Stmt) error {
			out = append(out, RunRef{s.ColumnText(0), s.ColumnText(1), s.ColumnText(2)})
			return nil
		})
	})
	return out, err
}
