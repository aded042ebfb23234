package wandb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	blockSize = 32 << 10
	headerLen = 7
	maxRecord = 64 << 20
	maxTold   = 8 // troubles of one file
)

// Kinds of chunk: a record is one full chunk, or a first, some middle and a last.
const (
	chunkFull = 1 + iota
	chunkFirst
	chunkMiddle
	chunkLast
)

// magic is what a file begins with: ":W&B", 0xBEE1 and the version of the format.
const magic = ":W&B\xe1\xbe\x00"

var errMagic = errors.New("it does not begin as a W&B log of version 0 does")

// span is where a record stands: from the offset of its first chunk to the end of
// its last.
type span struct{ from, to int64 }

// log takes records out of the bytes of a file, on and on. The file is in blocks of
// 32 KiB, counted from its start with the magic; a chunk never crosses a block. It
// has a checksum (CRC-32 IEEE over kind and payload, not LevelDB's), the payload's
// length and its kind.
type log struct {
	part  []byte // chunks of a record that is not complete
	start int64  // where it began
	open  bool   // a first chunk was seen
	skip  int64  // nothing before this offset is read: the block is damaged
	bad   bool   // the file is no log at all
	told  int
}

// take gives each complete record of p, which stands at offset at, to record, and
// returns how much of p is done with. A chunk that is not complete is left for the
// next time. rec is only valid during the call.
func (l *log) take(p []byte, at int64, record func(rec []byte, s span), trouble func(error)) int {
	used := 0
	for !l.bad {
		rest, pos := p[used:], at+int64(used)
		n, ok := l.step(rest, pos, record, trouble)
		if !ok {
			return used
		}
		used += n
	}
	return len(p)
}

// step takes one chunk, or leaves some bytes out; ok is false when more is needed.
func (l *log) step(rest []byte, pos int64, record func([]byte, span), trouble func(error)) (n int, ok bool) {
	room := blockSize - int(pos%blockSize)
	switch {
	case pos == 0 && len(rest) < len(magic):
		return 0, false
	case pos == 0:
		if l.bad = string(rest[:len(magic)]) != magic; l.bad {
			trouble(errMagic)
		}
		return len(magic), true
	case pos < l.skip:
		n := min(len(rest), int(l.skip-pos))
		return n, n > 0
	case room < headerLen:
		return room, len(rest) >= room
	case len(rest) < headerLen:
		return 0, false
	}
	sum, size, kind := binary.LittleEndian.Uint32(rest), int(binary.LittleEndian.Uint16(rest[4:])), rest[6]
	if sum == 0 && size == 0 && kind == 0 {
		// Room that was made and not yet written to, unless the next block has begun.
		if len(rest) > room {
			l.drop(pos, "a block that ends in zeros", trouble)
			return room, true
		}
		return 0, false
	}
	if kind < chunkFull || kind > chunkLast || headerLen+size > room {
		l.damage(pos, room, fmt.Sprintf("a chunk of kind %d and %d bytes", kind, size), trouble)
		return 0, true
	}
	if len(rest) < headerLen+size {
		return 0, false
	}
	body := rest[headerLen : headerLen+size]
	if crc32.Update(crc32.ChecksumIEEE(rest[6:7]), crc32.IEEETable, body) != sum {
		l.damage(pos, room, "a wrong checksum", trouble)
		return 0, true
	}
	l.chunk(body, kind, span{pos, pos + int64(headerLen+size)}, record, trouble)
	return headerLen + size, true
}

// chunk puts records together.
func (l *log) chunk(body []byte, kind byte, s span, record func([]byte, span), trouble func(error)) {
	switch kind {
	case chunkFull, chunkFirst:
		l.drop(s.from, "a record begins within another", trouble)
		if kind == chunkFull {
			record(body, s)
			return
		}
		l.open, l.start, l.part = true, s.from, append(l.part[:0], body...)
		return
	}
	if !l.open {
		return // its beginning was lost, and that was told
	}
	if len(l.part)+len(body) > maxRecord {
		l.drop(s.from, fmt.Sprintf("a record is longer than %d MiB", maxRecord>>20), trouble)
		return
	}
	l.part = append(l.part, body...)
	if kind == chunkLast {
		record(l.part, span{l.start, s.to})
		l.open, l.part = false, nil
	}
}

// drop forgets a record that will never be complete.
func (l *log) drop(pos int64, why string, trouble func(error)) {
	if l.open {
		l.tell(fmt.Errorf("offset %d: %s: a record is lost", pos, why), trouble)
	}
	l.open, l.part = false, nil
}

// damage leaves the rest of the block out: the length that would lead to the next
// chunk cannot be trusted.
func (l *log) damage(pos int64, room int, what string, trouble func(error)) {
	l.tell(fmt.Errorf("offset %d: %s: the rest of its block, %d bytes, is left out", pos, what, room), trouble)
	l.open, l.part = false, nil
	l.skip = pos + int64(room)
}

func (l *log) tell(err error, trouble func(error)) {
	if l.told++; l.told <= maxTold {
		trouble(err)
	}
}
