package input

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// Render is the line in exactly w cells.
func (in *Input) Render(th *theme.Theme, set *theme.Set, w int) string {
	in.w = w
	if w <= 0 {
		return ""
	}
	l := cell.NewLine(th, set, w)
	l.Put(set.Selected, in.prompt())
	if len(in.edit.Runes()) == 0 {
		return l.Put(set.Quiet, in.Placeholder).Render()
	}
	shown, _, off := Window(in.edit.Runes(), in.pos(), in.off, in.room())
	in.off = off
	return l.Put(set.Text, shown).Render()
}

// prompt is what stands before the text; on a line that is too narrow for both it
// gives way.
func (in *Input) prompt() string {
	p := cell.Safe(in.Prompt)
	if cell.Width(p) >= in.w {
		return ""
	}
	return p
}

func (in *Input) room() int { return in.w - cell.Width(in.prompt()) }

// pos is the cursor; while nothing is typed the text shows from its start.
func (in *Input) pos() int {
	if !in.typing {
		return 0
	}
	return in.edit.Pos()
}

// Cursor is where the cursor stands in the last Render; nil while not typing.
func (in *Input) Cursor() *tea.Cursor {
	if !in.typing || in.w <= 0 {
		return nil
	}
	_, col, _ := Window(in.edit.Runes(), in.edit.Pos(), in.off, in.room())
	c := tea.NewCursor(min(cell.Width(in.prompt())+col, in.w-1), 0)
	c.Shape, c.Blink = tea.CursorBar, false
	return c
}

// Click puts the cursor at a cell of the last Render.
func (in *Input) Click(x int) {
	rs := in.edit.Runes()
	in.edit.SetPos(PosAt(rs, Span{min(in.off, len(rs)), len(rs)}, x-cell.Width(in.prompt())))
	in.changed()
}

// BelowRows is how many rows Below would fill, at most so many.
func (in *Input) BelowRows(most int) int {
	n := 0
	if in.typing {
		n = len(in.offers)
	}
	if _, err := in.Err(); err != nil {
		n++
	}
	return min(n, most)
}

// Below is what stands under the line, in exactly w×h cells: what is wrong,
// pointing at where, and the completions under the place they begin at.
func (in *Input) Below(th *theme.Theme, set *theme.Set, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	in.w = w
	rows := make([]string, 0, h)
	if _, err := in.Err(); err != nil {
		rows = append(rows, in.pointer(th, set, w))
	}
	if in.typing {
		rows = append(rows, in.popup(th, set, w, h-len(rows))...)
	}
	blank := cell.NewLine(th, set, w).Render()
	for len(rows) < h {
		rows = append(rows, blank)
	}
	return strings.Join(rows[:h], "\n")
}

// pointer is the error under its column: to the right of the sign where there is
// room, else to the left, else from the start.
func (in *Input) pointer(th *theme.Theme, set *theme.Set, w int) string {
	col, err := in.Err()
	x := min(in.column(col), w-1)
	sign, text := th.Glyph.SortUp, cell.Safe(err.Error())
	l := cell.NewLine(th, set, w)
	switch n := cell.Width(text); {
	case x+2+n <= w:
		l.Space(x).Put(set.Caution, sign+" "+text)
	case n+1 <= x:
		l.Space(x-n-1).Put(set.Caution, text+" "+sign)
	default:
		l.Put(set.Caution, th.Glyph.Caution+" "+text)
	}
	return l.Render()
}

// column is the cell above which a rune stands.
func (in *Input) column(r int) int {
	rs := in.edit.Runes()
	r = min(max(r, in.off), len(rs))
	return cell.Width(in.prompt()) + width(rs[min(in.off, r):r])
}

func (in *Input) popup(th *theme.Theme, set *theme.Set, w, h int) []string {
	if h <= 0 || len(in.offers) == 0 {
		return nil
	}
	n := min(h, len(in.offers))
	first := max(0, min(in.chosen-n/2, len(in.offers)-n))
	wide := 0
	for _, o := range in.offers[first : first+n] {
		wide = max(wide, cell.Width(cell.Safe(o.Text)))
	}
	var rows []string
	l := cell.NewLine(th, set, w)
	for i, o := range in.offers[first : first+n] {
		l.Reset(th, set, w)
		x := max(0, min(in.column(o.From), w-wide-2))
		st := set.Dim
		if first+i == in.chosen {
			st = set.Selected
			l.Space(x-1).Put(st, th.Glyph.Here)
		}
		l.Fill(x).Put(st, o.Text).Fill(x+wide+2).Put(set.Quiet, o.Note)
		rows = append(rows, l.Render())
	}
	return rows
}
