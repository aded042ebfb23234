package logview

import (
	"strconv"
	"strings"
)

// sgr is the colours and attributes that a program asked for.
type sgr struct {
	fg, bg colour
	attrs  uint8
}

const (
	bold uint8 = 1 << iota
	faint
	italic
	underline
	reverse
	strike
)

// attrCode is the SGR code of an attribute. Blinking and concealing are not among
// them: nothing blinks here, and nothing hides.
func attrCode(a uint8) string {
	switch a {
	case bold:
		return "1"
	case faint:
		return "2"
	case italic:
		return "3"
	case underline:
		return "4"
	case reverse:
		return "7"
	}
	return "9"
}

// apply takes the parameters of one SGR sequence over.
func (s *sgr) apply(params string) {
	if strings.ContainsAny(params, "<=>? !\"#$%&'()*+,-./") {
		return // a private sequence that only ends in m
	}
	fields := strings.Split(params, ";")
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if sub := strings.Split(f, ":"); len(sub) > 1 {
			s.colons(sub)
			continue
		}
		switch n := code(f); n {
		case 38, 48:
			c, used := extended(fields[i+1:])
			i += used
			s.paint(n, c)
		default:
			s.one(n)
		}
	}
}

// colons is the newer way to write a colour: 38:2::r:g:b, 38:5:n.
func (s *sgr) colons(sub []string) {
	n := code(sub[0])
	switch {
	case n == 4:
		s.set(underline, code(sub[1]) != 0)
	case n != 38 && n != 48:
	case len(sub) == 6 && sub[1] == "2":
		c, _ := extended([]string{"2", sub[3], sub[4], sub[5]})
		s.paint(n, c)
	default:
		c, _ := extended(sub[1:])
		s.paint(n, c)
	}
}

func (s *sgr) paint(n int, c colour) {
	if n == 38 {
		s.fg = c
	} else {
		s.bg = c
	}
}

func (s *sgr) set(attr uint8, on bool) {
	s.attrs &^= attr
	if on {
		s.attrs |= attr
	}
}

func (s *sgr) one(n int) {
	switch {
	case n == 0:
		*s = sgr{}
	case n == 22:
		s.attrs &^= bold | faint
	case n == 39:
		s.fg = 0
	case n == 49:
		s.bg = 0
	case n >= 30 && n <= 37:
		s.fg = indexed(n - 30)
	case n >= 40 && n <= 47:
		s.bg = indexed(n - 40)
	case n >= 90 && n <= 97:
		s.fg = indexed(n - 90 + 8)
	case n >= 100 && n <= 107:
		s.bg = indexed(n - 100 + 8)
	default:
		for i, code := range [...]int{1, 2, 3, 4, 7, 9} {
			if n == code {
				s.set(1<<i, true)
			} else if n == code+20 {
				s.set(1<<i, false)
			}
		}
	}
}

// code is a parameter as a number; -1 what means nothing.
func code(s string) int {
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// extended is the colour behind a 38 or 48, and how many parameters it took.
func extended(f []string) (colour, int) {
	if len(f) == 0 {
		return 0, 0
	}
	switch n := code(f[0]); {
	case n == 5 && len(f) >= 2:
		return indexed(min(max(code(f[1]), 0), 255)), 2
	case n == 2 && len(f) >= 4:
		c := colour(2 << 24)
		for _, s := range f[1:4] {
			c = c&^0xffffff | (c<<8|colour(min(max(code(s), 0), 255)))&0xffffff
		}
		return c, 4
	}
	return 0, len(f)
}

// open is the sequence that begins the style; "" when it is none.
func (s sgr) open() string {
	if s == (sgr{}) {
		return ""
	}
	var b strings.Builder
	sep := "\x1b["
	add := func(code string) {
		b.WriteString(sep)
		b.WriteString(code)
		sep = ";"
	}
	for a := bold; a <= strike; a <<= 1 {
		if s.attrs&a != 0 {
			add(attrCode(a))
		}
	}
	if c := s.fg.code(30); c != "" {
		add(c)
	}
	if c := s.bg.code(40); c != "" {
		add(c)
	}
	b.WriteByte('m')
	return b.String()
}
