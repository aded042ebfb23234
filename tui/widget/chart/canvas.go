package chart

import (
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// canvas is cells that are drawn in any order, one sign and style each, and then
// written as lines. What falls outside is lost.
type canvas struct {
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

func (c *canvas) reset(w, h int) {
	c.w, c.h = w, h
	if n := w * h; cap(c.signs) < n {
		c.signs = make([]sign, n)
	} else {
		c.signs = c.signs[:n]
	}
	clear(c.signs)
}

func (c *canvas) inside(x, y int) bool { return x >= 0 && y >= 0 && x < c.w && y < c.h }

// put draws a sign of one cell.
func (c *canvas) put(x, y int, r rune, st theme.Style) {
	if c.inside(x, y) {
		c.signs[y*c.w+x] = sign{r: r, st: st}
	}
}

// glyph draws a sign of the theme.
func (c *canvas) glyph(x, y int, g string, st theme.Style) {
	for _, r := range g {
		c.put(x, y, r, st)
		return
	}
}

// free says whether n cells from (x, y) are on the canvas and nothing is in them.
func (c *canvas) free(x, y, n int) bool {
	for i := range n {
		if !c.inside(x+i, y) || c.signs[y*c.w+x+i].r != 0 {
			return false
		}
	}
	return true
}

// wipe empties a rectangle.
func (c *canvas) wipe(x, y, w, h int) {
	for j := range h {
		for i := range w {
			c.put(x+i, y+j, 0, theme.Style{})
		}
	}
}

// text draws s, made safe, and returns its cells. What does not fit is cut.
func (c *canvas) text(x, y int, s string, st theme.Style) int {
	from, last := x, -1
	for _, r := range cell.Safe(s) {
		w := cell.Width(string(r))
		if w == 0 {
			if last >= 0 {
				c.signs[last].tail += string(r)
			}
			continue
		}
		if !c.inside(x, y) || !c.inside(x+w-1, y) {
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
func (c *canvas) String() string {
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
