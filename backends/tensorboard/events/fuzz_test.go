package events

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// recorded is the event files that the real writers left.
func recorded(f *testing.F) (files [][]byte) {
	f.Helper()
	err := filepath.WalkDir("../testdata/runs", func(path string, d os.DirEntry, err error) error {
		if err == nil && IsFile(path) {
			var b []byte
			b, err = os.ReadFile(path)
			files = append(files, b)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		f.Fatal("no recorded files", err)
	}
	return files
}

// FuzzRecords reads any bytes as a file: whole, and in two pieces, which must come
// to the same.
func FuzzRecords(f *testing.F) {
	for _, b := range recorded(f) {
		f.Add(b, uint16(len(b)/2))
	}
	f.Add(bytes.Repeat([]byte{0}, 40), uint16(7))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		a, b := newSeen(), newSeen()
		pieces(t, a, data)
		pieces(t, b, data[:min(int(cut), len(data))], data)
		if len(a.points) != len(b.points) || len(a.data) != len(b.data) {
			t.Fatalf("read at once: %d series, in pieces: %d", len(a.points), len(b.points))
		}
		for tag, p := range a.points {
			if p.Len() != len(b.points[tag].Step) || p.Len() > len(data)/2 {
				t.Fatalf("%q: %d points at once, %d in pieces", tag, p.Len(), len(b.points[tag].Step))
			}
		}
	})
}

// pieces reads a file that grows: each piece is the whole file so far.
func pieces(t *testing.T, to *seen, files ...[]byte) {
	r, f := NewRun("none"), &file{name: name}
	r.v = to
	for _, data := range files {
		rec := newRecords(bytes.NewReader(data), f.at, int64(len(data)), nil)
		if f.dead {
			break
		}
		if err := r.drain(t.Context(), f, rec); err != nil {
			t.Fatal(err)
		}
		f.at = rec.at()
		r.flush()
	}
}

// FuzzEvent reads any bytes as a record, and what is found in it in every way.
func FuzzEvent(f *testing.F) {
	for _, b := range recorded(f) {
		r := newRecords(bytes.NewReader(b), 0, int64(len(b)), nil)
		for {
			data, _, err := r.next()
			if err != nil {
				break
			}
			if len(data) < 2000 {
				f.Add(bytes.Clone(data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, n := NewRun("none"), &payloads{newSeen(), t, data}
		r.v = n
		for range 2 {
			_ = r.record(&file{name: name}, data, 0)
		}
		r.flush()
	})
}

// payloads looks at every datum as each plugin would, and holds the places to the
// record.
type payloads struct {
	*seen
	t    *testing.T
	data []byte
}

func (p *payloads) Datum(_ *Series, d Datum) {
	_, _, images := d.Images()
	sounds, _ := d.Sounds()
	for _, at := range append(append(images, sounds...), append(d.Strings(), d.Place)...) {
		if at.Offset < 0 || at.Length < 0 || at.Offset+at.Length > int64(len(p.data)) {
			p.t.Fatalf("a part lies at %+v of a record of %d bytes", at, len(p.data))
		}
	}
	if h, ok := d.Histogram(); ok && (len(h.Left) != len(h.Right) || len(h.Left) != len(h.Count)) {
		p.t.Fatalf("buckets %d %d %d", len(h.Left), len(h.Right), len(h.Count))
	}
	if s, ok := ParseSession(d.Content); ok && len(s.HParams) > len(d.Content) {
		p.t.Fatal("params out of nothing")
	}
	_ = d.Shape()
}

// FuzzTensor reads any bytes as a tensor.
func FuzzTensor(f *testing.F) {
	f.Add([]byte{8, 1, 18, 0, 42, 4, 0, 0, 128, 63})
	f.Add([]byte{8, 2, 18, 8, 18, 2, 8, 2, 18, 2, 8, 3, 34, 8, 0, 0, 0, 0, 0, 0, 240, 63})
	f.Add([]byte{8, 1, 18, 8, 18, 6, 8, 255, 255, 255, 127, 42, 4, 0, 0, 128, 63})
	f.Add([]byte{8, 7, 18, 4, 18, 2, 8, 1, 66, 2, 'h', 'i'})
	f.Add([]byte{8, 19, 18, 0, 106, 2, 0x80, 0x78})
	f.Fuzz(func(t *testing.T, data []byte) {
		x, ok := parseTensor(data)
		if !ok {
			return
		}
		if n := x.numbers(); int64(len(n)) > maxElements || n != nil && int64(len(n)) != x.elements {
			t.Fatalf("%d numbers of %d", len(n), x.elements)
		}
		x.number()
	})
}
