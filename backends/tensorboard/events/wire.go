package events

import (
	"encoding/binary"
	"math"
)

// The wire types of protobuf.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// fields walks the fields of the message b[i:end], one next at a time. It holds
// places in b, not slices, so that what is found can be told as a place in the file.
type fields struct {
	b      []byte
	i, end int
	bad    bool // the bytes are no message

	num    uint64
	wire   uint8
	val    uint64 // of a number, as it stands
	lo, hi int    // b[lo:hi] is the value of a wireBytes
}

func message(b []byte) fields { return fields{b: b, end: len(b)} }

// within is the message that the field at hand holds.
func (f *fields) within() fields { return fields{b: f.b, i: f.lo, end: f.hi} }

// bytes is the value of the field at hand.
func (f *fields) bytes() []byte { return f.b[f.lo:f.hi:f.hi] }

func (f *fields) float() float64  { return float64(math.Float32frombits(uint32(f.val))) }
func (f *fields) double() float64 { return math.Float64frombits(f.val) }

// next goes to the next field. It is false at the end and at what is no field.
func (f *fields) next() bool {
	if f.i >= f.end {
		return false
	}
	key := uint64(f.b[f.i])
	f.i++
	if key >= 0x80 {
		f.i--
		if !f.varint(&key) {
			return false
		}
	}
	f.num, f.wire = key>>3, uint8(key&7)
	switch f.wire {
	case wireVarint:
		return f.varint(&f.val)
	case wire64:
		if f.end-f.i < 8 {
			return f.fail()
		}
		f.val = binary.LittleEndian.Uint64(f.b[f.i:])
		f.i += 8
	case wire32:
		if f.end-f.i < 4 {
			return f.fail()
		}
		f.val = uint64(binary.LittleEndian.Uint32(f.b[f.i:]))
		f.i += 4
	case wireBytes:
		var n uint64
		if !f.varint(&n) || n > uint64(f.end-f.i) {
			return f.fail()
		}
		f.lo, f.hi = f.i, f.i+int(n)
		f.i = f.hi
	default: // groups are not used by any of these messages
		return f.fail()
	}
	return f.num != 0 || f.fail()
}

func (f *fields) varint(to *uint64) bool {
	if f.i < f.end && f.b[f.i] < 0x80 {
		*to = uint64(f.b[f.i])
		f.i++
		return true
	}
	v, n := binary.Uvarint(f.b[f.i:f.end])
	if n <= 0 {
		return f.fail()
	}
	*to = v
	f.i += n
	return true
}

func (f *fields) fail() bool {
	f.bad = true
	f.i = f.end
	return false
}
