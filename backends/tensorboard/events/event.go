package events

import "errors"

// The fields of Event that are read.
const (
	eventWall     = 1
	eventStep     = 2
	eventGraph    = 4
	eventSummary  = 5
	eventSession  = 7
	eventMetadata = 8
)

var errMessage = errors.New("a record is no event")

// event is one Event. what is which of its oneof was set, at body.
type event struct {
	wall float64
	step int64
	what uint64
	body fields
}

func (e *event) read(data []byte) error {
	*e = event{}
	f := message(data)
	for f.next() {
		switch {
		case f.num == eventWall && f.wire == wire64:
			e.wall = f.double()
		case f.num == eventStep && f.wire == wireVarint:
			e.step = int64(f.val)
		case f.num > eventStep && f.num < 10 && f.wire == wireBytes:
			e.what, e.body = f.num, f.within()
		}
	}
	if f.bad {
		return errMessage
	}
	return nil
}

// value is one Summary.Value; its parts are places in the record.
type value struct {
	tag, meta []byte
	hasMeta   bool
	form      Form
	simple    float64
	body      []byte
	at        int // of body in the record
}

// next reads the next value of a summary. It is false at the end, and at what is
// no value: then f.bad is set.
func (v *value) next(f *fields) bool {
	for f.next() {
		if f.num != 1 || f.wire != wireBytes {
			continue
		}
		*v = value{}
		w := f.within()
		for w.next() {
			switch {
			case w.num == 1 && w.wire == wireBytes:
				v.tag = w.bytes()
			case w.num == 2 && w.wire == wire32:
				v.form, v.simple = SimpleValue, w.float()
			case w.num == 9 && w.wire == wireBytes:
				v.meta, v.hasMeta = w.bytes(), true
			case (w.num == 8 || w.num >= 4 && w.num <= 6) && w.wire == wireBytes:
				v.form, v.body, v.at = Form(w.num), w.bytes(), w.lo
			}
		}
		if w.bad {
			return f.fail()
		}
		return true
	}
	return false
}

// sessionStart says whether a SessionLog tells that a session begins.
func sessionStart(f fields) bool {
	start := false
	for f.next() {
		if f.num == 1 && f.wire == wireVarint {
			start = f.val == 1
		}
	}
	return start
}

// taggedRunMetadata is the tag and the run metadata of a TaggedRunMetadata, and
// where in the record that lies.
func taggedRunMetadata(f fields) (tag string, body []byte, at int) {
	for f.next() {
		switch {
		case f.num == 1 && f.wire == wireBytes:
			tag = string(f.bytes())
		case f.num == 2 && f.wire == wireBytes:
			body, at = f.bytes(), f.lo
		}
	}
	return tag, body, at
}

// Metadata is a SummaryMetadata: what the plugin that wrote a tag said about it.
type Metadata struct {
	Plugin      string
	Content     []byte // the plugin's own
	DisplayName string
	Description string
	Class       Class
}

func parseMetadata(b []byte) Metadata {
	var m Metadata
	for f := message(b); f.next(); {
		switch {
		case f.num == 1 && f.wire == wireBytes:
			for p := f.within(); p.next(); {
				switch {
				case p.num == 1 && p.wire == wireBytes:
					m.Plugin = string(p.bytes())
				case p.num == 2 && p.wire == wireBytes:
					m.Content = append([]byte(nil), p.bytes()...)
				}
			}
		case f.num == 2 && f.wire == wireBytes:
			m.DisplayName = string(f.bytes())
		case f.num == 3 && f.wire == wireBytes:
			m.Description = string(f.bytes())
		case f.num == 4 && f.wire == wireVarint && f.val <= uint64(Blob):
			m.Class = Class(f.val)
		}
	}
	return m
}
