package wandb

import (
	"encoding/binary"
	"errors"
	"math"
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
	for len(m) > 0 {
		key, n := binary.Uvarint(m)
		if n <= 0 || key>>3 == 0 || key>>3 > math.MaxInt32 {
			return errWire
		}
		m = m[n:]
		f := field{num: int(key >> 3)}
		switch key & 7 {
		case 0:
			if f.v, n = binary.Uvarint(m); n <= 0 {
				return errWire
			}
		case 1:
			if n = 8; len(m) < n {
				return errWire
			}
			f.v = binary.LittleEndian.Uint64(m)
		case 5:
			if n = 4; len(m) < n {
				return errWire
			}
			f.v = uint64(binary.LittleEndian.Uint32(m))
		case 2:
			size, k := binary.Uvarint(m)
			if k <= 0 || size > uint64(len(m)-k) {
				return errWire
			}
			n = k + int(size)
			f.data = m[k:n]
		default:
			return errWire
		}
		m = m[n:]
		each(f)
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
