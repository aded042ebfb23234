package events

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"flightdeck/backends/folder/wire"
)

// maxBuckets is the longest histogram that is read.
const maxBuckets = 1 << 16

// Histogram is a distribution as TensorBoard holds it: bucket i counts what lies
// between Left[i] and Right[i].
type Histogram struct{ Left, Right, Count []float64 }

// Histogram reads a datum of the histograms plugin, in the tensor form, rows of
// (left, right, count), or in the older one, whose outer edges are its extremes.
func (d *Datum) Histogram() (Histogram, bool) {
	switch d.Form {
	case TensorValue:
		t, ok := parseTensor(d.Body)
		if !ok || t.elements > 3*maxBuckets || len(t.dims) != 2 || t.dims[1] != 3 {
			return Histogram{}, false
		}
		rows := t.numbers()
		if rows == nil {
			return Histogram{}, false
		}
		n := len(rows) / 3
		h := newHistogram(n)
		for i := range n {
			h.Left[i], h.Right[i], h.Count[i] = rows[3*i], rows[3*i+1], rows[3*i+2]
		}
		return h, true
	case HistoValue:
		return legacyHistogram(d.Body)
	}
	return Histogram{}, false
}

func newHistogram(n int) Histogram {
	all := make([]float64, 3*n)
	return Histogram{all[:n:n], all[n : 2*n : 2*n], all[2*n:]}
}

// legacyHistogram reads a HistogramProto.
func legacyHistogram(b []byte) (Histogram, bool) {
	var least, most float64
	var limits, counts []float64
	f := wire.Message(b)
	for f.Next() {
		switch {
		case f.Num == 1 && f.Type == wire.Fixed64:
			least = f.Double()
		case f.Num == 2 && f.Type == wire.Fixed64:
			most = f.Double()
		case f.Num == 6:
			limits = doubles(&f, limits)
		case f.Num == 7:
			counts = doubles(&f, counts)
		}
		if len(limits) > maxBuckets || len(counts) > maxBuckets {
			return Histogram{}, false
		}
	}
	if f.Bad {
		return Histogram{}, false
	}
	return outlined(limits, counts, least, most), true
}

// outlined makes buckets of limits and counts as TensorBoard does: the outermost
// limits may be the largest numbers that there are, so empty buckets at both ends
// go, and the extremes take the place of the edges that are then outermost.
func outlined(limits, counts []float64, least, most float64) Histogram {
	end := min(len(limits), len(counts))
	for end > 0 && !(counts[end-1] > 0) {
		end--
	}
	start := 0
	for start < end && !(counts[start] > 0) {
		start++
	}
	h := newHistogram(end - start)
	copy(h.Count, counts[start:end])
	copy(h.Right, limits[start:end])
	if end > start {
		copy(h.Left[1:], limits[start:end])
		h.Left[0], h.Right[end-start-1] = least, most
	}
	return h
}

// doubles appends the doubles of the field at hand, packed or not.
func doubles(f *wire.Fields, to []float64) []float64 {
	if f.Type == wire.Fixed64 {
		return append(to, f.Double())
	}
	if f.Type != wire.Bytes {
		return to
	}
	for b := f.Bytes(); len(b) >= 8 && len(to) <= maxBuckets; b = b[8:] {
		to = append(to, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return to
}

// part is the place in the file of the bytes lo:hi of the body.
func (d *Datum) part(lo, hi int) Place {
	return Place{File: d.Place.File, Offset: d.Place.Offset + int64(lo), Length: int64(hi - lo)}
}

// Strings is where the byte strings of a tensor lie: texts, or a sequence of blobs.
func (d *Datum) Strings() []Place {
	var out []Place
	if t, ok := parseTensor(d.Body); ok && d.Form == TensorValue {
		t.strings(func(lo, hi int) { out = append(out, d.part(lo, hi)) })
	}
	return out
}

// Shape is the shape of a tensor, nil when it has none.
func (d *Datum) Shape() []int64 {
	if t, ok := parseTensor(d.Body); ok && d.Form == TensorValue {
		return t.dims
	}
	return nil
}

// Images is the size in pixels and the encoded images of a datum of the images
// plugin: a tensor of strings (width, height, image, image, …), or one image.
func (d *Datum) Images() (width, height int, items []Place) {
	switch d.Form {
	case ImageValue:
		f := wire.Message(d.Body)
		for f.Next() {
			switch {
			case f.Num == 1 && f.Type == wire.Varint:
				height = pixels(f.Val)
			case f.Num == 2 && f.Type == wire.Varint:
				width = pixels(f.Val)
			case f.Num == 4 && f.Type == wire.Bytes:
				items = append(items[:0], d.part(f.Lo, f.Hi))
			}
		}
	case TensorValue:
		n := 0
		t, ok := parseTensor(d.Body)
		if !ok {
			return 0, 0, nil
		}
		t.strings(func(lo, hi int) {
			switch n {
			case 0:
				width = decimal(d.Body[lo:hi])
			case 1:
				height = decimal(d.Body[lo:hi])
			default:
				items = append(items, d.part(lo, hi))
			}
			n++
		})
	}
	return width, height, items
}

func decimal(b []byte) int {
	if len(b) > 9 {
		return 0
	}
	n, err := strconv.ParseUint(string(b), 10, 31)
	if err != nil {
		return 0
	}
	return pixels(n)
}

// pixels is a width or height that can be believed.
func pixels(n uint64) int {
	if n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

// Sounds is the encoded clips of a datum of the audio plugin: a tensor of rows
// (clip, label), or one clip. The type is "" when the writer does not say it.
func (d *Datum) Sounds() (items []Place, mime string) {
	switch d.Form {
	case AudioValue:
		f := wire.Message(d.Body)
		for f.Next() {
			switch {
			case f.Num == 4 && f.Type == wire.Bytes:
				items = append(items[:0], d.part(f.Lo, f.Hi))
			case f.Num == 5 && f.Type == wire.Bytes && f.Hi-f.Lo < 100:
				mime = string(f.Bytes())
			}
		}
	case TensorValue:
		all, shape := d.Strings(), d.Shape()
		if len(shape) != 2 || shape[1] != 2 {
			return all, ""
		}
		for i := 0; i < len(all); i += 2 {
			items = append(items, all[i])
		}
	}
	return items, mime
}

// Sniff is the media type that the first bytes of encoded data tell, "" when they
// are none that TensorBoard's writers make.
func Sniff(b []byte) string {
	for _, known := range [...]struct {
		magic string
		at    int
		mime  string
	}{
		{"\x89PNG\r\n\x1a\n", 0, "image/png"},
		{"\xff\xd8\xff", 0, "image/jpeg"},
		{"GIF8", 0, "image/gif"},
		{"BM", 0, "image/bmp"},
		{"WEBP", 8, "image/webp"},
		{"WAVE", 8, "audio/wav"},
		{"ID3", 0, "audio/mpeg"},
		{"OggS", 0, "audio/ogg"},
		{"fLaC", 0, "audio/flac"},
	} {
		if len(b) >= known.at && bytes.HasPrefix(b[known.at:], []byte(known.magic)) {
			return known.mime
		}
	}
	return ""
}
