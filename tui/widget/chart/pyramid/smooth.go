package pyramid

import "math"

// Smoothed is a Pyramid's values as TensorBoard smooths them: an exponential
// moving average that is freed of its bias towards zero,
//
//	last = last·w + (1−w)·y    smoothed = last / (1 − wⁿ)
//
// over the finite values in the order in which they came (n is their number; at
// w = 1 the divisor is 1). A series that never changed is left as it is. It follows
// its Pyramid by Sync; a new value costs O(1).
type Smoothed struct {
	src    *Pyramid
	weight float64
	y      column
	last   float64
	free   int  // from this many values on the divisor is 1 to the last bit
	steady bool // all values so far are equal, and none was missing
}

// Smooth follows p with a weight from 0 (as it is) to 1; NaN is 0.
func (p *Pyramid) Smooth(weight float64) *Smoothed {
	if !(weight > 0) {
		weight = 0
	}
	s := &Smoothed{src: p, weight: min(weight, 1), steady: true}
	if s.weight > 0 && s.weight < 1 {
		s.free = int(-40/math.Log(s.weight)) + 1 // e⁻⁴⁰ is far below half a bit of 1
	}
	s.Sync()
	return s
}

// Weight is how much of the past is kept.
func (s *Smoothed) Weight() float64 { return s.weight }

// Of says whether s follows p.
func (s *Smoothed) Of(p *Pyramid) bool { return s.src == p }

// Sync takes over what the Pyramid got since.
func (s *Smoothed) Sync() {
	if s.steady && !s.stillSteady() {
		// Once in the life of a series: the equal values become averages, which
		// differ from them in the last bit.
		s.steady = false
		s.y = column{}
	}
	for _, v := range s.src.y.v[len(s.y.v):] {
		if s.steady {
			s.y.append(v)
			continue
		}
		// The conversion keeps a compiler from fusing the two operations, which
		// would change the last bit from one machine to the next.
		s.last = float64(s.last*s.weight) + float64((1-s.weight)*v)
		s.y.append(s.last / s.divisor(len(s.y.v)+1))
	}
}

func (s *Smoothed) stillSteady() bool {
	all := s.src.y.v
	if len(s.src.gaps) > 0 {
		return false
	}
	for _, v := range all[len(s.y.v):] {
		if v != all[0] {
			return false
		}
	}
	return true
}

func (s *Smoothed) divisor(n int) float64 {
	if s.weight == 1 || n >= s.free {
		return 1
	}
	return 1 - math.Pow(s.weight, float64(n))
}

// Curve is the smoothed values.
func (s *Smoothed) Curve() Curve { return Curve{at: s.src, y: &s.y} }
