package experiments

import (
	"math"

	"flightdeck/tui/widget/chart/pyramid"
)

// band is the mean of several curves, and between which two values they lie, at
// every x that any of them has. A curve counts from its first sample to its last;
// between two of its samples with the straight line that it is drawn with. One that
// may still grow holds the band back: there is no mean of what is yet to come.
//
// It grows with its curves, and what is merged once is not merged again. An x at
// which a curve steps back, as after a resume, counts as it was first logged.
type band struct {
	mean, lo, hi *pyramid.Pyramid
	members      []member
	done         float64 // everything up to here is merged
	begun        bool
}

// member is a curve and how far it is merged.
type member struct {
	from *pyramid.Pyramid
	next int // the first sample beyond what is merged
}

// merges is how many x one call merges at most: about a millisecond.
const merges = 4096

// grow merges what the curves have got since; more says that it is not all. grows
// says of each curve whether it may still grow.
func (b *band) grow(curves []*pyramid.Pyramid, grows []bool) (more bool) {
	if !b.same(curves) {
		*b = band{mean: &pyramid.Pyramid{}, lo: &pyramid.Pyramid{}, hi: &pyramid.Pyramid{}, done: math.Inf(-1)}
		for _, c := range curves {
			b.members = append(b.members, member{from: c})
		}
	}
	limit := b.limit(grows)
	for range merges {
		x, ok := b.nextX()
		if !ok || x > limit {
			return false
		}
		b.merge(x)
	}
	return true
}

// same says that the band is of these curves, and that none has begun behind what
// is merged.
func (b *band) same(curves []*pyramid.Pyramid) bool {
	if b.mean == nil || len(curves) != len(b.members) {
		return false
	}
	for i, c := range curves {
		m := &b.members[i]
		if m.from != c {
			return false
		}
		if m.next == 0 && b.begun {
			if xs, _ := c.Samples(0); len(xs) > 0 && xs[0] <= b.done {
				return false
			}
		}
	}
	return true
}

// limit is up to where all curves are known.
func (b *band) limit(grows []bool) float64 {
	limit := math.Inf(1)
	for i := range b.members {
		if _, hi, ok := b.members[i].from.Bounds(); ok && grows[i] {
			limit = min(limit, hi)
		}
	}
	return limit
}

// nextX is the least x that is not merged.
func (b *band) nextX() (x float64, ok bool) {
	x = math.Inf(1)
	for i := range b.members {
		m := &b.members[i]
		xs, _ := m.from.Samples(0)
		for m.next < len(xs) && b.begun && xs[m.next] <= b.done {
			m.next++
		}
		if m.next < len(xs) {
			x, ok = min(x, xs[m.next]), true
		}
	}
	return x, ok
}

// merge takes the mean and the extremes at x.
func (b *band) merge(x float64) {
	n, mean, lo, hi := 0.0, 0.0, math.Inf(1), math.Inf(-1)
	for i := range b.members {
		v, ok := b.members[i].at(x)
		if !ok {
			continue
		}
		n++
		mean += v/n - mean/n
		lo, hi = min(lo, v), max(hi, v)
	}
	b.done, b.begun = x, true
	if n > 0 {
		b.mean.Append(x, mean)
		b.lo.Append(x, lo)
		b.hi.Append(x, hi)
	}
}

// at is the curve's value at x, which is not beyond its next sample.
func (m *member) at(x float64) (float64, bool) {
	xs, ys := m.from.Samples(0)
	if m.next == len(xs) {
		return 0, false
	}
	if xs[m.next] == x {
		return ys[m.next], true
	}
	if m.next == 0 || xs[m.next-1] > x {
		return 0, false
	}
	x0, y0 := xs[m.next-1], ys[m.next-1]
	share := (x - x0) / (xs[m.next] - x0)
	return y0*(1-share) + ys[m.next]*share, true
}
