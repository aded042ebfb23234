package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// spareSize is what a spare holds: more than any state that is written over it.
const spareSize = 4096

// reserve keeps disk space for one later replace of the file, so that a full disk
// cannot keep a state or an exit code from being written.
func reserve(dir, name string) error {
	f, err := os.OpenFile(filepath.Join(dir, name+".spare"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("reserve space for %s: %w", name, err)
	}
	_, err = f.Write(bytes.Repeat([]byte(" "), spareSize))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("reserve space for %s: %w", name, err)
	}
	return nil
}

// replace writes v as JSON in one step: a reader sees the old file or the new one.
func replace(dir, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	b = append(b, '\n')
	path := filepath.Join(dir, name)
	tmp := path + ".tmp"
	err = writeSynced(tmp, os.O_CREATE|os.O_TRUNC, b)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		return nil
	}
	os.Remove(tmp)
	if full(err) && len(b) <= spareSize {
		b = append(b, bytes.Repeat([]byte(" "), spareSize-len(b))...)
		if writeSynced(path+".spare", 0, b) == nil && os.Rename(path+".spare", path) == nil {
			_ = reserve(dir, name) // the blocks of the file that was replaced are free now
			return nil
		}
	}
	return fmt.Errorf("write %s: %w", name, err)
}

func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func writeSynced(path string, flags int, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// read parses one of the folder's JSON files. A file that is not there is
// os.ErrNotExist; anything else that is wrong with it is *damagedError.
func read(dir, name string, v any) error {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return &damagedError{name: name, err: err}
	}
	return nil
}

type damagedError struct {
	name string
	err  error
}

func (e *damagedError) Error() string { return e.name + " is damaged: " + e.err.Error() }
func (e *damagedError) Unwrap() error { return e.err }
