package cloud

import (
	"math"
	"slices"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/canvas"
	"flightdeck/tui/widget/chart/dots"
)

// Scatter is a point for each thing over two quantities. Make it with NewScatter.
type Scatter struct {
	keys   keys.Map
	x, y   Dim
	names  func(i int) string
	colors func(i int) int
	picks  []Pick
	rev    int

	cross int // the thing that is read; -1 when none is
	hover bool

	of   scatterFrame
	text string
	at   plot
}

// plot is the geometry of a frame, and where each point is in it.
type plot struct {
	left, w, h     int // of the points, in cells
	sx, sy         dots.Scale
	ticksX, ticksY []axis.Tick
	grid           dots.Grid
	px, py         []int16 // dots; -1 has no place
}

type scatterFrame struct {
	th    *theme.Theme
	w, h  int
	rev   int
	cross int
}

// NewScatter is an empty picture that moves by km.
func NewScatter(km keys.Map) *Scatter { return &Scatter{keys: km, cross: -1} }

// Set replaces the quantities. name and color say what a thing is called and which
// of the theme's series it has.
func (s *Scatter) Set(x, y Dim, name func(i int) string, color func(i int) int) {
	s.x, s.y, s.names, s.colors = x, y, name, color
	s.rev++
	if s.cross >= len(x.Values) {
		s.cross = -1
	}
}

// Pick replaces the things that stand out.
func (s *Scatter) Pick(picks []Pick) {
	if !slices.Equal(picks, s.picks) {
		s.picks = picks
		s.rev++
	}
}

// Crosshair is the thing that is read; false when there is none.
func (s *Scatter) Crosshair() (i int, on bool) { return s.cross, s.cross >= 0 }

// SetCrosshair reads a thing; -1 reads none.
func (s *Scatter) SetCrosshair(i int) { s.cross, s.hover = min(i, len(s.x.Values)-1), false }

// Render is exactly w×h cells.
func (s *Scatter) Render(th *theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	of := scatterFrame{th: th, w: w, h: h, rev: s.rev, cross: s.cross}
	if s.text == "" || of != s.of {
		s.of, s.text = of, s.draw(th, w, h)
	}
	return s.text
}

// place puts every thing where it belongs in a plot of w×h cells.
func (s *Scatter) place(th *theme.Theme, w, h int) {
	p := &s.at
	lo, hi, ticks := s.y.bounds(min(max((h+2)/3, 2), 6))
	p.ticksY = ticks
	p.left = labelRoom(ticks, w)
	p.w, p.h = w-p.left, h
	p.grid.Reset(p.w, p.h, th.Glyph.Braille)
	p.sy.Set(lo, hi, p.grid.H(), s.y.log())
	lo, hi, p.ticksX = s.x.bounds(min(max(p.w/14, 2), 6))
	p.sx.Set(lo, hi, p.grid.W(), s.x.log())
	n := min(len(s.x.Values), len(s.y.Values))
	p.px, p.py = slices.Grow(p.px[:0], n)[:n], slices.Grow(p.py[:0], n)[:n]
	for i := range n {
		p.px[i], p.py[i] = -1, -1
		vx, vy := s.x.Values[i], s.y.Values[i]
		if !finite(vx) || !finite(vy) {
			continue
		}
		if dx, dy := p.sx.Dot(vx), p.sy.Dot(vy); dx >= 0 && dy >= 0 && dx < p.grid.W() && dy < p.grid.H() {
			p.px[i], p.py[i] = int16(dx), int16(dy)
		}
	}
}

// Placed is how many things have both quantities.
func (s *Scatter) Placed() int {
	n := 0
	for i := range min(len(s.x.Values), len(s.y.Values)) {
		vx, vy := s.x.Values[i], s.y.Values[i]
		if finite(vx) && finite(vy) && (vx > 0 || !s.x.log()) && (vy > 0 || !s.y.log()) {
			n++
		}
	}
	return n
}

// signs is up to how many points are drawn as signs in the colour of each; more
// would cover each other, and are dots.
const signs = 240

// points draws every thing.
func (s *Scatter) points(cv *canvas.Canvas, th *theme.Theme) {
	p := &s.at
	if len(p.px) > signs {
		for i := range p.px {
			if p.px[i] >= 0 {
				p.grid.Set(int(p.px[i]), int(p.py[i]))
			}
		}
		cv.Dots(&p.grid, p.left, 0, th.Plain.Dim)
	} else {
		for i := range p.px {
			s.point(cv, th, Pick{At: i, Color: s.colors(i)})
		}
	}
	for _, k := range s.picks {
		if !k.Selected {
			s.point(cv, th, k)
		}
	}
	for _, k := range s.picks {
		if k.Selected {
			s.point(cv, th, k)
		}
	}
}

// point draws one thing as a sign: a letter where colours cannot tell things apart.
func (s *Scatter) point(cv *canvas.Canvas, th *theme.Theme, k Pick) {
	p := &s.at
	if k.At >= len(p.px) || p.px[k.At] < 0 {
		return
	}
	sign, st := th.Glyph.Running, th.Plain.Series[max(k.Color, 0)%len(th.Plain.Series)]
	if letter := th.SeriesLetter(max(k.Color, 0)); letter != "" {
		sign = letter
	}
	switch {
	case k.Selected:
		st = th.Plain.Selected
	case k.Dashed:
		sign = th.Glyph.NotYet
	}
	col, row := p.grid.CellOf(int(p.px[k.At]), int(p.py[k.At]))
	cv.Glyph(p.left+col, row, sign, st)
}

// near is the thing closest to a cell, at most reach cells away; -1 when there is
// none. Of those in one place it is the first picked.
func (s *Scatter) near(x, y int, reach float64) int {
	p := &s.at
	per, tall := p.grid.W()/max(p.w, 1), p.grid.H()/max(p.h, 1)
	wx := float64((x-p.left)*per) + float64(per-1)/2
	wy := float64((p.h-1-y)*tall) + float64(tall-1)/2
	best, dist := -1, reach*reach
	look := func(i int) {
		if i >= len(p.px) || p.px[i] < 0 {
			return
		}
		dx, dy := (float64(p.px[i])-wx)/float64(per), 2*(float64(p.py[i])-wy)/float64(tall)
		if d := dx*dx + dy*dy; d < dist {
			best, dist = i, d
		}
	}
	for _, k := range s.picks {
		look(k.At)
	}
	for i := range p.px {
		look(i)
	}
	return best
}

// step moves the crosshair to the next thing along an axis, in a direction. From
// nowhere it goes to the one that is selected, else to the first.
func (s *Scatter) step(values []float64, dir float64) {
	if s.cross < 0 {
		s.start()
		return
	}
	from, at := values[s.cross], s.cross
	best := -1
	for i, v := range values {
		if s.at.px[i] < 0 || i == at {
			continue
		}
		d := (v - from) * dir
		if d < 0 || d == 0 && (i-at)*int(dir) < 0 { // equal ones one after the other
			continue
		}
		if best < 0 || (v-values[best])*dir < 0 || v == values[best] && (i-best)*int(dir) < 0 {
			best = i
		}
	}
	if best >= 0 {
		s.cross, s.hover = best, false
	}
}

// start puts the crosshair on the selected thing, else on the first that has a
// place.
func (s *Scatter) start() {
	for _, k := range s.picks {
		if k.Selected && k.At < len(s.at.px) && s.at.px[k.At] >= 0 {
			s.cross = k.At
			return
		}
	}
	s.cross = slices.IndexFunc(s.at.px, func(x int16) bool { return x >= 0 })
}

// ends moves the crosshair to the thing with the least or the largest value.
func (s *Scatter) ends(values []float64, dir float64) {
	best := math.Inf(-1)
	for i, v := range values {
		if s.at.px[i] >= 0 && v*dir > best {
			s.cross, best = i, v*dir
		}
	}
	s.hover = false
}
