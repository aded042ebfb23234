package wire

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// What protowire writes is what Fields finds, with places in the outer bytes.
func TestFields(t *testing.T) {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 300)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 2, protowire.Fixed64Type), 7)
	b = protowire.AppendFixed32(protowire.AppendTag(b, 1<<29-1, protowire.Fixed32Type), 8)
	inner := protowire.AppendVarint(nil, 5)
	inner = protowire.AppendVarint(inner, 1<<60)
	b = protowire.AppendBytes(protowire.AppendTag(b, 4, protowire.BytesType), inner)
	var got []uint64
	f := Message(b)
	for f.Next() {
		if got = append(got, f.Num); f.Type != Bytes {
			got = append(got, f.Val)
			continue
		}
		if !slices.Equal(b[f.Lo:f.Hi], inner) || !slices.Equal(f.Bytes(), inner) {
			t.Errorf("%v at %d:%d, want %v", f.Bytes(), f.Lo, f.Hi, inner)
		}
		p := f.Within()
		for p.Packed(Varint) {
			got = append(got, p.Val)
		}
		if p.Bad {
			t.Error("a packed list is bad")
		}
	}
	if want := []uint64{1, 300, 2, 7, 1<<29 - 1, 8, 4, 5, 1 << 60}; f.Bad || !slices.Equal(got, want) {
		t.Errorf("%v, want %v; bad %v", got, want, f.Bad)
	}
}

// FuzzFields holds Fields against protowire, which knows groups too.
func FuzzFields(f *testing.F) {
	f.Add([]byte{8, 1, 18, 2, 8, 1})
	f.Add([]byte{0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		w, rest := Message(b), b
		for w.Next() {
			num, kind, n := protowire.ConsumeTag(rest)
			if n < 0 {
				if w.Num > uint64(protowire.MaxValidNumber) {
					return // we do not mind
				}
				t.Fatalf("field %d type %d where protowire finds %v", w.Num, w.Type, protowire.ParseError(n))
			}
			m := protowire.ConsumeFieldValue(num, kind, rest[n:])
			if uint64(num) != w.Num || uint8(kind) != w.Type || m < 0 {
				t.Fatalf("field %d type %d, protowire has %d, %d (%v)", w.Num, w.Type, num, kind, protowire.ParseError(m))
			}
			rest = rest[n+m:]
			if left, at := w.Rest(); len(left) != len(rest) || at != len(b)-len(rest) {
				t.Fatalf("%d bytes are left, protowire leaves %d", len(left), len(rest))
			}
		}
		if !w.Bad && len(rest) > 0 {
			t.Fatalf("it ended with %d bytes left", len(rest))
		}
	})
}
