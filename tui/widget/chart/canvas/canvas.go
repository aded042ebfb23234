// Package canvas is cells that are drawn in any order, one sign and style each, and
// then written as lines: what the charts are composed on. It knows the theme's
// styles and no data.
package canvas

import (
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/dots"
)

// Canvas is a rectangle of cells. What falls outside is lost.
type Canvas struct {
	w, h  int
	signs []sign
}

// sign is what one cell shows: 0 is nothing yet, covered is the right half of a
// wide character.
type sign struct {
	r    rune
	tail string // combining marks
	st   theme.Style
}

const covered rune = -1

func (c *Canvas) Reset(w, h int) {
	c.w, c.h = w, h
	if n := w * h; cap(c.signs) < n {
		c.signs = make([]sign, n)
	} else {
		c.signs = c.signs[:n]
	}
	clear(c.signs)
}

func (c *Canvas) Inside(x, y int) bool { return x >= 0 && y >= 0 && x < c.w && y < c.h }

// Put draws a sign of one cell.
func (c *Canvas) Put(x, y int, r rune, st theme.Style) {
	if c.Inside(x, y) {
		c.signs[y*c.w+x] = sign{r: r, st: st}
	}
}

// Glyph draws a sign of the theme.
func (c *Canvas) Glyph(x, y int, g string, st theme.Style) {
	for _, r := range g {
		c.Put(x, y, r, st)
		return
	}
}

// Free says whether n cells from (x, y) are on the canvas and nothing is in them.
func (c *Canvas) Free(x, y, n int) bool {
	for i := range n {
		if !c.Inside(x+i, y) || c.signs[y*c.w+x+i].r != 0 {
			return false
		}
	}
	return true
}

// Wipe empties a rectangle.
func (c *Canvas) Wipe(x, y, w, h int) {
	for j := range h {
		for i := range w {
			c.Put(x+i, y+j, 0, theme.Style{})
		}
	}
}

// Text draws s, made safe, and returns its cells. What does not fit is cut.
func (c *Canvas) Text(x, y int, s string, st theme.Style) int {
	from, last := x, -1
	for _, r := range cell.Safe(s) {
		w := cell.Width(string(r))
		if w == 0 {
			if last >= 0 {
				c.signs[last].tail += string(r)
			}
			continue
		}
		if !c.Inside(x, y) || !c.Inside(x+w-1, y) {
			break
		}
		last = y*c.w + x
		c.signs[last] = sign{r: r, st: st}
		for i := 1; i < w; i++ {
			c.signs[last+i] = sign{r: covered, st: st}
		}
		x += w
	}
	return x - from
}

// String is the canvas as h lines of w cells. Blanks take the style of what is
// before them, so that they cost one byte.
func (c *Canvas) String() string {
	var b, run strings.Builder
	b.Grow(c.w*c.h*2 + c.h)
	for y := range c.h {
		if y > 0 {
			b.WriteByte('\n')
		}
		st, blanks := theme.Style{}, 0
		for _, s := range c.signs[y*c.w : (y+1)*c.w] {
			if s.r == covered {
				continue
			}
			if s.r == 0 || s.r == ' ' {
				blanks++
				continue
			}
			if s.st != st {
				st.To(&b, run.String())
				run.Reset()
				b.WriteString(cell.Blank(blanks))
				st, blanks = s.st, 0
			}
			for ; blanks > 0; blanks-- {
				run.WriteByte(' ')
			}
			run.WriteRune(s.r)
			run.WriteString(s.tail)
		}
		st.To(&b, run.String())
		run.Reset()
		b.WriteString(cell.Blank(blanks))
	}
	return b.String()
}

// Dots puts a grid's dots onto the canvas from (x, y) on, all in one style. Where
// dots of two grids share a cell, the last has it alone.
func (c *Canvas) Dots(g *dots.Grid, x, y int, st theme.Style) {
	for i, bits := range g.Bits {
		if bits != 0 {
			c.Put(x+i%g.CellsW, y+i/g.CellsW, g.Rune(bits), st)
		}
	}
}
