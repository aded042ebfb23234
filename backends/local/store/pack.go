package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"unsafe"

	"flightdeck/backends"
)

// Packed values end in a CRC-32C of what is before it, so that a flipped bit is
// told from a value. An empty value is an empty list and has none.

var errChecksum = errors.New("checksum does not match")

const sumLen = 4

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func sealBlob(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

// unseal checks and removes the checksum.
func unseal(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	n := len(b) - sumLen
	if n < 0 || binary.LittleEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli()) {
		return nil, errChecksum
	}
	return b[:n], nil
}

var errShort = errors.New("value ends too early")

// cursor reads a packed value. After the first mistake all reads give zero and err
// says so.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.b = nil
}

func (c *cursor) uvarint() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 { // by far the most
		v := c.b[0]
		c.b = c.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail(errShort)
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.fail(errShort)
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.fail(errShort)
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) uint64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads a number of things of at least size bytes each, so that a wrong one
// cannot ask for more memory than the value itself takes.
func (c *cursor) count(size int) int {
	n := c.uvarint()
	if n > uint64(len(c.b)/size) {
		c.fail(errShort)
		return 0
	}
	return int(n)
}

// pair is a Param or a Tag.
type pair interface{ backends.Param | backends.Tag }

// packPairs packs params or tags in the order given.
func packPairs[P pair](ps []P) []byte {
	if len(ps) == 0 {
		return []byte{}
	}
	n := sumLen + binary.MaxVarintLen64
	for _, p := range ps {
		kv := backends.Tag(p)
		n += len(kv.Key) + len(kv.Value) + 8
	}
	b := binary.AppendUvarint(make([]byte, 0, n), uint64(len(ps)))
	for _, p := range ps {
		kv := backends.Tag(p)
		b = binary.AppendUvarint(b, uint64(len(kv.Key)))
		b = append(b, kv.Key...)
		b = binary.AppendUvarint(b, uint64(len(kv.Value)))
		b = append(b, kv.Value...)
	}
	return sealBlob(b)
}

// unpackPairs is the inverse. Keys and values are parts of s; the slice is cut from
// slab, which may be nil.
func unpackPairs[P pair](s string, slab *[]P) ([]P, error) {
	b, err := unseal(unsafe.Slice(unsafe.StringData(s), len(s))) // only read
	if err != nil || b == nil {
		return nil, err
	}
	c := cursor{b: b}
	n := c.count(2)
	out := cut(slab, n)
	str := func() string {
		l := c.count(1)
		at := len(b) - len(c.b)
		c.bytes(l)
		if c.err != nil {
			return ""
		}
		return s[at : at+l]
	}
	for i := range out {
		out[i] = P{Key: str(), Value: str()}
	}
	if c.err == nil && len(c.b) > 0 {
		c.fail(errors.New("value goes on after its end"))
	}
	if c.err != nil {
		return nil, c.err
	}
	return out, nil
}

// cut takes n elements from slab, which is refilled in blocks: a listing of ten
// thousand runs makes a few hundred allocations instead of thirty thousand.
func cut[T any](slab *[]T, n int) []T {
	const block = 4096
	switch {
	case n == 0:
		return nil
	case slab == nil || n > block:
		return make([]T, n)
	case len(*slab) < n:
		*slab = make([]T, block)
	}
	out := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return out
}

// setPair puts a pair into a list that is sorted by key, over an older one.
func setPair[P pair](ps []P, p P) []P {
	key := backends.Tag(p).Key
	i := findPair(ps, key)
	if i < len(ps) && backends.Tag(ps[i]).Key == key {
		ps[i] = p
		return ps
	}
	ps = append(ps, p)
	copy(ps[i+1:], ps[i:])
	ps[i] = p
	return ps
}

// findPair is where the key is or would be.
func findPair[P pair](ps []P, key string) int {
	lo, hi := 0, len(ps)
	for lo < hi {
		if m := (lo + hi) / 2; strings.Compare(backends.Tag(ps[m]).Key, key) < 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

func pairValue[P pair](ps []P, key string) (string, bool) {
	i := findPair(ps, key)
	if i == len(ps) || backends.Tag(ps[i]).Key != key {
		return "", false
	}
	return backends.Tag(ps[i]).Value, true
}
