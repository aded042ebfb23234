package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// The schema is what the files of schema/ make of an empty one, in order; PRAGMA
// user_version counts those that were run. A change is a new file. Files that a
// release has shipped stay as they are.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

const (
	schemaVersion = 3
	applicationID = 0x464c4454 // "FLDT", so that file(1) and we know our own
)

// migrate brings the schema up to this program's. Only a writer does.
func migrate(c *conn, now time.Time) error {
	v, err := version(c)
	if err != nil || v == schemaVersion {
		return err
	}
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = migrateIn(c, now)
	if err == nil {
		return c.exec("COMMIT")
	}
	if !c.AutocommitEnabled() {
		err = errors.Join(err, c.exec("ROLLBACK"))
	}
	return err
}

func migrateIn(c *conn, now time.Time) error {
	v, err := version(c) // another process may have been first
	if err != nil {
		return err
	}
	for ; v < schemaVersion; v++ {
		script, err := schemaFiles.ReadFile(fmt.Sprintf("schema/%d.sql", v+1))
		if err != nil {
			return err
		}
		o := &sqlitex.ExecOptions{}
		if strings.Contains(string(script), ":now") {
			o.Named = map[string]any{":now": now.UnixMilli()}
		}
		if err := sqlitex.ExecuteScript(c.Conn, string(script), o); err != nil {
			return fmt.Errorf("schema %d: %w", v+1, err)
		}
	}
	for _, p := range [...]string{fmt.Sprintf("user_version=%d", schemaVersion), fmt.Sprintf("application_id=%d", applicationID)} {
		if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA "+p, nil); err != nil {
			return err
		}
	}
	return nil
}

// version is the schema's, after a look whether the file is ours at all. Both are
// of one moment: its maker may be at work.
func version(c *conn) (v int64, err error) {
	if c.AutocommitEnabled() {
		if err := c.exec("BEGIN"); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, c.exec("ROLLBACK")) }()
	}
	app, err := c.int("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	v, err = c.int("PRAGMA user_version")
	switch {
	case err != nil:
		return 0, err
	case v > schemaVersion:
		return 0, fmt.Errorf("it has schema %d and this program knows up to %d: a newer flightdeck wrote it, use that one", v, schemaVersion)
	case app != applicationID && (v != 0 || app != 0):
		return 0, errors.New("it is a SQLite file of another program")
	}
	return v, nil
}

// verify looks at a fresh reader. It closes and drops one whose store has no
// schema yet: its maker is at work or was killed, and what it made is undone.
func (d *db) verify(c *conn) (*conn, error) {
	ready, err := c.ready()
	if ready {
		return c, nil
	}
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultCorrupt || code == sqlite.ResultNotADB {
		err = d.withRows(c, err)
	} else if err != nil {
		err = fmt.Errorf("open store: %s: %w", d.path(), err)
		if errors.Is(err, errOlder) && d.readOnly {
			err = fmt.Errorf("%w; now it may only be read: %s", err, d.why)
		}
	}
	return nil, errors.Join(err, c.Close())
}

// errOlder is what is wrong with a store that an older program wrote, until someone
// who may write opens it.
var errOlder = errors.New("an older flightdeck wrote it")

// upgrade brings a store that an older program wrote up to this program's schema, if
// it may be written.
func (d *db) upgrade() error {
	err := d.probe()
	if d.readOnly || !errors.Is(err, errOlder) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d.writing <- struct{}{}
	defer func() { <-d.writing }()
	if d.w, err = d.openWriter(ctx); err != nil {
		return d.explain(ctx, "bring "+d.path()+" up to date", err)
	}
	return d.probe()
}

// ready reports whether the schema is there, all of it seen at one moment. A file
// that has neither it nor any other table is not ready yet.
func (c *conn) ready() (ready bool, err error) {
	if err := c.exec("BEGIN"); err != nil {
		return false, err
	}
	defer func() {
		if end := c.exec("ROLLBACK"); err == nil && end != nil {
			ready, err = false, end
		}
	}()
	v, err := version(c)
	if err != nil || v == schemaVersion {
		return err == nil, err
	}
	if v > 0 {
		return false, fmt.Errorf("%w: it has schema %d and this program reads %d. Opening it once for writing brings it up to date, with all that it holds", errOlder, v, schemaVersion)
	}
	tables, err := c.int("SELECT count(*) FROM sqlite_schema")
	if err == nil && tables > 0 {
		err = errors.New("it is a SQLite file of another program")
	}
	return false, err
}

// withRows is a DamagedError that says what can still be counted.
func (d *db) withRows(c *conn, err error) error {
	e := d.damaged(err).(*DamagedError)
	e.Rows = map[string]int64{}
	for _, t := range [...]string{"runs", "experiments", "versions"} {
		if n, err := c.int("SELECT count(*) FROM " + t); err == nil {
			e.Rows[t] = n
		}
	}
	return e
}

// topicRevs are the revs at which each topic last changed.
type topicRevs struct{ rev, runs, metrics, models int64 }

func (c *conn) topicRevs() (r topicRevs, err error) {
	err = c.each("SELECT rev, runs, metrics, models FROM state", func(s *sqlite.Stmt) error {
		r = topicRevs{s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnInt64(2), s.ColumnInt64(3)}
		return nil
	})
	return r, err
}
