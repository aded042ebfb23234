// Package wire walks protobuf messages without knowing their types, for formats of
// which a few fields are read out of files that may be large: event files, wandb's
// logs. It decides nothing about what a field means, copies nothing and allocates
// nothing, and what is no message ends the walk.
//
// Encoding: https://protobuf.dev/programming-guides/encoding/
package wire

import (
	"encoding/binary"
	"math"
)

// The wire types.
const (
	Varint  = 0
	Fixed64 = 1
	Bytes   = 2
	Fixed32 = 5
)

// Fields walks the fields of the message b[i:end], one Next at a time. It holds
// places in b, not slices, so that what is found can be told as a place in the file.
// A copy walks on for itself.
type Fields struct {
	b      []byte
	i, end int

	Bad    bool // the bytes are no message
	Num    uint64
	Type   uint8
	Val    uint64 // of a number, as it stands
	Lo, Hi int    // b[Lo:Hi] is the value of a field of type Bytes
}

// Message is the fields of a whole message.
func Message(b []byte) Fields { return Fields{b: b, end: len(b)} }

// Within is the message that the field at hand holds; its places are those in the
// outer one's bytes.
func (f *Fields) Within() Fields { return Fields{b: f.b, i: f.Lo, end: f.Hi} }

// Bytes is the value of the field at hand.
func (f *Fields) Bytes() []byte { return f.b[f.Lo:f.Hi:f.Hi] }

// Float is a float's value.
func (f *Fields) Float() float64 { return float64(math.Float32frombits(uint32(f.Val))) }

// Double is a double's value.
func (f *Fields) Double() float64 { return math.Float64frombits(f.Val) }

// Next goes to the next field. It is false at the end and at what is no field.
func (f *Fields) Next() bool {
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
	f.Num, f.Type = key>>3, uint8(key&7)
	if f.Type != Bytes {
		return f.number() && (f.Num != 0 || f.Fail())
	}
	var n uint64
	if !f.varint(&n) || n > uint64(f.end-f.i) {
		return f.Fail()
	}
	f.Lo, f.Hi = f.i, f.i+int(n)
	f.i = f.Hi
	return f.Num != 0 || f.Fail()
}

// Packed goes to the next value of a packed list, which Within gave: the numbers of
// one type, without names. They are in Val.
func (f *Fields) Packed(of uint8) bool {
	f.Type = of
	return f.i < f.end && f.number()
}

// number reads the number of the field at hand.
func (f *Fields) number() bool {
	switch size := f.end - f.i; {
	case f.Type == Fixed64 && size >= 8:
		f.Val = binary.LittleEndian.Uint64(f.b[f.i:])
		f.i += 8
		return true
	case f.Type == Fixed32 && size >= 4:
		f.Val = uint64(binary.LittleEndian.Uint32(f.b[f.i:]))
		f.i += 4
		return true
	case f.Type == Varint:
		return f.varint(&f.Val)
	}
	return f.Fail() // groups are not used by anyone any more
}

func (f *Fields) varint(to *uint64) bool {
	if f.i < f.end && f.b[f.i] < 0x80 {
		*to = uint64(f.b[f.i])
		f.i++
		return true
	}
	v, n := binary.Uvarint(f.b[f.i:f.end])
	if n <= 0 {
		return f.Fail()
	}
	*to = v
	f.i += n
	return true
}

// Rest is the bytes that were not walked yet, and their place.
func (f *Fields) Rest() (b []byte, at int) { return f.b[f.i:f.end:f.end], f.i }

// Fail ends the walk: what the caller found within is no message. It is false.
func (f *Fields) Fail() bool {
	f.Bad = true
	f.i = f.end
	return false
}
