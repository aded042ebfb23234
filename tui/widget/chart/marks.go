package chart

import (
	"math"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// gapMarks draws the samples that are not finite at the edge, with the word beside
// the first of each stretch. A stretch without a finite sample in between is one
// dashed line.
func (c *composer) gapMarks(th *theme.Theme) {
	s := c.at
	for _, i := range c.order() {
		s.gaps = c.series[i].Data.Marks(s.gaps[:0], &s.sx, s.perCell())
		end := [2]int{-1, -1} // the last column marked at each edge
		for n, g := range s.gaps {
			col, _ := s.grid.CellOf(s.sx.Dot(g.X), 0)
			edge, y := 0, s.plot.y
			if math.IsInf(g.Y, -1) {
				edge, y = 1, s.plot.y+s.plot.h-1
			}
			goesOn := end[edge] >= 0 && n > 0 && s.gaps[n-1].At == g.At
			from := col
			if goesOn {
				from = end[edge] + 1
			}
			for x := from; x <= col; x++ {
				if goesOn && s.cv.Free(s.plot.x+x, y, 1) {
					s.cv.Glyph(s.plot.x+x, y, th.Glyph.Limit, th.Plain.Caution)
				}
			}
			if !goesOn {
				s.cv.Glyph(s.plot.x+col, y, th.Glyph.Caution, th.Plain.Caution)
				end[edge] = col + c.word(th, col, y, cell.Four.Format(g.Y))
				continue
			}
			end[edge] = max(end[edge], col)
		}
	}
}

// word writes beside a mark what it means, where there is room, and returns the
// cells it took.
func (c *composer) word(th *theme.Theme, col, y int, text string) int {
	s := c.at
	x, n := s.plot.x+col+1, cell.Width(text)+1
	if !s.cv.Free(x, y, n) {
		return 0
	}
	s.cv.Text(x+1, y, text, th.Plain.Caution)
	return n
}

func (s *scene) perCell() int {
	if s.grid.CellsW == 0 {
		return 1
	}
	return s.grid.W() / s.grid.CellsW
}

// momentMarks draws the marks in the row above the plot, or in its first; a word
// that has no room up to the next sign is left out.
func (c *composer) momentMarks(th *theme.Theme) {
	s := c.at
	y := max(s.marksY, 0)
	for _, words := range []bool{false, true} {
		for _, m := range c.marks {
			dot := s.sx.Dot(m.X)
			if dot < 0 || dot >= s.grid.W() {
				continue
			}
			col, _ := s.grid.CellOf(dot, 0)
			x, sign, st := s.plot.x+col, th.Glyph.Divider, th.Plain.Target
			if m.Caution {
				sign, st = th.Glyph.Caution, th.Plain.Caution
			}
			text, n := cell.Cut(m.Label, s.w-x-2, th.Glyph.Ellipsis)
			switch {
			case !words:
				s.cv.Glyph(x, y, sign, st)
			case n > 2 && s.cv.Free(x+1, y, n+1):
				s.cv.Text(x+2, y, text, st)
			}
		}
	}
}

// limitLines draws thresholds where nothing else is: dashes, and at the right end
// the label. One that is above or below the picture is a word at that edge.
func (c *composer) limitLines(th *theme.Theme) {
	s := c.at
	for _, l := range c.limits {
		dot := s.sy.Dot(l.Y)
		_, row := s.grid.CellOf(0, min(max(dot, 0), s.grid.H()-1))
		y, label := s.plot.y+row, l.Label
		off := true
		switch {
		case dot >= s.grid.H():
			label = th.Glyph.SortUp + " " + label
		case dot < 0:
			label = th.Glyph.Sort + " " + label
		default:
			off = false
		}
		text, n := cell.Cut(label, s.plot.w/2, th.Glyph.Ellipsis)
		at := s.w - n
		if n > 0 && s.cv.Free(at-1, y, n+1) {
			s.cv.Text(at, y, text, th.Plain.Target)
			s.cv.Put(at-1, y, ' ', th.Plain.Target)
		}
		for x := 0; x < s.plot.w && !off; x += 2 {
			if s.cv.Free(s.plot.x+x, y, 1) {
				s.cv.Glyph(s.plot.x+x, y, th.Glyph.Limit, th.Plain.Target)
			}
		}
	}
}

// endLabels writes the newest value of each series, as it was measured, at the
// line's end, the selected ones first: right of it, one row up or down where that
// is taken, and for a selected series also above or below its last stretch: there
// even where something lies. Where colours cannot tell series apart the letter comes
// first, and stays when the value has no room.
func (c *composer) endLabels(th *theme.Theme) {
	figures := c.Opt.Values
	order := c.order()
	for _, i := range order {
		if p, ok := c.series[i].Data.Last(); ok {
			figures.Add(p.Y)
		}
	}
	for n := len(order) - 1; n >= 0; n-- {
		i := order[n]
		value, ok := c.series[i].Data.Last()
		if end, some := c.curve(i).Last(); some && ok && finite(value.Y) {
			c.endLabel(th, i, end.X, end.Y, figures.Figures().Format(value.Y))
		}
	}
}

// roomy is how wide a plot is in which the selected series' value may cover lines.
const roomy = 24

func (c *composer) endLabel(th *theme.Theme, i int, px, py float64, value string) {
	s := c.at
	dx, dy := s.sx.Dot(px), s.sy.Dot(py)
	if dx < 0 || dy < 0 || dx >= s.grid.W() || dy >= s.grid.H() {
		return
	}
	col, row := s.grid.CellOf(dx, dy)
	x, n := s.plot.x+col+1, cell.Width(value)
	edge := s.w - n - 1
	if letter := th.SeriesLetter(c.series[i].Color); letter != "" {
		s.cv.Text(min(x, s.w-1), s.plot.y+row, letter, th.Plain.Title)
		x++
		edge-- // the last column is for letters
	}
	edge = min(x, edge)
	type place struct{ x, up int }
	places := []place{{x, 0}, {x, -1}, {x, 1}}
	must := c.series[i].Selected && s.plot.w >= roomy && s.plot.h > 2
	if c.series[i].Selected {
		places = append(places, place{x - n - 2, -1}, place{x - n - 2, 1}, place{x - n - 2, -2}, place{x - n - 2, 2})
	}
	if must {
		places = append(places, place{edge, -1}, place{edge, 1}, place{edge, -2}, place{edge, 2}, place{edge, -3}, place{edge, 3})
	}
	for _, p := range places {
		y := s.plot.y + row + p.up
		if p.x >= s.plot.x && y >= s.plot.y && y < s.plot.y+s.plot.h && s.cv.Free(p.x, y, n+1) {
			s.cv.Text(p.x+1, y, value, c.style(th, i))
			return
		}
	}
	if must { // it shows, whatever lies there
		y := s.plot.y + row - 1
		if row == 0 {
			y += 2
		}
		s.cv.Wipe(edge, y, n+1, 1)
		s.cv.Text(edge+1, y, value, c.style(th, i))
	}
}
