package logview

import (
	"fmt"
	"strconv"

	"flightdeck/tui/theme"
)

// colour is none (0), one of the terminal's 256 (1<<24 | index) or a true colour
// (2<<24 | rgb).
type colour uint32

func indexed(i int) colour { return 1<<24 | colour(i) }

// code is the SGR parameters of the colour; base is 30 for letters, 40 for what is
// behind them.
func (c colour) code(base int) string {
	i := int(c & 0xff)
	switch {
	case c>>24 == 2:
		return fmt.Sprintf("%d;2;%d;%d;%d", base+8, c>>16&0xff, c>>8&0xff, c&0xff)
	case c>>24 != 1:
		return ""
	case i < 8:
		return strconv.Itoa(base + i)
	case i < 16:
		return strconv.Itoa(base + 60 + i - 8)
	}
	return fmt.Sprintf("%d;5;%d", base+8, i)
}

// own says that the terminal itself decides what the colour looks like.
func (c colour) own() bool { return c>>24 == 1 && c&0xff < 16 }

// brightness is how light the colour is, 0 to 255. Of the terminal's own sixteen only
// black and white are known to be what they are called; the others are in between.
func (c colour) brightness() int {
	r, g, b := int(c>>16&0xff), int(c>>8&0xff), int(c&0xff)
	if c>>24 == 1 {
		r, g, b = cube(int(c & 0xff))
	}
	return (299*r + 587*g + 114*b) / 1000
}

func cube(i int) (r, g, b int) {
	step := func(n int) int {
		if n == 0 {
			return 0
		}
		return 55 + 40*n
	}
	switch {
	case i >= 232:
		v := 8 + 10*(i-232)
		return v, v, v
	case i >= 16:
		i -= 16
		return step(i / 36), step(i / 6 % 6), step(i % 6)
	case i == 0:
		return 0, 0, 0
	case i == 7, i == 15:
		return 255, 255, 255
	}
	return 128, 128, 128
}

// ground is what the letters stand on.
type ground struct {
	light bool
	mono  bool
}

func groundOf(th *theme.Theme) ground { return ground{light: !th.Dark, mono: th.Mono} }

// contrast is the least difference of brightness that still can be read.
const contrast = 40

// readable is the style without what would hide the text: letters as dark as what is
// behind them, whoever asked for that.
func (s sgr) readable(g ground) sgr {
	if g.mono {
		s.fg, s.bg = 0, 0
		return s
	}
	if s.fg.own() && s.bg.own() {
		if s.fg == s.bg {
			s.fg, s.bg = 0, 0
		}
		return s
	}
	letters, back := 220, 16 // the theme's own
	if g.light {
		letters, back = 34, 250
	}
	if s.bg != 0 {
		back = s.bg.brightness()
	}
	if s.fg != 0 {
		letters = s.fg.brightness()
	}
	if diff := letters - back; diff > -contrast && diff < contrast {
		s.fg, s.bg = 0, 0
	}
	return s
}
