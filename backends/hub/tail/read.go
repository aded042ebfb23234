package tail

import (
	"sort"
	"time"
)

// view is a block as it was under the lock.
type view struct {
	first   int64
	n       int
	text    []byte
	meta    meta
	size    int
	length  int64
	at      int64
	marks   int
	lost    int64
	counts  [levels]int
	odd     bool
	spilled bool
}

func (b *block) view() view {
	return view{
		first: b.first, n: b.n, text: b.text, meta: b.meta, size: b.size, length: b.length(), at: b.at,
		marks: b.marks, lost: b.lost, counts: b.counts, odd: b.odd, spilled: b.spilled,
	}
}

func (v *view) end() int64 { return v.first + int64(v.n) }

// passing is how many lines have the level; those with something lost before them
// are not counted twice, so it may be a few short. Zero means none at all.
func (v *view) passing(level uint8) int {
	n := 0
	for lv, c := range v.counts {
		if rank(uint8(lv)) >= level {
			n += c
		}
	}
	return n
}

// pass says that a line of the level is shown. A line that has something lost
// before it always is: a filter must not hide a loss.
func pass(flags, level uint8) bool {
	return flags&flagSkip != 0 || rank(flags&flagLevel) >= level
}

// at is the index of the block that holds seq, else of the first behind it. The
// caller holds the lock.
func (l *Log) at(seq int64) int {
	return sort.Search(len(l.blocks), func(i int) bool { return l.blocks[i].end() > seq })
}

// Lines appends to into[:0] the lines from from (included) to to (excluded) that
// are there. A block that cannot be read back stands as one line without text whose
// Skipped says how many are missing.
func (l *Log) Lines(from, to int64, into []Line) []Line {
	into = into[:0]
	for from < to {
		l.mu.RLock()
		i := l.at(from)
		if i == len(l.blocks) {
			l.mu.RUnlock()
			return into
		}
		v, f := l.blocks[i].view(), l.file
		if !v.spilled {
			into = l.lines(into, &v, v.text, &v.meta, from, to)
			l.mu.RUnlock()
		} else {
			l.mu.RUnlock()
			into = l.reload(into, f, &v, from, to)
		}
		from = max(from, v.end())
	}
	return into
}

func (l *Log) reload(into []Line, f File, v *view, from, to int64) []Line {
	b, err := l.cache.load(f, v)
	if err != nil {
		from, to = max(from, v.first), min(to, v.end())
		return append(into, Line{Seq: from, Skipped: to - from})
	}
	l.mu.RLock() // names
	defer l.mu.RUnlock()
	return l.lines(into, v, b.text, &b.meta, from, to)
}

func (l *Log) lines(into []Line, v *view, text []byte, m *meta, from, to int64) []Line {
	for i := int(max(from-v.first, 0)); i < v.n && v.first+int64(i) < to; i++ {
		flags, id := m.flags[i], l.names.table[m.names[i]]
		line := Line{
			Seq: v.first + int64(i), Stream: id.stream, Source: id.source, Text: piece(text, m.starts, i),
			Level: flags & flagLevel, Partial: flags&flagPartial != 0,
		}
		if t := m.times[i]; t != noTime {
			line.Time = time.Unix(0, t)
		}
		if flags&flagSkip != 0 {
			line.Skipped = m.skippedAt(i)
		}
		if i == 0 {
			line.Skipped += v.lost
		}
		into = append(into, line)
	}
	return into
}

// Step is the first line at or behind seq that is there and has at least the level,
// or with back the last at or before it; ok is false when there is none. Lines with
// something lost before them have every level.
func (l *Log) Step(seq int64, back bool, level uint8) (at int64, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if back {
		seq = min(seq, l.len()-1)
		for i := min(l.at(seq), len(l.blocks)-1); i >= 0; i-- {
			if at, ok := l.stepBack(l.blocks[i], seq, level); ok {
				return at, true
			}
		}
		return 0, false
	}
	for i := l.at(seq); i < len(l.blocks); i++ {
		if at, ok := l.stepOn(l.blocks[i], seq, level); ok {
			return at, true
		}
	}
	return 0, false
}

func (l *Log) stepOn(b *block, seq int64, level uint8) (int64, bool) {
	from := max(seq, b.first)
	if b.n == 0 || level == 0 || b.lost > 0 && from == b.first {
		return from, b.n > 0
	}
	flags, all := l.flags(b, level)
	for i := from - b.first; i < int64(len(flags)); i++ {
		if pass(flags[i], level) {
			return b.first + i, true
		}
	}
	return from, all
}

func (l *Log) stepBack(b *block, seq int64, level uint8) (int64, bool) {
	to := min(seq, b.end()-1)
	if to < b.first || level == 0 {
		return to, to >= b.first
	}
	flags, all := l.flags(b, level)
	for i := min(to-b.first, int64(len(flags))-1); i >= 0; i-- {
		if pass(flags[i], level) {
			return b.first + i, true
		}
	}
	if all {
		return to, true
	}
	return b.first, b.lost > 0
}

// flags is the flags of a block, none when no line of it can pass; all is true when
// they cannot be read: then every line must be taken for one that passes.
func (l *Log) flags(b *block, level uint8) (flags []uint8, all bool) {
	v := b.view()
	if v.passing(level) == 0 && v.marks == 0 {
		return nil, false
	}
	if !v.spilled {
		return v.meta.flags, false
	}
	flags, err := l.cache.levels(l.file, &v)
	return flags, err != nil
}

// Count is how many lines from from (included) to to (excluded) Step would stop at.
func (l *Log) Count(from, to int64, level uint8) int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	total := int64(0)
	for i := l.at(from); i < len(l.blocks) && l.blocks[i].first < to; i++ {
		total += l.count(l.blocks[i], from, to, level)
	}
	return total
}

func (l *Log) count(b *block, from, to int64, level uint8) int64 {
	from, to = max(from, b.first), min(to, b.end())
	if level == 0 || from >= to {
		return max(to-from, 0)
	}
	v := b.view()
	if from == b.first && to == b.end() && v.marks == 0 && b.lost == 0 {
		return int64(v.passing(level))
	}
	flags, all := l.flags(b, level)
	if all {
		return to - from
	}
	n := int64(0)
	for i := from - b.first; i < to-b.first; i++ {
		if i < int64(len(flags)) && pass(flags[i], level) || i == 0 && b.lost > 0 {
			n++
		}
	}
	return n
}
