package wandb

import (
	"errors"
	"math"

	"flightdeck/backends/folder/wire"
)

var errWire = errors.New("a record is no valid protobuf message")

// message is the bytes of a protobuf message.
type message []byte

// field is one field of a message as it stands on the wire: data for a string, bytes
// or a message, v for a number.
type field struct {
	num  int
	v    uint64
	data []byte
}

func (f field) message() message { return message(f.data) }
func (f field) double() float64  { return math.Float64frombits(f.v) }

// signed is a sint64: zigzag.
func (f field) signed() int64 { return int64(f.v>>1) ^ -int64(f.v&1) }

// fields calls each for every field of m, in order.
func fields(m message, each func(f field)) error {
	w := wire.Message(m)
	for w.Next() {
		f := field{num: int(w.Num)}
		if w.Type == wire.Bytes {
			f.data = w.Bytes()
		} else {
			f.v = w.Val
		}
		each(f)
	}
	if w.Bad {
		return errWire
	}
	return nil
}

// text is the last value of a string field, "" without one.
func (m message) text(num int) (s string) {
	_ = fields(m, func(f field) {
		if f.num == num {
			s = string(f.data)
		}
	})
	return s
}

// millis is a google.protobuf.Timestamp in milliseconds since 1970.
func (m message) millis() int64 {
	var seconds, nanos int64
	_ = fields(m, func(f field) {
		switch f.num {
		case 1:
			seconds = int64(f.v)
		case 2:
			nanos = int64(f.v)
		}
	})
	return seconds*1000 + nanos/1_000_000
}
