package cloud

import (
	"math"
	"slices"
	"strconv"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/chart/canvas"
	"flightdeck/tui/widget/chart/dots"
)

// shades is how many steps of lightness tell how a thing fared, the best brightest.
const shades = 4

// Brush is the part of an axis that is looked at; in the axis' own values.
type Brush struct{ Lo, Hi float64 }

// Parallel is a line for each thing across one axis for each quantity. Make it with
// NewParallel.
type Parallel struct {
	keys  keys.Map
	dims  []Dim
	shade []uint8
	picks []Pick
	rev   int // of dims and shade

	at      int // the axis that keys are about
	brushes map[string]Brush
	brushed int // raised with each change of a brush
	drag    stroke

	under under
	frame parallelFrame
	text  string
	geo   geometry
}

// stroke is a brush being drawn with the mouse, in rows of the body.
type stroke struct {
	on       bool
	moved    bool
	axis     int
	from, to int
}

// geometry is where the last frame had its axes.
type geometry struct {
	w, h  int
	first int   // of dims that are shown
	x     []int // columns of the axes shown
}

type parallelFrame struct {
	th           *theme.Theme
	w, h         int
	rev, brushed int
	at           int
	focused      bool
	drag         stroke
}

// NewParallel is empty axes that move by km.
func NewParallel(km keys.Map) *Parallel { return &Parallel{keys: km, brushes: map[string]Brush{}} }

// Set replaces the quantities, which must all have a value for each thing. by is
// the one that shades the lines, and higher says that more of it is better.
func (p *Parallel) Set(dims []Dim, by Dim, higher bool) {
	var current string
	if p.at < len(p.dims) {
		current = p.dims[p.at].Key
	}
	p.dims = dims
	p.shade = shadesOf(by.Values, higher)
	p.at = max(slices.IndexFunc(dims, func(d Dim) bool { return d.Key == current }), 0)
	p.rev++
}

// Pick replaces the things that stand out.
func (p *Parallel) Pick(picks []Pick) {
	if !slices.Equal(picks, p.picks) {
		p.picks = picks
		p.text = ""
	}
}

// shadesOf ranks values in as many classes of equal size; what has no value is in
// the weakest.
func shadesOf(values []float64, higher bool) []uint8 {
	order := make([]int32, 0, len(values))
	for i, v := range values {
		if finite(v) {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		switch {
		case values[a] == values[b]:
			return int(a - b)
		case (values[a] < values[b]) == higher:
			return -1
		}
		return 1
	})
	out := make([]uint8, len(values))
	for rank, i := range order {
		out[i] = uint8(rank * shades / len(order))
		if rank > 0 && values[i] == values[order[rank-1]] { // equals look equal
			out[i] = out[order[rank-1]]
		}
	}
	return out
}

// Axis is the quantity that keys are about; false when there is none.
func (p *Parallel) Axis() (Dim, bool) {
	if p.at >= len(p.dims) {
		return Dim{}, false
	}
	return p.dims[p.at], true
}

// Brush is what is looked at of an axis; false for all of it.
func (p *Parallel) Brush(key string) (Brush, bool) {
	b, ok := p.brushes[key]
	return b, ok
}

// Brushes says whether any axis has a brush.
func (p *Parallel) Brushes() bool {
	return slices.ContainsFunc(p.dims, func(d Dim) bool { _, ok := p.brushes[d.Key]; return ok })
}

// SetBrush looks at a part of an axis; the values may come in any order. It is as
// much wider as its ends need to be of four digits, so that they can be written and
// read again.
func (p *Parallel) SetBrush(key string, b Brush) {
	p.brushes[key] = Brush{-upward(-min(b.Lo, b.Hi)), upward(max(b.Lo, b.Hi))}
	p.brushed++
}

// upward is the least number of four digits that is not below v.
func upward(v float64) float64 {
	if v == 0 || !finite(v) {
		return v
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 3, 64), 64)
	for i := 0; short < v && i < 2; i++ {
		short += math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)
		short, _ = strconv.ParseFloat(strconv.FormatFloat(short, 'e', 3, 64), 64)
	}
	return max(short, v)
}

// Clear lets go of the brush of an axis, or with "" of all.
func (p *Parallel) Clear(key string) {
	if key == "" {
		clear(p.brushes)
	} else {
		delete(p.brushes, key)
	}
	p.brushed++
}

// In says whether a thing is in every brush.
func (p *Parallel) In(i int) bool {
	for k := range p.dims {
		d := &p.dims[k]
		if b, ok := p.brushes[d.Key]; ok && !(d.Values[i] >= b.Lo && d.Values[i] <= b.Hi) {
			return false
		}
	}
	return true
}

// Inside is the things in every brush.
func (p *Parallel) Inside() []int {
	var in []int
	for i := range p.shade {
		if p.In(i) {
			in = append(in, i)
		}
	}
	return in
}

// under is the lines of all things as dots, one grid a shade and one for those that
// a brush leaves out, and what they were made from.
type under struct {
	th           *theme.Theme
	w, h         int
	rev, brushed int
	first, n     int
	out          dots.Grid
	in           [shades]dots.Grid
	levels       [][]int16 // by axis shown, by thing: the dot, -1 for none
	seen         []uint64
	one          dots.Grid
}

// lines draws all things, unless they are there already.
func (p *Parallel) lines(th *theme.Theme) {
	u, g := &p.under, &p.geo
	if u.th == th && u.w == g.w && u.h == g.h && u.rev == p.rev && u.brushed == p.brushed && u.first == g.first && u.n == len(g.x) {
		return
	}
	u.th, u.w, u.h, u.rev, u.brushed, u.first, u.n = th, g.w, g.h, p.rev, p.brushed, g.first, len(g.x)
	u.out.Reset(g.w, g.h, th.Glyph.Braille)
	for s := range u.in {
		u.in[s].Reset(g.w, g.h, th.Glyph.Braille)
	}
	u.levels = u.levels[:0]
	for k := range g.x {
		d := &p.dims[g.first+k]
		sc := d.scale(u.out.H())
		level := make([]int16, len(d.Values))
		for i, v := range d.Values {
			level[i] = -1
			if at := sc.Dot(v); finite(v) && at >= 0 && at < sc.N {
				level[i] = int16(at)
			}
		}
		u.levels = append(u.levels, level)
	}
	group := make([]uint8, len(p.shade)) // the grid of each thing: 0 is out
	brush := p.Brushes()
	for i, s := range p.shade {
		if !brush || p.In(i) {
			group[i] = 1 + s
		}
	}
	for k := range len(g.x) - 1 {
		for s := range 1 + shades {
			grid := &u.out
			if s > 0 {
				grid = &u.in[s-1]
			}
			u.gap(grid, g.x[k], g.x[k+1], u.levels[k], u.levels[k+1], group, uint8(s))
		}
	}
}

// gap draws the lines of one group between two axes, each distinct one once.
func (u *under) gap(grid *dots.Grid, xa, xb int, a, b []int16, group []uint8, s uint8) {
	h := grid.H()
	u.seen = slices.Grow(u.seen[:0], (h*h+63)/64)[:(h*h+63)/64]
	clear(u.seen)
	per := grid.W() / max(grid.CellsW, 1)
	x0, x1 := xa*per, xb*per
	for i := range a {
		if group[i] != s || a[i] < 0 || b[i] < 0 {
			continue
		}
		n := int(a[i])*h + int(b[i])
		if u.seen[n/64]&(1<<(n%64)) != 0 {
			continue
		}
		u.seen[n/64] |= 1 << (n % 64)
		grid.Line(x0, int(a[i]), x1, int(b[i]))
	}
}

// line draws one thing over what is there.
func (u *under) line(cv *canvas.Canvas, geo *geometry, i, y int, st theme.Style, dashed bool) {
	u.one.Reset(geo.w, geo.h, u.out.Braille)
	per := u.one.W() / max(u.one.CellsW, 1)
	for k := range len(geo.x) - 1 {
		if a, b := u.levels[k][i], u.levels[k+1][i]; a >= 0 && b >= 0 {
			u.one.Line(geo.x[k]*per, int(a), geo.x[k+1]*per, int(b))
		}
	}
	if dashed {
		u.one.Dash()
	}
	cv.Dots(&u.one, 0, y, st)
}

// Hit is the thing whose line runs closest to a cell of the last frame, among those
// that the brushes leave in; false when none is within a row.
func (p *Parallel) Hit(x, y int) (int, bool) {
	g, u := &p.geo, &p.under
	k := slices.IndexFunc(g.x, func(at int) bool { return at > x }) - 1
	if k < 0 || len(u.levels) <= k+1 || y < p.frame.h-g.h {
		return 0, false
	}
	tall := u.out.H() / max(g.h, 1)
	want := float64((p.frame.h-1-y)*tall) + float64(tall-1)/2
	share := float64(x-g.x[k]) / float64(g.x[k+1]-g.x[k])
	best, dist, ok := 0, float64(tall), false
	for i := range u.levels[k] {
		a, b := u.levels[k][i], u.levels[k+1][i]
		if a < 0 || b < 0 || !p.In(i) {
			continue
		}
		if d := math.Abs(float64(a)*(1-share) + float64(b)*share - want); d < dist {
			best, dist, ok = i, d, true
		}
	}
	return best, ok
}
