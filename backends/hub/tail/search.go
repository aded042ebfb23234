package tail

import (
	"bytes"
	"context"
	"iter"
	"slices"
)

// Hit is a line that was found, or how far a search is.
type Hit = struct {
	Seq   int64
	Match bool // false: no line, but progress or a loss
	// Loss: the line has something lost before it. It is given whether it matches or
	// not, so that a view of the matching lines can show the loss.
	Loss        bool
	Done, Total int64 // lines that were looked at, of how many
}

// Search gives the lines that match, from from on to the newest, or with back from
// from down to the oldest; lines appended meanwhile are not looked at. Hits come as
// they are found; after every block of some thousand lines comes one without a
// match that only says how far the search is, and an error where a block could not
// be read: the search goes on behind it. It ends with ctx, whose error is the last.
func (l *Log) Search(ctx context.Context, q Query, from int64, back bool) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		m, err := newMatcher(q)
		if err != nil {
			yield(Hit{}, err)
			return
		}
		s := &search{m: m, level: q.Level, from: from, back: back}
		views := s.snapshot(l)
		for i := range views {
			if err := ctx.Err(); err != nil {
				yield(s.progress(), err)
				return
			}
			if !s.block(ctx, &views[i], yield) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(s.progress(), err)
		}
	}
}

type search struct {
	m     *matcher
	file  File
	level uint8
	from  int64
	back  bool

	done, total int64

	// Memory that is used again for each block.
	raw, small, low, clean []byte
	index32                []uint32

	starts []uint32 // of the block; nil when they were not needed yet
	hits   []int
}

// snapshot is the blocks in the order in which they are searched.
func (s *search) snapshot(l *Log) []view {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s.file = l.file
	var views []view
	for _, b := range l.blocks {
		switch {
		case b.n == 0 || !s.back && b.end() <= s.from || s.back && b.first > s.from:
			continue
		}
		v := b.view()
		if !b.spilled {
			v.meta.flags = bytes.Clone(v.meta.flags)
		}
		views = append(views, v)
		s.total += int64(b.n)
	}
	if s.back {
		slices.Reverse(views)
	}
	return views
}

func (s *search) progress() Hit { return Hit{Seq: -1, Done: s.done, Total: s.total} }

// block searches one block and gives its hits; false when the receiver has enough.
func (s *search) block(ctx context.Context, v *view, yield func(Hit, error) bool) bool {
	flags, err := s.scan(ctx, v)
	s.done += int64(v.n)
	if err != nil {
		return yield(s.progress(), err)
	}
	order := slices.Clone(s.hits)
	if s.losses(v) {
		order = s.withLosses(v, flags)
	}
	if s.back {
		slices.Reverse(order)
	}
	for _, i := range order {
		if !s.give(v, i, flags, yield) {
			return false
		}
	}
	return yield(s.progress(), nil)
}

func (s *search) losses(v *view) bool { return v.marks > 0 || v.lost > 0 }

// scan puts the matching lines of a block into hits, in ascending order. The flags
// are there when give needs them.
func (s *search) scan(ctx context.Context, v *view) (flags []uint8, err error) {
	s.hits = s.hits[:0]
	text := v.text
	flags, s.starts = v.meta.flags, v.meta.starts
	if v.spilled {
		s.raw = slices.Grow(s.raw[:0], v.size)[:v.size]
		text = s.raw
		if err := readAt(s.file, text, v.at); err != nil {
			return nil, err
		}
	}
	if v.odd || len(s.m.need) == 0 {
		err = s.findByLine(ctx, v, text)
	} else {
		err = s.find(ctx, v, text)
	}
	if err != nil {
		return nil, err
	}
	if v.spilled && (s.losses(v) || s.level > 0 && len(s.hits) > 0) {
		flags = make([]uint8, v.n)
		err = readAt(s.file, flags, v.at+int64(v.size)+4*int64(v.n))
	}
	return flags, err
}

func (s *search) give(v *view, i int, flags []uint8, yield func(Hit, error) bool) bool {
	seq := v.first + int64(i)
	if !s.back && seq < s.from || s.back && seq > s.from {
		return true
	}
	h := Hit{Seq: seq, Match: true, Done: s.done, Total: s.total}
	if s.losses(v) {
		h.Loss = flags[i]&flagSkip != 0 || i == 0 && v.lost > 0
		_, h.Match = slices.BinarySearch(s.hits, i)
	}
	if s.level > 0 && rank(flags[i]&flagLevel) < s.level {
		h.Match = false
	}
	if !h.Match && !h.Loss {
		return true
	}
	return yield(h, nil)
}

// withLosses is the hits and the lines with something lost before them.
func (s *search) withLosses(v *view, flags []uint8) []int {
	all := slices.Clone(s.hits)
	for i, f := range flags {
		if f&flagSkip != 0 || i == 0 && v.lost > 0 {
			all = append(all, i)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// index is where the lines of the block begin, read once it is needed.
func (s *search) index(v *view) ([]uint32, error) {
	if s.starts != nil {
		return s.starts, nil
	}
	s.small = slices.Grow(s.small[:0], 4*v.n)[:4*v.n]
	if err := readAt(s.file, s.small, v.at+int64(v.size)); err != nil {
		return nil, err
	}
	s.index32 = decodeStarts(s.index32, s.small)
	s.starts = s.index32
	return s.starts, nil
}

// find looks for the literal in the whole block at once.
func (s *search) find(ctx context.Context, v *view, text []byte) error {
	hay := text
	if s.m.fold {
		s.low = lower(s.low, text)
		hay = s.low
	}
	line := 0
	for pos := 0; pos < len(hay); {
		k := bytes.Index(hay[pos:], s.m.need)
		if k < 0 {
			return nil
		}
		starts, err := s.index(v)
		if err != nil {
			return err
		}
		line = lineAt(starts, line, pos+k)
		t := piece(text, starts, line)
		if s.m.re == nil || s.m.re.Match(bytes.TrimRight(t, "\r")) {
			s.hits = append(s.hits, line)
		}
		pos = int(starts[line]) + len(t) + 1
		if line%512 == 511 && ctx.Err() != nil {
			return nil // Search says so
		}
	}
	return nil
}

func (s *search) findByLine(ctx context.Context, v *view, text []byte) error {
	starts, err := s.index(v)
	for i := range starts {
		if i%512 == 511 && ctx.Err() != nil {
			return nil
		}
		t := bytes.TrimRight(piece(text, starts, i), "\r")
		if v.odd {
			t = plain(&s.clean, t)
		}
		if s.m.line(t, &s.low) {
			s.hits = append(s.hits, i)
		}
	}
	return err
}
