package tail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// File is what older lines are spilled to.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// unlinked is a temporary file without a name: nobody else can open it, and it is
// gone when the process is.
func unlinked(dir string) (File, error) {
	f, err := os.CreateTemp(dir, "flightdeck-log-*") // mode 0600
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// shrink spills the oldest blocks until the rest fits into the window. The caller
// holds the pen, so that the sealed blocks are its own to read.
func (l *Log) shrink() error {
	var trouble error
	for {
		l.mu.RLock()
		b := excess(l.blocks, l.window)
		l.mu.RUnlock()
		if b == nil {
			return trouble
		}
		if err := l.spill(b); err != nil {
			trouble = err
		}
	}
}

// excess is the oldest sealed block in memory when all together are larger than the
// window.
func excess(blocks []*block, window int64) *block {
	var oldest *block
	total := int64(0)
	for i := len(blocks) - 1; i >= 0; i-- {
		b := blocks[i]
		if b.spilled { // all before it are as well
			total += int64(i+1) * blockIndex
			break
		}
		total += b.memory()
		if i < len(blocks)-1 {
			oldest = b
		}
	}
	if total <= window {
		return nil
	}
	return oldest
}

// spill writes a block and lets go of its memory, or gives it up with a mark when
// it cannot be written.
func (l *Log) spill(b *block) error {
	err := l.write(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rev++
	if err == nil {
		b.at, b.spilled = l.end, true
		b.text, b.meta = nil, meta{}
		l.end += b.length()
		l.trouble = nil
		return nil
	}
	for i, other := range l.blocks {
		if other == b {
			l.blocks[i+1].lost += b.lost + b.skipped + int64(b.n)
			l.blocks = append(l.blocks[:i:i], l.blocks[i+1:]...)
			break
		}
	}
	l.lost += int64(b.n)
	l.trouble = fmt.Errorf("spill log: %w; %d lines lost", err, b.n)
	return l.trouble
}

func (l *Log) write(b *block) error {
	if l.file == nil {
		f, err := l.open()
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.file = f
		l.mu.Unlock()
	}
	if _, err := l.file.WriteAt(b.text, l.end); err != nil {
		return err
	}
	_, err := l.file.WriteAt(b.meta.encode(), l.end+int64(b.size))
	return err
}

// In the file a block is its text and then, field by field, what is known of its
// lines: the level filter reads the flags alone, a search the starts.
const perLine = 4 + 1 + 8 + 2

func (b *block) length() int64 {
	return int64(b.size) + int64(b.n)*perLine + int64(b.marks)*12
}

func (m *meta) encode() []byte {
	out := make([]byte, 0, len(m.starts)*perLine+len(m.skips)*12)
	le := binary.LittleEndian
	for _, v := range m.starts {
		out = le.AppendUint32(out, v)
	}
	out = append(out, m.flags...)
	for _, v := range m.times {
		out = le.AppendUint64(out, uint64(v))
	}
	for _, v := range m.names {
		out = le.AppendUint16(out, v)
	}
	for _, s := range m.skips {
		out = le.AppendUint64(le.AppendUint32(out, s.line), uint64(s.lines))
	}
	return out
}

func decode(raw []byte, n, marks int) meta {
	le := binary.LittleEndian
	m := meta{starts: decodeStarts(nil, raw[:4*n]), flags: raw[4*n : 5*n : 5*n], times: make([]int64, n), names: make([]uint16, n), skips: make([]skip, marks)}
	raw = raw[5*n:]
	for i := range m.times {
		m.times[i] = int64(le.Uint64(raw[8*i:]))
	}
	raw = raw[8*n:]
	for i := range m.names {
		m.names[i] = le.Uint16(raw[2*i:])
	}
	raw = raw[2*n:]
	for i := range m.skips {
		m.skips[i] = skip{le.Uint32(raw[12*i:]), int64(le.Uint64(raw[12*i+4:]))}
	}
	return m
}

func decodeStarts(into []uint32, raw []byte) []uint32 {
	into = into[:0]
	for i := 0; i+4 <= len(raw); i += 4 {
		into = append(into, binary.LittleEndian.Uint32(raw[i:]))
	}
	return into
}

// readAt fills p from the file.
func readAt(f File, p []byte, at int64) error {
	if f == nil {
		return ErrClosed
	}
	n, err := f.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, os.ErrClosed) {
		err = ErrClosed
	}
	return fmt.Errorf("read spilled log: %w", err)
}
