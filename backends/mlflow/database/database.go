// Package database reads an mlflow.db, the SQLite database of an MLflow server or of
// scripts that log into it directly, in place and live, and never writes it.
//
// Schemas differ between versions: only columns that are there are asked for, and
// tables that are not there are empty. Each read is one short statement: in the
// journal mode that MLflow uses, a reader holds up writers for as long as it reads.
// Source: mlflow/store/tracking/dbmodels/models.py and store/model_registry/dbmodels.
package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// Database is the backend.
type Database struct {
	name, path string
	now        func() time.Time

	turn chan struct{} // held by whoever reads; guards what is below
	c    *conn
	l    listing

	mu        sync.Mutex
	histories map[historyKey]*follower
}

// Open opens the database at path. It reads nothing yet.
func Open(name, path string) *Database {
	return &Database{name: name, path: path, now: time.Now, turn: make(chan struct{}, 1), histories: map[historyKey]*follower{}}
}

// Name is the backend's name.
func (d *Database) Name() string { return d.name }

// Where is the database's file.
func (d *Database) Where() string { return d.path }

// Close ends the connection.
func (d *Database) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	if d.c == nil {
		return nil
	}
	err := d.c.close()
	d.c = nil
	return err
}

// read calls f with the connection, alone.
func (d *Database) read(ctx context.Context, f func(*conn) error) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.c != nil && d.c.picture {
		if s, err := stateOf(d.path); err != nil || s != d.c.of {
			_ = d.c.close() // it was a picture of what is gone
			d.c, d.l.version = nil, 0
		}
	}
	if d.c == nil {
		c, err := open(ctx, d.path)
		if err != nil {
			return errors.Join(err, ctx.Err())
		}
		d.c = c
	}
	d.c.SetInterrupt(ctx.Done())
	err := f(d.c)
	if err != nil && ctx.Err() == nil && sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
		_ = d.c.close() // the file may have been put in the place of another
		d.c, d.l.version = nil, 0
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, backends.ErrNotFound):
		return err
	}
	return fmt.Errorf("read %s: %w", d.path, err)
}

// Runs lists the runs.
func (d *Database) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	var all []*backends.Run
	if err := d.read(ctx, func(c *conn) error {
		err := d.l.update(c, d.name, d.now())
		all = d.l.runs
		return err
	}); err != nil {
		return nil, err
	}
	out := make([]*backends.Run, 0, len(all))
	for _, r := range all {
		if r.Deleted == f.Deleted && (f.Experiment == "" || r.Experiment == f.Experiment) && (f.Job == "" || r.Job == f.Job) {
			out = append(out, r)
		}
	}
	return out, nil
}

// Experiments lists the experiments, the deleted ones too.
func (d *Database) Experiments(ctx context.Context) (out []backends.Experiment, err error) {
	err = d.read(ctx, func(c *conn) error {
		exps, err := experiments(c)
		if err != nil {
			return err
		}
		counts := map[string]int{}
		if err := c.each("SELECT experiment_id, count(*) FROM runs WHERE lifecycle_stage IS NOT 'deleted' GROUP BY experiment_id", func(s *sqlite.Stmt) error {
			counts[s.ColumnText(0)] = int(s.ColumnInt64(1))
			return nil
		}); err != nil {
			return err
		}
		for i := range exps {
			exps[i].RunCount = counts[exps[i].ID]
		}
		out = exps
		return nil
	})
	return out, err
}

func (d *Database) run(ctx context.Context, id string) (exp, uri string, err error) {
	err = d.read(ctx, func(c *conn) error {
		found := false
		err := c.each("SELECT experiment_id, artifact_uri FROM runs WHERE run_uuid = ?", func(s *sqlite.Stmt) error {
			exp, uri, found = s.ColumnText(0), s.ColumnText(1), true
			return nil
		}, id)
		if err == nil && !found {
			err = fmt.Errorf("run %s in %s: %w", id, d.path, backends.ErrNotFound)
		}
		return err
	})
	return exp, uri, err
}

// folder is where a run's artifacts lie on this machine. A server keeps those that
// it serves itself beside its database, unless it was told another place.
func (d *Database) folder(ctx context.Context, ref backends.Ref) (dir, uri string, err error) {
	exp, uri, err := d.run(ctx, ref.ID)
	if err != nil {
		return "", "", err
	}
	beside := filepath.Dir(d.path)
	return entity.ArtifactFolder(uri, exp, ref.ID, filepath.Join(beside, "mlartifacts"), filepath.Join(beside, "mlruns")), uri, nil
}

// Artifacts lists a run's files, when they lie on this machine; a run whose files
// lie elsewhere has none here.
func (d *Database) Artifacts(ctx context.Context, ref backends.Ref) ([]backends.Artifact, error) {
	dir, _, err := d.folder(ctx, ref)
	if err != nil || dir == "" {
		return nil, err
	}
	return entity.List(ctx, dir)
}

// OpenArtifact reads one of a run's files.
func (d *Database) OpenArtifact(ctx context.Context, ref backends.Ref, name string) (io.ReadCloser, error) {
	dir, uri, err := d.folder(ctx, ref)
	switch {
	case err != nil:
		return nil, err
	case dir == "" && strings.HasPrefix(uri, "mlflow-artifacts:"):
		return nil, fmt.Errorf("artifact %s: %w: it is on the server that writes this database; open the server's URL instead", name, backends.ErrNotFound)
	case dir == "":
		return nil, fmt.Errorf("artifact %s: %w: it is at %s, not on this machine", name, backends.ErrNotFound, uri)
	}
	return entity.Open(dir, name)
}

// Media lists the images of a run.
func (d *Database) Media(ctx context.Context, ref backends.Ref) ([]backends.Media, error) {
	files, err := d.Artifacts(ctx, ref)
	return entity.Media(files), err
}

// MediaItems lists the images of one key.
func (d *Database) MediaItems(ctx context.Context, ref backends.Ref, kind backends.MediaKind, key string) ([]backends.MediaItem, error) {
	files, err := d.Artifacts(ctx, ref)
	return entity.MediaItems(files, kind, key), err
}

// OpenMedia reads one image.
func (d *Database) OpenMedia(ctx context.Context, ref backends.Ref, item backends.MediaItem) (io.ReadCloser, error) {
	return d.OpenArtifact(ctx, ref, item.Place)
}

// pace is how often a watched database is asked whether it changed.
const pace = 500 * time.Millisecond

// Notify pokes when somebody wrote the database, until ctx ends.
func (d *Database) Notify(ctx context.Context, poke func(topic string)) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var last int64
	var files state
	for {
		err := d.read(ctx, func(c *conn) error {
			v, err := c.dataVersion()
			if err == nil && (v != last || c.of != files && c.picture) {
				last, files = v, c.of
				poke("")
			}
			return err
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Count is how many runs an MLflow database has that are not deleted; an error says
// that the file is no such database.
func Count(ctx context.Context, path string) (n int, err error) {
	c, err := open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer c.close()
	err = c.each("SELECT count(*) FROM runs WHERE lifecycle_stage IS NOT 'deleted'", func(s *sqlite.Stmt) error {
		n = int(s.ColumnInt64(0))
		return nil
	})
	return n, err
}
