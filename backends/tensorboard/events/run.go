package events

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
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

// record takes one record: data, which lies at offset at of the file.
func (r *Run) record(f *file, data []byte, at int64) error {
	e := &r.event
	if err := e.read(data); err != nil {
		return err
	}
	if e.wall > 0 && (!r.begun || e.wall < r.start) {
		r.start, r.begun = e.wall, true
	}
	switch e.what {
	case eventSummary:
		for r.val.next(&e.body) {
			r.value(f, &r.val, at)
		}
		if e.body.bad {
			return errMessage
		}
	case eventGraph:
		r.raw(f, GraphTag, PluginGraphs, e.body.b[e.body.i:e.body.end], at+int64(e.body.i))
	case eventMetadata:
		if tag, body, in := taggedRunMetadata(e.body); tag != "" {
			r.raw(f, tag, PluginRunMetadata, body, at+int64(in))
		}
	case eventSession:
		if sessionStart(e.body) {
			r.restart(e.step)
		}
	}
	return nil
}

// value takes one value of a summary.
func (r *Run) value(f *file, v *value, at int64) {
	s := r.lookup(v.tag)
	if s == nil {
		s = &Series{Tag: string(v.tag)}
		if v.hasMeta {
			s.Meta = parseMetadata(v.meta)
		}
		s.classify(v)
		r.know(s)
	}
	switch s.Class {
	case Unknown:
		return
	case Scalar:
		x, ok := v.number()
		if !ok {
			r.misfit(f, s)
			return
		}
		r.take(s, f.rank, x)
	default:
		if v.form == SimpleValue || v.form == None && s.Meta.Plugin != PluginHParams {
			r.misfit(f, s)
			return
		}
		d := Datum{Form: v.form, Body: v.body, Content: s.Meta.Content, Place: Place{File: f.name, Offset: at + int64(v.at), Length: int64(len(v.body))}}
		if v.hasMeta && s.Meta.Plugin == PluginHParams {
			d.Content = parseMetadata(v.meta).Content
		}
		r.datum(f, s, d)
	}
}

// raw takes what no summary holds, a graph for one, as a value of a tag of its own.
func (r *Run) raw(f *file, tag, plugin string, body []byte, at int64) {
	s := r.lookup([]byte(tag))
	if s == nil {
		s = &Series{Tag: tag, Meta: Metadata{Plugin: plugin, Class: Blob}, Class: Blob}
		r.know(s)
	}
	if s.Meta.Plugin == plugin {
		r.datum(f, s, Datum{Form: RawBytes, Body: body, Place: Place{File: f.name, Offset: at, Length: int64(len(body))}})
	}
}

func (r *Run) datum(f *file, s *Series, d Datum) {
	d.Step, d.Wall = r.event.step, r.event.wall
	if s.evicts(d.Step, f.rank) {
		r.v.Rewind(s, d.Step)
	}
	s.stand(d.Step, f.rank)
	r.v.Datum(s, d)
}

// misfit tells, once for a series, that a value is not of its kind.
func (r *Run) misfit(f *file, s *Series) {
	if !s.odd {
		s.odd = true
		f.trouble(r.v, fmt.Errorf("%s: %q is of plugin %q, and has values of another kind; they are left out", f.name, s.Tag, s.Meta.Plugin))
	}
}

// lookup finds a series by its tag. Writers repeat themselves, so it is nearly
// always the one that followed the last time.
func (r *Run) lookup(tag []byte) *Series {
	if r.last != nil {
		if s := r.last.follow; s != nil && s.Tag == string(tag) {
			r.last = s
			return s
		}
	}
	s := r.series[string(tag)]
	if s != nil {
		if r.last != nil {
			r.last.follow = s
		}
		r.last = s
	}
	return s
}

func (r *Run) know(s *Series) {
	r.series[s.Tag] = s
	if r.last != nil {
		r.last.follow = s
	}
	r.last = s
}

// take appends a scalar to what is to be told.
func (r *Run) take(s *Series, rank int, x float64) {
	step := r.event.step
	if s.evicts(step, rank) {
		n := s.points.Len()
		for n > 0 && s.points.Step[n-1] >= step {
			n--
		}
		if s.points.cut(n); n == 0 { // what was told must go too, once, before the next points
			if !s.back || step < s.backTo {
				s.back, s.backTo = true, step
			}
		}
	}
	s.points.Step = append(s.points.Step, step)
	s.points.Wall = append(s.points.Wall, r.event.wall)
	s.points.Value = append(s.points.Value, x)
	if !s.dirty {
		s.dirty = true
		r.dirty = append(r.dirty, s)
	}
	s.stand(step, rank)
}

// restart forgets the values of all series from step on: the writer says that it
// begins anew there.
func (r *Run) restart(step int64) {
	r.flush()
	any := false
	for _, s := range r.series {
		if s.started && s.last >= step {
			any = true
			s.last, s.started = step-1, step > math.MinInt64
		}
	}
	if any {
		r.v.Rewind(nil, step)
	}
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
