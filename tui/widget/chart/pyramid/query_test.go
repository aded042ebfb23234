package pyramid_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"flightdeck/tui/widget/chart/dots"
	"flightdeck/tui/widget/chart/pyramid"
)

// smoothed is the definition, over a whole series at once.
func smoothed(y []float64, w float64) []float64 {
	constant := true
	for _, v := range y {
		constant = constant && v == y[0]
	}
	last, n := 0.0, 0.0
	var out []float64
	for _, v := range y {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
		case constant:
			out = append(out, v)
		default:
			n++
			last = last*w + (1-w)*v
			by := 1.0
			if w != 1 {
				by = 1 - math.Pow(w, n)
			}
			out = append(out, last/by)
		}
	}
	return out
}

func TestSmoothingIsTheDefinitionHoweverItGrew(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for round := range 300 {
		w := []float64{0, 0.3, 0.6, 0.99, 0.999, 1, r.Float64()}[round%7]
		p := &pyramid.Pyramid{}
		s := p.Smooth(w)
		var y []float64
		level := r.NormFloat64()
		for i := range r.IntN(300) {
			v := level
			switch {
			case round%3 == 0: // never changes
			case round%3 == 1 && i < 40: // is level at first
			case r.IntN(20) == 0:
				v = math.NaN()
			default:
				v = r.NormFloat64()
			}
			y = append(y, v)
			p.Append(float64(i), v)
			if r.IntN(3) == 0 {
				s.Sync()
			}
		}
		s.Sync()
		want := smoothed(y, w)
		at := 0
		for i, v := range y {
			if math.IsNaN(v) {
				continue
			}
			got, ok := s.Curve().At(float64(i), 0)
			if !ok || got.Y != want[at] {
				t.Fatalf("round %d, weight %v: value %d is %v, want %v", round, w, i, got.Y, want[at])
			}
			at++
		}
	}
}

func TestSmoothingByHand(t *testing.T) {
	p := &pyramid.Pyramid{}
	p.AppendAll([]float64{0, 1, 2, 3}, []float64{1, 2, math.NaN(), 4})
	s := p.Smooth(0.5)
	for x, want := range map[float64]float64{0: 1, 1: 5.0 / 3, 3: 2.625 / 0.875} {
		if got, _ := s.Curve().At(x, 0); math.Abs(got.Y-want) > 1e-15 {
			t.Errorf("at %v: %v, want %v", x, got.Y, want)
		}
	}
}

// resumed is 0..9, then again from 5, with a NaN.
func resumed() *pyramid.Pyramid {
	p := &pyramid.Pyramid{}
	for i := range 10 {
		p.Append(float64(i), float64(i))
	}
	for i := 5; i < 12; i++ {
		y := float64(100 + i)
		if i == 8 {
			y = math.NaN()
		}
		p.Append(float64(i), y)
	}
	return p
}

func TestAtReadsTheNewestPiece(t *testing.T) {
	p := resumed()
	for _, c := range []struct {
		x, reach float64
		want     string
	}{
		{3, 0, "{3 3} true"},
		{3.4, 0, "{3 3} true"},
		{6, 0, "{6 106} true"},
		{8, 0, "{8 NaN} true"},
		{7.4, 0, "{7 107} true"},
		{11, 0, "{11 111} true"},
		{12, 0, "{0 0} false"},
		{12, 1, "{11 111} true"},
		{-2, 1, "{0 0} false"},
	} {
		s, ok := p.Curve().At(c.x, c.reach)
		if got := fmt.Sprint(s, ok); got != c.want {
			t.Errorf("at %v: %s, want %s", c.x, got, c.want)
		}
	}
}

func TestStepFindsTheNextColumn(t *testing.T) {
	p := resumed()
	var sx dots.Scale
	sx.Set(0, 11, 12, false)
	for col := range 12 {
		x, ok := p.Step(&sx, col, 1)
		if want := fmt.Sprint(float64(col+1), true); col < 11 && fmt.Sprint(x, ok) != want || col == 11 && ok {
			t.Errorf("right of %d: %v %v", col, x, ok)
		}
		x, ok = p.Step(&sx, col, -1)
		if want := fmt.Sprint(float64(col-1), true); col > 0 && fmt.Sprint(x, ok) != want || col == 0 && ok {
			t.Errorf("left of %d: %v %v", col, x, ok)
		}
	}
}

func TestExtremesAreThoseOfEverySample(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	p := &pyramid.Pyramid{}
	var x, y []float64
	for range 20_000 {
		x, y = append(x, float64(len(x)%15_000)), append(y, r.NormFloat64())
		p.Append(x[len(x)-1], y[len(y)-1])
	}
	for range 300 {
		a := 16_000*r.Float64() - 500
		b := a + math.Pow(16_000, r.Float64())
		lo, hi, ok := math.Inf(1), math.Inf(-1), false
		for i := range x {
			if x[i] >= a && x[i] <= b {
				lo, hi, ok = min(lo, y[i]), max(hi, y[i]), true
			}
		}
		u, v, some := p.Curve().Extremes(a, b)
		if some != ok || ok && (u != lo || v != hi) {
			t.Fatalf("[%v, %v]: %v %v %v, want %v %v %v", a, b, u, v, some, lo, hi, ok)
		}
	}
}

func TestMarksAreOneACell(t *testing.T) {
	p := &pyramid.Pyramid{}
	for i := range 1000 {
		y := 1.0
		if i >= 400 && i < 600 || i == 800 {
			y = math.NaN()
		}
		p.Append(float64(i), y)
	}
	var sx dots.Scale
	sx.Set(0, 1000, 101, false)
	var cells []int
	for _, g := range p.Marks(nil, &sx, 2) {
		cells = append(cells, sx.Dot(g.X)/2)
	}
	if got := fmt.Sprint(cells); got != "[20 21 22 23 24 25 26 27 28 29 30 40]" {
		t.Errorf("marked cells %s", got)
	}
	if s, ok := p.Last(); !ok || s.X != 999 {
		t.Errorf("last is %v", s)
	}
	p.Append(math.NaN(), 3)
	if p.Lost() != 1 || p.Len() != 799 || len(p.Gaps()) != 201 {
		t.Errorf("%d lost, %d samples, %d gaps", p.Lost(), p.Len(), len(p.Gaps()))
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(uint64(1), false)
	f.Add(uint64(77), true)
	f.Fuzz(func(t *testing.T, seed uint64, path bool) { small(t, rand.New(rand.NewPCG(seed, 3)), path) })
}
