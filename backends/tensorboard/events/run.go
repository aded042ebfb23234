package events

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Visitor is told what a Run reads, in the order of the files.
type Visitor interface {
	// Scalars appends to a series; the columns are the Run's and valid until the
	// call returns.
	Scalars(s *Series, p Points)
	Datum(s *Series, d Datum)
	// Rewind forgets the values with a step of at least step; of all series when s is
	// nil.
	Rewind(s *Series, step int64)
	// Forget forgets everything: a file was written anew.
	Forget()
	Trouble(err error)
}

// Run is the event files of one folder, read in the order of their names. It is
// used by one goroutine at a time, and holds no file open between reads.
type Run struct {
	dir    string
	files  []*file // by name
	series map[string]*Series
	last   *Series
	dirty  []*Series
	v      Visitor
	event  event // at hand, and its value: no memory is taken for each
	val    value

	pending int // bytes read whose scalars are not yet told
	flushAt int
	begun   bool
	start   float64
}

// firstFlush is after how many bytes scalars are told the first time: something is
// to be seen early. It doubles up to lastFlush, where the cost of telling is small.
const (
	firstFlush = 64 << 10
	lastFlush  = 8 << 20
)

// NewRun is a reader of the folder dir. It touches no file yet.
func NewRun(dir string) *Run {
	return &Run{dir: dir, series: map[string]*Series{}, flushAt: firstFlush}
}

// Start is the earliest time of an event in seconds since 1970; false before there
// is one.
func (r *Run) Start() (float64, bool) { return r.start, r.begun }

// Size is how many bytes have been read.
func (r *Run) Size() (n int64) {
	for _, f := range r.files {
		n += f.at
	}
	return n
}

// Read tells v what is new in the files, and returns. It returns ctx's error when
// that ends first, and goes on from there the next time. An error of the folder
// itself is returned; one of a file is told as trouble.
func (r *Run) Read(ctx context.Context, v Visitor) error {
	r.v = v
	defer func() { r.v = nil }()
	if err := r.scan(); err != nil {
		return err
	}
	for _, f := range r.files {
		again, err := f.look(r.dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			f.trouble(v, err)
			continue
		}
		if again {
			r.forget()
			return r.Read(ctx, v)
		}
	}
	defer r.flush()
	var buf []byte
	for _, f := range r.files {
		if f.dead || f.info == nil || f.info.Size() <= f.at {
			continue
		}
		if want := int(min(window, f.info.Size()-f.at)); len(buf) < want {
			buf = make([]byte, want)
		}
		if err := r.read(ctx, f, buf); err != nil {
			return err
		}
	}
	return nil
}

// scan finds files that are new in the folder.
func (r *Run) scan() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("list event files: %w", err)
	}
	for _, e := range entries {
		if !IsFile(e.Name()) || e.IsDir() {
			continue
		}
		i, known := slices.BinarySearchFunc(r.files, e.Name(), func(f *file, name string) int { return strings.Compare(f.name, name) })
		if !known {
			r.files = slices.Insert(r.files, i, &file{name: e.Name(), rank: len(r.files)})
		}
	}
	return nil
}

func (r *Run) forget() {
	r.files, r.series, r.last, r.dirty = nil, map[string]*Series{}, nil, nil
	r.begun, r.pending, r.flushAt = false, 0, firstFlush
	r.v.Forget()
}

// read reads what is new in one file.
func (r *Run) read(ctx context.Context, f *file, buf []byte) error {
	in, err := os.Open(filepath.Join(r.dir, f.name))
	if err != nil {
		f.trouble(r.v, err)
		return nil
	}
	defer in.Close()
	rec := newRecords(in, f.at, f.info.Size(), buf)
	defer func() { f.remember(in, rec.at()) }()
	return r.drain(ctx, f, rec)
}

// drain takes the records that are there.
func (r *Run) drain(ctx context.Context, f *file, rec *records) error {
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		data, at, err := rec.next()
		if err != nil {
			if r.stops(f, err) {
				return nil
			}
			continue
		}
		if err := r.record(f, data, at); err != nil {
			f.trouble(r.v, &DamageError{File: f.name, Offset: at, What: err.Error()})
		}
		if r.pending += len(data); r.pending >= r.flushAt {
			r.flush()
			r.flushAt = min(2*r.flushAt, lastFlush)
		}
	}
}

// stops says whether nothing more of the file can be read now.
func (r *Run) stops(f *file, err error) bool {
	if errors.Is(err, errWait) {
		return true
	}
	var damage *DamageError
	if !errors.As(err, &damage) {
		f.trouble(r.v, err)
		return true
	}
	damage.File = f.name
	f.trouble(r.v, damage)
	f.dead = damage.Fatal
	return f.dead
}

// flush tells the scalars that were read.
func (r *Run) flush() {
	for _, s := range r.dirty {
		if s.back {
			r.v.Rewind(s, s.backTo)
			s.back = false
		}
		if s.points.Len() > 0 {
			r.v.Scalars(s, s.points)
		}
		s.points.cut(0)
		s.dirty = false
	}
	r.dirty = r.dirty[:0]
	r.pending = 0
}
