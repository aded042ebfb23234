// Package axis chooses the few round numbers that stand along a chart: multiples
// of 1, 2, 2.5 or 5 times a power of ten, decades, or whole seconds, minutes,
// hours and days.
//
// Two questions are answered. Round and Grow: where does an axis begin and end,
// so that it need not change with every new sample? They only ever give bounds on
// round steps, which makes a chart stand still while its line grows. Ticks: which
// labels stand between two bounds, at most so many?
//
// Labels are exact: a tick is the float64 that its text says.
package axis

import (
	"math"
	"strconv"
	"strings"
)

// Tick is one label and where it belongs.
type Tick struct {
	V    float64
	Text string
}

// step is m × 10^e with m of 1, 2, 2.5 and 5.
type step struct {
	m float64
	e int
}

func (s step) size() float64 { return s.at(1) }

// at is the k-th multiple. Dividing by a power of ten, and not multiplying with
// its inverse, gives the float64 that the decimal digits say.
func (s step) at(k float64) float64 {
	switch {
	case s.e >= 0:
		return k * s.m * math.Pow10(s.e)
	case s.e < -300:
		return k * s.m / math.Pow10(300) / math.Pow10(-s.e-300)
	}
	return k * s.m / math.Pow10(-s.e)
}

// below and above are the multiples next to v, as multipliers.
func (s step) below(v float64) float64 {
	k := math.Floor(v/s.size()) + 1
	for range 3 {
		if s.at(k) <= v {
			break
		}
		k--
	}
	return k
}

func (s step) above(v float64) float64 { return -s.below(-v) }

func (s step) next() step {
	switch s.m {
	case 1:
		return step{2, s.e}
	case 2:
		return step{2.5, s.e}
	case 2.5:
		return step{5, s.e}
	}
	return step{1, s.e + 1}
}

// decimals is how many the multiples need.
func (s step) decimals() int {
	d := -s.e
	if s.m == 2.5 {
		d++
	}
	return max(d, 0)
}

// atLeast is the smallest step that is not below v; whole leaves out fractions.
func atLeast(v float64, whole bool) step {
	s := step{1, -320}
	if v > 1e-320 {
		s.e = max(int(math.Floor(math.Log10(v)))-1, -320)
	}
	for s.size() < v || whole && s.decimals() > 0 {
		s = s.next()
	}
	return s
}

// usable says whether multiples of s near the ends can be told apart.
func (s step) usable(lo, hi float64) bool {
	size := s.size()
	return size > 0 && !math.IsInf(size, 0) && math.Max(math.Abs(lo), math.Abs(hi))/size < 1e15
}

// span is hi-lo, kept finite.
func span(lo, hi float64) float64 { return min(hi-lo, math.MaxFloat64) }

// Linear is at most want multiples of a round step inside [lo, hi]; whole says
// that only integers are wanted.
func Linear(lo, hi float64, want int, whole bool) []Tick {
	if !(lo < hi) || want < 1 || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return nil
	}
	s := atLeast(span(lo, hi)/float64(want+1), whole)
	for s.usable(lo, hi) {
		a, b := s.above(lo), s.below(hi)
		if b-a+1 <= float64(want) {
			return s.ticks(a, b)
		}
		for s = s.next(); whole && s.decimals() > 0; {
			s = s.next()
		}
	}
	return nil
}

func (s step) ticks(a, b float64) []Tick {
	write := s.writer(math.Max(math.Abs(s.at(a)), math.Abs(s.at(b))))
	var out []Tick
	for k := a; k <= b; k++ {
		v := s.at(k) + 0 // +0: no negative zero
		out = append(out, Tick{v, write(v)})
	}
	return out
}

// writer is one way to write all multiples of s up to most.
func (s step) writer(most float64) func(float64) string {
	size := s.size()
	for _, u := range []struct {
		from, unit float64
		sign       string
	}{{1e15, 0, ""}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e5, 1e3, "k"}} {
		if most < u.from || u.unit > 0 && size < u.unit/2 {
			continue
		}
		if u.unit == 0 {
			return short
		}
		d := step{s.m, s.e - int(math.Round(math.Log10(u.unit)))}.decimals()
		return func(v float64) string {
			if v == 0 {
				return "0"
			}
			return strconv.FormatFloat(v/u.unit, 'f', d, 64) + u.sign
		}
	}
	if most < 1e-3 {
		return short
	}
	d := s.decimals()
	if size < 1 {
		d = max(d, 2)
	}
	return func(v float64) string { return strconv.FormatFloat(v, 'f', d, 64) }
}

// short is the fewest digits that say v, with a short exponent: 2.5e-5.
func short(v float64) string {
	t := strconv.FormatFloat(v, 'e', -1, 64)
	if v == 0 {
		return "0"
	}
	mantissa, exponent, _ := strings.Cut(t, "e")
	n, _ := strconv.Atoi(exponent)
	return mantissa + "e" + strconv.Itoa(n)
}
