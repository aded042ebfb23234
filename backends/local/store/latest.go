package store

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"flightdeck/backends"
)

// Each run carries the last point of each of its keys, packed in the order of the
// keys' names: uvarint n, then the key's number, step, time as a difference from
// the entry before, the eight bytes of the value, and for writers how far the
// key's greatest time is above that and how many of its points are unsealed.

// last is what a run knows of one of its keys without looking at the points.
type last struct {
	key        int64
	name       string
	step, time int64
	value      float64
	maxTime    int64 // of all points, for the duplicate check
	tail       int64 // points that are not sealed
}

// after reports whether a point is later than what is known, as MLflow decides it:
// by step, then time, then value, NaN being the least.
func (l *last) after(step, time int64, value float64) bool {
	switch {
	case step != l.step:
		return step > l.step
	case time != l.time:
		return time > l.time
	}
	return value > l.value || math.IsNaN(l.value) && !math.IsNaN(value)
}

func packLatest(ls []last) []byte {
	if len(ls) == 0 {
		return []byte{}
	}
	b := binary.AppendUvarint(make([]byte, 0, 8+24*len(ls)), uint64(len(ls)))
	prev := int64(0)
	for i := range ls {
		l := &ls[i]
		b = binary.AppendUvarint(b, uint64(l.key))
		b = binary.AppendVarint(b, l.step)
		b = binary.AppendVarint(b, l.time-prev)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(l.value))
		b = binary.AppendUvarint(b, uint64(l.maxTime-l.time))
		b = binary.AppendUvarint(b, uint64(l.tail))
		prev = l.time
	}
	return sealBlob(b)
}

const lastMin = 13 // bytes of the shortest entry

var errNoName = errors.New("a metric's name is missing")

// unpackLatest is the inverse; names are looked up by number.
func unpackLatest(b []byte, names nameList) ([]last, error) {
	b, err := unseal(b)
	if err != nil || b == nil {
		return nil, err
	}
	c := cursor{b: b}
	out := make([]last, c.count(lastMin))
	prev := int64(0)
	for i := range out {
		l := &out[i]
		l.key = int64(c.uvarint())
		l.step = c.varint()
		l.time = prev + c.varint()
		l.value = math.Float64frombits(c.uint64())
		l.maxTime = l.time + int64(c.uvarint())
		l.tail = int64(c.uvarint())
		prev = l.time
		if l.name = names.at(l.key); l.name == "" {
			c.fail(errNoName)
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	return out, nil
}

// unpackMetrics reads only what a listing shows, into a cut of slab. It is the
// inner loop of listing half a million values.
func unpackMetrics(b []byte, names nameList, slab *[]backends.Metric) ([]backends.Metric, error) {
	b, err := unseal(b)
	if err != nil || b == nil {
		return nil, err
	}
	c := cursor{b: b}
	out := cut(slab, c.count(lastMin))
	b = c.b
	at, prev := 0, int64(0)
	for i := range out {
		m := &out[i]
		var key, step, time uint64
		key, at = uvarintAt(b, at)
		step, at = uvarintAt(b, at)
		time, at = uvarintAt(b, at)
		if at+8 > len(b) {
			return nil, errShort
		}
		m.Value = math.Float64frombits(binary.LittleEndian.Uint64(b[at:]))
		_, at = uvarintAt(b, at+8)
		_, at = uvarintAt(b, at)
		if key == 0 || key >= uint64(len(names)) || names[key] == "" {
			return nil, errNoName
		}
		prev += unzigzag(time)
		m.Key, m.Step, m.Time = names[key], unzigzag(step), prev
	}
	if at > len(b) {
		return nil, errShort
	}
	return out, c.err
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// uvarintAt reads at i and gives where the next begins, beyond the end after a
// mistake. It is small so that it is inlined.
func uvarintAt(b []byte, i int) (uint64, int) {
	if i < len(b) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	return longUvarint(b, i)
}

func longUvarint(b []byte, i int) (uint64, int) {
	if i >= len(b) {
		return 0, len(b) + 1
	}
	v, n := binary.Uvarint(b[i:])
	if n <= 0 {
		return 0, len(b) + 1
	}
	return v, i + n
}

func findLast(ls []last, name string) (int, bool) {
	return slices.BinarySearchFunc(ls, name, func(l last, name string) int { return strings.Compare(l.name, name) })
}
