package database

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// conn is one connection and what it looks at. Beside a database in WAL mode SQLite
// keeps a shared-memory file, which it would make even to read; where there is none,
// and where a writer was killed and left a journal that only one who may write can
// roll back, a picture is read instead: the file itself as immutable, or a private
// copy of it and its log.
type conn struct {
	*sqlite.Conn
	picture bool
	dir     string // of the private copy, "" for none
	of      state
	schema  schema
}

// state is what tells one state of the files from another.
type state struct {
	size    [3]int64
	changed [3]time.Time
}

// sides are the files that belong to a database.
func sides(path string) []string { return []string{path, path + "-wal", path + "-journal"} }

func stateOf(path string) (s state, err error) {
	for i, p := range sides(path) {
		fi, err := os.Stat(p)
		switch {
		case err == nil:
			s.size[i], s.changed[i] = fi.Size(), fi.ModTime()
		case i == 0 || !errors.Is(err, fs.ErrNotExist):
			return s, fmt.Errorf("open %s: %w", path, err)
		}
	}
	return s, nil
}

// open opens the database for reading, in the way that its files allow.
func open(ctx context.Context, path string) (*conn, error) {
	s, err := stateOf(path)
	if err != nil {
		return nil, err
	}
	wal, err := isWAL(path)
	if err != nil {
		return nil, err
	}
	var c *conn
	switch _, shmErr := os.Stat(path + "-shm"); {
	case wal && (shmErr != nil || unix.Access(path+"-shm", unix.R_OK|unix.W_OK) != nil):
		c, err = openPicture(path, s)
	default:
		if c, err = openURI(path, "mode=ro", sqlite.OpenReadOnly); err != nil && s.size[2] > 0 {
			c, err = openPicture(path, s)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	c.of = s
	c.SetInterrupt(ctx.Done())
	if c.schema, err = readSchema(c); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), c.close())
	}
	return c, nil
}

func openURI(path, query string, flags sqlite.OpenFlags) (*conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: query}
	c, err := sqlite.OpenConn(u.String(), flags|sqlite.OpenURI)
	if err != nil {
		return nil, err
	}
	c.SetBusyTimeout(2 * time.Second)
	for _, p := range []string{"query_only=1", "cache_size=-8192", "trusted_schema=0"} {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+p, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	// The first read is the one that finds a journal to roll back.
	if err := sqlitex.ExecuteTransient(c, "SELECT count(*) FROM sqlite_master", nil); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &conn{Conn: c}, nil
}

func openPicture(path string, s state) (*conn, error) {
	if s.size[1] == 0 && s.size[2] == 0 {
		c, err := openURI(path, "immutable=1", sqlite.OpenReadOnly)
		if err != nil {
			return nil, err
		}
		c.picture = true
		return c, nil
	}
	dir, err := os.MkdirTemp("", "flightdeck-mlflow-")
	if err != nil {
		return nil, err
	}
	to := filepath.Join(dir, "mlflow.db")
	err = copied(path, to, s)
	var c *conn
	if err == nil {
		c, err = openURI(to, "mode=rw", sqlite.OpenReadWrite)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c.picture, c.dir = true, dir
	return c, nil
}

// copied copies a database and its log while nobody writes them.
func copied(path, to string, s state) error {
	for range 5 {
		for i, from := range sides(path) {
			if err := copyFile(sides(to)[i], from); err != nil {
				return err
			}
		}
		now, err := stateOf(path)
		if err != nil || now == s {
			return err
		}
		s = now
	}
	return errors.New("it is written to all the time")
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(to)
	}
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

func (c *conn) close() error {
	err := c.Close()
	if c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}

// isWAL reads the header. Layout: sqlite.org/fileformat2.html, "The Database Header".
func isWAL(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 100)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return false, fmt.Errorf("%s is not a SQLite database", path)
	}
	return binary.BigEndian.Uint16(head[18:]) == 0x0202, nil
}

// each calls f for every row.
func (c *conn) each(query string, f func(*sqlite.Stmt) error, args ...any) error {
	return sqlitex.Execute(c.Conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: f})
}

// dataVersion is another number when somebody changed the database; a picture's
// never is.
func (c *conn) dataVersion() (v int64, err error) {
	err = sqlitex.ExecuteTransient(c.Conn, "PRAGMA data_version", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		v = s.ColumnInt64(0)
		return nil
	}})
	return v, err
}

// schema is the columns of each table, by name: what versions of MLflow differ in.
type schema map[string][]string

func readSchema(c *conn) (schema, error) {
	s := schema{}
	for _, table := range []string{
		"alembic_version", "experiments", "experiment_tags", "runs", "tags", "params", "metrics", "latest_metrics", "inputs", "input_tags", "datasets",
		"registered_models", "registered_model_tags", "registered_model_aliases", "model_versions", "model_version_tags", "logged_models",
	} {
		err := c.each("SELECT name FROM pragma_table_info(?)", func(st *sqlite.Stmt) error {
			s[table] = append(s[table], st.ColumnText(0))
			return nil
		}, table)
		if err != nil {
			return nil, err
		}
	}
	if s["alembic_version"] == nil || s["experiments"] == nil || s["runs"] == nil {
		return nil, errors.New("it is a SQLite database, but not MLflow's: it has no tables alembic_version, experiments and runs")
	}
	return s, nil
}

// has reports whether the table is there.
func (s schema) has(table string) bool { return s[table] != nil }

// pick is a list of columns for SELECT, in which those that the table lacks are
// NULL.
func (s schema) pick(table string, columns ...string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		if out[i] = "NULL"; slices.Contains(s[table], c) {
			out[i] = table + `."` + c + `"`
		}
	}
	return strings.Join(out, ", ")
}
