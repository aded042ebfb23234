package chart

import (
	"slices"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/dots"
	"flightdeck/tui/widget/chart/pyramid"
)

// margin is the empty columns at the left, as everywhere in a pane.
const margin = 2

// composer makes one frame of a chart.
type composer struct {
	ranges
	at    *scene
	cross cross
	drag  drag
}

// draw makes a frame. The order is the order of importance: what comes later is
// on top, but limits and end labels only take cells that nothing is in.
func (c *composer) draw(th *theme.Theme, w, h int) string {
	s := c.at
	s.cv.Reset(w, h)
	if _, _, ok := c.all(); !ok {
		s.w, s.h, s.plot = w, h, rect{}
		text, n := cell.Cut("no points yet", w, th.Glyph.Ellipsis)
		s.cv.Text(min(margin, w-n), h/2, text, th.Plain.Quiet)
		return s.cv.String()
	}
	c.layOut(th, w, h)
	c.labels(th)
	c.lines(th)
	c.gapMarks(th)
	c.momentMarks(th)
	c.endLabels(th)
	c.limitLines(th)
	c.crosshair(th)
	c.box(th)
	return s.cv.String()
}

// layOut decides where everything is. Small charts lose the x labels first, then
// the y labels and the margin.
func (c *composer) layOut(th *theme.Theme, w, h int) {
	s := c.at
	s.w, s.h, s.marksY, s.axisY = w, h, -1, -1
	s.plot = rect{w: w, h: h}
	if h >= 4 {
		s.axisY = h - 1
		s.plot.h--
	}
	if len(c.marks) > 0 && h >= 8 {
		s.marksY = 0
		s.plot.y, s.plot.h = 1, s.plot.h-1
	}
	x0, x1 := c.spanX(labelsX(w - 8))
	tall, wide := dots.ASCIIH, dots.ASCIIW
	if th.Glyph.Braille {
		tall, wide = dots.BrailleH, dots.BrailleW
	}
	lo, hi, ticks := c.spanY(x0, x1, min(max((s.plot.h+2)/3, 2), 6))
	s.sy.Set(lo, hi, s.plot.h*tall, c.Opt.LogY)
	if c.Opt.Unit != "" && len(ticks) > 0 {
		ticks = slices.Clone(ticks)
		ticks[len(ticks)-1].Text += " " + c.Opt.Unit
	}
	s.ticksY = ticks
	s.plot.x = leftOf(ticks, w)
	s.plot.w = w - s.plot.x
	s.sx.Set(x0, x1, s.plot.w*wide, c.Opt.LogX)
	s.grid.Reset(s.plot.w, s.plot.h, th.Glyph.Braille)
}

// leftOf is the width of margin and y labels; none where they would take more
// than a third.
func leftOf(ticks []axis.Tick, w int) int {
	n := 0
	for _, t := range ticks {
		n = max(n, cell.Width(t.Text))
	}
	switch {
	case n == 0 && w >= 24:
		return margin
	case n > 0 && w >= 24 && margin+n+1 <= w/3:
		return margin + n + 1
	case n > 0 && n+1 <= w/3:
		return n + 1
	}
	return 0
}

// labelsX is how many x labels fit into w cells.
func labelsX(w int) int { return min(max(w/14, 2), 6) }

func (c *composer) labels(th *theme.Theme) {
	s := c.at
	rows := map[int]bool{}
	for i := len(s.ticksY) - 1; i >= 0 && s.plot.x > 0; i-- {
		t := s.ticksY[i]
		_, row := s.grid.CellOf(0, min(max(s.sy.Dot(t.V), 0), s.grid.H()-1))
		if rows[row] || cell.Width(t.Text) >= s.plot.x {
			continue
		}
		rows[row] = true
		s.cv.Text(s.plot.x-1-cell.Width(t.Text), s.plot.y+row, t.Text, th.Plain.Dim)
	}
	if s.axisY < 0 {
		return
	}
	end := -2
	ticks := c.ticksX()
	for i, t := range ticks {
		n := cell.Width(t.Text)
		col, _ := s.grid.CellOf(min(max(s.sx.Dot(t.V), 0), s.grid.W()-1), 0)
		at := s.plot.x + col
		if i > 0 || col > 0 {
			at -= (n - 1) / 2
		}
		at = max(min(at, s.w-n), 0)
		if at < end+2 || n > s.plot.w {
			continue
		}
		end = at + s.cv.Text(at, s.axisY, t.Text, th.Plain.Dim)
	}
}

func (c *composer) ticksX() []axis.Tick {
	s := c.at
	want := labelsX(s.plot.w)
	var ticks []axis.Tick
	if s.sx.Log {
		ticks = axis.Log(s.sx.Lo, s.sx.Hi, want)
	} else {
		ticks = c.Opt.X.Ticks(s.sx.Lo, s.sx.Hi, want, c.Opt.Zone)
	}
	if len(ticks) == 0 {
		ticks = []axis.Tick{{V: s.sx.Lo, Text: c.Opt.X.Text(s.sx.Lo, c.Opt.Zone)}}
	}
	return ticks
}

func (c *composer) style(th *theme.Theme, i int) theme.Style {
	all := th.Plain.Series
	n := c.series[i].Color % len(all)
	if n < 0 {
		n += len(all)
	}
	return all[n]
}

func (c *composer) lines(th *theme.Theme) {
	order := c.order()
	for _, i := range order {
		if s := &c.series[i]; s.Lo != nil && s.Hi != nil {
			c.band(s, c.style(th, i))
		}
	}
	if c.Opt.Smooth > 0 && c.Opt.Raw {
		for _, i := range order {
			c.line(c.series[i].Data.Curve(), th.Plain.Faint, false)
		}
	}
	for _, i := range order {
		c.line(c.curve(i), c.style(th, i), c.series[i].Dashed)
	}
}

// line draws one curve over what is there.
func (c *composer) line(cv pyramid.Curve, st theme.Style, dashed bool) {
	s := c.at
	clear(s.grid.Bits)
	cv.Draw(&s.grid, &s.sx, &s.sy)
	if p, ok := cv.Only(); ok {
		s.block(p)
	}
	if dashed {
		s.grid.Dash()
	}
	s.cv.Dots(&s.grid, s.plot.x, s.plot.y, st)
}

// block makes a single sample a square of dots.
func (s *scene) block(p pyramid.Sample) {
	x, y := s.sx.Dot(p.X), s.sy.Dot(p.Y)
	if x < 0 || y < 0 || x >= s.grid.W() || y >= s.grid.H() {
		return
	}
	if !s.grid.Braille {
		return
	}
	x, y = x&^1, min(y, s.grid.H()-2)
	for _, dx := range []int{0, 1} {
		s.grid.Run(x+dx, y, y+1)
	}
}

// box draws the outline of what is being selected.
func (c *composer) box(th *theme.Theme) {
	d, s := c.drag, c.at
	if !d.on || d.x0 == d.x1 {
		return
	}
	x0, x1, y0, y1 := min(d.x0, d.x1), max(d.x0, d.x1), min(d.y0, d.y1), max(d.y0, d.y1)
	if y1-y0 < 2 {
		y0, y1 = 0, s.plot.h-1
	} else {
		for x := x0; x <= x1; x++ {
			s.cv.Glyph(s.plot.x+x, s.plot.y+y0, th.Glyph.Rule, th.Plain.Selected)
			s.cv.Glyph(s.plot.x+x, s.plot.y+y1, th.Glyph.Rule, th.Plain.Selected)
		}
	}
	for y := y0; y <= y1; y++ {
		s.cv.Glyph(s.plot.x+x0, s.plot.y+y, th.Glyph.Divider, th.Plain.Selected)
		s.cv.Glyph(s.plot.x+x1, s.plot.y+y, th.Glyph.Divider, th.Plain.Selected)
	}
}
