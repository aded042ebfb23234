package axis

import "math"

// Round is bounds around [lo, hi] that are multiples of a round step, with the
// labels from one to the other: three to want, which is at least three. Of the
// steps that do, the one that leaves the least room unused. No labels: the range
// is beyond float64's digits, and the bounds are lo and hi.
func Round(lo, hi float64, want int) (a, b float64, ticks []Tick) {
	want = max(want, 3)
	s := atLeast(span(lo, hi)/float64(want), false)
	best, from, to, by := -1.0, 0.0, 0.0, s
	for range 6 {
		if !s.usable(lo, hi) {
			break
		}
		i, j := s.below(lo), s.above(hi)
		if n := j - i + 1; n >= 2 && n <= float64(want) && !math.IsInf(s.at(i), 0) && !math.IsInf(s.at(j), 0) {
			used := span(lo, hi) / span(s.at(i), s.at(j))
			if n >= float64(min(want, 4)) {
				used += 0.15 // enough labels are worth some room
			}
			if used > best {
				best, from, to, by = used, i, j, s
			}
		}
		s = s.next()
	}
	if best < 0 {
		return lo, hi, nil
	}
	return by.at(from) + 0, by.at(to) + 0, by.ticks(from, to)
}

// RoundLog is bounds around [lo, hi], both above 0, on 1, 2 or 5 times a power of
// ten, or on decades when there are three or more.
func RoundLog(lo, hi float64) (a, b float64) {
	digits := []float64{1, 2, 5}
	if hi/lo >= 1000 {
		digits = digits[:1]
	}
	a, b = 0, math.Inf(1)
	for _, e := range []float64{math.Floor(math.Log10(lo)) - 1, math.Floor(math.Log10(lo)), math.Floor(math.Log10(lo)) + 1} {
		for _, d := range digits {
			if v := d * math.Pow(10, e); v <= lo {
				a = max(a, v)
			}
		}
	}
	for _, e := range []float64{math.Ceil(math.Log10(hi)) - 1, math.Ceil(math.Log10(hi)), math.Ceil(math.Log10(hi)) + 1} {
		for _, d := range digits {
			if v := d * math.Pow(10, e); v >= hi {
				b = min(b, v)
			}
		}
	}
	if !(a > 0) {
		a = lo
	}
	if math.IsInf(b, 0) {
		b = hi
	}
	if a == b {
		a, b = a/2, b*2
	}
	return a, b
}

// Grow is bounds for an x axis that samples are still added to. The lower one
// stays where the first sample is (Integer begins at 0 when that is near, Number on
// a round step); the upper one is the next half of a round step, so that the axis
// changes once for every tenth or so that it grows.
func (k Kind) Grow(lo, hi float64, want int) (a, b float64) {
	want = max(want, 2)
	if (k == Clock || k == Elapsed) && datable(lo, hi) {
		size := timeStep(max(hi-lo, 1)/float64(want)) / 2
		if k == Elapsed {
			lo = math.Floor(lo/size) * size
		}
		return lo, max(math.Ceil(hi/size)*size, lo+size)
	}
	if k == Integer && hi-lo < 10 {
		hi = lo + 10
	}
	if !(hi > lo) {
		hi = lo + max(1, math.Abs(lo)*0.1)
	}
	s := atLeast(span(lo, hi)/float64(want), k == Integer)
	if !s.usable(lo, hi) {
		return lo, hi
	}
	a, b = s.at(s.below(lo)), s.at(s.above(2*hi))/2
	if k == Integer {
		a = lo
		if lo >= 0 && lo <= hi/8 {
			a = 0
		}
	}
	if math.IsInf(a, 0) || math.IsInf(b, 0) {
		return lo, hi
	}
	return a + 0, max(b+0, hi)
}

// datable says whether seconds are few enough to be times: some 280 years.
func datable(lo, hi float64) bool { return math.Abs(lo)+math.Abs(hi) <= 9e9 }
