package dataserver

import "math"

// points are the columns of a scalar series. They are not written while they are
// looked at: what is added comes behind them.
type points struct {
	step  []int64
	wall  []float64
	value []float32
}

func (p points) len() int { return len(p.step) }

// thin is the places of at most n of the values: the first and the last, and of
// each stretch between them the least and the greatest, so that no spike is lost. A
// value that is no number is kept where nothing else is.
func thin(value []float32, n int) []int {
	switch {
	case n <= 0 || len(value) == 0:
		return nil
	case n == 1:
		return []int{len(value) - 1}
	case len(value) <= n:
		return even(len(value), n)
	case n < 4:
		return even(len(value), n)
	}
	out := make([]int, 1, n)
	inner, stretches := len(value)-2, (n-2)/2
	for i := range stretches {
		from, to := 1+i*inner/stretches, 1+(i+1)*inner/stretches
		least, most := from, from
		for j := from; j < to; j++ {
			if v := value[j]; v < value[least] || math.IsNaN(float64(value[least])) {
				least = j
			}
			if v := value[j]; v > value[most] || math.IsNaN(float64(value[most])) {
				most = j
			}
		}
		out = append(out, min(least, most))
		if least != most {
			out = append(out, max(least, most))
		}
	}
	return append(out, len(value)-1)
}

// even is n places of count, evenly spread, with the first and the last.
func even(count, n int) []int {
	n = min(n, count)
	if n <= 0 {
		return nil
	}
	if n == 1 {
		return []int{count - 1}
	}
	out := make([]int, n)
	for i := range out {
		out[i] = i * (count - 1) / (n - 1)
	}
	return out
}
