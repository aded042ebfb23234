// Package store keeps experiments, runs, metrics, artifacts and registered models
// in one folder: store.db, a SQLite file of our own schema, and artifacts/, where
// a file's name is the SHA-256 of its content.
//
// Any number of processes write at once. A write is one BEGIN IMMEDIATE that first
// passes backends.Check, and it raises rev in the same transaction. Acknowledged
// means committed with synchronous=NORMAL: it survives any kill, not a power cut.
//
// Opening and reading create nothing: a store that is not there yet reads as
// empty, and the first write makes it. One of an older schema is brought up to date
// when it is opened for writing. A folder that cannot be written, or that
// lies on a network file system, opens read-only and says why. A damaged file is a
// *DamagedError, and nothing here ever overwrites one.
//
// Where things are: conn.go opens connections and is the only place that begins a
// transaction; points.go and latest.go are the formats of metrics; append.go,
// dedupe.go and seal.go write them and history.go reads them back; snapshot.go
// lists runs by patching the listing before; check.go is the doctor.
//
// Errors that MLflow's API has a code for are *Error, with its code and words.
package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say how the store is opened. The zero value opens for reading and
// writing what is there.
type Options struct {
	ReadOnly bool
	// Statfs gives the type of the file system that holds path, as statfs(2) does.
	// nil asks the system.
	Statfs func(path string) (fsType int64, err error)
	// Now is the clock. nil is time.Now. Nothing relies on it going forwards.
	Now func() time.Time

	maxPages int64 // of store.db, so that tests can fill it
}

// Store is an open store. Its methods may be called from any goroutine.
type Store struct {
	*db
	experiments
	runs
	metrics
	files
	registry
	logged
}

// Open opens the store in dir without creating anything. It fails with a
// *DamagedError when store.db cannot be read, and with a plain error when it was
// made by a newer program or is not ours.
func Open(dir string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Statfs == nil {
		o.Statfs = fileSystem
	}
	d := &db{dir: filepath.Clean(dir), o: o, writing: make(chan struct{}, 1), reading: make(chan struct{}, maxReaders)}
	d.names.byName = map[string]int64{}
	d.readOnly, d.why = readOnly(d.dir, o)
	s := &Store{
		db: d, experiments: experiments{d}, runs: runs{db: d}, files: files{d}, registry: registry{d}, logged: logged{d},
		metrics: metrics{db: d},
	}
	if err := d.upgrade(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return s, nil
}

// db is what the parts of a store share: the folder and its connections.
type db struct {
	dir      string
	o        Options
	readOnly bool
	why      string

	writing chan struct{} // held by the one writer of this process
	w       *conn         // nil until the first write; only its holder touches it
	names   names

	reading chan struct{} // one token a reader
	mu      sync.Mutex
	idle    []*conn
	copied  *copied // what stands for store.db where SQLite cannot open it in place
	closed  bool
}

// ReadOnly says whether the store refuses to write, and why.
func (d *db) ReadOnly() (bool, string) { return d.readOnly, d.why }

// Dir is the folder that holds the store.
func (d *db) Dir() string { return d.dir }

// Rev is the number of transactions that changed the store, 0 while there is none.
func (d *db) Rev(ctx context.Context) (uint64, error) {
	var rev int64
	err := d.read(ctx, func(c *conn) (err error) {
		rev, err = c.int("SELECT rev FROM state")
		return err
	})
	return uint64(rev), err
}

// Close ends all connections. A read that is under way fails.
func (d *db) Close() error {
	d.writing <- struct{}{}
	defer func() { <-d.writing }()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	var errs []error
	for _, c := range d.idle {
		errs = append(errs, c.Close())
	}
	d.idle = nil
	if d.w != nil {
		errs = append(errs, d.w.Close())
		d.w = nil
	}
	errs = append(errs, d.copied.remove())
	d.copied = nil
	return errors.Join(errs...)
}

func (d *db) path() string { return filepath.Join(d.dir, "store.db") }

// exists reports whether there is a store. A file of no bytes is one whose maker
// was killed before it wrote anything, unless something was stored here before; any
// other that does not begin as a SQLite file must not be taken for an empty one and
// written over.
func (d *db) exists() (bool, error) {
	f, err := os.Open(d.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open store: %w", err)
	}
	defer f.Close()
	const magic = "SQLite format 3\x00"
	head := make([]byte, 100)
	n, err := io.ReadFull(f, head)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return d.emptied(f)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return false, d.damaged(fmt.Errorf("only %d bytes are left of it", n))
	case err != nil:
		return false, fmt.Errorf("open store: %w", err)
	case string(head[:len(magic)]) != magic:
		return false, d.damaged(errors.New("it does not begin as a SQLite file"))
	}
	return true, d.whole(f, head)
}

// whole compares the file's size with the one in its header, which holds while no
// log waits to be folded in. SQLite itself misses less than a page.
// Layout: sqlite.org/fileformat2.html, "The Database Header".
func (d *db) whole(f *os.File, head []byte) error {
	be := binary.BigEndian
	if be.Uint32(head[24:]) != be.Uint32(head[92:]) { // the size was not kept
		return nil
	}
	wal, err := os.Stat(d.path() + "-wal")
	if err == nil && wal.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	fi, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	size := int64(be.Uint16(head[16:])) * int64(be.Uint32(head[28:]))
	if fi.Size() < size {
		return d.damaged(fmt.Errorf("%d of its %d bytes are left", fi.Size(), size))
	}
	return nil
}

// probe reads enough to know that the file is ours, whole and of a known version.
func (d *db) probe() error {
	return d.read(context.Background(), func(c *conn) error {
		_, err := c.int("SELECT rev FROM state")
		return err
	})
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
