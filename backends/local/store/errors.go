package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// Codes of an Error, as MLflow spells them.
const (
	InvalidParameter = "INVALID_PARAMETER_VALUE"
	DoesNotExist     = "RESOURCE_DOES_NOT_EXIST"
	AlreadyExists    = "RESOURCE_ALREADY_EXISTS"
	BadRequest       = "BAD_REQUEST"
	InvalidState     = "INVALID_STATE"
	Internal         = "INTERNAL_ERROR" // where MLflow says so of a mistake in the request
)

// Error is a refusal that MLflow's API has a code and a message for. One with the
// code DoesNotExist is backends.ErrNotFound.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Message }

// Is makes errors.Is(err, backends.ErrNotFound) work.
func (e *Error) Is(target error) bool {
	return target == backends.ErrNotFound && e.Code == DoesNotExist
}

func invalid(format string, args ...any) error {
	return &Error{InvalidParameter, fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &Error{DoesNotExist, fmt.Sprintf(format, args...)}
}

// ErrFull is wrapped by the error of a write for which there was no room. The
// write has left nothing behind.
var ErrFull = errors.New("disk full")

// ErrBusy is wrapped by the error of a write that waited too long for another
// process. Trying again may help.
var ErrBusy = errors.New("another process is writing")

// DamagedError says that store.db, or one of its values, cannot be read. The file
// is left as it is.
type DamagedError struct {
	Path  string
	Since time.Time // when the file was last written: it was damaged then or later
	Err   error
	Rows  map[string]int64 // what can still be read, by table; filled in by Open
	Empty bool             // nothing is left of the file
}

func (e *DamagedError) Unwrap() error { return e.Err }

func (e *DamagedError) Error() string { return e.Path + " is " + e.What() + ". " + e.Fix() }

// What says in which way the file is damaged, and what of it can still be read.
func (e *DamagedError) What() string {
	what := fmt.Sprintf("damaged (%v); it was last written %s, and nothing has changed it now", e.Err, e.Since.Format("2006-01-02 15:04:05"))
	var left []string
	for _, t := range [...]string{"runs", "experiments", "versions"} {
		if n := e.Rows[t]; n > 0 {
			left = append(left, fmt.Sprintf("%d %s", n, t))
		}
	}
	if len(left) > 0 {
		what += ". Still readable: " + strings.Join(left, ", ")
	}
	return what
}

// Fix says what to do.
func (e *DamagedError) Fix() string {
	if e.Empty {
		return "Stop what writes to it and put a copy of it in its place. Without one, move store.db aside: the next run starts a new store, and the files of the old runs stay in artifacts."
	}
	return "Stop what writes to it and move store.db, store.db-wal and store.db-shm aside together, do not delete them: the next run starts a new store. " +
		"SQLite's own shell brings back what is left:  sqlite3 MOVED/store.db .recover | sqlite3 " + e.Path
}

func (d *db) damaged(err error) error {
	e := &DamagedError{Path: d.path(), Err: err}
	if fi, statErr := os.Stat(e.Path); statErr == nil {
		e.Since = fi.ModTime()
	}
	return e
}

// explain turns SQLite's result codes into what happened and what it means.
func (d *db) explain(ctx context.Context, what string, err error) error {
	var refused *Error
	var damaged *DamagedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &damaged):
		return damaged
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	code := sqlite.ErrCode(err)
	if code == sqlite.ResultIOErrSHMSize {
		return fmt.Errorf("%s: %w: nothing was written (%w)", what, ErrFull, err)
	}
	switch code.ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return d.damaged(err)
	case sqlite.ResultFull:
		return fmt.Errorf("%s: %w: nothing was written to %s", what, ErrFull, d.path())
	case sqlite.ResultReadOnly:
		return fmt.Errorf("%s: %w: %s", what, backends.ErrReadOnly, err)
	case sqlite.ResultBusy, sqlite.ResultInterrupt:
		return fmt.Errorf("%s: %w: it has held %s for %s (%w)", what, ErrBusy, d.path(), patience, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
