package chart

import "math"

// Columns is values as w means, one a column; fewer than w stay as they are.
// A column without a finite value is NaN. Infinities do not count.
func Columns(values []float64, w int) []float64 {
	if w <= 0 {
		return nil
	}
	n := min(len(values), w)
	out := make([]float64, n)
	for i := range out {
		out[i] = mean(values[i*len(values)/n : (i+1)*len(values)/n])
	}
	return out
}

// mean is running, so that huge values do not overflow.
func mean(values []float64) float64 {
	m, n := 0.0, 0.0
	for _, v := range values {
		if finite(v) {
			n++
			m += v/n - m/n
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return m
}

// extremes is the range of the finite values.
func extremes(values []float64) (lo, hi float64, ok bool) {
	for _, v := range values {
		if !finite(v) {
			continue
		}
		if !ok {
			lo, hi, ok = v, v, true
		}
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi, ok
}

// share is where v lies between lo and hi, 0 to 1; in the middle when they are one.
func share(v, lo, hi float64) float64 {
	if !(hi-lo > flat*max(math.Abs(lo), math.Abs(hi))) {
		return 0.5
	}
	return min(max((v/2-lo/2)/(hi/2-lo/2), 0), 1)
}

// rung is the index in n signs that a share stands for.
func rung(of1 float64, n int) int {
	if !(of1 > 0) {
		return 0
	}
	return min(int(of1*float64(n)), n-1)
}
