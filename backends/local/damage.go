package local

import (
	"errors"
	"syscall"

	"flightdeck/backends/local/store"
)

// Damage is what the doctor finds where a workspace cannot even be opened, because
// its store is damaged. ok is false for every other error.
func Damage(err error) (f Finding, ok bool) {
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		return Finding{}, false
	}
	return Finding{Check: "store", Result: damaged.Path + " is " + damaged.What(), Fix: damaged.Fix(), Bad: true}, true
}

// roomError says that nothing came of a start because the disk is full.
type roomError struct {
	root string
	err  error
}

func (e *roomError) Error() string {
	return "the disk is full (workspace " + e.root + "); nothing was started"
}
func (e *roomError) Unwrap() error { return e.err }

// unstarted is the error of a start, in plain words where there was no room for it.
func (l *Local) unstarted(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, store.ErrFull) {
		return &roomError{l.o.Root, err}
	}
	return err
}
