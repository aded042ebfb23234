package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
)

// CommandError says why a command cannot be run, before anything was started. Code
// is what a shell would exit with.
type CommandError struct {
	Command string
	Code    int // 127: not found; 126: found, but not to be run
	Why     string
}

func (e *CommandError) Error() string { return e.Command + ": " + e.Why }

// checkSpec finds what a start would fail on: a person hears of it when the plan is
// made, and not from a process that is gone already.
func (l *Local) checkSpec(spec backends.JobSpec) error {
	if len(spec.Command) == 0 || spec.Command[0] == "" {
		return errors.New("no command given")
	}
	for _, w := range spec.Command {
		if strings.ContainsRune(w, 0) {
			return fmt.Errorf("argument %q: a command cannot hold a NUL", w)
		}
	}
	for k, v := range spec.Env {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.ContainsRune(v, 0) {
			return fmt.Errorf("variable %q: its name is empty or holds =, or something holds a NUL", k)
		}
	}
	if spec.Grace < 0 {
		return fmt.Errorf("a grace period of %s", spec.Grace)
	}
	fi, err := os.Stat(spec.Dir)
	if err == nil && !fi.IsDir() {
		err = &fs.PathError{Path: spec.Dir, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return fmt.Errorf("folder %s: %w", spec.Dir, bare(err))
	}
	for _, d := range spec.Data {
		if _, err := os.Stat(at(spec.Dir, d)); err != nil {
			return fmt.Errorf("data %s: %w", d, bare(err))
		}
	}
	if spec.Command[0] == program {
		return nil // start brings it along
	}
	return findCommand(spec.Command[0], spec.Dir, l.path(spec))
}

// findCommand looks a program up as execvp would.
func findCommand(name, dir, path string) error {
	refuse := func(err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return &CommandError{Command: name, Code: 127, Why: "command not found"}
		}
		return &CommandError{Command: name, Code: 126, Why: bare(err).Error()}
	}
	if strings.Contains(name, "/") {
		if err := executable(at(dir, name)); err != nil {
			return refuse(err)
		}
		return nil
	}
	last := error(fs.ErrNotExist)
	for _, p := range filepath.SplitList(path) {
		switch err := executable(at(dir, filepath.Join(p, name))); {
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			last = err
		}
	}
	return refuse(last)
}

func executable(path string) error {
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case fi.IsDir():
		return syscall.EISDIR
	}
	return unix.Access(path, unix.X_OK)
}

// at is a path as a process in dir means it.
func at(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// bare is an error without the call and the path, which the message names itself.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
