// Package output reads what a job's child wrote, while and after it writes.
//
// The child writes straight to one file. Beside it lies an index, made by an
// Indexer: from time to time, which line began where and when all before it had
// been seen. The index is a convenience: without it, or with a damaged one, Lines
// still reads everything, only slower and with one time for all.
//
// A line is cut into pieces of at most MaxPiece bytes, and each piece has a number
// of its own, the Seq. Which byte belongs to which Seq depends on the bytes alone,
// so two readers agree and a reader may come back later.
package output

import "bytes"

// MaxPiece is the longest text of one piece, in bytes.
const MaxPiece = 64 << 10

// Counter says which piece the bytes of an output belong to, without keeping any.
// Its zero value stands at the beginning of a file.
type Counter struct {
	Offset int64 // bytes seen
	Start  int64 // where the piece begins that the next byte belongs to
	Seq    int64 // its number
}

// Next is the length of the first piece of b, its newline included, when b begins
// where a piece begins. done is false when the piece may go on after b.
func Next(b []byte) (n int, done bool) {
	limit := min(len(b), MaxPiece+1)
	if i := bytes.IndexByte(b[:limit], '\n'); i >= 0 {
		return i + 1, true
	}
	if limit > MaxPiece {
		return MaxPiece, true
	}
	return len(b), false
}

// Add counts the bytes that follow those seen so far.
func (c *Counter) Add(b []byte) {
	for len(b) > 0 {
		have := int(c.Offset - c.Start) // of the current piece, all without a newline
		limit := min(len(b), MaxPiece+1-have)
		switch i := bytes.IndexByte(b[:limit], '\n'); {
		case i >= 0:
			c.end(i + 1)
			b = b[i+1:]
		case have+limit > MaxPiece: // the byte after a full piece is no newline: it begins the next
			c.end(MaxPiece - have)
			b = b[MaxPiece-have:]
		default:
			c.Offset += int64(limit)
			b = b[limit:]
		}
	}
}

func (c *Counter) end(n int) {
	c.Offset += int64(n)
	c.Start = c.Offset
	c.Seq++
}
