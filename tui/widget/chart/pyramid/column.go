package pyramid

import "math"

// fan is how many entries of one level an entry of the next stands for.
const fan = 64

// column is values with the extremes of every 64, 64², … of them.
type column struct {
	v      []float64
	levels []level
}

type level struct{ lo, hi []float64 }

func (c *column) append(v float64) {
	i := len(c.v)
	c.v = append(c.v, v)
	for k := 0; ; k++ {
		i /= fan
		if k == len(c.levels) {
			if i == 0 {
				return // a level of one entry would say nothing
			}
			c.levels = append(c.levels, c.summary(k, i))
		}
		l := &c.levels[k]
		if i == len(l.lo) {
			l.lo, l.hi = append(l.lo, v), append(l.hi, v)
			continue
		}
		l.lo[i], l.hi[i] = min(l.lo[i], v), max(l.hi[i], v)
	}
}

// summary is the first i entries of a level that has just become worth having.
func (c *column) summary(k, i int) level {
	l := level{lo: make([]float64, 0, fan), hi: make([]float64, 0, fan)}
	for e := range i {
		lo, hi := c.scan(k, e*fan, (e+1)*fan)
		l.lo, l.hi = append(l.lo, lo), append(l.hi, hi)
	}
	return l
}

// row is the entries of a level; level 0 is the values themselves.
func (c *column) row(k int) (lo, hi []float64) {
	if k == 0 {
		return c.v, c.v
	}
	return c.levels[k-1].lo, c.levels[k-1].hi
}

func (c *column) scan(k, i, j int) (lo, hi float64) {
	los, his := c.row(k)
	lo, hi = math.Inf(1), math.Inf(-1)
	los, his = los[i:j], his[i:j]
	for n, v := range los {
		if v < lo {
			lo = v
		}
		if w := his[n]; w > hi {
			hi = w
		}
	}
	return lo, hi
}

// extremes is the least and the largest of v[i:j], which is not empty.
func (c *column) extremes(i, j int) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	take := func(k, i, j int) {
		a, b := c.scan(k, i, j)
		lo, hi = min(lo, a), max(hi, b)
	}
	for k := 0; ; k++ {
		up, down := (i+fan-1)/fan, j/fan
		if k == len(c.levels) || up >= down {
			take(k, i, j)
			return lo, hi
		}
		take(k, i, up*fan)
		take(k, down*fan, j)
		i, j = up, down
	}
}
