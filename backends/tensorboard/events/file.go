package events

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// file is how far one file has been read.
type file struct {
	name   string
	rank   int // in the order in which files were found
	at     int64
	tail   []byte // the bytes before at: what tells the same file from another
	info   fs.FileInfo
	dead   bool
	told   int
	silent bool
}

// tailSize is how much of what was read is compared before reading on.
const tailSize = 64

// look sees how large the file is now. It is true when what was read is no longer
// there: the file is shorter, or another one stands in its place. A longer file
// with the same bytes (a copy that is renewed by renaming) goes on.
func (f *file) look(dir string) (anew bool, err error) {
	old := f.info
	f.info, err = os.Stat(filepath.Join(dir, f.name))
	if err != nil {
		f.info = nil
		return false, err
	}
	if !f.info.Mode().IsRegular() { // opening a pipe would wait for its writer
		f.info = nil
		return false, fmt.Errorf("%s is no regular file", f.name)
	}
	if f.at == 0 || old != nil && os.SameFile(old, f.info) && old.Size() == f.info.Size() && old.ModTime().Equal(f.info.ModTime()) {
		return false, nil
	}
	if f.info.Size() < f.at {
		return true, nil
	}
	in, err := os.Open(filepath.Join(dir, f.name))
	if err != nil {
		f.info = nil
		return false, err
	}
	defer in.Close()
	now := make([]byte, len(f.tail))
	if _, err := in.ReadAt(now, f.at-int64(len(now))); err != nil && !errors.Is(err, io.EOF) {
		f.info = nil
		return false, err
	}
	return !bytes.Equal(now, f.tail), nil
}

// remember notes that the file is read up to at.
func (f *file) remember(in io.ReaderAt, at int64) {
	f.at = at
	tail := make([]byte, min(tailSize, at))
	if n, err := in.ReadAt(tail, at-int64(len(tail))); n < len(tail) && err != nil {
		return // it became shorter: the next look says so
	}
	f.tail = tail
}

// maxTold is how much trouble of one file is worth telling.
const maxTold = 8

func (f *file) trouble(v Visitor, err error) {
	switch f.told++; {
	case f.told <= maxTold:
		v.Trouble(err)
	case !f.silent:
		f.silent = true
		v.Trouble(fmt.Errorf("%s: there is more damage like that", f.name))
	}
}
