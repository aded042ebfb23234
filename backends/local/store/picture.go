package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
	"zombiezen.com/go/sqlite"
)

// SQLite's write-ahead log needs a shared-memory file beside the database even to
// read. Where that cannot be made, in a read-only folder or on a network file
// system, readers use a picture: the file itself opened as immutable when its log
// is empty, else a private copy of both. A picture is dropped when the originals
// change.

// copied is a picture. Its zero pointer is none.
type copied struct {
	uri   string
	flags sqlite.OpenFlags
	dir   string // to remove, "" when nothing was copied
	made  time.Time
	of    originals
}

// originals is what tells one state of the files from another.
type originals struct {
	db, wal         int64 // sizes
	dbTime, walTime time.Time
}

// pictureAge is how long a picture is good at least, so that a busy writer
// elsewhere does not make us copy all the time.
const pictureAge = 2 * time.Second

// inPlace reports whether SQLite can open store.db where it is.
func (d *db) inPlace() bool {
	if !d.readOnly {
		return true
	}
	t, err := d.o.Statfs(d.dir)
	if err == nil {
		if _, ok := shared(t); ok {
			return false
		}
	}
	return unix.Access(d.dir, unix.W_OK) == nil
}

func (d *db) originals() (o originals, err error) {
	fi, err := os.Stat(d.path())
	if err != nil {
		return o, fmt.Errorf("open store: %w", err)
	}
	o.db, o.dbTime = fi.Size(), fi.ModTime()
	fi, err = os.Stat(d.path() + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("open store: %w", err)
	}
	o.wal, o.walTime = fi.Size(), fi.ModTime()
	return o, nil
}

func (d *db) picture() (*copied, error) {
	o, err := d.originals()
	if err != nil {
		return nil, err
	}
	if o.wal == 0 {
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: d.path()}).EscapedPath(), RawQuery: "immutable=1"}
		return &copied{uri: u.String(), flags: sqlite.OpenReadOnly | sqlite.OpenURI, made: time.Now(), of: o}, nil
	}
	dir, err := os.MkdirTemp("", "flightdeck-store-")
	if err != nil {
		return nil, fmt.Errorf("copy store to read it: %w", err)
	}
	p := &copied{uri: filepath.Join(dir, "store.db"), flags: sqlite.OpenReadWrite, dir: dir}
	for range 5 { // until no one wrote in between
		err = errors.Join(copyFile(p.uri, d.path()), copyFile(p.uri+"-wal", d.path()+"-wal"))
		after, statErr := d.originals()
		if err = errors.Join(err, statErr); err != nil {
			break
		}
		if after == o {
			p.made, p.of = time.Now(), o
			return p, nil
		}
		o = after
	}
	if err == nil {
		err = errors.New("it is written to all the time")
	}
	return nil, errors.Join(fmt.Errorf("copy store to read it: %w", err), p.remove())
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) { // the log was folded in: the sizes will differ
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

// stale reports whether the originals have changed since the picture was made.
func (p *copied) stale(d *db) bool {
	if p == nil || time.Since(p.made) < pictureAge {
		return false
	}
	now, err := d.originals()
	return err != nil || now != p.of
}

func (p *copied) remove() error {
	if p == nil || p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}
