package pyramid

import (
	"sort"

	"flightdeck/tui/widget/chart/dots"
)

// Curve is one y for every finite sample of a Pyramid: its own or a smoothed one.
// It is good until the next Append.
type Curve struct {
	at *Pyramid
	y  *column
}

// Curve is the samples' own values.
func (p *Pyramid) Curve() Curve { return Curve{at: p, y: &p.y} }

// pen is the state of drawing one curve.
type pen struct {
	Curve
	g       *dots.Grid
	sx, sy  *dots.Scale
	down    bool // x and y are the end of the segment to come
	x, y    int
	breakAt int // index of the next break
}

// Draw lights the dots of the picture that are on the grid. The scales are as
// many dots wide and high as the grid.
func (c Curve) Draw(g *dots.Grid, sx, sy *dots.Scale) {
	p := pen{Curve: c, g: g, sx: sx, sy: sy}
	for k := range c.at.pieces {
		i, j, _, _ := c.at.extent(k)
		if j = min(j, len(c.y.v)); i < j {
			p.piece(i, j)
		}
	}
}

// piece draws the samples [first, end), whose x does not decrease.
func (p *pen) piece(first, end int) {
	x := p.at.x
	if p.at.Path {
		p.join(first)
	}
	if p.sx.Dot(x[first]) >= p.g.W() || p.sx.Dot(x[end-1]) < 0 {
		return
	}
	lo := first + sort.Search(end-first, func(n int) bool { return p.sx.Dot(x[first+n]) >= 0 })
	p.breakAt = sort.SearchInts(p.at.breaks, max(lo-1, first)+1)
	p.down = false
	if lo > first {
		p.touch(lo - 1)
	}
	stride := 1
	for i := lo; i < end; {
		col := p.sx.Dot(x[i])
		if col >= p.g.W() {
			p.reach(i, col)
			return
		}
		j := p.after(i, end, col, stride)
		p.column(i, j, col)
		i, stride = j, j-i
	}
}

// join draws the segment from the sample before a piece to its first.
func (p *pen) join(first int) {
	if first == 0 {
		return
	}
	if b := sort.SearchInts(p.at.breaks, first); b < len(p.at.breaks) && p.at.breaks[b] == first {
		return
	}
	x, y := p.at.x, p.Curve.y.v
	p.g.Line(p.sx.Dot(x[first-1]), p.sy.Dot(y[first-1]), p.sx.Dot(x[first]), p.sy.Dot(y[first]))
}

// touch puts the pen down on a sample without drawing.
func (p *pen) touch(i int) {
	p.down, p.x, p.y = true, p.sx.Dot(p.at.x[i]), p.sy.Dot(p.Curve.y.v[i])
}

// reach draws the segment from the pen to a sample, when nothing breaks it.
func (p *pen) reach(i, col int) {
	if p.broken(i) {
		p.down = false
	}
	if p.down {
		p.g.Line(p.x, p.y, col, p.sy.Dot(p.Curve.y.v[i]))
	}
}

// broken says whether the line is broken before sample i; asked in order.
func (p *pen) broken(i int) bool {
	b := p.at.breaks
	if p.breakAt < len(b) && b[p.breakAt] == i {
		p.breakAt++
		return true
	}
	return false
}

// column draws the samples [i, j), all in one dot column, and the segment that
// leads there.
func (p *pen) column(i, j, col int) {
	for i < j {
		p.reach(i, col)
		end := j
		if p.breakAt < len(p.at.breaks) {
			end = min(j, p.at.breaks[p.breakAt])
		}
		lo, hi := p.Curve.y.extremes(i, end)
		p.g.Run(col, p.sy.Dot(lo), p.sy.Dot(hi))
		p.touch(end - 1)
		i = end
	}
}

// after is the first sample from i on that lies right of a dot column, searched
// in steps that begin as wide as the last column was.
func (p *pen) after(i, end, col, stride int) int {
	x := p.at.x
	lo := i // in the column
	for lo+stride < end && p.sx.Dot(x[lo+stride]) <= col {
		lo += stride
		stride *= 2
	}
	hi := min(lo+stride, end) // behind it
	for lo+1 < hi {
		mid := int(uint(lo+hi) / 2)
		if p.sx.Dot(x[mid]) <= col {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
