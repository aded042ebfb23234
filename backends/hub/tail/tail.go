// Package tail keeps the lines of one log for everyone who looks at it: appended
// once, read by sequence number by any number of clients, never copied for them.
//
// The newest lines stand in memory in blocks of text with an index beside it; full
// blocks beyond the window go to a temporary file that has no name any more, so
// that it is gone with the process however that ends. Memory is bounded whatever
// comes: a long line is kept in pieces, and of a spilled block only where it lies
// and how many lines of each level it holds stays in memory. Nothing is lost
// silently: what the disk had no room for is said by the Skipped of the line behind
// it, and by Lost.
//
// A Log numbers its lines itself, from 0 without gaps but for what was lost, so
// that several sources may be merged into one. A line that came in pieces grows in
// place while it is the last: its number stays and Rev rises. Text that was handed
// out never changes.
//
// Search reads everything, the spilled blocks straight from the file. Feed takes a
// LogStreamer's lines over and knows where to go on after a lost connection.
//
// The file is a private part of this process' memory that happens to lie on a disk,
// and no change of the outside world: a client that may only look fills it as well.
//
// Line, Query and Hit are aliases of structs without a name of their own, so that a
// widget, which must not import this package, can declare the same and take a *Log
// as it is.
package tail

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flightdeck/backends"
)

// MaxPiece is the longest text of one line, in bytes; longer ones are kept as
// several, all but the last Partial.
const MaxPiece = 64 << 10

// DefaultBudget is the memory of a log, in bytes.
const DefaultBudget = 20 << 20

// ErrClosed is the answer of a log after Close.
var ErrClosed = errors.New("log is closed")

// Options is what a log is made with; the zero value is good.
type Options struct {
	Budget int64  // bytes of memory, index included; 0 is DefaultBudget
	Dir    string // where older lines are spilled to; "" is os.TempDir
	// Spill opens what older lines are written to; nil is a temporary file in Dir
	// with mode 0600 that is removed at once.
	Spill func() (File, error)
}

// Line is one line as it is read. Text must not be changed; it stays valid. Time is
// zero where it was not known. Level is one of the Level… constants.
type Line = struct {
	Seq     int64
	Time    time.Time
	Stream  string
	Source  string
	Text    []byte
	Level   uint8
	Partial bool  // goes on in a later line, or has not ended yet
	Skipped int64 // lines that were lost before this one
}

// Log is the lines.
type Log struct {
	pen    sync.Mutex // held by who appends; what only appending touches is below
	traces []trace    // by name: where each is in a traceback
	before trace      // the state before the last line
	end    int64      // of what was written to file
	window int64      // bytes of text and index that may stay in memory

	mu      sync.RWMutex // held shortly, never over a write
	blocks  []*block     // ascending; the last one is open
	names   names
	rev     uint64
	lost    int64
	trouble error
	closed  bool
	watch   watchers
	open    func() (File, error)
	file    File

	cache cache
}

// New is an empty log.
func New(o Options) *Log {
	if o.Budget <= 0 {
		o.Budget = DefaultBudget
	}
	if o.Spill == nil {
		o.Spill = func() (File, error) { return unlinked(o.Dir) }
	}
	// A fifth is the window: while blocks come and go, the collector lets as much
	// garbage stand again, and readers hold blocks of their own.
	return &Log{
		names: names{ids: map[name]uint16{}}, window: o.Budget / 5, blocks: []*block{newBlock(0)},
		watch: watchers{all: map[*watcher]struct{}{}}, open: o.Spill,
	}
}

// Append puts lines behind the others. Seq of a line does not matter: the log
// numbers them. Text is copied. An error says that lines were lost because they
// could not be spilled (how many, Lost says); the new ones are there all the same,
// and the next Append tries again.
func (l *Log) Append(lines ...backends.LogLine) error {
	l.pen.Lock()
	defer l.pen.Unlock()
	var trouble error
	for len(lines) > 0 {
		n, err := l.lot(lines)
		if err != nil {
			return err
		}
		lines = lines[n:]
		if err := l.shrink(); err != nil {
			trouble = err
		}
	}
	l.watch.signal()
	return trouble
}

// lot takes lines over until a block is full, under one lock.
func (l *Log) lot(lines []backends.LogLine) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, ErrClosed
	}
	blocks := len(l.blocks)
	for n < len(lines) && len(l.blocks) == blocks {
		l.take(&lines[n])
		n++
	}
	l.rev++
	return n, nil
}

// take cuts a line into pieces and puts them down.
func (l *Log) take(line *backends.LogLine) {
	id := l.names.id(name{line.Source, line.Stream})
	for int(id) >= len(l.traces) {
		l.traces = append(l.traces, trace{})
	}
	text, skipped := line.Text, line.Skipped
	for len(text) > MaxPiece {
		l.put(id, line.Time, text[:MaxPiece], true, skipped)
		text, skipped = text[MaxPiece:], 0
	}
	l.put(id, line.Time, text, line.Partial, skipped)
}

func (l *Log) put(id uint16, at time.Time, text []byte, partial bool, skipped int64) {
	b := l.blocks[len(l.blocks)-1]
	if b.continues(id, len(text)) && skipped <= 0 {
		b.extend(text, partial)
		if whole := b.last(); len(whole)-len(text) < sniff {
			l.traces[id] = l.before
			b.relevel(l.traces[id].level(whole))
		}
		return
	}
	if b.full(len(text)) {
		b = newBlock(b.first + int64(b.n))
		l.blocks = append(l.blocks, b)
	}
	l.before = l.traces[id]
	b.add(id, at, text, l.traces[id].level(text), partial, skipped)
}

// Len is one past the newest sequence number.
func (l *Log) Len() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.len()
}

func (l *Log) len() int64 {
	b := l.blocks[len(l.blocks)-1]
	return b.first + int64(b.n)
}

// First is the oldest sequence number that is still there.
func (l *Log) First() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.blocks[0].first
}

// Rev rises with every change; a last line that grew changes nothing else.
func (l *Log) Rev() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.rev
}

// Lost is how many lines the log itself could not keep, and why, as long as that
// goes on: err is nil once spilling works again.
func (l *Log) Lost() (lines int64, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.lost, l.trouble
}

// Changed asks for a send on poke, which must have a slot, after every change until
// ctx ends. A full slot is left as it is: the signal says to look, not what for.
func (l *Log) Changed(ctx context.Context, poke chan<- struct{}) { l.watch.add(ctx, poke) }

// Close gives memory and file back. The log is empty then, and refuses lines.
func (l *Log) Close() error {
	l.pen.Lock()
	defer l.pen.Unlock()
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.blocks = []*block{newBlock(l.len())}
	l.rev++
	f := l.file
	l.file = nil
	l.mu.Unlock()
	l.cache.drop()
	l.watch.signal()
	if f == nil {
		return nil
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close spilled log: %w", err)
	}
	return nil
}
