package logview

import (
	"math/bits"
	"sort"
)

const chunkBits = 4096

// set is sequence numbers, a bit each where there are any at all: a million hits are
// 128 kB, and the third of 214 is found without looking at the lines.
type set struct {
	chunks []*chunk // ascending
	n      int64
}

type chunk struct {
	base int64
	n    int64
	bits [chunkBits / 64]uint64
}

// find is the index of the chunk that holds seq, else of the first behind it.
func (s *set) find(seq int64) int {
	return sort.Search(len(s.chunks), func(i int) bool { return s.chunks[i].base+chunkBits > seq })
}

func (s *set) add(seq int64) {
	base := seq &^ (chunkBits - 1)
	i := s.find(seq)
	if i == len(s.chunks) || s.chunks[i].base != base {
		s.chunks = append(s.chunks, nil)
		copy(s.chunks[i+1:], s.chunks[i:])
		s.chunks[i] = &chunk{base: base}
	}
	c, word, bit := s.chunks[i], (seq-base)/64, uint64(1)<<(seq%64)
	if c.bits[word]&bit == 0 {
		c.bits[word] |= bit
		c.n++
		s.n++
	}
}

func (s *set) has(seq int64) bool {
	i := s.find(seq)
	if seq < 0 || i == len(s.chunks) || s.chunks[i].base > seq {
		return false
	}
	c := s.chunks[i]
	return c.bits[(seq-c.base)/64]&(1<<(seq%64)) != 0
}

// next is the smallest at or above seq.
func (s *set) next(seq int64) (int64, bool) {
	seq = max(seq, 0)
	for i := s.find(seq); i < len(s.chunks); i++ {
		c := s.chunks[i]
		from := max(seq-c.base, 0)
		for w := from / 64; w < int64(len(c.bits)); w++ {
			b := c.bits[w]
			if w == from/64 {
				b &= ^uint64(0) << (from % 64)
			}
			if b != 0 {
				return c.base + w*64 + int64(bits.TrailingZeros64(b)), true
			}
		}
	}
	return 0, false
}

// prev is the largest at or below seq.
func (s *set) prev(seq int64) (int64, bool) {
	if seq < 0 {
		return 0, false
	}
	for i := min(s.find(seq), len(s.chunks)-1); i >= 0; i-- {
		c := s.chunks[i]
		to := min(seq-c.base, chunkBits-1)
		for w := to / 64; to >= 0 && w >= 0; w-- {
			b := c.bits[w]
			if w == to/64 {
				b &= ^uint64(0) >> (63 - to%64)
			}
			if b != 0 {
				return c.base + w*64 + 63 - int64(bits.LeadingZeros64(b)), true
			}
		}
	}
	return 0, false
}

// count is how many are in [from, to).
func (s *set) count(from, to int64) int64 {
	from = max(from, 0)
	n := int64(0)
	for i := s.find(from); i < len(s.chunks) && s.chunks[i].base < to; i++ {
		c := s.chunks[i]
		a, b := max(from-c.base, 0), min(to-c.base, chunkBits)
		if a == 0 && b == chunkBits {
			n += c.n
			continue
		}
		for w := a / 64; w*64 < b; w++ {
			x := c.bits[w]
			if w == a/64 {
				x &= ^uint64(0) << (a % 64)
			}
			if left := b - w*64; left < 64 {
				x &= 1<<left - 1
			}
			n += int64(bits.OnesCount64(x))
		}
	}
	return n
}
