package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
)

// A store.db of no bytes beside the files of runs was cut: it is neither read as an
// empty store nor written over. Beside nothing it is one that was never finished.
func TestEmptiedStore(t *testing.T) {
	dir, _, _ := filled(t)
	path := filepath.Join(dir, "store.db")
	ok(t, os.Truncate(path, 0))
	old := time.Now().Add(-time.Hour)
	ok(t, os.Chtimes(path, old, old))
	_, err := Open(dir, Options{})
	var damaged *DamagedError
	if !errors.As(err, &damaged) || !damaged.Empty {
		t.Fatalf("an emptied store: %v", err)
	}
	for _, says := range []string{"store.db is damaged (it is empty", "last written " + old.Format("2006-01-02"), "move store.db aside"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("the message does not say %q: %v", says, err)
		}
	}
	if fi, err := os.Stat(path); err != nil || fi.Size() != 0 {
		t.Errorf("the emptied file was changed: %v, %v", fi, err)
	}

	fresh := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(fresh, "store.db"), nil, 0o644))
	s := open(t, fresh, Options{})
	newRun(t, s, NewRun{})
}

// One that was cut a moment ago could be one in the making; it is not written over
// either.
func TestEmptiedJustNow(t *testing.T) {
	dir, _, _ := filled(t)
	path := filepath.Join(dir, "store.db")
	ok(t, os.Truncate(path, 0)) // now: the file is young
	s, err := Open(dir, Options{})
	if err == nil {
		_, err = s.CreateRun(owner(t), NewRun{})
		ok(t, s.Close())
	}
	if damaged := (*DamagedError)(nil); !errors.As(err, &damaged) {
		t.Fatalf("cut just now: %v", err)
	}
	if b := must[[]byte](t)(os.ReadFile(path)); len(b) > 0 {
		t.Errorf("%d bytes were written over it", len(b))
	}
}

// Whoever moves a damaged store aside begins a new one beside the old files; that
// several do so at once, and meet a file of no bytes, is no damage.
func TestNewStoreBesideOldFiles(t *testing.T) {
	dir, _, _ := filled(t)
	for _, name := range []string{"store.db", "store.db-wal", "store.db-shm"} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(t.TempDir(), name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	const writers = 8
	errs := make(chan error, writers)
	for range writers {
		go func() {
			s, err := Open(dir, Options{})
			if err == nil {
				_, err = s.CreateRun(owner(t), NewRun{})
				err = errors.Join(err, s.Close())
			}
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s := open(t, dir, Options{})
	if runs := must[[]*backends.Run](t)(s.Runs(t.Context(), backends.RunFilter{})); len(runs) != writers {
		t.Errorf("%d runs, want %d", len(runs), writers)
	}
}

// A reader that meets a store which another is making, beside the files of an older
// one, never takes it for a damaged one.
func TestReaderMeetsAStoreInTheMaking(t *testing.T) {
	dir, _, _ := filled(t)
	for _, name := range []string{"store.db", "store.db-wal", "store.db-shm"} { // moved aside, as a damaged one is
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	made, opened := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			s, err := Open(dir, Options{})
			if err == nil {
				err = s.Close()
			}
			select {
			case <-made:
				opened <- err
				return
			default:
			}
			if err != nil {
				opened <- err
				return
			}
		}
	}()
	s := must[*Store](t)(Open(dir, Options{}))
	_, err := s.CreateExperiment(owner(t), "new", nil)
	close(made)
	ok(t, err)
	ok(t, s.Close())
	ok(t, <-opened)
}
