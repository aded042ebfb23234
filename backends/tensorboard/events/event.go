package events

import (
	"errors"

	"flightdeck/backends/folder/wire"
)

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
	body wire.Fields
}

func (e *event) read(data []byte) error {
	*e = event{}
	f := wire.Message(data)
	for f.Next() {
		switch {
		case f.Num == eventWall && f.Type == wire.Fixed64:
			e.wall = f.Double()
		case f.Num == eventStep && f.Type == wire.Varint:
			e.step = int64(f.Val)
		case f.Num > eventStep && f.Num < 10 && f.Type == wire.Bytes:
			e.what, e.body = f.Num, f.Within()
		}
	}
	if f.Bad {
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
// no value: then f.Bad is set.
func (v *value) next(f *wire.Fields) bool {
	for f.Next() {
		if f.Num != 1 || f.Type != wire.Bytes {
			continue
		}
		*v = value{}
		w := f.Within()
		for w.Next() {
			switch {
			case w.Num == 1 && w.Type == wire.Bytes:
				v.tag = w.Bytes()
			case w.Num == 2 && w.Type == wire.Fixed32:
				v.form, v.simple = SimpleValue, w.Float()
			case w.Num == 9 && w.Type == wire.Bytes:
				v.meta, v.hasMeta = w.Bytes(), true
			case (w.Num == 8 || w.Num >= 4 && w.Num <= 6) && w.Type == wire.Bytes:
				v.form, v.body, v.at = Form(w.Num), w.Bytes(), w.Lo
			}
		}
		if w.Bad {
			return f.Fail()
		}
		return true
	}
	return false
}

// sessionStart says whether a SessionLog tells that a session begins.
func sessionStart(f wire.Fields) bool {
	start := false
	for f.Next() {
		if f.Num == 1 && f.Type == wire.Varint {
			start = f.Val == 1
		}
	}
	return start
}

// taggedRunMetadata is the tag and the run metadata of a TaggedRunMetadata, and
// where in the record that lies.
func taggedRunMetadata(f wire.Fields) (tag string, body []byte, at int) {
	for f.Next() {
		switch {
		case f.Num == 1 && f.Type == wire.Bytes:
			tag = string(f.Bytes())
		case f.Num == 2 && f.Type == wire.Bytes:
			body, at = f.Bytes(), f.Lo
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
	for f := wire.Message(b); f.Next(); {
		switch {
		case f.Num == 1 && f.Type == wire.Bytes:
			for p := f.Within(); p.Next(); {
				switch {
				case p.Num == 1 && p.Type == wire.Bytes:
					m.Plugin = string(p.Bytes())
				case p.Num == 2 && p.Type == wire.Bytes:
					m.Content = append([]byte(nil), p.Bytes()...)
				}
			}
		case f.Num == 2 && f.Type == wire.Bytes:
			m.DisplayName = string(f.Bytes())
		case f.Num == 3 && f.Type == wire.Bytes:
			m.Description = string(f.Bytes())
		case f.Num == 4 && f.Type == wire.Varint && f.Val <= uint64(Blob):
			m.Class = Class(f.Val)
		}
	}
	return m
}
