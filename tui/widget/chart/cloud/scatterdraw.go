package cloud

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/canvas"
)

func (s *Scatter) draw(th *theme.Theme, w, h int) string {
	var cv canvas.Canvas
	cv.Reset(w, h)
	if s.Placed() == 0 {
		s.at = plot{}
		text, n := cell.Cut("no run has both "+cell.Safe(s.x.Name)+" and "+cell.Safe(s.y.Name), w, th.Glyph.Ellipsis)
		cv.Text(min(margin, w-n), h/2, text, th.Plain.Quiet)
		return cv.String()
	}
	body := h
	if h >= 4 {
		body-- // the labels of x
	}
	s.place(th, w, body)
	s.labels(&cv, th, h > body)
	s.points(&cv, th)
	s.crosshair(&cv, th)
	return cv.String()
}

// labelRoom is the width of margin and labels; none where they would take more
// than a third.
func labelRoom(ticks []axis.Tick, w int) int {
	n := 0
	for _, t := range ticks {
		n = max(n, min(cell.Width(t.Text), 16))
	}
	if w < 24 || margin+n+1 > w/3 {
		return 0
	}
	return margin + n + 1
}

func (s *Scatter) labels(cv *canvas.Canvas, th *theme.Theme, below bool) {
	p := &s.at
	last := -1
	for i := len(p.ticksY) - 1; i >= 0 && p.left > 0; i-- {
		_, row := p.grid.CellOf(0, min(max(p.sy.Dot(p.ticksY[i].V), 0), p.grid.H()-1))
		if row == last {
			continue
		}
		last = row
		text, n := cell.Cut(p.ticksY[i].Text, p.left-1-margin, th.Glyph.Ellipsis)
		cv.Text(p.left-1-n, row, text, th.Plain.Dim)
	}
	end := -2
	for i := 0; below && i < len(p.ticksX); i++ {
		col, _ := p.grid.CellOf(min(max(p.sx.Dot(p.ticksX[i].V), 0), p.grid.W()-1), 0)
		text, n := cell.Cut(p.ticksX[i].Text, p.w, th.Glyph.Ellipsis)
		at := max(min(p.left+col-(n-1)/2, p.left+p.w-n), 0)
		if at < end+2 {
			continue
		}
		end = at + cv.Text(at, p.h, text, th.Plain.Dim)
	}
}

// crosshair draws the lines through the thing that is read, behind the points, and
// what it is beside it.
func (s *Scatter) crosshair(cv *canvas.Canvas, th *theme.Theme) {
	p := &s.at
	if s.cross < 0 || s.cross >= len(p.px) || p.px[s.cross] < 0 {
		return
	}
	col, row := p.grid.CellOf(int(p.px[s.cross]), int(p.py[s.cross]))
	x := p.left + col
	for y := range p.h {
		if cv.Free(x, y, 1) {
			cv.Glyph(x, y, th.Glyph.Divider, th.Plain.Faint)
		}
	}
	for c := range p.w {
		if cv.Free(p.left+c, row, 1) {
			cv.Glyph(p.left+c, row, th.Glyph.Rule, th.Plain.Faint)
		}
	}
	cv.Glyph(x, row, th.Glyph.Running, th.Plain.Selected)
	lines := [...]string{s.names(s.cross), s.x.Name + " " + s.x.Text(s.x.Values[s.cross]), s.y.Name + " " + s.y.Text(s.y.Values[s.cross])}
	wide := 0
	for _, l := range lines {
		wide = max(wide, cell.Width(cell.Safe(l)))
	}
	wide = min(wide, max(p.w-4, 0))
	at := x + 2
	if at+wide > p.left+p.w {
		at = max(x-2-wide, p.left)
	}
	y := row + 1
	if y+len(lines) > p.h {
		y = max(row-len(lines), 0)
	}
	for i, l := range lines {
		text, _ := cell.Cut(l, wide, th.Glyph.Ellipsis)
		st := th.Plain.Text
		if i == 0 {
			st = th.Plain.Title
		}
		if y+i < p.h && wide > 0 {
			cv.Wipe(at, y+i, wide, 1)
			cv.Text(at, y+i, text, st)
		}
	}
}

// Key takes left and right to the next thing by x, up and down to the next by y,
// home and end to the ends of x; back leaves the crosshair.
func (s *Scatter) Key(msg tea.KeyPressMsg) bool {
	if len(s.at.px) == 0 {
		return false
	}
	switch k := s.keys; {
	case key.Matches(msg, k.Left):
		s.step(s.x.Values, -1)
	case key.Matches(msg, k.Right):
		s.step(s.x.Values, 1)
	case key.Matches(msg, k.Up):
		s.step(s.y.Values, 1)
	case key.Matches(msg, k.Down):
		s.step(s.y.Values, -1)
	case key.Matches(msg, k.Home):
		s.ends(s.x.Values, -1)
	case key.Matches(msg, k.End):
		s.ends(s.x.Values, 1)
	case key.Matches(msg, k.Back):
		if s.cross < 0 {
			return false
		}
		s.cross = -1
	default:
		return false
	}
	return true
}

// reach is how far beside a point the mouse still means it, in cells.
const reach = 3

// Mouse takes an event in the widget's own cells: moving reads the nearest thing, a
// click keeps it.
func (s *Scatter) Mouse(msg tea.MouseMsg, x, y int) bool {
	if len(s.at.px) == 0 {
		return false
	}
	switch m := msg.(type) {
	case tea.MouseMotionMsg:
		at := s.near(x, y, reach)
		if at < 0 && !s.hover {
			return s.cross >= 0
		}
		s.cross, s.hover = at, at >= 0
	case tea.MouseClickMsg:
		if m.Button != tea.MouseLeft {
			return false
		}
		s.cross, s.hover = s.near(x, y, reach), false
	default:
		return false
	}
	return true
}
