package chart

import (
	"math"

	tea "charm.land/bubbletea/v2"
)

// Mouse takes an event in the chart's own cells: moving reads, the wheel zooms
// where the mouse is (with shift it pans), dragging draws a box to zoom to, the
// right button shows everything.
func (c *Chart) Mouse(msg tea.MouseMsg, x, y int) bool {
	s := &c.at
	if s.plot.w == 0 {
		return false
	}
	in := s.plot.has(x, y)
	switch msg := msg.(type) {
	case tea.MouseMotionMsg:
		return c.motion(x, y, in)
	case tea.MouseClickMsg:
		return in && c.click(msg, x, y)
	case tea.MouseReleaseMsg:
		return c.release()
	case tea.MouseWheelMsg:
		return in && c.wheel(msg, x)
	}
	return false
}

func (c *Chart) motion(x, y int, in bool) bool {
	s := &c.at
	if c.drag.on {
		c.drag.x1 = min(max(x-s.plot.x, 0), s.plot.w-1)
		c.drag.y1 = min(max(y-s.plot.y, 0), s.plot.h-1)
		return true
	}
	if !in {
		if !c.cross.hover {
			return false
		}
		c.cross = cross{}
		return true
	}
	c.hover(x, true)
	return true
}

// hover reads at the sample nearest to a column.
func (c *Chart) hover(x int, gone bool) {
	s := &c.at
	per := s.perCell()
	mid := float64((x-s.plot.x)*per) + float64(per-1)/2
	want, reach := s.sx.Value(mid), math.Abs(s.sx.Value(mid+float64(per))-s.sx.Value(mid))
	best, ok := want, false
	for _, sr := range c.series {
		if sr.Data == nil {
			continue
		}
		if p, some := sr.Data.Curve().At(want, reach); some && (!ok || math.Abs(p.X-want) < math.Abs(best-want)) {
			best, ok = p.X, true
		}
	}
	c.cross = cross{on: ok, hover: gone, x: best}
}

func (c *Chart) click(msg tea.MouseClickMsg, x, y int) bool {
	s := &c.at
	switch msg.Button {
	case tea.MouseLeft:
		c.drag = drag{on: true, x0: x - s.plot.x, x1: x - s.plot.x, y0: y - s.plot.y, y1: y - s.plot.y}
	case tea.MouseRight:
		c.Fit()
	default:
		return false
	}
	return true
}

// release ends a box: wider than a cell it zooms, with y when it is at least three
// rows high; else it was a click, which pins the crosshair.
func (c *Chart) release() bool {
	d, s := c.drag, &c.at
	if !d.on {
		return false
	}
	c.drag = drag{}
	if d.x0 == d.x1 {
		c.hover(s.plot.x+d.x0, false)
		return true
	}
	per, tall := s.perCell(), s.grid.H()/max(s.plot.h, 1)
	a, b := min(d.x0, d.x1)*per, (max(d.x0, d.x1)+1)*per-1
	y0, y1 := s.sy.Value(float64((s.plot.h-1-max(d.y0, d.y1))*tall)), s.sy.Value(float64((s.plot.h-min(d.y0, d.y1))*tall-1))
	c.show(float64(a), float64(b))
	if abs(d.y1-d.y0) >= 2 && y1 > y0 {
		c.zoom.Y, c.zoom.y0, c.zoom.y1 = true, y0, y1
	}
	return true
}

func abs(v int) int { return max(v, -v) }

func (c *Chart) wheel(msg tea.MouseWheelMsg, x int) bool {
	m, at := msg.Mouse(), 0.5
	if c.at.plot.w > 1 {
		at = float64(x-c.at.plot.x) / float64(c.at.plot.w-1)
	}
	pan := m.Mod&tea.ModShift != 0
	switch {
	case m.Button == tea.MouseWheelLeft || pan && m.Button == tea.MouseWheelUp:
		c.Pan(-panBy / 2)
	case m.Button == tea.MouseWheelRight || pan && m.Button == tea.MouseWheelDown:
		c.Pan(panBy / 2)
	case m.Button == tea.MouseWheelUp:
		c.zoomAt(at, wheelZoom)
	case m.Button == tea.MouseWheelDown:
		c.zoomAt(at, 1/wheelZoom)
	default:
		return false
	}
	return true
}
