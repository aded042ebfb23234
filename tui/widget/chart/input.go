package chart

import (
	"math"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// How far one press or one notch goes.
const (
	keyZoom   = 0.5
	wheelZoom = 0.8
	panBy     = 0.25
	narrowest = 1e-10 // of a zoomed window, relative to where it is
)

// Zoomed says whether a part is shown, and so whether newer samples may be out of
// sight.
func (c *Chart) Zoomed() bool { return c.zoom.X || c.zoom.Y }

// Fit shows everything and follows the newest again.
func (c *Chart) Fit() { c.zoom = window{} }

// Crosshair is the x that is read; false when there is none.
func (c *Chart) Crosshair() (x float64, on bool) { return c.cross.x, c.cross.on }

// SetCrosshair reads at x: for charts that share one. off hides it.
func (c *Chart) SetCrosshair(x float64, on bool) { c.cross = cross{on: on, x: x} }

// Zoom makes the window factor as wide around the crosshair, or around its
// middle; below 1 is nearer.
func (c *Chart) Zoom(factor float64) {
	s := &c.at
	at := 0.5
	if dot := s.sx.Dot(c.cross.x); c.cross.on && dot >= 0 && dot < s.sx.N && s.sx.N > 1 {
		at = float64(dot) / float64(s.sx.N-1)
	}
	c.zoomAt(at, factor)
}

// zoomAt keeps what is at a share of the width in its place.
func (c *Chart) zoomAt(at, factor float64) {
	w := at * float64(c.at.sx.N-1)
	c.show(w-w*factor, w+(float64(c.at.sx.N-1)-w)*factor)
}

// Pan moves the window by a share of its width; what is not zoomed stays.
func (c *Chart) Pan(share float64) {
	if !c.zoom.X {
		return
	}
	s := &c.at
	n := float64(s.sx.N - 1)
	all := c.ranges()
	lo, hi := all.whole(labelsX(s.plot.w))
	by := max(share*n, min(float64(s.sx.Dot(lo)), 0))
	by = min(by, max(float64(s.sx.Dot(hi))-n, 0))
	c.show(by, n+by)
}

// show zooms to the dots from a to b of the last frame. Beyond everything is Fit.
func (c *Chart) show(a, b float64) {
	s := &c.at
	if s.plot.w == 0 || !(b > a) {
		return
	}
	x0, x1 := s.sx.Value(a), s.sx.Value(b)
	all := c.ranges()
	lo, hi := all.whole(labelsX(s.plot.w))
	if x0 <= lo && x1 >= hi {
		c.zoom.X = false
		return
	}
	if !(x1-x0 > narrowest*max(math.Abs(x0), math.Abs(x1))) || math.IsInf(x1-x0, 0) {
		return
	}
	c.zoom.X, c.zoom.x0, c.zoom.x1 = true, x0, x1
}

// Key takes the motions of a chart: left and right move the crosshair from sample
// to sample, page keys by a tenth, home and end to the ends; more and less zoom;
// shift+left and shift+right pan; back leaves the crosshair, then the zoom.
func (c *Chart) Key(msg tea.KeyPressMsg) bool {
	if c.at.plot.w == 0 {
		return false
	}
	switch {
	case msg.String() == "shift+left":
		c.Pan(-panBy)
	case msg.String() == "shift+right":
		c.Pan(panBy)
	case key.Matches(msg, c.keys.Left):
		c.step(-1, 0)
	case key.Matches(msg, c.keys.Right):
		c.step(1, 0)
	case key.Matches(msg, c.keys.PageUp):
		c.step(-1, c.at.sx.N/10)
	case key.Matches(msg, c.keys.PageDown):
		c.step(1, c.at.sx.N/10)
	case key.Matches(msg, c.keys.Home):
		c.jump(false)
	case key.Matches(msg, c.keys.End):
		c.jump(true)
	case key.Matches(msg, c.keys.More):
		c.Zoom(keyZoom)
	case key.Matches(msg, c.keys.Less):
		c.Zoom(1 / keyZoom)
	case key.Matches(msg, c.keys.Back):
		return c.back()
	default:
		return false
	}
	return true
}

func (c *Chart) back() bool {
	switch {
	case c.drag.on:
		c.drag = drag{}
	case c.cross.on:
		c.cross = cross{}
	case c.Zoomed():
		c.Fit()
	default:
		return false
	}
	return true
}

// step moves the crosshair to the next sample in a direction that is more than
// skip dots away. The first step puts it on the newest sample.
func (c *Chart) step(dir, skip int) {
	s := &c.at
	if !c.cross.on {
		c.jump(true)
		return
	}
	from := s.sx.Dot(c.cross.x) + dir*skip
	best, ok := 0.0, false
	for _, sr := range c.series {
		if sr.Data == nil {
			continue
		}
		if x, some := sr.Data.Step(&s.sx, from, dir); some && (!ok || (x-best)*float64(dir) < 0) {
			best, ok = x, true
		}
	}
	if !ok {
		c.jump(dir > 0)
		return
	}
	c.look(best)
}

// jump puts the crosshair on the first or the last x there is.
func (c *Chart) jump(last bool) {
	lo, hi, ok := c.all()
	switch {
	case ok && last:
		c.look(hi)
	case ok:
		c.look(lo)
	}
}

// look puts the crosshair on x, and moves a zoomed window there.
func (c *Chart) look(x float64) {
	s := &c.at
	c.cross = cross{on: true, x: x}
	dot := s.sx.Dot(x)
	if !c.zoom.X || dot >= 0 && dot < s.sx.N {
		return
	}
	n := float64(s.sx.N - 1)
	by := float64(dot) - n*0.75
	if dot < 0 {
		by = float64(dot) - n*0.25
	}
	c.show(by, n+by)
}
