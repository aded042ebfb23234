package chart

import (
	"fmt"
	"math"
	"slices"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// reading is one line of the legend.
type reading struct {
	series int
	y      float64
	value  string
	behind string // the difference to the best
}

// crosshair draws the line through one x, behind the dots, and the legend.
func (c *composer) crosshair(th *theme.Theme) {
	s := c.at
	dot := s.sx.Dot(c.cross.x)
	if !c.cross.on || dot < 0 || dot >= s.grid.W() {
		return
	}
	col, _ := s.grid.CellOf(dot, 0)
	x := s.plot.x + col
	for y := s.plot.y; y < s.plot.y+s.plot.h; y++ {
		if s.cv.Free(x, y, 1) {
			s.cv.Glyph(x, y, th.Glyph.Divider, th.Plain.Faint)
		}
	}
	head := c.Opt.X.Text(c.cross.x, c.Opt.Zone)
	if c.Opt.XName != "" {
		head = c.Opt.XName + " " + head
	}
	c.legend(th, x, head, c.readings())
}

// readings is every series that has a value at the crosshair, as it was measured,
// the best first.
func (c *composer) readings() []reading {
	var out []reading
	figures := c.Opt.Values
	for i, s := range c.series {
		if s.Data == nil {
			continue
		}
		p, ok := s.Data.Curve().At(c.cross.x, c.reach())
		if !ok {
			continue
		}
		out = append(out, reading{series: i, y: p.Y})
		figures.Add(p.Y)
	}
	slices.SortStableFunc(out, func(a, b reading) int { return c.compare(a.y, b.y) })
	f := figures.Figures()
	for n := range out {
		r := &out[n]
		r.value = f.Format(r.y)
		if n > 0 && finite(r.y) && finite(out[0].y) {
			d := r.y - out[0].y
			r.behind = f.Format(d)
			if d >= 0 {
				r.behind = "+" + r.behind
			}
		}
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// compare orders values from best to worst; what is not finite is worst.
func (c *composer) compare(a, b float64) int {
	switch {
	case finite(a) != finite(b):
		if finite(a) {
			return -1
		}
		return 1
	case !finite(a) || a == b:
		return 0
	case (a < b) != c.Opt.Higher:
		return -1
	}
	return 1
}

// reach is how far beside its samples a series still answers: one cell.
func (c *composer) reach() float64 {
	s := c.at
	d := float64(s.sx.Dot(c.cross.x))
	per := float64(s.perCell())
	return math.Abs(s.sx.Value(d+per)-s.sx.Value(d-per)) / 2
}

// widths are the columns of a legend.
type widths struct{ name, value, behind int }

func (w widths) all() int {
	n := 2 + w.name + 2 + w.value
	if w.behind > 0 {
		n += 2 + w.behind
	}
	return n
}

func (c *composer) measure(rs []reading) widths {
	var w widths
	for _, r := range rs {
		w.name = max(w.name, min(cell.Width(cell.Safe(c.series[r.series].Name)), 24))
		w.value = max(w.value, cell.Width(r.value))
		w.behind = max(w.behind, cell.Width(r.behind))
	}
	return w
}

// legend draws the readings right of the line, or left of it where there is more
// room; too narrow for both, names are cut, and then the differences go.
func (c *composer) legend(th *theme.Theme, x int, head string, rs []reading) {
	s := c.at
	rows := s.plot.h - 1
	if s.plot.h > len(rs)+2 {
		rows--
	}
	y := s.plot.y + s.plot.h - 1 - rows
	if s.plot.h < 2 {
		y = s.plot.y
	}
	more := 0
	if rows < len(rs) {
		more = len(rs) - max(rows-1, 0)
		rs = rs[:len(rs)-more]
	}
	w := c.measure(rs)
	right, left := s.w-x-2, x-s.plot.x-1
	at := max(right, left)
	if at < w.value+4 || s.plot.h < 2 {
		c.brief(th, rs)
		return
	}
	if over := w.all() - at; over > 0 {
		w.name = max(w.name-over, min(w.name, 6))
	}
	if w.all() > at {
		w.behind = 0
	}
	if w.all() > at {
		w.name = max(w.name-(w.all()-at), 0)
	}
	n := max(w.all(), cell.Width(head))
	from := x + 2
	if n > right && left > right {
		from = x - 1 - n
	}
	from = max(from, s.plot.x)
	if len(rs) == 0 {
		n = cell.Width(head)
	}
	s.cv.Wipe(from, y, n+1, min(len(rs)+1, s.plot.h))
	s.cv.Text(from, y, head, th.Plain.Text)
	for k, r := range rs {
		c.reading(th, from, y+1+k, r, w)
	}
	if more > 0 && len(rs) > 0 {
		s.cv.Wipe(from, y+1+len(rs), n+1, 1)
		s.cv.Text(from+2, y+1+len(rs), fmt.Sprintf("%d more", more), th.Plain.Quiet)
	}
}

// brief is what is left of a legend in a very small chart: the first value.
func (c *composer) brief(th *theme.Theme, rs []reading) {
	s := c.at
	if len(rs) > 0 {
		text, n := cell.Cut(rs[0].value, s.plot.w, th.Glyph.Ellipsis)
		s.cv.Text(s.w-n, s.plot.y, text, th.Plain.Title)
	}
}

func (c *composer) reading(th *theme.Theme, x, y int, r reading, w widths) {
	s := c.at
	sr, st := c.series[r.series], th.Plain.Text
	if letter := th.SeriesLetter(sr.Color); letter != "" {
		s.cv.Text(x, y, letter, th.Plain.Title)
	} else {
		s.cv.Glyph(x, y, th.Glyph.Bar, c.style(th, r.series))
	}
	s.cv.Text(x+2, y, cell.Fit(sr.Name, w.name, th.Glyph.Ellipsis), st)
	value := th.Plain.Title
	if !finite(r.y) {
		value = th.Plain.Caution
	}
	s.cv.Text(x+4+w.name, y, cell.Right(r.value, w.value, ""), value)
	if w.behind > 0 {
		s.cv.Text(x+6+w.name+w.value, y, cell.Right(r.behind, w.behind, ""), th.Plain.Quiet)
	}
}
