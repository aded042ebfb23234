package ridge

import (
	"slices"
	"strconv"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/chart/canvas"
	"flightdeck/tui/widget/chart/dots"
)

// ridges are the steps behind each other, the newest in front and at the bottom.
func (p *Plot) ridges(cv *canvas.Canvas, th *theme.Theme) {
	g := &p.geo
	_, _, left := p.valueLabels(g.w)
	left = max(min(left, 12), min(margin, g.w/8))
	g.left, g.w = left, g.w-left
	var grid dots.Grid
	grid.Reset(g.w, g.h, th.Glyph.Braille)
	high := min(grid.H()/max(g.h, 1)*max(min(3, g.h/3), 1), grid.H()-1) // of the highest ridge
	n := max(min(len(p.hists), g.h, max((grid.H()-high)/2, 1)), 1)
	cols, most := p.spread(n, grid.W())
	g.ridges = slices.Repeat([]int{-1}, g.h)
	styles := make([]bool, len(grid.Bits)) // of the ridge that is read
	for k := range n {
		at := p.nth(k, n)
		base := (grid.H() - 1 - high) * (n - 1 - k) / max(n-1, 1)
		_, row := grid.CellOf(0, base)
		g.ridges[min(row, g.h-1)] = at
		p.ridge(&grid, styles, cols[k], base, high, most, p.isRead(k, n))
	}
	for i, bits := range grid.Bits {
		if bits == 0 {
			continue
		}
		st := p.style(th)
		if styles[i] {
			st = th.Plain.Selected
		}
		cv.Put(left+i%g.w, i/g.w, grid.Rune(bits), st)
	}
	next := 1 // the first row that has room for another label
	for y, at := range g.ridges {
		if at < 0 || y < next {
			continue
		}
		if text := strconv.FormatInt(p.hists[at].Step, 10); len(text) < left-margin {
			cv.Text(left-1-len(text), y, text, th.Plain.Dim)
			next = y + 3
		}
	}
}

// nth is the step of the k-th of n ridges, the last of which is the newest.
func (p *Plot) nth(k, n int) int {
	return (len(p.hists) - 1) * k / max(n-1, 1)
}

// isRead says whether the k-th ridge is the one closest before the step that is
// read.
func (p *Plot) isRead(k, n int) bool {
	return p.nth(k, n) <= p.at && (k == n-1 || p.nth(k+1, n) > p.at)
}

// spread is the shares of n steps over w bins, and the largest of them.
func (p *Plot) spread(n, w int) (cols [][]float64, most float64) {
	for k := range n {
		at := p.nth(k, n)
		bins := make([]float64, w)
		p.hists[at].Bins(p.lo, p.hi, bins)
		if total := p.hists[at].Total(); total > 0 {
			for i := range bins {
				bins[i] /= total
				most = max(most, bins[i])
			}
		}
		cols = append(cols, bins)
	}
	return cols, most
}

// ridge draws one step over those behind it, which it hides as far up as it goes.
func (p *Plot) ridge(grid *dots.Grid, read []bool, bins []float64, base, high int, most float64, here bool) {
	before := base
	for x, v := range bins {
		y := base
		if v > 0 && most > 0 {
			y = min(base+max(int(v/most*float64(high)), 1), grid.H()-1)
		}
		grid.Dark(x, base, max(y, before))
		if y > base || before > base {
			grid.Run(x, y, before)
		}
		for at := min(y, before); at <= max(y, before); at++ {
			col, row := grid.CellOf(x, at)
			read[row*grid.CellsW+col] = here
		}
		before = y
	}
}
