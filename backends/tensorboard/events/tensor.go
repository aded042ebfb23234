package events

import (
	"encoding/binary"
	"math"

	"flightdeck/backends/folder/wire"
)

// The data types of a TensorProto that are read, as tensorflow.DataType numbers
// them.
const (
	dtFloat    = 1
	dtDouble   = 2
	dtInt32    = 3
	dtUint8    = 4
	dtInt16    = 5
	dtInt8     = 6
	dtString   = 7
	dtInt64    = 9
	dtBool     = 10
	dtBfloat16 = 14
	dtUint16   = 17
	dtHalf     = 19
	dtUint32   = 22
	dtUint64   = 23
)

// maxElements is the longest tensor that is turned into numbers: a shape is only a
// claim, and one value may stand for all.
const maxElements = 1 << 20

// tensor is a TensorProto, its values where they stand in the message.
type tensor struct {
	dtype    uint64
	dims     []int64
	elements int64 // -1: unknown or too many
	content  []byte
	values   wire.Fields // of the typed lists, when there is no content
}

func parseTensor(b []byte) (tensor, bool) {
	t := tensor{elements: 1, values: wire.Message(b)}
	f := wire.Message(b)
	for f.Next() {
		switch {
		case f.Num == 1 && f.Type == wire.Varint:
			t.dtype = f.Val
		case f.Num == 2 && f.Type == wire.Bytes:
			t.shape(f.Within())
		case f.Num == 4 && f.Type == wire.Bytes:
			t.content = f.Bytes()
		}
	}
	return t, !f.Bad
}

func (t *tensor) shape(f wire.Fields) {
	for f.Next() {
		switch {
		case f.Num == 2 && f.Type == wire.Bytes:
			size := int64(0)
			for d := f.Within(); d.Next(); {
				if d.Num == 1 && d.Type == wire.Varint {
					size = int64(d.Val)
				}
			}
			t.dims = append(t.dims, size)
			if t.elements < 0 || size < 0 || size > maxElements || t.elements*size > maxElements {
				t.elements = -1
			} else {
				t.elements *= size
			}
		case f.Num == 3 && f.Type == wire.Varint && f.Val != 0:
			t.elements = -1
		}
	}
}

// number is the one number of a tensor.
func (t *tensor) number() (float64, bool) {
	if t.elements != 1 {
		return 0, false
	}
	if w := width(t.dtype); w > 0 && len(t.content) >= w {
		return decode(t.dtype, t.content), true
	}
	v, ok := 0.0, false
	t.each(func(x float64) bool { v, ok = x, true; return false })
	return v, ok || width(t.dtype) > 0 && len(t.content) == 0 // no value is a zero
}

// numbers is all of them, in order; nil when they are no numbers or too many.
func (t *tensor) numbers() []float64 {
	w := width(t.dtype)
	if t.elements < 0 || w == 0 {
		return nil
	}
	if len(t.content) > 0 {
		if int64(len(t.content)) < t.elements*int64(w) {
			return nil
		}
		out := make([]float64, t.elements)
		for i := range out {
			out[i] = decode(t.dtype, t.content[i*w:])
		}
		return out
	}
	out := make([]float64, 0, t.elements)
	t.each(func(x float64) bool {
		out = append(out, x)
		return int64(len(out)) < t.elements
	})
	for int64(len(out)) < t.elements { // the last value stands for the rest
		last := 0.0
		if len(out) > 0 {
			last = out[len(out)-1]
		}
		out = append(out, last)
	}
	return out[:t.elements]
}

// each calls f with the values of the list that belongs to the data type, until it
// is false.
func (t *tensor) each(f func(float64) bool) {
	list := listOf(t.dtype)
	for v := t.values; v.Next(); {
		if v.Num != list || list == 0 {
			continue
		}
		if v.Type != wire.Bytes {
			if !f(t.listed(&v)) {
				return
			}
			continue
		}
		for packed := v.Within(); packed.Packed(wireType(list)); {
			if !f(t.listed(&packed)) {
				return
			}
		}
	}
}

// wireType is how the values of a typed list stand when they are packed.
func wireType(list uint64) uint8 {
	switch list {
	case 5: // float_val
		return wire.Fixed32
	case 6: // double_val
		return wire.Fixed64
	}
	return wire.Varint
}

// listed is a value of a typed list as the number that it is.
func (t *tensor) listed(v *wire.Fields) float64 {
	switch t.dtype {
	case dtFloat:
		return v.Float()
	case dtDouble:
		return v.Double()
	case dtHalf:
		return half(uint16(v.Val))
	case dtBfloat16:
		return float64(math.Float32frombits(uint32(v.Val) << 16))
	case dtUint32, dtUint64, dtUint8, dtUint16, dtBool:
		return float64(v.Val)
	}
	return float64(int64(v.Val))
}

// listOf is the field of TensorProto that holds the values of a data type.
func listOf(dtype uint64) uint64 {
	switch dtype {
	case dtFloat:
		return 5
	case dtDouble:
		return 6
	case dtInt32, dtInt16, dtInt8, dtUint8, dtUint16:
		return 7
	case dtInt64:
		return 10
	case dtBool:
		return 11
	case dtHalf, dtBfloat16:
		return 13
	case dtUint32:
		return 16
	case dtUint64:
		return 17
	}
	return 0
}

// width is how many bytes of tensor_content are one number; 0 for what is none.
func width(dtype uint64) int {
	switch dtype {
	case dtInt8, dtUint8, dtBool:
		return 1
	case dtInt16, dtUint16, dtHalf, dtBfloat16:
		return 2
	case dtFloat, dtInt32, dtUint32:
		return 4
	case dtDouble, dtInt64, dtUint64:
		return 8
	}
	return 0
}

// decode is the first number of a tensor_content; b is at least width long.
func decode(dtype uint64, b []byte) float64 {
	le := binary.LittleEndian
	switch dtype {
	case dtFloat:
		return float64(math.Float32frombits(le.Uint32(b)))
	case dtDouble:
		return math.Float64frombits(le.Uint64(b))
	case dtHalf:
		return half(le.Uint16(b))
	case dtBfloat16:
		return float64(math.Float32frombits(uint32(le.Uint16(b)) << 16))
	case dtInt8:
		return float64(int8(b[0]))
	case dtUint8, dtBool:
		return float64(b[0])
	case dtInt16:
		return float64(int16(le.Uint16(b)))
	case dtUint16:
		return float64(le.Uint16(b))
	case dtInt32:
		return float64(int32(le.Uint32(b)))
	case dtUint32:
		return float64(le.Uint32(b))
	case dtInt64:
		return float64(int64(le.Uint64(b)))
	case dtUint64:
		return float64(le.Uint64(b))
	}
	return 0
}

// half is an IEEE 754 binary16.
func half(h uint16) float64 {
	sign, exp, frac := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 != 0 {
		sign = -1
	}
	switch {
	case exp == 31 && frac != 0:
		return math.NaN()
	case exp == 31:
		return math.Inf(int(sign))
	case exp == 0:
		return sign * math.Ldexp(frac, -24)
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// strings calls f with each byte string of a tensor and its place in the message.
func (t *tensor) strings(f func(lo, hi int)) {
	if t.dtype != dtString {
		return
	}
	for v := t.values; v.Next(); {
		if v.Num == 8 && v.Type == wire.Bytes {
			f(v.Lo, v.Hi)
		}
	}
}
