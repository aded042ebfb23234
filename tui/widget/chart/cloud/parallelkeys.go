package cloud

import (
	"math"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// slide is how far one press moves or stretches a brush, as a share of the axis.
const slide = 1.0 / 16

// Key takes left, right, home and end to another axis; up and down move its brush,
// or begin one at that end; with shift they stretch it by its upper edge; more and
// less make it narrower and wider; back lets go of it, then of all others.
func (p *Parallel) Key(msg tea.KeyPressMsg) bool {
	if len(p.dims) == 0 {
		return false
	}
	switch k := p.keys; {
	case msg.String() == "shift+up":
		p.stretch(0, slide)
	case msg.String() == "shift+down":
		p.stretch(0, -slide)
	case key.Matches(msg, k.Left):
		p.at = max(p.at-1, 0)
	case key.Matches(msg, k.Right):
		p.at = min(p.at+1, len(p.dims)-1)
	case key.Matches(msg, k.Home):
		p.at = 0
	case key.Matches(msg, k.End):
		p.at = len(p.dims) - 1
	case key.Matches(msg, k.Up):
		p.begin(0.75, 1, slide, slide)
	case key.Matches(msg, k.Down):
		p.begin(0, 0.25, -slide, -slide)
	case key.Matches(msg, k.More):
		p.begin(0.25, 0.75, slide, -slide)
	case key.Matches(msg, k.Less):
		p.stretch(-slide, slide)
	case key.Matches(msg, k.Back):
		return p.back()
	default:
		return false
	}
	return true
}

func (p *Parallel) back() bool {
	d := p.dims[p.at]
	switch _, on := p.brushes[d.Key]; {
	case p.drag.on:
		p.drag = stroke{}
	case on:
		p.Clear(d.Key)
	case p.Brushes():
		p.Clear("")
	default:
		return false
	}
	return true
}

// begin makes a brush from a share of the axis to another, or moves the edges of
// the one that is there.
func (p *Parallel) begin(from, to, lower, upper float64) {
	d := &p.dims[p.at]
	if _, on := p.brushes[d.Key]; on {
		p.stretch(lower, upper)
		return
	}
	p.SetBrush(d.Key, part(d, from, to))
}

// fine is the dots of a scale that is only used to take shares of an axis to values.
const fine = 1 << 12

// part is a stretch of an axis, given by shares of it.
func part(d *Dim, from, to float64) Brush {
	sc := d.scale(fine + 1)
	return Brush{sc.Value(from * fine), sc.Value(to * fine)}
}

// stretch moves the edges of the current brush by shares of the axis. It neither
// leaves the axis nor vanishes.
func (p *Parallel) stretch(lower, upper float64) {
	d := &p.dims[p.at]
	b, on := p.brushes[d.Key]
	if !on {
		return
	}
	sc := d.scale(fine + 1)
	lo, hi := float64(sc.Dot(b.Lo))/fine+lower, float64(sc.Dot(b.Hi))/fine+upper
	if lower == upper { // moved: it keeps its length
		by := max(-lo, 0) - max(hi-1, 0)
		lo, hi = lo+by, hi+by
	}
	lo, hi = max(lo, 0), min(hi, 1)
	if hi-lo < slide/2 {
		return
	}
	p.SetBrush(d.Key, part(d, lo, hi))
}

// Mouse takes an event in the widget's own cells: a click on an axis or its name
// makes it the current one, a drag along it brushes, the wheel moves the brush and
// the right button lets go of it.
func (p *Parallel) Mouse(msg tea.MouseMsg, x, y int) bool {
	m := msg.Mouse()
	g := &p.geo
	if len(g.x) == 0 {
		return false
	}
	top := 0
	if p.frame.h > g.h {
		top = p.frame.h - g.h
	}
	row := min(max(y-top, 0), g.h-1)
	switch msg.(type) {
	case tea.MouseClickMsg:
		p.at = p.nearest(x)
		switch m.Button {
		case tea.MouseLeft:
			p.drag = stroke{on: y >= top, axis: p.at, from: row, to: row}
		case tea.MouseRight:
			p.Clear(p.dims[p.at].Key)
		default:
			return false
		}
	case tea.MouseMotionMsg:
		if !p.drag.on {
			return false
		}
		p.drag.moved = p.drag.moved || row != p.drag.from
		p.drag.to = row
	case tea.MouseReleaseMsg:
		return p.release()
	case tea.MouseWheelMsg:
		p.at = p.nearest(x)
		switch m.Button {
		case tea.MouseWheelUp:
			p.begin(0.75, 1, slide, slide)
		case tea.MouseWheelDown:
			p.begin(0, 0.25, -slide, -slide)
		default:
			return false
		}
	default:
		return false
	}
	return true
}

// nearest is the axis closest to a column.
func (p *Parallel) nearest(x int) int {
	best, dist := 0, math.MaxInt
	for k, at := range p.geo.x {
		if d := max(at-x, x-at); d < dist {
			best, dist = k, d
		}
	}
	return p.geo.first + best
}

// release ends a stroke: over more than a row it is the brush, else it was a click.
func (p *Parallel) release() bool {
	s := p.drag
	if !s.on {
		return false
	}
	p.drag = stroke{}
	if !s.moved || s.axis >= len(p.dims) {
		return true
	}
	d := &p.dims[s.axis]
	h := p.under.out.H()
	tall := h / max(p.geo.h, 1)
	sc := d.scale(h)
	lo := float64((p.geo.h - 1 - max(s.from, s.to)) * tall)
	hi := float64((p.geo.h-min(s.from, s.to))*tall - 1)
	p.SetBrush(d.Key, Brush{sc.Value(lo), sc.Value(hi)})
	return true
}
