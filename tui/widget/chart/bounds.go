package chart

import (
	"math"

	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/pyramid"
)

// flat is the relative range below which values count as equal: what is left is
// the noise of the last digits, and drawing it large would make it look like news.
const flat = 1e-9

// ranges is what is to be drawn, and says where its axes begin and end.
type ranges struct {
	*content
	Opt  Options
	zoom window
}

// curve is the line of a series as it is shown: smoothed or its own.
func (c *ranges) curve(i int) pyramid.Curve {
	d := c.series[i].Data
	if !(c.Opt.Smooth > 0) {
		return d.Curve()
	}
	if s := c.smooth[i]; s == nil || s.Weight() != min(c.Opt.Smooth, 1) {
		c.smooth[i] = d.Smooth(c.Opt.Smooth)
	}
	c.smooth[i].Sync()
	return c.smooth[i].Curve()
}

// all is the range of x over every series; false when there is no sample.
func (c *content) all() (lo, hi float64, ok bool) {
	for _, s := range c.series {
		if s.Data == nil {
			continue
		}
		if a, b, some := s.Data.Bounds(); some {
			if !ok {
				lo, hi = a, b
			}
			lo, hi, ok = min(lo, a), max(hi, b), true
		}
	}
	return lo, hi, ok
}

// whole is the range of x when nothing is zoomed: round, and following the newest.
func (c *ranges) whole(labels int) (lo, hi float64) {
	lo, hi, ok := c.all()
	if !ok {
		return 0, 1
	}
	if by := c.Opt.Tail / 8; by > 0 && hi-lo > c.Opt.Tail {
		hi = math.Ceil(hi/by) * by // moves on in eighths, not with every sample
		return hi - c.Opt.Tail, hi
	}
	if c.Opt.LogX {
		if lo <= 0 {
			lo = min(1, hi/1e6)
			if c.Opt.X == axis.Integer {
				lo = 1
			}
		}
		if lo > 0 && hi > lo {
			_, b := axis.RoundLog(lo, hi)
			return lo, b
		}
	}
	return c.Opt.X.Grow(lo, hi, labels)
}

// spanX is the range of x that is shown.
func (c *ranges) spanX(labels int) (lo, hi float64) {
	if c.zoom.X {
		return c.zoom.x0, c.zoom.x1
	}
	return c.whole(labels)
}

// seen is the range of y of what is shown between two x.
func (c *ranges) seen(x0, x1 float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	take := func(cv pyramid.Curve) {
		if a, b, some := cv.Extremes(x0, x1); some {
			lo, hi, ok = min(lo, a), max(hi, b), true
		}
	}
	for i, s := range c.series {
		if s.Data == nil {
			continue
		}
		take(c.curve(i))
		if s.Lo != nil && s.Hi != nil {
			take(s.Lo.Curve())
			take(s.Hi.Curve())
		}
		if c.Opt.Smooth > 0 && c.Opt.Raw {
			take(s.Data.Curve())
		}
	}
	return lo, hi, ok
}

// spanY is the range of y that is shown, and its labels.
func (c *ranges) spanY(x0, x1 float64, labels int) (lo, hi float64, ticks []axis.Tick) {
	switch {
	case c.zoom.Y:
		return c.zoom.y0, c.zoom.y1, c.ticksY(c.zoom.y0, c.zoom.y1, labels)
	case c.Opt.Y0 < c.Opt.Y1:
		return c.Opt.Y0, c.Opt.Y1, c.ticksY(c.Opt.Y0, c.Opt.Y1, labels)
	}
	lo, hi, ok := c.seen(x0, x1)
	if !ok {
		return 0, 1, nil
	}
	if c.Opt.LogY {
		return c.spanLog(lo, hi, labels)
	}
	if !(hi-lo > flat*max(math.Abs(lo), math.Abs(hi))) {
		return level(lo, hi)
	}
	lo, hi = c.withLimits(lo, hi)
	if pad := (hi - lo) * c.Opt.Pad; pad > 0 && !math.IsInf(pad, 0) {
		lo, hi = lo-pad, hi+pad
	}
	lo, hi, ticks = axis.Round(lo, hi, labels)
	if ticks == nil {
		ticks = ends(lo, hi)
	}
	return lo, hi, ticks
}

// level is a range with one value in its middle, which is its only label.
func level(lo, hi float64) (a, b float64, ticks []axis.Tick) {
	v := lo/2 + hi/2
	room := math.Abs(v) / 2
	if room == 0 {
		room = 1
	}
	var r cell.Range
	r.Add(v)
	a, b = max(v-room, -math.MaxFloat64), min(v+room, math.MaxFloat64)
	return a, b, []axis.Tick{{V: v, Text: r.Figures().Format(v)}}
}

// spanLog is spanY of a logarithmic axis; without a value above 0 it has nothing
// to show.
func (c *ranges) spanLog(lo, hi float64, labels int) (float64, float64, []axis.Tick) {
	if lo <= 0 {
		lo = math.Inf(1)
		for _, s := range c.series {
			if s.Data != nil {
				if v, ok := s.Data.LeastPositive(); ok {
					lo = min(lo, v)
				}
			}
		}
	}
	if math.IsInf(lo, 0) || hi <= 0 {
		return 0.1, 1, axis.Log(0.1, 1, labels)
	}
	lo = min(lo, hi)
	lo, hi = c.withLimits(lo, hi)
	if lo <= 0 {
		lo = hi / 10
	}
	lo, hi = axis.RoundLog(lo, hi)
	return lo, hi, c.ticksY(lo, hi, labels)
}

// withLimits widens a range to show thresholds, as long as the data keep a third
// of it.
func (c *ranges) withLimits(lo, hi float64) (float64, float64) {
	a, b := lo, hi
	for _, l := range c.limits {
		if y := l.Y; max(b, y)-min(a, y) <= 3*(hi-lo) && (!c.Opt.LogY || y > 0) {
			a, b = min(a, y), max(b, y)
		}
	}
	return a, b
}

func (c *ranges) ticksY(lo, hi float64, labels int) []axis.Tick {
	var ticks []axis.Tick
	if c.Opt.LogY {
		ticks = axis.Log(lo, hi, labels)
	} else {
		ticks = axis.Linear(lo, hi, labels, false)
	}
	if len(ticks) == 0 {
		return ends(lo, hi)
	}
	return ticks
}

// ends labels a range that has no round numbers inside.
func ends(lo, hi float64) []axis.Tick {
	return []axis.Tick{{V: lo, Text: cell.Significant.Format(lo)}, {V: hi, Text: cell.Significant.Format(hi)}}
}

// order is the series as they are drawn: the selected ones last.
func (c *content) order() []int {
	var first, last []int
	for i, s := range c.series {
		switch {
		case s.Data == nil:
		case s.Selected:
			last = append(last, i)
		default:
			first = append(first, i)
		}
	}
	return append(first, last...)
}
