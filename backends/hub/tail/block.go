package tail

import (
	"bytes"
	"math"
	"sort"
	"time"
)

const (
	blockText  = 256 << 10
	blockLines = 8192
)

// block is a run of lines. While it is the open one, its slices only grow, so that
// who took them under the lock may read on without it; flags alone are changed in
// place and are copied under the lock.
type block struct {
	first int64
	n     int
	text  []byte // the lines, a newline before each but the first; nil once spilled
	meta  meta   // empty once spilled

	size    int         // of text
	counts  [levels]int // lines by level
	marks   int         // lines that have something lost before them
	skipped int64       // what was lost before all of these
	lost    int64       // lines that the log itself lost before the block
	odd     bool        // some line looks other on a screen than its bytes do
	at      int64       // of text in the file
	spilled bool
}

// meta is what is known of each line besides its text.
type meta struct {
	starts []uint32 // in text
	times  []int64  // nanoseconds since 1970
	flags  []uint8
	names  []uint16
	skips  []skip // ascending; rare
}

type skip struct {
	line  uint32
	lines int64
}

const (
	flagLevel   = 0x07
	flagPartial = 0x08
	flagSkip    = 0x10
)

// noTime stands for a time that is not known.
const noTime = math.MinInt64

func newBlock(first int64) *block { return &block{first: first} }

func (b *block) end() int64 { return b.first + int64(b.n) }

// full says that another n bytes belong into the next block.
func (b *block) full(n int) bool {
	return b.n > 0 && (b.n >= blockLines || len(b.text)+1+n > blockText)
}

// continues says that a piece of n bytes from that source goes on the last line.
func (b *block) continues(id uint16, n int) bool {
	i := b.n - 1
	return i >= 0 && b.meta.flags[i]&flagPartial != 0 && b.meta.names[i] == id && len(b.last())+n <= MaxPiece
}

// last is the text of the last line.
func (b *block) last() []byte { return b.text[b.meta.starts[b.n-1]:] }

func (b *block) add(id uint16, at time.Time, text []byte, level uint8, partial bool, skipped int64) {
	if b.n > 0 {
		b.text = append(b.text, '\n')
	}
	flags := level
	if partial {
		flags |= flagPartial
	}
	if skipped > 0 {
		flags |= flagSkip
		b.meta.skips = append(b.meta.skips, skip{uint32(b.n), skipped})
		b.skipped += skipped
		b.marks++
	}
	nano := int64(noTime)
	if !at.IsZero() {
		nano = at.UnixNano()
	}
	b.meta.starts = append(b.meta.starts, uint32(len(b.text)))
	b.meta.times = append(b.meta.times, nano)
	b.meta.flags = append(b.meta.flags, flags)
	b.meta.names = append(b.meta.names, id)
	b.text = append(b.text, text...)
	b.n++
	b.size = len(b.text)
	b.counts[level]++
	b.odd = b.odd || isOdd(text)
}

func (b *block) extend(text []byte, partial bool) {
	last := b.last()
	// A carriage return that ended the text so far is now inside it.
	b.odd = b.odd || isOdd(text) || len(text) > 0 && len(last) > 0 && last[len(last)-1] == '\r'
	b.text = append(b.text, text...)
	b.size = len(b.text)
	if !partial {
		b.meta.flags[b.n-1] &^= flagPartial
	}
}

func (b *block) relevel(level uint8) {
	f := &b.meta.flags[b.n-1]
	b.counts[*f&flagLevel]--
	b.counts[level]++
	*f = *f&^flagLevel | level
}

// memory is what the block holds, in bytes.
func (b *block) memory() int64 {
	if b.spilled {
		return blockIndex
	}
	return blockIndex + int64(cap(b.text)) + int64(4*cap(b.meta.starts)+8*cap(b.meta.times)+cap(b.meta.flags)+2*cap(b.meta.names)+16*cap(b.meta.skips))
}

// blockIndex is what stays of a block that was spilled.
const blockIndex = 256

// piece is the text of line i.
func piece(text []byte, starts []uint32, i int) []byte {
	from, to := int(starts[i]), len(text)
	if i+1 < len(starts) {
		to = int(starts[i+1]) - 1
	}
	return text[from:to:to]
}

// lineAt is the line that holds the byte at pos, not before line from.
func lineAt(starts []uint32, from, pos int) int {
	return from + sort.Search(len(starts)-from, func(i int) bool { return int(starts[from+i]) > pos }) - 1
}

// skippedAt is what was lost before line i.
func (m *meta) skippedAt(i int) int64 {
	k := sort.Search(len(m.skips), func(k int) bool { return int(m.skips[k].line) >= i })
	if k < len(m.skips) && int(m.skips[k].line) == i {
		return m.skips[k].lines
	}
	return 0
}

// isOdd says that text looks other on a screen than its bytes do: it holds escape
// sequences, or a carriage return that is not its end.
func isOdd(text []byte) bool {
	if bytes.IndexByte(text, 0x1b) >= 0 {
		return true
	}
	i := bytes.IndexByte(text, '\r')
	return i >= 0 && i < len(text)-1
}
