package store

import (
	"encoding/binary"
	"errors"
	"math"

	"flightdeck/backends"
)

// The points of one key are packed as three columns:
//
//	uvarint n
//	steps    mode, then zigzag varints of the differences from the one before,
//	times    each by itself (mode 0) or as difference and how often (mode 1)
//	values   a byte whose bit i says that byte i of every value is the same; those
//	         bytes, once each; then the other bytes, plane by plane
//
// Measured on 1,024 points (BenchmarkColumns): steps take a few bytes in all when
// they are even, times one a point, values 8 a point when they are noise, 4 when
// they were float32 and 3 when they count. XOR with the value before takes 8.5, 4.8
// and 2.1, and twice as long to read.

const (
	sealAt   = 1024 // points of one key that make a chunk
	chunkMax = 4096 // points in a chunk at most
	// maxPoints bounds what a damaged count can make us allocate: even columns take
	// a few bytes whatever their length.
	maxPoints = 1 << 17
)

var errColumns = errors.New("columns do not fit together")

// appendPoints packs p, which has at least one point, onto b.
func appendPoints(b []byte, p backends.Points) []byte {
	b = binary.AppendUvarint(b, uint64(p.Len()))
	b = appendInts(b, p.Step)
	b = appendInts(b, p.Time)
	return appendFloats(b, p.Value)
}

// readPoints appends the packed points to p.
func readPoints(c *cursor, p *backends.Points) {
	n := c.uvarint()
	if n == 0 || n > maxPoints {
		c.fail(errColumns)
		return
	}
	old := p.Len()
	p.Step = append(p.Step, make([]int64, n)...)
	p.Time = append(p.Time, make([]int64, n)...)
	p.Value = append(p.Value, make([]float64, n)...)
	readInts(c, p.Step[old:])
	readInts(c, p.Time[old:])
	readFloats(c, p.Value[old:])
	if c.err != nil {
		*p = backends.Points{Step: p.Step[:old], Time: p.Time[:old], Value: p.Value[:old]}
	}
}

// appendInts packs differences; they wrap around, so that every int64 comes back.
func appendInts(b []byte, v []int64) []byte {
	repeats := 0
	for i := 2; i < len(v); i++ {
		if v[i]-v[i-1] == v[i-1]-v[i-2] {
			repeats++
		}
	}
	if repeats*2 <= len(v) {
		b = append(b, 0)
		prev := int64(0)
		for _, x := range v {
			b = binary.AppendVarint(b, x-prev)
			prev = x
		}
		return b
	}
	b = append(b, 1)
	b = binary.AppendVarint(b, v[0])
	for i := 1; i < len(v); {
		d, n := v[i]-v[i-1], 1
		for i+n < len(v) && v[i+n]-v[i+n-1] == d {
			n++
		}
		b = binary.AppendVarint(b, d)
		b = binary.AppendUvarint(b, uint64(n))
		i += n
	}
	return b
}

func readInts(c *cursor, v []int64) {
	switch c.byte() {
	case 0:
		prev := int64(0)
		for i := range v {
			prev += c.varint()
			v[i] = prev
		}
	case 1:
		v[0] = c.varint()
		for i := 1; i < len(v); {
			d, n := c.varint(), c.uvarint()
			if n == 0 || n > uint64(len(v)-i) {
				c.fail(errColumns)
				return
			}
			for range n {
				v[i] = v[i-1] + d
				i++
			}
		}
	default:
		c.fail(errColumns)
	}
}

func appendFloats(b []byte, v []float64) []byte {
	first := math.Float64bits(v[0])
	differ := uint64(0)
	for _, x := range v {
		differ |= math.Float64bits(x) ^ first
	}
	same := byte(0)
	for i := range 8 {
		if byte(differ>>(8*i)) == 0 {
			same |= 1 << i
		}
	}
	b = append(b, same)
	for i := range 8 {
		if same>>i&1 == 1 {
			b = append(b, byte(first>>(8*i)))
		}
	}
	for i := range 8 {
		if same>>i&1 == 0 {
			for _, x := range v {
				b = append(b, byte(math.Float64bits(x)>>(8*i)))
			}
		}
	}
	return b
}

func readFloats(c *cursor, v []float64) {
	same := c.byte()
	base := uint64(0)
	for i := range 8 {
		if same>>i&1 == 1 {
			base |= uint64(c.byte()) << (8 * i)
		}
	}
	for j := range v {
		v[j] = math.Float64frombits(base)
	}
	for i := range 8 {
		if same>>i&1 == 1 {
			continue
		}
		plane := c.bytes(len(v))
		if c.err != nil {
			return
		}
		for j, b := range plane { // plane by plane: the inner loop has no branch
			v[j] = math.Float64frombits(math.Float64bits(v[j]) | uint64(b)<<(8*i))
		}
	}
}

// A batch is the unsealed points of any number of keys: uvarint groups, then for
// each the key's number, the length of what follows, and its points.

func appendGroup(b []byte, key int64, p backends.Points, scratch []byte) (batch, buf []byte) {
	scratch = appendPoints(scratch[:0], p)
	b = binary.AppendUvarint(b, uint64(key))
	b = binary.AppendUvarint(b, uint64(len(scratch)))
	return append(b, scratch...), scratch
}

// eachGroup calls f for every key of a batch; f reads the points, or leaves them.
func eachGroup(b []byte, f func(key int64, c *cursor)) error {
	b, err := unseal(b)
	if err != nil {
		return err
	}
	c := cursor{b: b}
	for range c.count(5) {
		key := int64(c.uvarint())
		part := cursor{b: c.bytes(c.count(1))}
		if c.err != nil {
			return c.err
		}
		f(key, &part)
		if part.err != nil {
			return part.err
		}
	}
	if c.err == nil && len(c.b) > 0 {
		return errColumns
	}
	return c.err
}

// decodeChunk appends a sealed chunk's points to p.
func decodeChunk(b []byte, p *backends.Points) error {
	b, err := unseal(b)
	if err != nil {
		return err
	}
	c, old := cursor{b: b}, *p
	readPoints(&c, p)
	if c.err == nil && len(c.b) > 0 {
		c.fail(errColumns)
		*p = old
	}
	return c.err
}

// span is the smallest box around points: what a chunk is passed over by.
type span struct{ minStep, maxStep, minTime, maxTime int64 }

func spanOf(p backends.Points) span {
	s := span{math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64}
	for i := range p.Step {
		s.add(p.Step[i], p.Time[i])
	}
	return s
}

func (s *span) add(step, time int64) {
	s.minStep, s.maxStep = min(s.minStep, step), max(s.maxStep, step)
	s.minTime, s.maxTime = min(s.minTime, time), max(s.maxTime, time)
}

func (s *span) join(o span) {
	s.minStep, s.maxStep = min(s.minStep, o.minStep), max(s.maxStep, o.maxStep)
	s.minTime, s.maxTime = min(s.minTime, o.minTime), max(s.maxTime, o.maxTime)
}
