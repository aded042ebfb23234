// Package cell turns text into terminal cells: the primitives that every widget
// and view draws with.
//
// It promises two things. Safe is the one door for text from outside (logs,
// names, labels, error messages): what comes out moves no cursor, changes no
// colour, hides nothing, and is as wide as Width says, whether the terminal
// measures code points or grapheme clusters. And whatever is asked for w cells
// (Fit, Right, Line, Block) is exactly w cells wide.
//
// Line puts its text through Safe by itself, so a caller that draws with it need
// not think of it. Only Raw and Block take text that is already styled; what they
// are given must have come from this package or another widget.
//
// The room knows the theme and nothing else of ours: no rows, no keys, no screen.
package cell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// tabStop is the distance of tab stops in text from outside.
const tabStop = 4

// maxMarks is how many combining marks a character keeps; more are a way to write
// over the rows above.
const maxMarks = 3

// Safe is s as one line that a terminal only prints. Complete CSI, OSC, DCS, SOS,
// PM and APC sequences are removed, as a terminal would have swallowed them; what
// is left of an incomplete one, other control bytes, invalid UTF-8, bidirectional
// controls and characters without a width are made visible (`^[`, `\x9b`,
// `\u202e`). A line break becomes a space, a tab goes to the next fourth column.
// Emoji sequences are cut to their first sign and flags become letters, because
// terminals do not agree how wide they are.
//
// What needs no change is mostly returned as it is, without a copy. Safe(Safe(s)) == Safe(s).
func Safe(s string) string {
	for i, r := range s {
		if !simple(r) {
			return safe(s, i)
		}
	}
	return s
}

// simple says, cheaply, that a character is printed in one cell by every terminal:
// the letters of Europe and the signs that we draw with. What it does not know is
// looked at closely.
func simple(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= 0x20
	case r < 0x300:
		return r >= 0xa1 && r != 0xad
	case r < 0x2000:
		return r >= 0x391 && r <= 0x3c9 && r != 0x3a2 || r >= 0x400 && r <= 0x481
	case r < 0x2190:
		return r >= 0x2010 && r <= 0x2026 || r == 0x2009
	}
	return r <= 0x21ff || r >= 0x2500 && r <= 0x25fc || r >= 0x2800 && r <= 0x28ff || r == 0x2713 || r == 0x2717
}

// SafeBytes is Safe of bytes that may be no UTF-8 at all.
func SafeBytes(b []byte) string { return Safe(string(b)) }

// safe is Safe of a string whose first i bytes are known to be simple.
func safe(s string, i int) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	if i > 0 { // the character before may carry a mark
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	b.WriteString(s[:i])
	at, col := 0, 0 // a place in b, and its column
	for i < len(s) {
		c := s[i]
		switch {
		case c == 0x1b:
			if n := Sequence(s[i:]); n > 0 {
				i += n
				continue
			}
			b.WriteString("^[")
		case c == '\r' && i+1 < len(s) && s[i+1] == '\n':
		case c == '\n' || c == '\r':
			b.WriteByte(' ')
		case c == '\t':
			col += Width(b.String()[at:])
			n := tabStop - col%tabStop
			b.WriteString(Blank(n))
			at, col = b.Len(), col+n
		case c < 0x20:
			b.WriteByte('^')
			b.WriteByte(c + '@')
		case c == 0x7f:
			b.WriteString("^?")
		case c < 0x7f && (i+1 == len(s) || s[i+1] < 0x80):
			b.WriteByte(c)
		default:
			i += cluster(&b, s[i:])
			continue
		}
		i++
	}
	return b.String()
}

// cluster writes the first character of s with its marks, and says how many bytes
// of s that took.
func cluster(b *strings.Builder, s string) int {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		fmt.Fprintf(b, `\x%02x`, s[0])
		return 1
	}
	if letter, ok := flagLetter(r); ok {
		b.WriteByte(letter)
		return size
	}
	if w := ansi.StringWidth(s[:size]); r == '\u2028' || r == '\u2029' {
		b.WriteByte(' ')
		return size
	} else if hidden(r) || joins(r) || w == 0 || w != ansi.StringWidthWc(s[:size]) {
		escape(b, r)
		return size
	}
	b.WriteString(s[:size])
	whole, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	if len(whole) <= size {
		return size
	}
	return size + marks(b, s[:size], whole[size:])
}

// marks writes what follows base in its cluster, and says how many bytes of rest
// are dealt with: all but what can stand for itself.
func marks(b *strings.Builder, base, rest string) int {
	r, _ := utf8.DecodeRuneInString(base)
	if r >= 0x2190 && unicode.Is(unicode.So, r) { // skin, hair, family: the terminals' disagreement
		return len(rest)
	}
	kept, done := 0, 0
	sofar := base
	for _, m := range rest {
		n := utf8.RuneLen(m)
		if n < 0 || m == utf8.RuneError {
			return done
		}
		text := rest[done : done+n]
		switch next := sofar + text; {
		case unicode.Is(unicode.Variation_Selector, m):
		case !hidden(m) && unicode.In(m, unicode.Mn, unicode.Me) && same(next, base):
			if kept < maxMarks {
				b.WriteString(text)
				sofar = next
			}
			kept++
		default:
			escape(b, m)
			sofar = base
		}
		done += n
	}
	return done
}

// same says that a and b are equally wide, whatever a terminal measures by.
func same(a, b string) bool {
	w := ansi.StringWidth(b)
	return ansi.StringWidth(a) == w && ansi.StringWidthWc(a) == w
}

func escape(b *strings.Builder, r rune) {
	if r > 0xffff {
		fmt.Fprintf(b, `\U%08x`, r)
		return
	}
	fmt.Fprintf(b, `\u%04x`, r)
}

// flagLetter is the letter of a regional indicator.
func flagLetter(r rune) (byte, bool) {
	if r < 0x1f1e6 || r > 0x1f1ff {
		return 0, false
	}
	return byte('A' + r - 0x1f1e6), true
}

// joins says that a character becomes one with what stands before or after it: a
// mark alone, half a syllable's sign, a skin. Where scripts are young or rare the
// segmenter is asked, because it knows more of them than the unicode package.
func joins(r rune) bool {
	switch {
	case unicode.Is(unicode.M, r), r >= 0x1f3fb && r <= 0x1f3ff:
		return true
	case r >= 0x2190 && r < 0xd7b0 && (r < 0xa000 || r >= 0xac00), r >= 0xff01 && r <= 0xff9d, r >= 0x1f300 && r < 0x1fb00, r >= 0x20000 && r < 0x32000:
		return false
	}
	s := string(r)
	after, _ := ansi.FirstGraphemeCluster("a"+s, ansi.GraphemeWidth)
	before, _ := ansi.FirstGraphemeCluster(s+"a", ansi.GraphemeWidth)
	return len(after) > 1 || len(before) > len(s)
}

// hidden says that a character shows nothing, or changes what others show.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// Sequence is the length of the complete control sequence that s, which begins
// with ESC, starts with; 0 when there is none: Safe shows that ESC. It is for those
// who act on some of them, such as colours in a log.
func Sequence(s string) int {
	if len(s) < 3 {
		return 0
	}
	switch s[1] {
	case '[':
		i := 2
		for i < len(s) && s[i] >= 0x30 && s[i] <= 0x3f {
			i++
		}
		for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
			i++
		}
		if i < len(s) && s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
	case ']', 'P', 'X', '^', '_':
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == 0x07 && s[1] == ']':
				return i + 1
			case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] < 0x20 || s[i] == 0x7f:
				return 0
			}
		}
	}
	return 0
}
