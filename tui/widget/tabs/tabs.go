// Package tabs draws the names of a pane's own tabs in one row and says which of
// them a click meant.
package tabs

import (
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

const gap = 2

// Bar is the tabs of one pane.
type Bar struct {
	Names []string
	On    int // the tab that is open

	spots []spot // of the last Render
}

type spot struct{ x, w, tab int }

// Width is the cells that all names take.
func (b *Bar) Width() int {
	n := gap * max(len(b.Names)-1, 0)
	for _, name := range b.Names {
		n += cell.Width(cell.Safe(name))
	}
	return n
}

// Move opens the next tab (1) or the one before (-1), around the ends; false when
// there is only one.
func (b *Bar) Move(by int) bool {
	n := len(b.Names)
	if n < 2 {
		return false
	}
	b.On = ((b.On+by)%n + n) % n
	return true
}

// Render is the names in exactly w cells. Where not all have room, those around
// the open one show, and an ellipsis where others are.
func (b *Bar) Render(th *theme.Theme, set *theme.Set, w int) string {
	b.spots = b.spots[:0]
	if w <= 0 {
		return ""
	}
	first, last := b.window(w, cell.Width(th.Glyph.Ellipsis)+1)
	l := cell.NewLine(th, set, w)
	if first > 0 {
		l.Put(set.Quiet, th.Glyph.Ellipsis).Space(1)
	}
	for i := first; i < last; i++ {
		if i > first {
			l.Space(gap)
		}
		st := set.Dim
		if i == b.On {
			st = set.Selected
		}
		x := l.Len()
		l.Put(st, b.Names[i])
		b.spots = append(b.spots, spot{x: x, w: l.Len() - x, tab: i})
	}
	if last < len(b.Names) && last > first {
		l.Space(1).Put(set.Quiet, th.Glyph.Ellipsis)
	}
	var out strings.Builder
	l.Write(&out, w, cell.AlignLeft)
	return out.String()
}

// window is the names that have room, the open one always among them; more is the
// cells of a sign that there are others.
func (b *Bar) window(w, more int) (first, last int) {
	if b.Width() <= w || len(b.Names) == 0 {
		return 0, len(b.Names)
	}
	on := min(max(b.On, 0), len(b.Names)-1)
	first, last = on, on+1
	fits := func(f, l int) bool {
		part := Bar{Names: b.Names[f:l]}
		n := part.Width()
		if f > 0 {
			n += more
		}
		if l < len(b.Names) {
			n += more
		}
		return n <= w
	}
	for {
		switch {
		case last < len(b.Names) && fits(first, last+1):
			last++
		case first > 0 && fits(first-1, last):
			first--
		default:
			return first, last
		}
	}
}

// Hit is the tab at a cell of the last Render.
func (b *Bar) Hit(x int) (tab int, ok bool) {
	for _, s := range b.spots {
		if x >= s.x && x < s.x+s.w {
			return s.tab, true
		}
	}
	return 0, false
}
