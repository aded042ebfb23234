package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"flightdeck/backends"
)

const (
	maxReaders  = 4
	keepReaders = 2
	patience    = 30 * time.Second // that a writer waits for another process
	pageSize    = 8192             // a run of fifty metrics fits into a quarter of it
	// A supervisor links this and has 25 MB for everything.
	cacheKiB = 1024
)

// conn is one SQLite connection, used by one goroutine at a time.
type conn struct {
	*sqlite.Conn
	of *copied // the copy that it reads, nil for the file itself
}

func openConn(path string, flags sqlite.OpenFlags, pragmas ...string) (*conn, error) {
	c, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	for _, p := range append([]string{fmt.Sprintf("cache_size=-%d", cacheKiB)}, pragmas...) {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+p, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return &conn{Conn: c}, nil
}

// exec runs a statement that gives no rows.
func (c *conn) exec(query string, args ...any) error {
	return sqlitex.Execute(c.Conn, query, &sqlitex.ExecOptions{Args: args})
}

// each calls f for every row.
func (c *conn) each(query string, f func(*sqlite.Stmt) error, args ...any) error {
	return sqlitex.Execute(c.Conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: f})
}

// int is the first column of the first row, 0 when there is none.
func (c *conn) int(query string, args ...any) (n int64, err error) {
	err = c.each(query, func(s *sqlite.Stmt) error { n = s.ColumnInt64(0); return nil }, args...)
	return n, err
}

// read runs f in one read transaction, so that all it reads is of one moment. It
// does not call f while there is no store.
func (d *db) read(ctx context.Context, f func(*conn) error) error {
	select {
	case d.reading <- struct{}{}:
		defer func() { <-d.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c, err := d.reader()
	if c == nil || err != nil {
		return err
	}
	keep := true
	defer func() { d.giveBack(c, keep) }()
	c.SetInterrupt(ctx.Done())
	if err = c.exec("BEGIN"); err == nil {
		err = f(c)
	}
	c.SetInterrupt(nil)
	if !c.AutocommitEnabled() {
		keep = c.exec("ROLLBACK") == nil
	}
	return d.explain(ctx, "read store", err)
}

// reader takes an idle connection or opens one; nil while there is no store.
func (d *db) reader() (*conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.New("read store: it is closed")
	}
	if d.copied.stale(d) {
		for _, c := range d.idle {
			c.Close()
		}
		d.idle = nil
		if err := d.copied.remove(); err != nil {
			return nil, err
		}
		d.copied = nil
	}
	if n := len(d.idle); n > 0 {
		c := d.idle[n-1]
		d.idle = d.idle[:n-1]
		return c, nil
	}
	there, err := d.exists()
	if err != nil || !there {
		return nil, err
	}
	c, err := d.openReader()
	if err != nil {
		return nil, d.explain(context.Background(), "open store", err)
	}
	if c, err = d.verify(c); err != nil {
		return nil, d.explain(context.Background(), "open store", err)
	}
	return c, nil
}

func (d *db) giveBack(c *conn, keep bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !keep || d.closed || len(d.idle) >= keepReaders || c.of != d.copied {
		c.Close()
		return
	}
	d.idle = append(d.idle, c)
}

// openReader opens store.db where it lies if SQLite can share it there, which
// needs its side files to exist or to be creatable; else a still picture of it.
func (d *db) openReader() (*conn, error) {
	if d.copied == nil && d.inPlace() {
		// The last connection to close folds the log into store.db and removes the
		// side files, if it may write. A reader leaves the folder as it found it.
		flags := sqlite.OpenReadWrite
		if wal, err := os.Stat(d.path() + "-wal"); d.readOnly && err == nil && wal.Size() > 0 {
			flags = sqlite.OpenReadOnly
		}
		return openConn(d.path(), flags, "query_only=1", fmt.Sprintf("busy_timeout=%d", patience.Milliseconds()))
	}
	if d.copied == nil {
		p, err := d.picture()
		if err != nil {
			return nil, err
		}
		d.copied = p
	}
	c, err := openConn(d.copied.uri, d.copied.flags, "query_only=1")
	if err != nil {
		return nil, err
	}
	c.of = d.copied
	return c, nil
}

// write runs f in one transaction under the grant of ctx, making the store if need
// be. f says what it changed by tx.touch; without that nothing is committed.
func (d *db) write(ctx context.Context, what string, f func(*tx) error) error {
	return d.writeRisk(ctx, what, backends.Safe, f)
}

func (d *db) writeRisk(ctx context.Context, what string, risk backends.Risk, f func(*tx) error) error {
	if err := backends.CheckRisk(ctx, "store", what, risk); err != nil {
		return err
	}
	if d.readOnly {
		return fmt.Errorf("%s: %w: %s", what, backends.ErrReadOnly, d.why)
	}
	select {
	case d.writing <- struct{}{}:
		defer func() { <-d.writing }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	err := d.begin(ctx)
	if err == nil {
		err = d.transact(f)
	}
	return d.explain(ctx, what, err)
}

// begin opens the writer if need be and takes SQLite's write lock; only that has
// patience as its limit. It waits here and not within SQLite, which could only be
// told to stop by a goroutine of its own for each write: a third of a small one.
func (d *db) begin(ctx context.Context) (err error) {
	if d.w == nil {
		wait, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if d.w, err = d.openWriter(wait); err != nil {
			return err
		}
	}
	var waited time.Duration
	for pause := time.Millisecond; ; pause = min(2*pause, 25*time.Millisecond) {
		err = d.w.exec("BEGIN IMMEDIATE")
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || waited >= patience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			waited += pause
		}
	}
}

// transact runs f in the transaction that was begun, and ends it.
func (d *db) transact(f func(*tx) error) (err error) {
	c := d.w
	defer func() {
		if c.AutocommitEnabled() {
			return
		}
		if undo := c.exec("ROLLBACK"); undo != nil { // a connection that cannot is of no more use
			err = errors.Join(err, undo, c.Close())
			d.w = nil
		}
	}()
	t := &tx{conn: c, db: d, now: d.o.Now().UnixMilli()}
	if t.rev, err = c.int("SELECT rev + 1 FROM state"); err != nil {
		return err
	}
	if err := f(t); err != nil || t.touched == 0 {
		return err
	}
	const raise = "UPDATE state SET rev = ?1, runs = iif(?2 & 1, ?1, runs), metrics = iif(?2 & 2, ?1, metrics), models = iif(?2 & 4, ?1, models)"
	if err := c.exec(raise, t.rev, int64(t.touched)); err != nil {
		return err
	}
	return c.exec("COMMIT")
}

// tx is a write transaction.
type tx struct {
	*conn
	db      *db
	rev     int64 // of the store once this is committed
	now     int64
	touched topics
}

// topics are a set of what a transaction changed.
type topics int

const (
	ofRuns topics = 1 << iota
	ofMetrics
	ofModels
)

func (t *tx) touch(what topics) { t.touched |= what }

func (d *db) openWriter(ctx context.Context) (*conn, error) {
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return nil, errors.New("it is closed")
	}
	if _, err := d.exists(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, err
	}
	c, err := openConn(d.path(), sqlite.OpenReadWrite|sqlite.OpenCreate, fmt.Sprintf("page_size=%d", pageSize))
	if err != nil {
		return nil, err
	}
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	if err := d.prepare(ctx, c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.SetBusyTimeout(0) // begin waits
	return c, nil
}

// prepare makes a connection a writer's: the journal, the schema, the limits.
func (d *db) prepare(ctx context.Context, c *conn) error {
	for { // SQLite does not wait by itself when two processes do this at once
		err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA journal_mode=wal", nil)
		if err == nil {
			break
		}
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := migrate(c, d.o.Now()); err != nil {
		return err
	}
	pragmas := []string{"synchronous=NORMAL", "foreign_keys=ON", "journal_size_limit=8388608"}
	if d.o.maxPages > 0 {
		pragmas = append(pragmas, fmt.Sprintf("max_page_count=%d", d.o.maxPages))
	}
	for _, p := range pragmas {
		if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA "+p, nil); err != nil {
			return err
		}
	}
	return nil
}
