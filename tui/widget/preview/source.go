package preview

import (
	"errors"
	"fmt"
	"io"

	"flightdeck/tui/widget/cell"
)

// source is a file, or as much of it as is there.
type source struct {
	r          io.ReaderAt
	size, have int64
}

// head is the first n bytes, fewer when there are fewer.
func (s source) head(n int64) ([]byte, error) {
	b := make([]byte, min(n, s.have))
	got, err := s.r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return b[:got], nil
}

// whole refuses what can only be read with its end, when that is not there.
func (s source) whole() error {
	if s.have < s.size {
		return fmt.Errorf("only the %s were read, and this format needs its end", first(s.have, s.size))
	}
	return nil
}

// effort is how many bytes are read of one file for a contents list. Hostile files
// are as expensive as it allows; an honest list of a hundred thousand tensors needs
// a tenth of it.
const effort = 32 << 20

var (
	errEarly  = errors.New("it ends early or is damaged")
	errEffort = fmt.Errorf("its contents list is longer than %s; the rest was not read", cell.Size(effort))
)

// window is the part of a file that was read last.
type window struct {
	r    io.ReaderAt
	buf  []byte
	from int64
	left int64 // of the effort
}

const windowSize = 4096

// bytes is n bytes from at, valid until the next call. n is small.
func (w *window) bytes(at int64, n int) ([]byte, error) {
	if at < w.from || at+int64(n) > w.from+int64(len(w.buf)) {
		if w.left <= 0 {
			return nil, errEffort
		}
		size := max(n, windowSize)
		if cap(w.buf) < size {
			w.buf = make([]byte, size)
		}
		got, err := w.r.ReadAt(w.buf[:size], at)
		w.buf, w.from, w.left = w.buf[:got], at, w.left-int64(got)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		if got < n {
			return nil, errEarly
		}
	}
	return w.buf[at-w.from:][:n], nil
}

// cursor walks forward through a part of a file. What it skips is not read.
type cursor struct {
	w       *window
	at, end int64
}

func newCursor(s source) cursor {
	return cursor{w: &window{r: s.r, left: effort}, end: s.have}
}

func (c *cursor) remains() int64 { return c.end - c.at }

// take is the next n bytes, valid until the next call.
func (c *cursor) take(n int) ([]byte, error) {
	if n == 0 { // also of no file at all: a field without content
		return nil, nil
	}
	if int64(n) > c.remains() {
		return nil, errEarly
	}
	b, err := c.w.bytes(c.at, n)
	c.at += int64(n)
	return b, err
}

func (c *cursor) byte() (byte, error) {
	b, err := c.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (c *cursor) skip(n uint64) error {
	if n > uint64(c.remains()) {
		return errEarly
	}
	c.at += int64(n)
	return nil
}

// part is a cursor over the next n bytes, which this one skips.
func (c *cursor) part(n uint64) (cursor, error) {
	p := cursor{w: c.w, at: c.at, end: c.at + int64(min(n, uint64(c.remains())))}
	return p, c.skip(n)
}

// text is what is left, at most limit bytes of it.
func (c *cursor) text(limit int) (string, error) {
	b, err := c.take(int(min(int64(limit), c.remains())))
	return string(b), err
}

// number is n bytes, little-endian.
func (c *cursor) number(n int) (uint64, error) {
	b, err := c.take(n)
	if err != nil {
		return 0, err
	}
	v := uint64(0)
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v, nil
}

// line is the bytes before the next newline, of which at most limit are kept.
func (c *cursor) line(limit int) (text string, cut bool, err error) {
	var b []byte
	for {
		x, err := c.byte()
		if err != nil {
			return "", false, err
		}
		if x == '\n' {
			return string(b), cut, nil
		}
		if len(b) < limit {
			b = append(b, x)
		} else {
			cut = true
		}
	}
}
