package logview

import (
	"time"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// maxCached is how many bytes of drawn rows are kept.
const maxCached = 1 << 20

// sheet is the lines that show, and each of them as rows.
type sheet struct {
	src     Source
	look    Look
	loc     *time.Location
	sources []string
	x       int // first cell of the text that shows, when not wrapping

	find   *finder
	chosen *choice

	stale bool // something may show otherwise than in the last frame
	theme *theme.Theme
	w     int
	cache map[drawnKey]*drawn
	bytes int
	line  [1]Line
}

type drawnKey struct {
	seq      int64
	selected bool
}

// drawn is the rows of one line as it was then.
type drawn struct {
	text    int
	partial bool
	level   uint8
	rows    []string
}

// forget draws every line anew.
func (s *sheet) forget() {
	clear(s.cache)
	s.bytes, s.stale = 0, true
}

// step is the next line that shows.
func (s *sheet) step(seq int64, back bool) (int64, bool) {
	if r := s.find.only; r != nil {
		return r.step(seq, back)
	}
	return s.src.Step(seq, back, s.look.Level)
}

// count is how many lines in [from, to) show.
func (s *sheet) count(from, to int64) int64 {
	if r := s.find.only; r != nil {
		return r.count(from, to)
	}
	return s.src.Count(from, to, s.look.Level)
}

// aside scrolls to the side; false when there is nothing more that way.
func (s *sheet) aside(by int) bool {
	x := min(max(s.x+by, 0), maxAside)
	if s.look.Wrap || x == s.x {
		return false
	}
	s.x = x
	s.forget()
	return true
}

// maxAside is where scrolling to the side ends: no line is longer.
const maxAside = 64 << 10

// columns is how a row is divided.
type columns struct {
	gutter, time, source, text int
}

const minText = 16

func (s *sheet) columns() columns {
	c := columns{text: max(s.w, 1)}
	take := func(n int) int {
		if c.text-n < minText {
			return 0
		}
		c.text -= n
		return n
	}
	c.gutter = take(2)
	if s.look.Times != TimesOff {
		c.time = take(s.timeWidth() + 1)
	}
	if len(s.sources) > 1 {
		w := 0
		for _, name := range s.sources {
			w = max(w, cell.Width(cell.Safe(name)))
		}
		c.source = take(min(w, 20) + 2)
	}
	return c
}

// rows is a line as rows of exactly the view's width; none when it is gone.
func (s *sheet) rows(seq int64) []string {
	got := s.src.Lines(seq, seq+1, s.line[:0])
	if len(got) == 0 {
		return nil
	}
	if s.theme == nil { // nothing was drawn yet
		return []string{""}
	}
	l := &got[0]
	k := drawnKey{seq, s.chosen.has(seq)}
	d := s.cache[k]
	if d != nil && d.text == len(l.Text) && d.partial == l.Partial && d.level == l.Level {
		return d.rows
	}
	d = &drawn{text: len(l.Text), partial: l.Partial, level: l.Level, rows: s.compile(l, k.selected)}
	if s.bytes > maxCached {
		clear(s.cache)
		s.bytes = 0
	}
	for _, r := range d.rows {
		s.bytes += len(r)
	}
	s.cache[k] = d
	return d.rows
}

// compile draws a line.
func (s *sheet) compile(l *Line, selected bool) []string {
	th := s.theme
	r := &rower{s: s, th: th, set: &th.Plain, line: l, cols: s.columns(), selected: selected}
	if selected {
		r.set = &th.Row
	}
	r.pad = cell.Padding(th, r.set)
	var rows []string
	if l.Skipped > 0 {
		rows = append(rows, r.loss())
		if s.onlyLoss(l) {
			return rows
		}
	}
	if s.look.Wrap {
		return append(rows, r.wrap()...)
	}
	return append(rows, r.cut())
}

// onlyLoss says that the line shows for what is missing before it, and does not pass
// the filter itself.
func (s *sheet) onlyLoss(l *Line) bool {
	if s.find.only != nil {
		return !s.find.only.matches(l.Seq)
	}
	lv := l.Level
	if lv == LevelNone {
		lv = LevelInfo
	}
	return lv < s.look.Level
}

func (s *sheet) series(source string) int {
	for i, name := range s.sources {
		if name == source {
			return i
		}
	}
	return len(s.sources)
}
