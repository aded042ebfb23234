package dots_test

import (
	"math"
	"sort"
	"testing"

	"flightdeck/tui/widget/chart/dots"
)

func TestScaleEnds(t *testing.T) {
	var s dots.Scale
	for _, c := range []struct {
		lo, hi float64
		log    bool
	}{
		{0, 1, false},
		{-3, 5e6, false},
		{1e-8, 1, true},
		{-math.MaxFloat64, math.MaxFloat64, false},
		{1e-300, 1e300, true},
		{1785585660, 1785587460, false},
		{3, 5, true},
	} {
		s.Set(c.lo, c.hi, 100, c.log)
		if a, b := s.Dot(c.lo), s.Dot(c.hi); a != 0 || b != 99 {
			t.Errorf("[%v, %v] goes to %d..%d, want 0..99", c.lo, c.hi, a, b)
		}
		for d := range 100 {
			if got := s.Dot(s.Value(float64(d))); got != d {
				t.Errorf("[%v, %v]: the middle of dot %d is in %d", c.lo, c.hi, d, got)
			}
		}
	}
}

// FuzzScale holds what exact rasters rest on: a scale never decreases.
func FuzzScale(f *testing.F) {
	f.Add(0.0, 1.0, 0.3, 0.7, 0.30000000000000004, 100, false)
	f.Add(1e-5, 1e5, 3.0, 3.0000000000000004, 0.0, 64, true)
	f.Add(5.0, 5.0, 5.0, math.Inf(1), math.NaN(), 1, false)
	f.Add(-math.MaxFloat64, math.MaxFloat64, 1.0, 2.0, 3.0, 7, false)
	f.Fuzz(func(t *testing.T, lo, hi, a, b, c float64, n int, log bool) {
		n = 1 + int(uint(n)%500)
		var s dots.Scale
		s.Set(lo, hi, n, log)
		v := []float64{lo, hi, a, b, c, math.Nextafter(a, b), math.Nextafter(b, a), a / 2, b * 3, -math.MaxFloat64, math.MaxFloat64}
		var ok []float64
		for _, x := range v {
			if !math.IsNaN(x) && !math.IsInf(x, 0) {
				ok = append(ok, x)
			}
		}
		sort.Float64s(ok)
		last := -dots.Far
		for _, x := range ok {
			d := s.Dot(x)
			if d < last || d > dots.Far {
				t.Fatalf("[%v, %v] over %d: dot %d of %v after %d", lo, hi, n, d, x, last)
			}
			last = d
		}
	})
}

func TestRuneOfEveryCell(t *testing.T) {
	var g dots.Grid
	g.Reset(1, 1, true)
	for y := range g.H() {
		for x := range g.W() {
			g.Set(x, y)
		}
	}
	if r := g.Rune(g.Bits[0]); r != '⣿' || !g.Lit(1, 3) || g.Lit(2, 0) {
		t.Errorf("a full cell is %q", r)
	}
	g.Reset(3, 1, false)
	g.Set(0, 0)
	g.Set(1, 1)
	g.Run(2, -5, 9)
	if got := string([]rune{g.Rune(g.Bits[0]), g.Rune(g.Bits[1]), g.Rune(g.Bits[2])}); got != ".-|" {
		t.Errorf("without braille: %q", got)
	}
}
