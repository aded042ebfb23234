package ridge

import (
	"math"
	"strconv"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart"
	"flightdeck/tui/widget/chart/canvas"
)

// margin is the empty columns at the left, as everywhere in a pane.
const margin = 2

// Plot is the histograms of one key over its steps, and which step is read. The
// zero value is empty.
type Plot struct {
	Ridges bool // else heat
	Color  int  // in the theme's series

	hists  []Hist
	lo, hi float64
	rev    int
	at     int

	of   plotKey
	text string
	geo  geometry
}

type plotKey struct {
	th      *theme.Theme
	w, h    int
	rev, at int
	ridges  bool
	color   int
}

// geometry is where the last frame had its picture.
type geometry struct {
	left, w, h int   // of the picture over all steps
	ridges     []int // by row: the step that stands on it; -1 for none
}

// Set replaces the histograms, which rise by step. The step that is read stays, or
// goes on with the newest when it was that.
func (p *Plot) Set(hists []Hist) {
	last := p.at >= len(p.hists)-1
	var step int64
	if p.at < len(p.hists) {
		step = p.hists[p.at].Step
	}
	p.hists = hists
	p.at = At(hists, step)
	if last {
		p.at = max(len(hists)-1, 0)
	}
	lo, hi, ok := Range(hists)
	if !ok {
		lo, hi = 0, 1
	}
	if !(hi-lo > 1e-9*max(math.Abs(lo), math.Abs(hi))) {
		room := max(math.Abs(lo)/2, 0.5)
		lo, hi = lo-room, hi+room
	}
	p.lo, p.hi = lo, hi
	p.rev++
}

// Len is how many steps there are.
func (p *Plot) Len() int { return len(p.hists) }

// At is the place of the step that is read, from 0.
func (p *Plot) At() int { return p.at }

// Read is the histogram that is read; false when there is none.
func (p *Plot) Read() (Hist, bool) {
	if p.at >= len(p.hists) {
		return Hist{}, false
	}
	return p.hists[p.at], true
}

// Scrub reads another step, as near to the asked one as there is.
func (p *Plot) Scrub(to int) { p.at = min(max(to, 0), max(len(p.hists)-1, 0)) }

// Hit reads the step under a cell of the last frame; false when it is none.
func (p *Plot) Hit(x, y int) bool {
	g := &p.geo
	if x < g.left || x >= g.left+g.w || y < 0 || y >= g.h || len(p.hists) == 0 {
		return false
	}
	if p.Ridges {
		for y < len(g.ridges)-1 && g.ridges[y] < 0 { // above a ridge is its peak
			y++
		}
		if y < len(g.ridges) && g.ridges[y] >= 0 {
			p.Scrub(g.ridges[y])
		}
		return true
	}
	p.Scrub(p.shown(x-g.left, g.w))
	return true
}

// shown is the step in a column of w.
func (p *Plot) shown(col, w int) int {
	n := min(len(p.hists), w)
	if n < len(p.hists) {
		return col * (len(p.hists) - 1) / max(w-1, 1)
	}
	return col * n / w
}

// Render is exactly w×h cells: above all steps, below the one that is read, where
// there is room for both.
func (p *Plot) Render(th *theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	of := plotKey{th: th, w: w, h: h, rev: p.rev, at: p.at, ridges: p.Ridges, color: p.Color}
	if p.text == "" || of != p.of {
		p.of, p.text = of, p.draw(th, w, h)
	}
	return p.text
}

func (p *Plot) draw(th *theme.Theme, w, h int) string {
	read, ok := p.Read()
	if !ok {
		var cv canvas.Canvas
		cv.Reset(w, h)
		text, n := cell.Cut("no histograms yet", w, th.Glyph.Ellipsis)
		cv.Text(min(margin, w-n), h/2, text, th.Plain.Quiet)
		p.geo = geometry{}
		return cv.String()
	}
	below := 0
	if h >= 12 {
		below = max(5, h/3)
	}
	var cv canvas.Canvas
	cv.Reset(w, h-below)
	p.geo = geometry{w: w, h: h - below}
	if h-below >= 3 {
		p.geo.h--
	}
	if p.Ridges {
		p.ridges(&cv, th)
	} else {
		p.heat(&cv, th)
	}
	p.labels(&cv, th, h-below > p.geo.h)
	text := cv.String()
	if below > 0 {
		text += "\n" + cell.Blank(w) + "\n" + p.bars(read, w-margin).Render(th, w, below-1)
	}
	return text
}

// bars is one histogram in equal bins over the range of all, so that nothing moves
// when another step is read.
func (p *Plot) bars(read Hist, w int) chart.Histogram {
	bins := min(max(w/2, 10), 80)
	b := chart.Histogram{Color: p.Color, Edges: make([]float64, bins+1), Counts: make([]float64, bins)}
	for i := range b.Edges {
		f := float64(i) / float64(bins)
		b.Edges[i] = p.lo*(1-f) + p.hi*f
	}
	read.Bins(p.lo, p.hi, b.Counts)
	return b
}

func (p *Plot) style(th *theme.Theme) theme.Style {
	return th.Plain.Series[max(p.Color, 0)%len(th.Plain.Series)]
}

// valueLabels are the ends of the range.
func (p *Plot) valueLabels(w int) (top, bottom string, left int) {
	top, bottom = cell.Significant.Format(p.hi), cell.Significant.Format(p.lo)
	n := margin + max(len(top), len(bottom)) + 1
	if w < 24 || n > w/3 {
		return "", "", 0
	}
	return top, bottom, n
}

// heat is a column for each step, or for each so many, and a row for each stretch
// of values, the largest at the top. The step that is read is marked where it has
// no values.
func (p *Plot) heat(cv *canvas.Canvas, th *theme.Theme) {
	g := &p.geo
	top, bottom, left := p.valueLabels(g.w)
	g.left, g.w = left, g.w-left
	cv.Text(left-1-len(top), 0, top, th.Plain.Dim)
	if g.h > 1 {
		cv.Text(left-1-len(bottom), g.h-1, bottom, th.Plain.Dim)
	}
	cols, most := p.columns(g.w, g.h)
	signs := th.Glyph.Heat
	for x, bins := range cols {
		here := p.shown(x, g.w) == p.at
		for row := range g.h {
			v := bins[g.h-1-row]
			st := p.style(th)
			if here {
				st = th.Plain.Selected
			}
			switch {
			case v > 0:
				n := 1 + int(math.Sqrt(v/most)*float64(len(signs)-1)*0.999)
				cv.Glyph(left+x, row, signs[min(n, len(signs)-1)], st)
			case here:
				cv.Glyph(left+x, row, th.Glyph.Divider, th.Plain.Faint)
			}
		}
	}
}

// columns is the shares of the steps shown, one in each of w columns, over h bins,
// and the largest of them.
func (p *Plot) columns(w, h int) (cols [][]float64, most float64) {
	last := -1
	for x := range w {
		at := p.shown(x, w)
		if at == last {
			cols = append(cols, cols[x-1])
			continue
		}
		last = at
		bins := make([]float64, h)
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

// labels are below the picture: the steps of heat, the values of ridges.
func (p *Plot) labels(cv *canvas.Canvas, th *theme.Theme, below bool) {
	g := &p.geo
	if !below {
		return
	}
	first, last := strconv.FormatInt(p.hists[0].Step, 10), strconv.FormatInt(p.hists[len(p.hists)-1].Step, 10)
	if p.Ridges {
		first, last = cell.Significant.Format(p.lo), cell.Significant.Format(p.hi)
	}
	cv.Text(g.left, g.h, first, th.Plain.Dim)
	if at := g.left + g.w - len(last); at > g.left+len(first)+1 {
		cv.Text(at, g.h, last, th.Plain.Dim)
	}
}
