package local

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"flightdeck/backends/local/store"
)

func TestUnstarted(t *testing.T) {
	l := &Local{o: Options{Root: "/lab"}}
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT, store.ErrFull} {
		err := l.unstarted(fmt.Errorf("start job: %w", &fs.PathError{Op: "write", Path: "spec.json.1.tmp", Err: cause}))
		if err.Error() != "the disk is full (workspace /lab); nothing was started" || !errors.Is(err, cause) {
			t.Errorf("%v: %v", cause, err)
		}
	}
	other := errors.New("start job: too many processes")
	if l.unstarted(other) != other || l.unstarted(nil) != nil {
		t.Error("what has another reason is said otherwise")
	}
}

func TestDamage(t *testing.T) {
	f, ok := Damage(fmt.Errorf("open: %w", &store.DamagedError{Path: "/lab/store.db", Err: errors.New("it is empty"), Empty: true}))
	if !ok || !f.Bad || !strings.Contains(f.Result, "/lab/store.db is damaged (it is empty)") || !strings.Contains(f.Fix, "move store.db aside") {
		t.Errorf("%+v, %v", f, ok)
	}
	for _, err := range []error{nil, errors.New("made by a newer program")} {
		if f, ok := Damage(err); ok {
			t.Errorf("%v is damage: %+v", err, f)
		}
	}
}
