package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"flightdeck/backends"
)

// Source is one output with its index.
type Source struct {
	Output string // path
	Index  string // path; it need not exist
	// Ended reports that nobody will write any more.
	Ended func() bool
	Now   func() time.Time
	// Poll is how often Follow looks for more; a line that did not go on for two
	// looks is given as it is.
	Poll time.Duration
}

// chunk holds several of the usual lines, and more than the longest piece with its
// newline, so that a piece always fits.
const chunk = 2 * MaxPiece

// Lines streams the pieces that o chooses; an output that is not there yet has none. Memory is bounded whatever the output
// holds. A last piece that has not ended is given as Partial; its rest comes later
// under the same Seq. The text of a line is the receiver's to keep.
func (s Source) Lines(ctx context.Context, o backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	return func(yield func(backends.LogLine, error) bool) {
		r, err := s.open(ctx, o)
		if err == nil {
			defer r.close()
			err = r.run(ctx, o.Follow, yield)
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(backends.LogLine{}, err)
		}
	}
}

var errStop = errors.New("there is no more to give")

type reader struct {
	s     Source
	out   *os.File
	tab   table
	idx   *os.File
	next  int   // the entry of the index that the next times come from
	from  int64 // first piece wanted
	since int64
	last  int64 // nanoseconds, of the line before
	fresh int64 // the time of what the index does not have yet

	buf   []byte // bytes that were read; those before done belong to the receiver
	done  int    // where the current piece begins in buf
	given int    // bytes of the current piece that were given already
	at    int64  // file offset of buf[done]
	seq   int64
}

func (s Source) open(ctx context.Context, o backends.LogOptions) (*reader, error) {
	out, err := os.Open(s.Output)
	for errors.Is(err, os.ErrNotExist) { // nothing was said yet
		if !o.Follow || s.Ended() {
			return nil, errStop
		}
		if err := wait(ctx, s.Poll); err != nil {
			return nil, err
		}
		out, err = os.Open(s.Output)
	}
	if err != nil {
		return nil, fmt.Errorf("read output: %w", err)
	}
	r := &reader{s: s, out: out, from: o.From}
	r.refresh()
	if !o.Since.IsZero() {
		r.since = o.Since.UnixNano()
	}
	if o.Tail > 0 {
		n, err := r.count(ctx)
		if err != nil {
			r.close()
			return nil, err
		}
		r.from = max(r.from, n-o.Tail)
	}
	r.seek()
	return r, nil
}

func (r *reader) close() {
	r.out.Close()
	if r.idx != nil {
		r.idx.Close()
	}
}

// refresh takes note of what the index has now, which may have been thinned into a
// new file or only just begun.
func (r *reader) refresh() {
	there, err := os.Stat(r.s.Index)
	if err != nil {
		return
	}
	if r.idx != nil {
		if mine, err := r.idx.Stat(); err != nil || !os.SameFile(mine, there) {
			r.idx.Close()
			r.idx = nil
		}
	}
	opened := r.idx == nil
	if opened {
		if r.idx, err = os.Open(r.s.Index); err != nil {
			r.idx, r.tab = nil, table{}
			return
		}
	}
	if fi, err := r.out.Stat(); err == nil {
		r.tab = openTable(r.idx, fi.Size())
	}
	if opened {
		_, i := r.tab.before(func(e entry) bool { return e.offset > r.at })
		r.next = i + 1
	}
}

// count is the number of pieces so far, an unfinished one included: the index'
// last entry and what is behind it.
func (r *reader) count(ctx context.Context) (int64, error) {
	e, _ := r.tab.before(func(entry) bool { return false })
	c := Counter{Offset: e.offset, Start: e.offset, Seq: e.seq}
	buf := make([]byte, chunk)
	for ctx.Err() == nil {
		n, err := r.out.ReadAt(buf, c.Offset)
		c.Add(buf[:n])
		if err != nil || n == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return 0, fmt.Errorf("read output: %w", err)
			}
			if c.Offset > c.Start {
				c.Seq++
			}
			return c.Seq, nil
		}
	}
	return 0, ctx.Err()
}

// seek goes to the last entry that is not behind what is wanted.
func (r *reader) seek() {
	e, i := r.tab.before(func(e entry) bool { return e.seq > r.from })
	if r.since > 0 {
		// All before the last entry that is too old were seen even earlier.
		if e2, i2 := r.tab.before(func(e entry) bool { return e.at >= r.since }); i2 > i {
			e, i = e2, i2
		}
	}
	r.at, r.seq, r.next = e.offset, e.seq, i+1
	if i >= 0 {
		r.last = e.at
	}
}

func (r *reader) run(ctx context.Context, follow bool, yield func(backends.LogLine, error) bool) error {
	quiet := 0
	for {
		ended := r.s.Ended() // asked before the read: what was written before the end is then read
		n, err := r.fill()
		if err != nil {
			return err
		}
		if n > 0 {
			quiet = 0
			if err := r.pieces(yield); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			continue
		}
		quiet++
		switch {
		case ended:
			return r.rest(yield, false)
		case !follow:
			return r.rest(yield, true)
		case quiet == 2:
			if err := r.rest(yield, true); err != nil {
				return err
			}
		}
		if err := wait(ctx, r.s.Poll); err != nil {
			return err
		}
		r.refresh()
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// fill reads more behind what is there. The receiver keeps what it was given, so a
// full buffer is left to it and a new one begun.
func (r *reader) fill() (int, error) {
	if cap(r.buf)-len(r.buf) < chunk/4 {
		b := make([]byte, 0, chunk)
		r.buf, r.done = append(b, r.buf[r.done:]...), 0
	}
	n, err := r.out.ReadAt(r.buf[len(r.buf):cap(r.buf)], r.at+int64(len(r.buf)-r.done))
	r.buf, r.fresh = r.buf[:len(r.buf)+n], 0
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read output: %w", err)
	}
	return n, nil
}

// pieces gives every piece that is complete.
func (r *reader) pieces(yield func(backends.LogLine, error) bool) error {
	for {
		n, done := Next(r.buf[r.done:])
		if !done {
			return nil
		}
		piece := r.buf[r.done : r.done+n : r.done+n]
		partial := piece[n-1] != '\n'
		if !partial {
			piece = piece[:n-1]
		}
		if err := r.give(piece, partial, yield); err != nil {
			return err
		}
		r.done, r.given, r.at, r.seq = r.done+n, 0, r.at+int64(n), r.seq+1
	}
}

// rest gives what there is of the last piece.
func (r *reader) rest(yield func(backends.LogLine, error) bool, partial bool) error {
	piece := r.buf[r.done:len(r.buf):len(r.buf)]
	if len(piece) == 0 || partial && r.given == len(piece) {
		return nil
	}
	if err := r.give(piece, partial, yield); err != nil {
		return err
	}
	r.given = len(piece)
	return nil
}

// give hands over what was not given yet of a piece.
func (r *reader) give(piece []byte, partial bool, yield func(backends.LogLine, error) bool) error {
	if r.seq < r.from {
		return nil
	}
	at := r.time()
	if at < r.since {
		return nil
	}
	line := backends.LogLine{Seq: r.seq, Time: time.Unix(0, at), Text: piece[min(r.given, len(piece)):], Partial: partial}
	if !yield(line, nil) {
		return errStop
	}
	return nil
}

// time is when the current piece was seen: by the first entry behind its
// beginning, else about now.
func (r *reader) time() int64 {
	for ; r.next < r.tab.n; r.next++ {
		e, err := r.tab.at(r.next)
		if err != nil {
			break
		}
		if e.offset > r.at {
			r.last = max(r.last, e.at)
			return r.last
		}
	}
	if r.fresh == 0 { // one look for all lines of one read
		now := r.s.Now()
		if fi, err := r.out.Stat(); err == nil && fi.ModTime().Before(now) {
			now = fi.ModTime()
		}
		r.fresh = now.UnixNano()
	}
	r.last = max(r.last, r.fresh)
	return r.last
}
