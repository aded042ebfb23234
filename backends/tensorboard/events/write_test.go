package events

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"flightdeck/backends/folder/wire"
)

// The writers here make what no library would: damage, and gigabytes. What the
// real ones write is in ../testdata.

func frame(to, data []byte) []byte {
	sum := func(b []byte) uint32 {
		c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return (c>>15 | c<<17) + 0xa282ead8
	}
	to = binary.LittleEndian.AppendUint64(to, uint64(len(data)))
	to = binary.LittleEndian.AppendUint32(to, sum(to[len(to)-8:]))
	to = append(to, data...)
	return binary.LittleEndian.AppendUint32(to, sum(data))
}

func field(to []byte, num int, data []byte) []byte {
	to = binary.AppendUvarint(to, uint64(num<<3|wire.Bytes))
	to = binary.AppendUvarint(to, uint64(len(data)))
	return append(to, data...)
}

func summaryEvent(wall float64, step int64, values ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint64([]byte{eventWall<<3 | wire.Fixed64}, math.Float64bits(wall))
	b = binary.AppendUvarint(append(b, eventStep<<3), uint64(step))
	var s []byte
	for _, v := range values {
		s = field(s, 1, v)
	}
	return field(b, eventSummary, s)
}

func simple(tag string, v float64) []byte {
	b := field(nil, 1, []byte(tag))
	return binary.LittleEndian.AppendUint32(append(b, 2<<3|wire.Fixed32), math.Float32bits(float32(v)))
}

func scalar(tag string, step int64, v float64) []byte {
	return frame(nil, summaryEvent(float64(1_700_000_000+step), step, simple(tag, v)))
}

// write puts bytes into a file of a run's folder.
func write(t testing.TB, dir, name string, parts ...[]byte) {
	t.Helper()
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	if err := os.WriteFile(filepath.Join(dir, name), all, 0o644); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(data)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
