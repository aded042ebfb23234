package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// metrics adds what was measured of the models for which the condition holds.
func (l logged) metrics(c *conn, byN map[int64]*backends.LoggedModel, where string, args ...any) error {
	names, err := l.names.load(c)
	if err != nil {
		return err
	}
	return c.each(`SELECT logged_metrics.model, key, logged_metrics.time, step, runs.id, value, dataset, digest FROM logged_metrics
		JOIN logged_models ON logged_models.n = logged_metrics.model JOIN runs ON runs.n = logged_metrics.run
		WHERE `+where+" ORDER BY 1, 2, 3, 4, 5", func(s *sqlite.Stmt) error {
		m := byN[s.ColumnInt64(0)]
		if m == nil {
			return nil
		}
		v := s.ColumnFloat(5)
		if s.ColumnType(5) == sqlite.TypeNull {
			v = math.NaN()
		}
		m.Metrics = append(m.Metrics, backends.ModelMetric{
			Metric: backends.Metric{Key: names.at(s.ColumnInt64(1)), Value: v, Time: s.ColumnInt64(2), Step: s.ColumnInt64(3)},
			Model:  m.ID, Run: s.ColumnText(4), Dataset: s.ColumnText(6), Digest: s.ColumnText(7),
		})
		return nil
	}, args...)
}

// LogModelMetrics notes what a run measured of logged models, all or none. A point of
// the same model, key, time, step and run is there already, and stays. Run of the
// points does not count.
func (l logged) LogModelMetrics(ctx context.Context, run string, points []backends.ModelMetric) error {
	for i, p := range points {
		if err := checkMetric(&p.Metric, ""); err != nil {
			if len(points) > 1 {
				return checkMetric(&p.Metric, "metrics["+strconv.Itoa(i)+"].")
			}
			return err
		}
	}
	return l.write(ctx, "log metrics of a model", func(t *tx) error {
		r, err := t.active(run)
		if err != nil {
			return err
		}
		if _, err := l.names.load(t.conn); err != nil {
			return err
		}
		for _, p := range points {
			n, err := t.int("SELECT n FROM logged_models WHERE id = ?", p.Model)
			if err != nil {
				return err
			}
			if n == 0 {
				return &Error{badRequest, fmt.Sprintf("Logged model with ID '%s' not found.", p.Model)}
			}
			key, err := l.names.id(t, p.Key)
			if err != nil {
				return err
			}
			var value any = p.Value
			if math.IsNaN(p.Value) {
				value = nil
			}
			err = t.exec("INSERT OR IGNORE INTO logged_metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?)", n, key, p.Time, p.Step, r.n, value, p.Dataset, p.Digest)
			if err != nil {
				return err
			}
		}
		t.touch(ofModels)
		return nil
	})
}

// LogOutputs notes the logged models that a run made. One that is noted already
// stays as it is, so that a request may be sent again.
func (l logged) LogOutputs(ctx context.Context, run string, models []backends.ModelUse) error {
	return l.use(ctx, "log outputs", run, models, true)
}

// LogModelInputs notes the logged models that a run read, likewise.
func (l logged) LogModelInputs(ctx context.Context, run string, models []string) error {
	uses := make([]backends.ModelUse, len(models))
	for i, m := range models {
		uses[i].Model = m
	}
	return l.use(ctx, "log model inputs", run, uses, false)
}

func (l logged) use(ctx context.Context, what, run string, models []backends.ModelUse, output bool) error {
	return l.write(ctx, what, func(t *tx) error {
		r, err := t.active(run)
		if err != nil {
			return err
		}
		for _, m := range models {
			err := t.exec(`INSERT OR IGNORE INTO run_models SELECT ?1, ?2, ?3, ?4, 1 + count(*) FROM run_models WHERE run = ?1`, r.n, output, m.Model, m.Step)
			if err != nil {
				return err
			}
		}
		t.touch(ofRuns)
		return t.exec("UPDATE runs SET rev = ? WHERE n = ?", t.rev, r.n)
	})
}

// ModelUses are the logged models that each of the runs read and made, in the order
// in which it said so.
func (l logged) ModelUses(ctx context.Context, runs ...string) (map[string][]backends.ModelUse, error) {
	out := map[string][]backends.ModelUse{}
	err := l.read(ctx, func(c *conn) error {
		if n, err := c.int("SELECT 1 FROM run_models LIMIT 1"); err != nil || n == 0 {
			return err
		}
		ids, err := json.Marshal(runs)
		if err != nil {
			return err
		}
		return c.each(`SELECT runs.id, model, step, output FROM json_each(?) JOIN runs ON runs.id = value
			JOIN run_models ON run_models.run = runs.n ORDER BY runs.n, place, model`, func(s *sqlite.Stmt) error {
			id := s.ColumnText(0)
			out[id] = append(out[id], backends.ModelUse{Model: s.ColumnText(1), Step: s.ColumnInt64(2), Output: s.ColumnBool(3)})
			return nil
		}, string(ids))
	})
	return out, err
}
