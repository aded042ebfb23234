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

const expColumns = "id, name, deleted, created, updated, tags, location"

// experiment reads a row of expColumns.
func (d *db) experiment(s *sqlite.Stmt) (backends.Experiment, error) {
	tags, err := unpackPairs[backends.Tag](s.ColumnText(5), nil)
	if err != nil {
		err = d.damaged(fmt.Errorf("tags of experiment %d: %w", s.ColumnInt64(0), err))
	}
	return backends.Experiment{
		ID: strconv.FormatInt(s.ColumnInt64(0), 10), Name: s.ColumnText(1), Deleted: s.ColumnBool(2),
		Created: moment(s.ColumnInt64(3)), Updated: moment(s.ColumnInt64(4)), Tags: tags, Location: s.ColumnText(6),
	}, err
}

func (e experiments) find(c *conn, where string, args ...any) (out []backends.Experiment, err error) {
	err = c.each("SELECT "+expColumns+" FROM experiments"+where+" ORDER BY id", func(s *sqlite.Stmt) error {
		x, err := e.db.experiment(s)
		out = append(out, x)
		return err
	}, args...)
	return out, err
}

// Experiments lists all experiments, deleted ones too, by id. RunCount counts the
// runs that are not deleted.
func (e experiments) Experiments(ctx context.Context) (out []backends.Experiment, err error) {
	err = e.read(ctx, func(c *conn) error {
		counts := map[string]int{}
		err := c.each("SELECT experiment, count(*) FROM runs WHERE deleted = 0 GROUP BY experiment", func(s *sqlite.Stmt) error {
			counts[s.ColumnText(0)] = s.ColumnInt(1)
			return nil
		})
		if err != nil {
			return err
		}
		out, err = e.find(c, "")
		for i := range out {
			out[i].RunCount = counts[out[i].ID]
		}
		return err
	})
	return out, err
}

// ExperimentNames is Experiments without the counts, which take longer the more runs
// there are.
func (e experiments) ExperimentNames(ctx context.Context) (out []backends.Experiment, err error) {
	err = e.read(ctx, func(c *conn) error {
		out, err = e.find(c, "")
		return err
	})
	return out, err
}

// Experiment is the experiment of an id, deleted or not, without its count; one that
// is not there is an *Error.
func (e experiments) Experiment(ctx context.Context, id string) (backends.Experiment, error) {
	n, err := parseExperiment(id)
	if err != nil {
		return backends.Experiment{}, err
	}
	return e.one(ctx, missing("No Experiment with id=%d exists", n), " WHERE id = ?", n)
}

// ExperimentNamed is likewise the experiment of a name.
func (e experiments) ExperimentNamed(ctx context.Context, name string) (backends.Experiment, error) {
	return e.one(ctx, missing("Could not find experiment with name '%s'", name), " WHERE name = ?", name)
}

func (e experiments) one(ctx context.Context, none error, where string, arg any) (x backends.Experiment, err error) {
	err = e.read(ctx, func(c *conn) error {
		found, err := e.find(c, where, arg)
		if len(found) > 0 {
			x, none = found[0], nil
		}
		return err
	})
	if err == nil {
		err = none
	}
	return x, err
}

func parseExperiment(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		err = invalid("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", id)
	}
	return n, err
}

// CreateExperiment makes an experiment and returns its id, which no other ever had.
// A name that is taken, by a deleted one too, is an *Error.
func (e experiments) CreateExperiment(ctx context.Context, name string, tags []backends.Tag) (id string, err error) {
	return e.CreateExperimentAt(ctx, name, "", tags)
}

// CreateExperimentAt is CreateExperiment for one whose runs keep their files at
// location, a URI that clients understand; "" is here.
func (e experiments) CreateExperimentAt(ctx context.Context, name, location string, tags []backends.Tag) (id string, err error) {
	if err := checkExperimentName(name); err != nil {
		return "", err
	}
	if err := checkLocation(location); err != nil {
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
		n, err = t.insertExperiment(name, location, tags)
		id = strconv.FormatInt(n, 10)
		return err
	})
	return id, err
}

func (t *tx) insertExperiment(name, location string, tags []backends.Tag) (int64, error) {
	var sorted []backends.Tag
	for _, tag := range tags {
		sorted = setPair(sorted, tag)
	}
	t.touch(ofRuns)
	err := t.exec("INSERT INTO experiments (name, created, updated, tags, location) VALUES (?, ?, ?, ?, ?)", name, t.now, t.now, packPairs(sorted), location)
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
		return t.insertExperiment(nr.Experiment, "", nil)
	}
	return t.experiment(strconv.FormatInt(id, 10))
}
