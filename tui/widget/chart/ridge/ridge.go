// Package ridge draws how a distribution changed: histograms over steps, as heat
// (a column for each step, darker where more values are) or as ridges behind each
// other, and the one of a chosen step as bars.
//
// Histograms come with buckets of any width, other ones at each step. They are
// brought to equal bins over one range, each bucket spread evenly over what it
// covers. Edges that are not finite, or as far out as the largest numbers, as
// writers use for "and all beyond", end where the finite ones do.
package ridge

import (
	"math"
	"sort"
)

// Hist is a distribution at one step: Count[i] values between Left[i] and Right[i].
type Hist struct {
	Step  int64
	Left  []float64
	Right []float64
	Count []float64
}

// beyond is from where on an edge only says that there is none.
const beyond = 1e300

func usable(v float64) bool { return !math.IsNaN(v) && math.Abs(v) < beyond }

// buckets calls do for each bucket that holds something and has a place.
func (h *Hist) buckets(do func(left, right, count float64)) {
	for i := range min(len(h.Left), len(h.Right), len(h.Count)) {
		l, r, n := h.Left[i], h.Right[i], h.Count[i]
		if !(n > 0) || math.IsInf(n, 0) {
			continue
		}
		switch {
		case usable(l) && usable(r):
			do(min(l, r), max(l, r), n)
		case usable(l):
			do(l, l, n)
		case usable(r):
			do(r, r, n)
		}
	}
}

// Total is how many values there are.
func (h *Hist) Total() float64 {
	sum := 0.0
	h.buckets(func(_, _, n float64) { sum += n })
	return sum
}

// Mean is the mean as far as buckets tell it: each value in the middle of its
// bucket.
func (h *Hist) Mean() float64 {
	sum, of := 0.0, 0.0
	h.buckets(func(l, r, n float64) {
		of += n
		sum += (l/2 + r/2 - sum) * n / of
	})
	if of == 0 {
		return math.NaN()
	}
	return sum
}

// Range is the least and the largest value of all, as far as buckets tell; false
// when there is none.
func Range(hists []Hist) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for i := range hists {
		hists[i].buckets(func(l, r, _ float64) { lo, hi, ok = min(lo, l), max(hi, r), true })
	}
	return lo, hi, ok
}

// Bins adds the histogram to equal bins from lo to hi. What lies outside is left
// out.
func (h *Hist) Bins(lo, hi float64, bins []float64) {
	n := float64(len(bins))
	if n == 0 || !(hi > lo) {
		return
	}
	place := func(v float64) float64 { return min(max((v/2-lo/2)/(hi/2-lo/2), -1), 2) * n }
	h.buckets(func(l, r, count float64) {
		a, b := place(l), place(r)
		if b-a < 1e-9 { // all at one value
			if i := int(math.Floor(a)); a >= 0 && a <= n {
				bins[min(i, len(bins)-1)] += count
			}
			return
		}
		each := count / (b - a)
		for i := max(int(math.Floor(a)), 0); i < len(bins) && float64(i) < b; i++ {
			bins[i] += each * max(min(b, float64(i)+1)-max(a, float64(i)), 0)
		}
	})
}

// At is the index of the last histogram at or before a step; 0 when all are later.
func At(hists []Hist, step int64) int {
	return max(sort.Search(len(hists), func(i int) bool { return hists[i].Step > step })-1, 0)
}
