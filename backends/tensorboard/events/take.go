package events

import (
	"fmt"
	"math"
)

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
		if e.body.Bad {
			return errMessage
		}
	case eventGraph:
		graph, in := e.body.Rest()
		r.raw(f, GraphTag, PluginGraphs, graph, at+int64(in))
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
