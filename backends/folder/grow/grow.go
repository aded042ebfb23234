// Package grow reads files that somebody else is still writing: only what is new,
// again from the start when the file was written anew, and never a device or a pipe
// that would block. No file is held open between two reads, so that thousands of
// runs cost no descriptors.
//
// A file was written anew when its inode changed, when it is shorter than what was
// read, or when the bytes before the place where reading goes on are no longer the
// same: its first 16 KiB, and the last few hundred. This is looked at before and
// after each piece is read, because a writer may truncate the file in between.
package grow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const (
	// Piece is how much is read at once, as long as the taker uses any of it.
	Piece = 256 << 10
	// MaxPiece is how much is kept for a taker that uses nothing: given so much, it
	// must use some of it.
	MaxPiece = 16 << 20

	headLen = 16 << 10
	seamLen = 256
)

// ErrRestless is for a file that is written anew faster than it can be read.
var ErrRestless = errors.New("the file is being written anew over and over")

// File follows one file. Its zero value with a path is ready. It is used by one
// goroutine at a time.
type File struct {
	Path string

	seen   os.FileInfo // as of the last complete read; nil before, and when there is more
	inode  os.FileInfo
	off    int64        // what was used
	head   maphash.Hash // of the first headLen bytes of it
	seam   []byte       // the last seamLen bytes of it
	buf    []byte
	hidden bool // the file was gone: what comes next is another one
}

// Take is given the bytes from offset at on and returns how many it used; the rest
// comes again with more behind it. mtime is when the file was last written.
type Take func(p []byte, at int64, mtime time.Time) int

// Offset is up to where the file was used.
func (f *File) Offset() int64 { return f.off }

// Read gives take what was appended since the last call. restart is called first
// when the file was written anew: take is then given it from its start. A file that
// is not there is fs.ErrNotExist. When ctx ends, the next call goes on from there.
func (f *File) Read(ctx context.Context, restart func(), take Take) error {
	now, err := os.Stat(f.Path)
	if err != nil {
		f.hidden, f.seen = f.inode != nil, nil
		return err
	}
	if f.seen != nil && os.SameFile(now, f.seen) && now.Size() == f.seen.Size() && now.ModTime().Equal(f.seen.ModTime()) {
		return nil
	}
	file, info, err := Open(f.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	f.seen = nil
	for range 3 {
		if !f.continues(file, info) {
			f.off, f.seam, f.hidden = 0, nil, false
			f.head.Reset()
			restart()
		}
		f.inode = info
		anew, err := f.follow(ctx, file, take)
		if err != nil {
			return err
		}
		if !anew {
			f.seen, f.buf = now, nil
			return nil
		}
		if info, err = file.Stat(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w", f.Path, ErrRestless)
}

// follow reads to the end. anew says that the file turned into another one meanwhile;
// what was read of it since the last take is not used.
func (f *File) follow(ctx context.Context, file *os.File, take Take) (anew bool, err error) {
	size := Piece
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if cap(f.buf) < size {
			f.buf = make([]byte, size)
		}
		n, err := file.ReadAt(f.buf[:size], f.off)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, fmt.Errorf("read %s at %d: %w", f.Path, f.off, err)
		}
		info, err := file.Stat()
		if err != nil {
			return false, err
		}
		if !f.continues(file, info) {
			return true, nil
		}
		used := 0
		if n > 0 {
			used = max(0, min(n, take(f.buf[:n], f.off, info.ModTime())))
		}
		if used > 0 {
			f.use(f.buf[:used])
			size = Piece
			continue
		}
		if n < size {
			return false, nil
		}
		if size >= MaxPiece {
			return false, fmt.Errorf("%s: nothing to use in %d MiB from %d on", f.Path, MaxPiece>>20, f.off)
		}
		size *= 2
	}
}

// continues reports whether what was used still stands in the file.
func (f *File) continues(file *os.File, info os.FileInfo) bool {
	if f.inode == nil {
		return true
	}
	if f.hidden || !os.SameFile(f.inode, info) || info.Size() < f.off {
		return false
	}
	b := make([]byte, min(f.off, headLen))
	if n, _ := file.ReadAt(b, 0); maphash.Bytes(f.head.Seed(), b[:n]) != f.head.Sum64() {
		return false
	}
	b = b[:len(f.seam)]
	n, _ := file.ReadAt(b, f.off-int64(len(f.seam)))
	return bytes.Equal(b[:n], f.seam)
}

// use notes what was used, as it was read: the file may already say something else.
func (f *File) use(p []byte) {
	if left := headLen - f.off; left > 0 {
		_, _ = f.head.Write(p[:min(int64(len(p)), left)])
	}
	f.off += int64(len(p))
	if len(p) < seamLen {
		p = append(f.seam, p...)
	}
	f.seam = bytes.Clone(p[max(0, len(p)-seamLen):])
}

// Open opens a regular file for reading; anything else is an error, at once: a pipe
// of the same name would block for good.
func Open(path string) (*os.File, os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}
