package dataserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"
	"sync"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard"
	"flightdeck/backends/tensorboard/events"
)

// datum is one value that is no scalar, where it lies. literal stands for what lies
// in no file.
type datum struct {
	step    int64
	wall    float64
	form    events.Form
	place   events.Place
	literal []byte
	blobs   []datum // of a sequence of blobs: each of them
}

// series is one tag of a run of event files.
type series struct {
	meta    events.Metadata
	class   events.Class
	points  points
	data    []datum
	wall    float64 // the greatest
	longest int
}

// logRun is the event files of one folder, as far as they are read.
type logRun struct {
	id, dir string
	reader  *events.Run
	busy    sync.Mutex // is held by who reads

	mu     sync.RWMutex
	series map[string]*series
	began  float64
}

func newLogRun(id, dir string) *logRun {
	return &logRun{id: id, dir: dir, reader: events.NewRun(dir), series: map[string]*series{}}
}

func (r *logRun) name() string { return r.id }

func (r *logRun) start() float64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.began
}

func (r *logRun) tags(c events.Class) []tag {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []tag
	for _, name := range slices.Sorted(maps.Keys(r.series)) {
		s := r.series[name]
		if s.class != c {
			continue
		}
		t := tag{name: name, meta: s.meta, wall: s.wall, longest: s.longest}
		if n := s.points.len(); n > 0 {
			t.step = s.points.step[n-1]
		} else if n := len(s.data); n > 0 {
			t.step = s.data[n-1].step
		} else {
			continue
		}
		out = append(out, t)
	}
	return out
}

func (r *logRun) scalars(_ context.Context, name string) (points, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.series[name]; s != nil {
		return s.points, nil
	}
	return points{}, nil
}

func (r *logRun) data(name string) []datum {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.series[name]; s != nil {
		return s.data
	}
	return nil
}

func (r *logRun) open(d datum) (io.ReadCloser, error) {
	if d.literal != nil {
		return io.NopCloser(bytes.NewReader(d.literal)), nil
	}
	return tensorboard.OpenPlace(r.dir, d.place)
}

// load reads what is new.
func (r *logRun) load(ctx context.Context, log func(string, ...any)) {
	r.busy.Lock()
	defer r.busy.Unlock()
	if err := r.reader.Read(ctx, &loader{r, log}); err != nil && ctx.Err() == nil {
		log("%s: %v", r.id, err)
	}
}

// loader puts what is read into the run.
type loader struct {
	*logRun
	log func(string, ...any)
}

// of is the series of s; the lock is held.
func (r *loader) of(s *events.Series) *series {
	if r.began == 0 {
		r.began, _ = r.reader.Start()
	}
	if own, ok := s.Data.(*series); ok {
		return own
	}
	own := &series{meta: s.Meta, class: s.Class}
	s.Data, r.series[s.Tag] = own, own
	return own
}

func (r *loader) Scalars(s *events.Series, p events.Points) {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.of(s)
	to := &own.points
	to.step, to.wall = append(to.step, p.Step...), append(to.wall, p.Wall...)
	to.value = slices.Grow(to.value, len(p.Value))
	for i, v := range p.Value {
		to.value = append(to.value, float32(v))
		own.wall = later(own.wall, p.Wall[i])
	}
}

// later is the later of two wall times; what is no time does not count.
func later(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

func (r *loader) Datum(s *events.Series, d events.Datum) {
	one := datum{step: d.Step, wall: d.Wall, form: d.Form, place: d.Place}
	if s.Class == events.Blob {
		one.blobs = blobs(s.Meta.Plugin, &d)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.of(s)
	own.data = append(own.data, one)
	own.wall, own.longest = later(own.wall, d.Wall), max(own.longest, len(one.blobs))
}

// blobs is the sequence that a value is. What older writers put into one image is
// what newer ones write as three strings: width, height and the image. The labels
// of sounds are left out.
func blobs(plugin string, d *events.Datum) []datum {
	at := func(places ...events.Place) (out []datum) {
		for _, p := range places {
			out = append(out, datum{place: p})
		}
		return out
	}
	switch {
	case d.Form == events.ImageValue:
		width, height, images := d.Images()
		size := []datum{{literal: strconv.AppendInt(nil, int64(width), 10)}, {literal: strconv.AppendInt(nil, int64(height), 10)}}
		return append(size, at(images...)...)
	case plugin == events.PluginAudio:
		clips, _ := d.Sounds()
		return at(clips...)
	case d.Form == events.TensorValue:
		return at(d.Strings()...)
	}
	return at(d.Place)
}

// Rewind forgets what was written again. Columns that someone looks at are not
// written: the next append must make them anew, so their capacity is cut.
func (r *loader) Rewind(s *events.Series, step int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s != nil {
		r.of(s).rewind(step)
		return
	}
	for _, own := range r.series {
		own.rewind(step)
	}
}

func (s *series) rewind(step int64) {
	p := &s.points
	if n := sort.Search(p.len(), func(i int) bool { return p.step[i] >= step }); n < p.len() {
		p.step, p.wall, p.value = p.step[:n:n], p.wall[:n:n], p.value[:n:n]
	}
	if n := sort.Search(len(s.data), func(i int) bool { return s.data[i].step >= step }); n < len(s.data) {
		s.data = s.data[:n:n]
	}
	s.wall = 0
	for _, w := range p.wall {
		s.wall = later(s.wall, w)
	}
	for _, d := range s.data {
		s.wall = later(s.wall, d.wall)
	}
}

func (r *loader) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.series)
	r.began = 0
}

func (r *loader) Trouble(err error) { r.log("%s: %v", r.id, err) }

// read is the bytes of a datum.
func read(r run, d datum) ([]byte, error) {
	f, err := r.open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err == nil && d.literal == nil && int64(len(b)) != d.place.Length {
		err = fmt.Errorf("%s became shorter: %w", d.place.File, backends.ErrNotFound)
	}
	return b, err
}
