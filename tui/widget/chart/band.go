package chart

import (
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/chart/pyramid"
)

// band fills what is between the two edges of a series thinly: one dot in four, so
// that the line in it and others across it stay in sight. The edges are drawn as
// the lines that they are, and what is between them is theirs at every zoom.
func (c *composer) band(s *Series, st theme.Style) {
	sc := c.at
	for i, edge := range [2]*pyramid.Pyramid{s.Lo, s.Hi} {
		sc.edges[i].Reset(sc.plot.w, sc.plot.h, sc.grid.Braille)
		edge.Curve().Draw(&sc.edges[i], &sc.sx, &sc.sy)
	}
	clear(sc.grid.Bits)
	for x := range sc.grid.W() {
		lo, _, ok := sc.edges[0].Span(x)
		_, hi, some := sc.edges[1].Span(x)
		switch {
		case !ok && !some:
			continue
		case !ok: // the lower edge is below the picture
			lo = 0
		case !some:
			hi = sc.grid.H() - 1
		}
		for y := lo + (lo+x)%2; y <= hi; y += 2 {
			if x%2 == 0 {
				sc.grid.Set(x, y)
			}
		}
	}
	sc.cv.Dots(&sc.grid, sc.plot.x, sc.plot.y, st)
}
