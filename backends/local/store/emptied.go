package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// making is how long a process may take from creating store.db to the first bytes
// in it. It takes a few milliseconds.
const making = 2 * time.Second

var errEmptied = errors.New("it is empty, and the files of its runs are still here")

// emptied judges a store.db of no bytes: it is a store that somebody is making, or
// was killed making, unless files of runs lie beside it. Those come after the
// store, so that it was cut, and taking it for a new one would lose its runs
// without a word. Whoever moved a damaged store aside is making a new one beside
// old files: that is waited for while the file is young.
func (d *db) emptied(f *os.File) (there bool, err error) {
	if !d.holdsFiles() || d.logged() {
		return false, nil
	}
	for end := time.Now().Add(making); ; time.Sleep(10 * time.Millisecond) {
		fi, err := f.Stat()
		if err != nil {
			return false, fmt.Errorf("open store: %w", err)
		}
		if fi.Size() > 0 || d.logged() {
			return d.exists()
		}
		if now := time.Now(); now.After(end) || now.Sub(fi.ModTime()) > making {
			return false, &DamagedError{Path: d.path(), Since: fi.ModTime(), Err: errEmptied, Empty: true}
		}
	}
}

// holdsFiles reports whether the files of runs lie here.
func (d *db) holdsFiles() bool {
	f, err := os.Open(filepath.Join(d.dir, "artifacts"))
	if err != nil {
		return false
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) > 0
}

// logged reports whether SQLite's log holds anything.
func (d *db) logged() bool {
	fi, err := os.Stat(d.path() + "-wal")
	return err == nil && fi.Size() > 0
}
