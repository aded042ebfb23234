package experiments

import (
	"context"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui/widget/chart/pyramid"
)

// What x can be, besides a metric's name.
const (
	byStep     = "step"
	byRelative = "relative"
	byTime     = "time"
)

// isMetric says whether an x is a metric's name.
func isMetric(by string) bool { return by != byStep && by != byRelative && by != byTime }

// curve is one line of a chart: a run's metric over an x. It keeps a pyramid that
// grows with the shared history; what was read once is not read again.
type curve struct {
	by    string
	start time.Time
	leave context.CancelFunc
	y     *hub.Handle[*backends.History]
	x     *hub.Handle[*backends.History] // of the metric that x is, else nil

	from    *backends.History // what pyramid was read from
	fromX   *backends.History // what at was read from
	pyramid *pyramid.Pyramid
	taken   int               // points of y that are in the pyramid
	at      map[int64]float64 // x by step, as far as it was read
	seen    int               // points of x that are in at
	last    int64             // the newest step in at
}

// data is the line so far.
func (c *curve) data() *pyramid.Pyramid {
	h := c.y.Result().Value
	if x := c.x.Result().Value; x != c.fromX { // points of the metric that x is were taken back: all places are others
		c.fromX, c.at, c.seen, c.last, c.pyramid = x, nil, 0, 0, nil
	}
	if c.pyramid == nil || h != c.from && h != nil || h != nil && h.Len() < c.taken { // the history was read anew
		c.pyramid, c.taken, c.from = &pyramid.Pyramid{Path: c.x != nil}, 0, h
	}
	if h == nil {
		return c.pyramid
	}
	c.readX()
	fresh := h.Points().From(c.taken)
	for i := range fresh.Len() {
		x, ok := c.place(fresh, i)
		switch {
		case ok:
			c.pyramid.Append(x, fresh.Value[i])
		case c.seen == 0 || fresh.Step[i] > c.last:
			return c.pyramid // its x may still be logged
		}
		c.taken++
	}
	return c.pyramid
}

// place is where a point stands on x. A step at which the metric that x is was not
// logged has no place.
func (c *curve) place(p backends.Points, i int) (x float64, ok bool) {
	switch c.by {
	case byStep:
		return float64(p.Step[i]), true
	case byTime:
		return float64(p.Time[i]) / 1000, true
	case byRelative:
		return float64(p.Time[i]-c.start.UnixMilli()) / 1000, true
	}
	x, ok = c.at[p.Step[i]]
	return x, ok
}

// readX takes the newest of the metric that x is.
func (c *curve) readX() {
	h := c.x.Result().Value
	if h == nil {
		return
	}
	if c.at == nil {
		c.at = map[int64]float64{}
	}
	p := h.Points().From(c.seen)
	for i := range p.Len() {
		c.at[p.Step[i]], c.last = p.Value[i], max(c.last, p.Step[i])
	}
	c.seen += p.Len()
}
