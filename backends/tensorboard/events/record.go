package events

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// maxRecord is the longest record that is read whole. Protobuf itself ends at 2
// GiB; nothing that is shown is near this, and a length is only a claim.
const maxRecord = 256 << 20

// window is how much is read at a time.
const window = 256 << 10

// errWait says that the rest of a record is not there yet.
var errWait = errors.New("the record is incomplete")

// DamageError is a part of a file that cannot be read.
type DamageError struct {
	File   string
	Offset int64
	What   string
	Fatal  bool // nothing behind it can be found either
}

func (e *DamageError) Error() string {
	s := fmt.Sprintf("%s: byte %d: %s", e.File, e.Offset, e.What)
	if e.Fatal {
		s += "; the rest of the file cannot be read"
	}
	return s
}

// records reads TFRecords: length (8 bytes), its checksum (4), the data, its
// checksum (4), all little-endian. It stops before an incomplete record and goes
// on from there when size has grown.
type records struct {
	r     io.ReaderAt
	size  int64 // how far the file may be read
	table *crc32.Table

	buf      []byte // the bytes of the file from off on
	off      int64
	pos, end int // buf[pos:end] is read and not consumed
}

func newRecords(r io.ReaderAt, from, size int64, buf []byte) *records {
	return &records{r: r, size: size, off: from, buf: buf, table: crc32.MakeTable(crc32.Castagnoli)}
}

// at is the offset of the next record.
func (r *records) at() int64 { return r.off + int64(r.pos) }

// next is the data of the next record and its place in the file, valid until the
// next call. Its error is errWait, a *DamageError, or the reader's; after damage
// that is not fatal, next goes on behind it.
func (r *records) next() ([]byte, int64, error) {
	if err := r.fill(12); err != nil {
		return nil, 0, err
	}
	head, start := r.buf[r.pos:r.pos+12], r.at()
	n := binary.LittleEndian.Uint64(head)
	if r.masked(head[:8]) != binary.LittleEndian.Uint32(head[8:]) || n > 1<<48 {
		return nil, start, &DamageError{Offset: start, What: "the checksum of a record's length is wrong", Fatal: true}
	}
	if n > maxRecord {
		if r.size-start < int64(n)+16 {
			return nil, start, errWait
		}
		r.off, r.pos, r.end = start+int64(n)+16, 0, 0
		return nil, start, &DamageError{Offset: start, What: fmt.Sprintf("a record of %d bytes is too long and was left out", n)}
	}
	size := int(n)
	if err := r.fill(size + 16); err != nil {
		return nil, start, err
	}
	data := r.buf[r.pos+12 : r.pos+12+size : r.pos+12+size]
	sum := binary.LittleEndian.Uint32(r.buf[r.pos+12+size:])
	r.pos += size + 16
	if r.masked(data) != sum {
		return nil, start, &DamageError{Offset: start, What: "the checksum of a record is wrong; the record is lost"}
	}
	return data, start + 12, nil
}

// fill sees that the next n bytes are in the buffer. Memory is taken only for what
// the file really holds.
func (r *records) fill(n int) error {
	if r.end-r.pos >= n {
		return nil
	}
	if r.size-r.at() < int64(n) {
		return errWait
	}
	buf := r.buf
	if n > len(buf) {
		buf = make([]byte, max(n, int(min(window, r.size-r.at()))))
	}
	r.off += int64(r.pos)
	r.end = copy(buf, r.buf[r.pos:r.end])
	r.buf, r.pos = buf, 0
	for r.end < n {
		want := min(int64(len(buf)), r.size-r.off)
		m, err := r.r.ReadAt(buf[r.end:want], r.off+int64(r.end))
		r.end += m
		switch {
		case r.end >= n:
		case errors.Is(err, io.EOF): // it became shorter meanwhile
			return errWait
		case err != nil:
			return err
		}
	}
	return nil
}

// masked is the checksum as it is stored: CRC-32C, rotated and shifted, so that
// checksums of data with checksums in it stay good.
func (r *records) masked(b []byte) uint32 {
	c := crc32.Checksum(b, r.table)
	return (c>>15 | c<<17) + 0xa282ead8
}
