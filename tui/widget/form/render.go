package form

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/input"
)

const (
	inlineHints = 60 // from this width on every field's hint stands beside it
	listRows    = 6  // of a choice whose options do not fit on one row
)

// sheet is one drawing of a form.
type sheet struct {
	th    *theme.Theme
	set   *theme.Set
	w     int
	value int // column of values
	width int // cells of a value
	hint  int // column of hints, 0 when they do not stand beside the fields
	lines []string
	caret *tea.Cursor
	line  *cell.Line
}

// Rows is how many rows the form takes at a width, so that a dialog can be made
// to fit.
func (f *Form) Rows(th *theme.Theme, w int) int {
	s := f.draw(th, &th.Plain, w)
	n := len(s.lines)
	if f.footHint(s) {
		n++
	}
	return n
}

// Render draws the form in exactly w×h cells on the background of set. What does
// not fit scrolls so that the focused field shows.
func (f *Form) Render(th *theme.Theme, set theme.Set, w, h int) string {
	f.cursor = nil
	if w <= 0 || h <= 0 {
		return ""
	}
	s := f.draw(th, &set, w)
	body := h
	if f.footHint(s) && h > 2 {
		body--
	}
	f.scrollTo(len(s.lines), body)
	shown := s.lines[f.scroll:min(f.scroll+body, len(s.lines))]
	rows := make([]string, 0, h)
	rows = append(rows, shown...)
	for len(rows) < body {
		rows = append(rows, s.blank())
	}
	if body < h {
		s.start(false)
		s.line.Put(set.Quiet, f.current().hint())
		rows = append(rows, s.line.Render())
	}
	for _, e := range f.entries {
		e.top -= f.scroll
	}
	if s.caret != nil && s.caret.Y >= f.scroll && s.caret.Y < f.scroll+body && s.caret.X < w {
		s.caret.Y -= f.scroll
		f.cursor = s.caret
	}
	return strings.Join(rows, "\n")
}

// footHint says whether the focused field's hint takes the last row.
func (f *Form) footHint(s *sheet) bool {
	return s.hint == 0 && f.focus >= 0 && slices.ContainsFunc(f.entries, func(e *entry) bool { return e.focusable() && e.hint() != "" })
}

// hint is what the field means; a number without one says its range.
func (e *entry) hint() string {
	if e.Hint == "" && e.Kind == Number && e.bounded() {
		return e.format(e.Min) + " to " + e.format(e.Max)
	}
	return e.Hint
}

func (f *Form) scrollTo(total, body int) {
	if e := f.current(); e != nil {
		if end := e.top + e.rows; end > f.scroll+body {
			f.scroll = end - body
		}
		f.scroll = min(f.scroll, e.top)
		if f.firstField() == f.focus && e.top < body { // the paragraph before it
			f.scroll = 0
		}
	}
	f.scroll = max(0, min(f.scroll, total-body))
}

func (f *Form) firstField() int {
	return slices.IndexFunc(f.entries, func(e *entry) bool { return e.focusable() })
}

func (f *Form) draw(th *theme.Theme, set *theme.Set, w int) *sheet {
	s := &sheet{th: th, set: set, w: w, line: cell.NewLine(th, set, w)}
	labels := 0
	for _, e := range f.entries {
		if e.focusable() {
			labels = max(labels, cell.Width(cell.Safe(e.Label)))
		}
	}
	s.value = 2 + min(labels, max(w/3, 1)) + 2
	s.width = max(w-s.value-1, 1)
	if w >= inlineHints {
		s.width = (w - s.value - 3) * 3 / 5
		s.hint = s.value + s.width + 2
	}
	for i, e := range f.entries {
		e.top, e.left, e.width, e.spots = len(s.lines), s.value, s.width, e.spots[:0]
		if !e.hidden {
			s.entry(e, i == f.focus)
		}
		e.rows = len(s.lines) - e.top
	}
	return s
}

func (s *sheet) blank() string {
	s.line.Reset(s.th, s.set, s.w)
	return s.line.Render()
}

// start begins a row, with the mark of the field that has the keyboard.
func (s *sheet) start(here bool) {
	s.line.Reset(s.th, s.set, s.w)
	s.line.Space(1)
	if here {
		s.line.Put(s.set.Selected, s.th.Glyph.Here)
	}
	s.line.Fill(2)
}

func (s *sheet) end() { s.lines = append(s.lines, s.line.Render()) }

func (s *sheet) entry(e *entry, focused bool) {
	if e.Kind == Info {
		for _, l := range cell.Wrap(e.Label, max(s.w-4, 1)) {
			s.start(false)
			s.line.Put(s.set.Dim, l)
			s.end()
		}
		return
	}
	s.start(focused)
	label := s.set.Dim
	if focused {
		label = s.set.Selected
	}
	name, _ := cell.Cut(e.Label, s.value-4, s.th.Glyph.Ellipsis)
	s.line.Put(label, name).Fill(s.value)
	switch e.Kind {
	case Choice, Toggle:
		s.choice(e, focused)
	case Note:
		s.note(e, focused)
	default:
		s.text(e, focused)
	}
	if e.err != nil {
		for i, l := range cell.Wrap(e.err.Error(), max(s.w-s.value-3, 1)) {
			s.start(false)
			s.line.Fill(s.value)
			if i == 0 {
				s.line.Put(s.set.Caution, s.th.Glyph.Caution)
			}
			s.line.Fill(s.value+2).Put(s.set.Caution, l)
			s.end()
		}
	}
}

// hintBeside ends the field's first row with its hint, where there is room for it.
func (s *sheet) hintBeside(e *entry) {
	if s.hint > 0 {
		s.line.Fill(s.hint).Put(s.set.Quiet, e.hint())
	}
	s.end()
}

func (s *sheet) text(e *entry, focused bool) {
	rs, pos := e.edit.Runes(), 0
	if e.Kind == Secret {
		rs = []rune(strings.Repeat("*", len(rs)))
	}
	w := s.width
	stepped := e.Kind == Number && e.steps()
	if stepped {
		w = max(min(w-6, 14), 1)
	}
	if focused {
		pos = e.edit.Pos()
	}
	shown, col, off := input.Window(rs, pos, e.off, w)
	e.off = off
	if focused {
		s.caretAt(s.line.Len() + col)
	}
	s.line.Put(s.set.Title, shown).Put(s.set.Faint, strings.Repeat("_", max(w-cell.Width(shown), 0)))
	if stepped && focused {
		s.stepper(e)
	}
	s.hintBeside(e)
}

// stepper is the two signs that a mouse can press.
func (s *sheet) stepper(e *entry) {
	for _, b := range []struct {
		sign string
		dir  int
	}{{"-", -1}, {"+", 1}} {
		s.line.Space(2)
		e.spots = append(e.spots, spot{x: s.line.Len(), w: 1, value: e.step(e.edit.Text(), b.dir)})
		s.line.Put(s.set.Selected, b.sign)
	}
}

func (s *sheet) caretAt(x int) {
	s.caret = tea.NewCursor(x, len(s.lines))
	s.caret.Shape, s.caret.Blink = tea.CursorBar, false
}

func (s *sheet) note(e *entry, focused bool) {
	rs := e.edit.Runes()
	rows := input.Rows(rs, s.width)
	n := e.Field.Rows
	if n <= 0 {
		n = 3
	}
	at, col := input.RowOf(rs, rows, e.edit.Pos())
	if focused {
		e.off = min(e.off, at)
		e.off = max(e.off, at-n+1)
	}
	e.off = max(0, min(e.off, len(rows)-n))
	for i := range n {
		if i > 0 {
			s.start(false)
			s.line.Fill(s.value)
		}
		text := ""
		if r := e.off + i; r < len(rows) {
			text = strings.TrimSuffix(string(rs[rows[r].From:rows[r].To]), " ")
		}
		if focused && e.off+i == at {
			s.caretAt(s.value + min(col, s.width))
		}
		s.line.Put(s.set.Text, text).Put(s.set.Faint, strings.Repeat("_", max(s.width-cell.Width(text), 0)))
		if i == 0 {
			s.hintBeside(e)
			continue
		}
		s.end()
	}
}
