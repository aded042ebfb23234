package pyramid

import (
	"math"
	"sort"

	"flightdeck/tui/widget/chart/dots"
)

// Extremes is the least and the largest y of the samples with x in [x0, x1];
// false when there is none.
func (c Curve) Extremes(x0, x1 float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for k := range c.at.pieces {
		i, j, _, _ := c.at.extent(k)
		x := c.at.x[i:max(min(j, len(c.y.v)), i)]
		a := sort.SearchFloat64s(x, x0)
		b := a + sort.Search(len(x)-a, func(n int) bool { return x[a+n] > x1 })
		if a < b {
			u, v := c.y.extremes(i+a, i+b)
			lo, hi, ok = min(lo, u), max(hi, v), true
		}
	}
	return lo, hi, ok
}

// At is the sample nearest to x, within a piece that reaches x give or take reach.
// The newest piece that does answers: after a resume it is the one that counts.
func (c Curve) At(x, reach float64) (Sample, bool) {
	p := c.at
	for k := len(p.pieces) - 1; k >= 0; k-- {
		if lo, hi := p.ends(k); x < lo-reach || x > hi+reach {
			continue
		}
		i, j, g, h := p.extent(k)
		j = max(min(j, len(c.y.v)), i)
		best, ok := Sample{}, false
		nearest(j-i, x, func(n int) float64 { return p.x[i+n] }, func(n int) {
			best, ok = closer(best, ok, Sample{p.x[i+n], c.y.v[i+n]}, x)
		})
		nearest(h-g, x, func(n int) float64 { return p.gaps[g+n].X }, func(n int) {
			best, ok = closer(best, ok, Sample{p.gaps[g+n].X, p.gaps[g+n].Y}, x)
		})
		return best, ok
	}
	return Sample{}, false
}

// nearest offers the last of n ascending values at or below x and the next.
func nearest(n int, x float64, at func(int) float64, take func(int)) {
	m := sort.Search(n, func(m int) bool { return at(m) > x })
	if m > 0 {
		take(m - 1)
	}
	if m < n {
		take(m)
	}
}

func closer(best Sample, ok bool, s Sample, x float64) (Sample, bool) {
	if !ok || math.Abs(s.X-x) < math.Abs(best.X-x) {
		return s, true
	}
	return best, true
}

// Step is the sample whose dot column is the nearest one right (dir 1) or left
// (dir -1) of col; false when there is none. Samples that are not finite count.
func (p *Pyramid) Step(sx *dots.Scale, col, dir int) (x float64, ok bool) {
	take := func(v float64) {
		if !ok || (v-x)*float64(dir) < 0 {
			x, ok = v, true
		}
	}
	for k := range p.pieces {
		i, j, g, h := p.extent(k)
		seek(j-i, dir, col, sx, func(n int) float64 { return p.x[i+n] }, take)
		seek(h-g, dir, col, sx, func(n int) float64 { return p.gaps[g+n].X }, take)
	}
	return x, ok
}

// seek offers the nearest of n ascending values beyond a dot column.
func seek(n, dir, col int, sx *dots.Scale, at func(int) float64, take func(float64)) {
	if dir > 0 {
		if m := sort.Search(n, func(m int) bool { return sx.Dot(at(m)) > col }); m < n {
			take(at(m))
		}
		return
	}
	if m := sort.Search(n, func(m int) bool { return sx.Dot(at(m)) >= col }); m > 0 {
		take(at(m - 1))
	}
}

// Marks appends to buf the gaps to be marked: of each piece, the first in every
// cell that is per dots wide.
func (p *Pyramid) Marks(buf []Gap, sx *dots.Scale, per int) []Gap {
	for k := range p.pieces {
		_, _, g, h := p.extent(k)
		gaps := p.gaps[g:h]
		for n := sort.Search(len(gaps), func(n int) bool { return sx.Dot(gaps[n].X) >= 0 }); n < len(gaps); {
			col := sx.Dot(gaps[n].X)
			if col >= sx.N {
				break
			}
			buf = append(buf, gaps[n])
			next := (col/per + 1) * per
			n += sort.Search(len(gaps)-n, func(m int) bool { return sx.Dot(gaps[n+m].X) >= next })
		}
	}
	return buf
}

// Only is the sample of a curve that has one and no more.
func (c Curve) Only() (Sample, bool) {
	if len(c.y.v) != 1 {
		return Sample{}, false
	}
	return Sample{c.at.x[0], c.y.v[0]}, true
}

// Last is the newest finite sample of a curve.
func (c Curve) Last() (Sample, bool) {
	n := min(len(c.y.v), len(c.at.x))
	if n == 0 {
		return Sample{}, false
	}
	return Sample{c.at.x[n-1], c.y.v[n-1]}, true
}
