package chart

import (
	"math"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/canvas"
)

// Histogram is how often values fall between edges: Counts[i] of them in
// [Edges[i], Edges[i+1]). There is one edge more than counts.
type Histogram struct {
	Edges  []float64
	Counts []float64
	Color  int // in the theme's series
}

// Count makes a histogram of n equal bins over the finite values, and says how many
// were not finite.
func Count(values []float64, n int) (hist Histogram, odd int) {
	lo, hi, ok := extremes(values)
	if !ok || n < 1 {
		return Histogram{}, len(values)
	}
	if lo == hi {
		room := max(math.Abs(lo)/2, 0.5)
		lo, hi = max(lo-room, -math.MaxFloat64), min(hi+room, math.MaxFloat64)
	}
	hist = Histogram{Edges: make([]float64, n+1), Counts: make([]float64, n)}
	for i := range hist.Edges {
		f := float64(i) / float64(n)
		hist.Edges[i] = lo*(1-f) + hi*f
	}
	for _, v := range values {
		if !finite(v) {
			odd++
			continue
		}
		hist.Counts[rung(share(v, lo, hi), n)]++
	}
	return hist, odd
}

// Render is exactly w×h cells: a bar for each bin, as many cells wide as there is
// room for, in eighths of a row; below, the first and the last edge.
func (g Histogram) Render(th *theme.Theme, w, h int) string {
	var cv canvas.Canvas
	if w <= 0 || h <= 0 {
		return ""
	}
	cv.Reset(w, h)
	left := 0
	if w >= 24 {
		left = margin
	}
	counts, most := g.fold(w - left)
	rows := h
	if h >= 3 && len(g.Edges) > 1 {
		rows--
		a, b := cell.Significant.Format(g.Edges[0]), cell.Significant.Format(g.Edges[len(g.Edges)-1])
		cv.Text(left, rows, a, th.Plain.Dim)
		wide := max((w-left)/max(len(counts), 1), 1) * len(counts)
		if at := left + wide - len(b); at > left+len(a)+1 {
			cv.Text(at, rows, b, th.Plain.Dim)
		}
	}
	if most == 0 {
		cv.Text(left, 0, "no values yet", th.Plain.Quiet)
		return cv.String()
	}
	st := th.Plain.Series[max(g.Color, 0)%len(th.Plain.Series)]
	wide := max((w-left)/len(counts), 1)
	for i, n := range counts {
		for x := range wide {
			tower(&cv, th, st, left+i*wide+x, rows, n/most)
		}
	}
	return cv.String()
}

// fold joins neighbouring bins until each has a cell.
func (g Histogram) fold(w int) (counts []float64, most float64) {
	if w <= 0 || len(g.Counts) == 0 {
		return nil, 0
	}
	by := (len(g.Counts) + w - 1) / w
	for i, n := range g.Counts {
		if i%by == 0 {
			counts = append(counts, 0)
		}
		if finite(n) && n > 0 {
			counts[len(counts)-1] += n
		}
		most = max(most, counts[len(counts)-1])
	}
	return counts, most
}

// tower stands a bar of a share of rows on the last of them; what is above nothing
// shows.
func tower(cv *canvas.Canvas, th *theme.Theme, st theme.Style, x, rows int, of1 float64) {
	signs := th.Glyph.Spark
	n := int(math.Round(of1 * float64(rows*len(signs))))
	if of1 > 0 {
		n = max(n, 1)
	}
	for y := rows - 1; y >= 0 && n > 0; y-- {
		cv.Glyph(x, y, signs[min(n, len(signs))-1], st)
		n -= len(signs)
	}
}
