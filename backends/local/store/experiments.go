package store

import (
	"context"
	"fmt"
	"strconv"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// experiments is the part of the store that deals with experiments.
type experiments struct{ *db }

// Experiments lists all experiments, deleted ones too, by id. RunCount counts the
// runs that are not deleted.
func (e experiments) Experiments(ctx context.Context) ([]backends.Experiment, error) {
	var out []backends.Experiment
	err := e.read(ctx, func(c *conn) error {
		counts := map[int64]int{}
		err := c.each("SELECT experiment, count(*) FROM runs WHERE deleted = 0 GROUP BY experiment", func(s *sqlite.Stmt) error {
			counts[s.ColumnInt64(0)] = s.ColumnInt(1)
			return nil
		})
		if err != nil {
			return err
		}
		return c.each("SELECT id, name, deleted, created, updated, tags FROM experiments ORDER BY id", func(s *sqlite.Stmt) error {
			tags, err := unpackPairs[backends.Tag](s.ColumnText(5), nil)
			if err != nil {
				return e.damaged(fmt.Errorf("tags of experiment %d: %w", s.ColumnInt64(0), err))
			}
			out = append(out, backends.Experiment{
				ID: strconv.FormatInt(s.ColumnInt64(0), 10), Name: s.ColumnText(1), Deleted: s.ColumnBool(2),
				Created: moment(s.ColumnInt64(3)), Updated: moment(s.ColumnInt64(4)), Tags: tags, RunCount: counts[s.ColumnInt64(0)],
			})
			return nil
		})
	})
	return out, err
}

// CreateExperiment makes an experiment and returns its id, which no other ever had.
// A name that is taken, by a deleted one too, is an *Error.
func (e experiments) CreateExperiment(ctx context.Context, name string, tags []backends.Tag) (id string, err error) {
	if err := checkExperimentName(name); err != nil {
		return "", err
	}
	for _, t := range tags {
		if err := checkTagOf(t, "", maxExpTag); err != nil {
			return "", err
		}
	}
	err = e.write(ctx, "create experiment", func(t *tx) error {
		n, err := t.int("SELECT count(*) FROM experiments WHERE name = ?", name)
		if err != nil {
			return err
		}
		if n > 0 {
			return &Error{AlreadyExists, fmt.Sprintf("Experiment(name=%s) already exists.", name)}
		}
		n, err = t.insertExperiment(name, tags)
		id = strconv.FormatInt(n, 10)
		return err
	})
	return id, err
}

func (t *tx) insertExperiment(name string, tags []backends.Tag) (int64, error) {
	var sorted []backends.Tag
	for _, tag := range tags {
		sorted = setPair(sorted, tag)
	}
	t.touch(ofRuns)
	err := t.exec("INSERT INTO experiments (name, created, updated, tags) VALUES (?, ?, ?, ?)", name, t.now, t.now, packPairs(sorted))
	return t.LastInsertRowID(), err
}

// experimentOf finds, or makes, the experiment of a new run.
func (t *tx) experimentOf(nr NewRun) (int64, error) {
	if nr.ExperimentID != "" {
		return t.experiment(nr.ExperimentID)
	}
	if nr.Experiment == "" {
		return t.experiment("0")
	}
	if err := checkExperimentName(nr.Experiment); err != nil {
		return 0, err
	}
	id := int64(-1)
	err := t.each("SELECT id FROM experiments WHERE name = ?", func(s *sqlite.Stmt) error { id = s.ColumnInt64(0); return nil }, nr.Experiment)
	switch {
	case err != nil:
		return 0, err
	case id < 0:
		return t.insertExperiment(nr.Experiment, nil)
	}
	return t.experiment(strconv.FormatInt(id, 10))
}

// experiment checks that the experiment exists and is active.
func (t *tx) experiment(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0, invalid("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", id)
	}
	found, deleted := false, false
	err = t.each("SELECT deleted FROM experiments WHERE id = ?", func(s *sqlite.Stmt) error {
		found, deleted = true, s.ColumnBool(0)
		return nil
	}, n)
	switch {
	case err != nil:
		return 0, err
	case !found:
		return 0, missing("No Experiment with id=%s exists", id)
	case deleted:
		return 0, invalid("The experiment %s must be in the 'active' state. Current state is deleted.", id)
	}
	return n, nil
}

// SetExperimentTag sets a tag of an experiment, over an older one of the same key.
func (e experiments) SetExperimentTag(ctx context.Context, id string, tag backends.Tag) error {
	if err := checkTagOf(tag, "", maxExpTag); err != nil {
		return err
	}
	return e.write(ctx, "set experiment tag", func(t *tx) error {
		n, err := t.experiment(id)
		if err != nil {
			return err
		}
		var tags []backends.Tag
		err = t.each("SELECT tags FROM experiments WHERE id = ?", func(s *sqlite.Stmt) (err error) {
			tags, err = unpackPairs[backends.Tag](s.ColumnText(0), nil)
			return err
		}, n)
		if err != nil {
			return err
		}
		t.touch(ofRuns)
		return t.exec("UPDATE experiments SET tags = ?, updated = ? WHERE id = ?", packPairs(setPair(tags, tag)), t.now, n)
	})
}

// DeleteExperiment moves an experiment and its runs to the deleted stage;
// RestoreExperiment brings them back. Default stays.
func (e experiments) DeleteExperiment(ctx context.Context, id string) error {
	if id == "0" {
		return invalid("Cannot delete the default experiment '0'. This is an internally reserved experiment.")
	}
	return e.stage(ctx, "delete experiment", id, true)
}

// RestoreExperiment undoes DeleteExperiment.
func (e experiments) RestoreExperiment(ctx context.Context, id string) error {
	return e.stage(ctx, "restore experiment", id, false)
}

func (e experiments) stage(ctx context.Context, what, id string, deleted bool) error {
	return e.write(ctx, what, func(t *tx) error {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return invalid("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", id)
		}
		if err := t.exec("UPDATE experiments SET deleted = ?, updated = ? WHERE id = ?", deleted, t.now, n); err != nil {
			return err
		}
		if t.Changes() == 0 {
			return missing("No Experiment with id=%s exists", id)
		}
		t.touch(ofRuns)
		return t.exec("UPDATE runs SET deleted = ?, rev = ? WHERE experiment = ? AND deleted <> ?", deleted, t.rev, n, deleted)
	})
}
