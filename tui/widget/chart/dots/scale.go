package dots

import "math"

// Far bounds the coordinates of what lies off the grid, in dots. Beyond it a
// segment's slope is no longer exact; a window would have to be a million times
// narrower than the distance of two neighbours for that to show.
const Far = 1 << 29

// narrowest is the least span of a logarithmic scale, in decades: below it the
// logarithm cannot tell neighbouring dots apart.
const narrowest = 1e-6

// Scale takes values to dots: Lo to dot 0, Hi to dot N-1. It never decreases,
// to the last bit, so that the dot of the largest value is the largest dot; an
// exact raster rests on that.
//
// The zero value is not ready; call Set, which reuses the memory of the last one.
type Scale struct {
	Lo, Hi float64
	N      int
	Log    bool

	k, s  float64   // dot = (v*k - lo*k)*s; k is a half where the span overflows
	lo    float64   // Lo, or its logarithm
	edges []float64 // the least value of each dot, and of the one after the last
}

// Set makes the scale of [lo, hi] over n dots. A range that cannot be told apart
// in float64 is widened; a logarithmic one must have lo above 0, else it becomes
// linear.
func (s *Scale) Set(lo, hi float64, n int, log bool) {
	lo, hi = sane(lo, hi)
	s.N, s.Log, s.k = max(n, 1), log && lo > 0, 1
	if s.Log {
		s.setLog(lo, hi)
		return
	}
	span := hi - lo
	if least := max(math.Abs(lo)*1e-12, math.Abs(hi)*1e-12, 1e-290); span < least {
		hi = lo + least
		if math.IsInf(hi, 0) {
			lo, hi = hi-least, math.MaxFloat64
		}
		span = least
	}
	if math.IsInf(span, 0) {
		s.k, span = 0.5, hi/2-lo/2
	}
	s.Lo, s.Hi, s.lo = lo, hi, lo*s.k
	s.s = s.steps() / span
}

// sane puts two ends in order and inside float64.
func sane(lo, hi float64) (float64, float64) {
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return 0, 1
	}
	lo, hi = min(lo, hi), max(lo, hi)
	return max(lo, -math.MaxFloat64), min(hi, math.MaxFloat64)
}

// steps is how many dots lie between the ends; with a single dot, both are in it.
func (s *Scale) steps() float64 {
	if s.N == 1 {
		return 0.49
	}
	return float64(s.N - 1)
}

func (s *Scale) setLog(lo, hi float64) {
	a, b := math.Log10(lo), math.Log10(hi)
	if b-a < narrowest {
		b = a + narrowest
	}
	s.Lo, s.Hi, s.lo = lo, math.Pow(10, b), a
	s.s = s.steps() / (b - a)
	s.edges = s.edges[:0]
	for d := range s.N + 1 {
		s.edges = append(s.edges, math.Pow(10, a+(float64(d)-0.5)/s.s))
	}
}

// Dot is where v lies, within ±Far. On a logarithmic scale nothing above 0 is
// infinitely far down.
func (s *Scale) Dot(v float64) int {
	if s.Log {
		return s.dotLog(v)
	}
	return clamp(math.Floor((v*s.k-s.lo)*s.s + 0.5))
}

func clamp(f float64) int {
	switch {
	case f >= Far:
		return Far
	case f > -Far:
		return int(f)
	}
	return -Far
}

// dotLog guesses by the logarithm, whose last bit is not monotone, and corrects
// by the edges, which are.
func (s *Scale) dotLog(v float64) int {
	if !(v > 0) {
		return -Far
	}
	d := clamp(math.Floor((math.Log10(v)-s.lo)*s.s + 0.5))
	for d < Far && v >= s.edge(d+1) {
		d++
	}
	for d > -Far && v < s.edge(d) {
		d--
	}
	return d
}

func (s *Scale) edge(d int) float64 {
	if d >= 0 && d < len(s.edges) {
		return s.edges[d]
	}
	return math.Pow(10, s.lo+(float64(d)-0.5)/s.s)
}

// Value is what lies in the middle of a dot; fractions of dots are allowed.
func (s *Scale) Value(dot float64) float64 {
	if s.Log {
		return math.Pow(10, s.lo+dot/s.s)
	}
	return (dot/s.s + s.lo) / s.k
}
