package cloud

import (
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/canvas"
)

// margin is the empty columns at the left, as everywhere in a pane.
const margin = 2

// narrowest is the least cells between two axes in which lines can be told apart.
const narrowest = 9

// Render is exactly w×h cells. The name of the axis that keys are about stands out
// while the pane is focused.
func (p *Parallel) Render(th *theme.Theme, w, h int, focused bool) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	of := parallelFrame{th: th, w: w, h: h, rev: p.rev, brushed: p.brushed, at: p.at, focused: focused, drag: p.drag}
	if p.text == "" || of != p.frame {
		p.frame, p.text = of, p.draw(th, w, h, focused)
	}
	return p.text
}

func (p *Parallel) draw(th *theme.Theme, w, h int, focused bool) string {
	var cv canvas.Canvas
	cv.Reset(w, h)
	p.layOut(w, h)
	if len(p.geo.x) < 2 || len(p.shade) == 0 {
		why := "parallel axes need two quantities that the runs have"
		if len(p.shade) == 0 {
			why = "no runs are listed"
		}
		text, n := cell.Cut(why, w, th.Glyph.Ellipsis)
		cv.Text(min(margin, w-n), h/2, text, th.Plain.Quiet)
		return cv.String()
	}
	top := h - p.geo.h // the names' row
	p.lines(th)
	u := &p.under
	cv.Dots(&u.out, 0, top, th.Plain.Faint)
	for s, st := range [shades]theme.Style{th.Plain.Faint, th.Plain.Quiet, th.Plain.Text, th.Plain.Title} {
		if s == 0 && p.Brushes() {
			st = th.Plain.Quiet // what a brush leaves out is fainter than the weakest inside
		}
		cv.Dots(&u.in[s], 0, top, st)
	}
	p.stand(&cv, th, top)
	for k := range p.geo.x {
		p.axis(&cv, th, k, top, focused)
	}
	return cv.String()
}

// stand draws the picked things over all others, the selected one last.
func (p *Parallel) stand(cv *canvas.Canvas, th *theme.Theme, top int) {
	for _, selected := range []bool{false, true} {
		for _, k := range p.picks {
			if k.Selected != selected || k.At >= len(p.shade) {
				continue
			}
			st := th.Plain.Series[max(k.Color, 0)%len(th.Plain.Series)]
			if selected {
				st = th.Plain.Selected
			}
			p.under.line(cv, &p.geo, k.At, top, st, k.Dashed)
		}
	}
}

// layOut decides which axes are shown, and where: all that have room, the current
// one among them.
func (p *Parallel) layOut(w, h int) {
	g := &p.geo
	g.w, g.h, g.x, g.first = w, max(h-1, 1), g.x[:0], 0
	if h < 3 {
		g.h = h
	}
	n := len(p.dims)
	if n == 0 {
		return
	}
	shown := min(n, max(2, w/narrowest))
	g.first = min(max(p.at-shown/2, 0), n-shown)
	left := beside(&p.dims[g.first], w)
	right := w - 1 - min(3, w/10)
	if right <= left {
		return
	}
	for k := range shown {
		at := left
		if shown > 1 {
			at += k * (right - left) / (shown - 1)
		}
		g.x = append(g.x, at)
	}
}

// beside is where the first axis stands: right of its labels, where there is room.
func beside(d *Dim, w int) int {
	_, _, ticks := d.ends()
	n := 0
	for _, t := range ticks {
		n = max(n, cell.Width(t.Text))
	}
	n = min(n, 12)
	if w < 24 || margin+n+1 > w/3 {
		return min(margin, w/8)
	}
	return max(margin+n+1, margin+cell.Width(cell.Safe(d.Name))/2)
}

// axis draws the k-th axis shown: its name, its line with the brushed part, and its
// labels over the lines beside it.
func (p *Parallel) axis(cv *canvas.Canvas, th *theme.Theme, k, top int, focused bool) {
	g := &p.geo
	d := &p.dims[g.first+k]
	x := g.x[k]
	sc := d.scale(p.under.out.H())
	row := func(v float64) int {
		_, r := p.under.out.CellOf(0, min(max(sc.Dot(v), 0), p.under.out.H()-1))
		return r
	}
	from, to, brushed := 0, -1, false
	if b, ok := p.brushes[d.Key]; ok {
		from, to, brushed = row(b.Hi), row(b.Lo), true
	}
	if p.drag.on && p.drag.moved && p.drag.axis == g.first+k {
		from, to, brushed = min(p.drag.from, p.drag.to), max(p.drag.from, p.drag.to), true
	}
	for y := range g.h {
		sign, st := th.Glyph.Divider, th.Plain.Faint
		if brushed && y >= from && y <= to {
			sign, st = th.Glyph.Should, th.Plain.Selected
		}
		cv.Glyph(x, top+y, sign, st)
	}
	p.tickLabels(cv, th, d, k, top, row)
	if top == 0 {
		return
	}
	st := th.Plain.Text
	if g.first+k == p.at && focused {
		st = th.Plain.Selected
	}
	room := g.w
	if len(g.x) > 1 {
		room = g.x[1] - g.x[0] - 1
	}
	name := d.Name
	if d.log() {
		name += " log"
	}
	name, n := cell.Cut(name, room, th.Glyph.Ellipsis)
	cv.Text(max(min(x-(n-1)/2, g.w-n), 0), 0, name, st)
}

// tickLabels writes the ends of an axis of numbers, and the words of one of words,
// left of it.
func (p *Parallel) tickLabels(cv *canvas.Canvas, th *theme.Theme, d *Dim, k, top int, row func(float64) int) {
	g := &p.geo
	room := g.x[k] - 1
	if k > 0 {
		room = (g.x[k] - g.x[k-1]) / 2
	}
	_, _, ticks := d.ends()
	if d.Words == nil && len(ticks) > 2 {
		ticks = append(ticks[:1:1], ticks[len(ticks)-1])
	}
	last := -1
	for i := len(ticks) - 1; i >= 0; i-- {
		y := row(ticks[i].V)
		text, n := cell.Cut(ticks[i].Text, min(room-1, 14), th.Glyph.Ellipsis)
		if n == 0 || y == last || n < 3 && n < cell.Width(ticks[i].Text) {
			continue
		}
		last = y
		cv.Wipe(g.x[k]-1-n, top+y, n+1, 1)
		cv.Text(g.x[k]-1-n, top+y, text, th.Plain.Dim)
	}
}
