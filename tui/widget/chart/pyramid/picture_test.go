package pyramid_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"flightdeck/tui/widget/chart/dots"
	"flightdeck/tui/widget/chart/pyramid"
)

// picture is the reference: every sample a dot, every segment drawn dot by dot,
// with the rounding written out. It shares nothing with the code under test but
// the scales.
type picture struct {
	w, h int
	on   []bool
}

func (p *picture) dot(x, y int) {
	if x >= 0 && x < p.w && y >= 0 && y < p.h {
		p.on[y*p.w+x] = true
	}
}

// share is a*k/n rounded, halves up, for k in 0..n.
func share(a, k, n int) int { return (2*a*k + n) / (2 * n) }

// inside is the k in 0..n for which from+dir*k is in [0, size): only to spare the
// test the dots of a segment that comes from minus infinity.
func inside(from, dir, n, size int) (first, last int) {
	if dir > 0 {
		return max(0, -from), min(n, size-1-from)
	}
	return max(0, from-size+1), min(n, from)
}

func (p *picture) segment(x0, y0, x1, y1 int) {
	if x0 > x1 {
		x0, y0, x1, y1 = x1, y1, x0, y0
	}
	dx, dy, up := x1-x0, y1-y0, 1
	if dy < 0 {
		dy, up = -dy, -1
	}
	if dx >= dy {
		first, last := inside(x0, 1, dx, p.w)
		for k := first; k <= last; k++ {
			p.dot(x0+k, y0+up*share(dy, k, max(dx, 1)))
		}
		return
	}
	first, last := inside(y0, up, dy, p.h)
	for k := first; k <= last; k++ {
		p.dot(x0+share(dx, k, dy), y0+up*k)
	}
}

// draw draws all samples in order, as the package comment says.
func draw(w, h int, x, y []float64, path bool, sx, sy *dots.Scale) *picture {
	p := &picture{w: w, h: h, on: make([]bool, w*h)}
	joined, px, py, lastX := false, 0, 0, math.Inf(-1)
	bad := func(v float64) bool { return v != v || v > math.MaxFloat64 || v < -math.MaxFloat64 }
	for i := range x {
		if bad(x[i]) {
			joined = false
			continue
		}
		back := x[i] < lastX
		lastX = x[i]
		if bad(y[i]) {
			joined = false
			continue
		}
		cx, cy := sx.Dot(x[i]), sy.Dot(y[i])
		p.dot(cx, cy)
		if joined && (path || !back) {
			p.segment(px, py, cx, cy)
		}
		joined, px, py = true, cx, cy
	}
	return p
}

func same(t *testing.T, g *dots.Grid, want *picture) (lit int) {
	t.Helper()
	differ := 0
	for y := range want.h {
		for x := range want.w {
			if want.on[y*want.w+x] {
				lit++
			}
			if want.on[y*want.w+x] != g.Lit(x, y) {
				differ++
			}
		}
	}
	if differ > 0 {
		t.Fatalf("%d dots differ of %d lit", differ, lit)
	}
	return lit
}

// training is a million points of a run: a noisy fall, spikes of one sample, NaN
// and infinities now and then and in stretches, and a resume at 600,000 that goes
// back to step 500,000.
func training(n int) (x, y []float64) {
	r := rand.New(rand.NewPCG(1, 2))
	step := 0.0
	for i := range n {
		if i == n*6/10 {
			step = float64(n * 5 / 10)
		}
		v := 2*math.Exp(-3*step/float64(n)) + 0.05*r.NormFloat64()
		switch {
		case r.IntN(40_000) == 0:
			v = 1.5 + 3*r.Float64()
		case r.IntN(60_000) == 0 || i > n*7/10 && i < n*7/10+50:
			v = math.NaN()
		case r.IntN(100_000) == 0:
			v = math.Inf(1 - 2*r.IntN(2))
		}
		x, y = append(x, step), append(y, v)
		if r.IntN(8) > 0 { // some steps are logged twice
			step++
		}
	}
	return x, y
}

func build(x, y []float64) *pyramid.Pyramid {
	p := &pyramid.Pyramid{}
	p.AppendAll(x, y)
	return p
}

func TestMillionPointsAreThePictureOfEverySegment(t *testing.T) {
	x, y := training(1_000_000)
	p := build(x, y)
	lo, hi, _ := p.Bounds()
	r := rand.New(rand.NewPCG(3, 4))
	var g dots.Grid
	var sx, sy dots.Scale
	for zoom := range 20 {
		span := (hi - lo) * math.Pow(10, -5.3*r.Float64())
		x0 := lo + r.Float64()*(hi-lo-span)
		y0, y1 := -0.3, 4.6
		if zoom%2 == 1 {
			y0 = 2*r.Float64() - 0.2
			y1 = y0 + math.Pow(10, 0.4-3*r.Float64())
		}
		if zoom == 0 {
			x0, span = lo, hi-lo
		}
		g.Reset(200, 50, zoom%5 != 4)
		sx.Set(x0, x0+span, g.W(), zoom%6 == 5)
		sy.Set(max(y0, 0.01), y1, g.H(), zoom%4 == 2)
		p.Curve().Draw(&g, &sx, &sy)
		if lit := same(t, &g, draw(g.W(), g.H(), x, y, false, &sx, &sy)); zoom == 0 && lit < 5000 {
			t.Errorf("only %d dots in the whole picture", lit)
		}
	}
}

// small draws random short series on random small grids: the corner cases.
func small(t *testing.T, r *rand.Rand, path bool) {
	n := r.IntN(40)
	var x, y []float64
	at := 0.0
	for range n {
		v := float64(r.IntN(20)) - 4
		switch r.IntN(12) {
		case 0:
			v = math.NaN()
		case 1:
			v = math.Inf(1)
		case 2:
			v *= 1e6
		}
		at += float64(r.IntN(4))
		if r.IntN(15) == 0 {
			at -= 8
		}
		if px := at; r.IntN(30) == 0 {
			x = append(x, math.NaN())
		} else {
			x = append(x, px)
		}
		y = append(y, v)
	}
	p := &pyramid.Pyramid{Path: path}
	p.AppendAll(x, y)
	var g dots.Grid
	var sx, sy dots.Scale
	g.Reset(1+r.IntN(12), 1+r.IntN(5), r.IntN(3) > 0)
	x0 := float64(r.IntN(40)) - 5
	sx.Set(x0, x0+float64(r.IntN(30)), g.W(), false)
	sy.Set(float64(r.IntN(4))-1, 2+20*r.Float64(), g.H(), r.IntN(2) == 0)
	p.Curve().Draw(&g, &sx, &sy)
	same(t, &g, draw(g.W(), g.H(), x, y, path, &sx, &sy))
}

func TestShortSeriesAreThePictureOfEverySegment(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		small(t, r, r.IntN(2) == 0)
	}
}

func TestDrawAllocatesNothing(t *testing.T) {
	x, y := training(200_000)
	p := build(x, y)
	var g dots.Grid
	var sx, sy dots.Scale
	frame := func() {
		g.Reset(200, 50, true)
		sx.Set(0, 200_000, g.W(), false)
		sy.Set(0.01, 5, g.H(), true)
		p.Curve().Draw(&g, &sx, &sy)
	}
	frame()
	if n := testing.AllocsPerRun(20, frame); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkDrawMillion(b *testing.B) {
	x, y := training(1_000_000)
	p := build(x, y)
	lo, hi, _ := p.Bounds()
	for _, zoom := range []struct {
		name string
		part float64
		log  bool
	}{{"all", 1, false}, {"tenth", 0.1, false}, {"logy", 1, true}} {
		b.Run(zoom.name, func(b *testing.B) {
			var g dots.Grid
			var sx, sy dots.Scale
			b.ReportAllocs()
			for b.Loop() {
				g.Reset(200, 50, true)
				sx.Set(lo, lo+(hi-lo)*zoom.part, g.W(), false)
				sy.Set(0.01, 5, g.H(), zoom.log)
				p.Curve().Draw(&g, &sx, &sy)
			}
		})
	}
}

func BenchmarkAppendMillion(b *testing.B) {
	x, y := training(1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		build(x, y)
	}
}

func BenchmarkSmoothMillion(b *testing.B) {
	x, y := training(1_000_000)
	p := build(x, y)
	b.ReportAllocs()
	for b.Loop() {
		p.Smooth(0.6)
	}
}
