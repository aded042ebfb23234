package cell

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const blanks = "                                                                                                                                "

// Blank is n spaces, without an allocation up to the width of most terminals.
func Blank(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

// Width is how many cells s takes; control sequences take none.
func Width(s string) int {
	n := 0
	for _, r := range s {
		if !simple(r) {
			return ansi.StringWidth(s)
		}
		n++
	}
	return n
}

// Fit is s made safe, in exactly w cells: blanks after it, or cut with the
// theme's ellipsis.
func Fit(s string, w int, ellipsis string) string {
	s, n := Cut(s, w, ellipsis)
	return s + Blank(w-n)
}

// Right is Fit with the blanks in front.
func Right(s string, w int, ellipsis string) string {
	s, n := Cut(s, w, ellipsis)
	return Blank(w-n) + s
}

// Cut is s made safe, in at most w cells, and how many it took.
func Cut(s string, w int, ellipsis string) (string, int) {
	s = Safe(s)
	if w <= 0 {
		return "", 0
	}
	n := Width(s)
	if n <= w {
		return s, n
	}
	e := Width(ellipsis)
	if e > w {
		ellipsis, e = "", 0
	}
	head, n := prefix(s, w-e)
	return head + ellipsis, n + e
}

// prefix is as much of safe text as fits into w cells, and its width.
func prefix(s string, w int) (string, int) {
	i, n := 0, 0
	for i < len(s) && n <= w {
		if c := s[i]; c < utf8.RuneSelf && (i+1 == len(s) || s[i+1] < utf8.RuneSelf) {
			if n == w {
				break
			}
			i, n = i+1, n+1
			continue
		}
		g, gw := ansi.FirstGraphemeCluster(s[i:], ansi.GraphemeWidth)
		if n+gw > w || g == "" {
			break
		}
		i, n = i+len(g), n+gw
	}
	return s[:i], n
}

// Block is lines as exactly w×h cells, joined by newlines: padded with blanks,
// clipped where too long. The lines may be styled and must be safe.
func Block(lines []string, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	var b strings.Builder
	b.Grow(h * (w + 16))
	for i := range h {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i >= len(lines) {
			b.WriteString(Blank(w))
			continue
		}
		clip(&b, lines[i], w)
	}
	return b.String()
}

// clip writes a styled line in exactly w cells.
func clip(b *strings.Builder, line string, w int) {
	n := Width(line)
	if n > w {
		line = ansi.Truncate(line, w, "")
		n = Width(line)
	}
	b.WriteString(line)
	b.WriteString(Blank(w - n))
}

// Wrap breaks s, made safe line by line, at words so that no line is wider than
// w. A word that is wider is broken where it must. Empty lines are kept.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		out = wrapLine(out, Safe(line), w)
	}
	return out
}

func wrapLine(out []string, s string, w int) []string {
	for {
		head, _ := prefix(s, w)
		if len(head) == len(s) {
			return append(out, s)
		}
		if head == "" { // a wide sign in a single cell
			_, size := utf8.DecodeRuneInString(s)
			s = s[size:]
			continue
		}
		if i := strings.LastIndexByte(head, ' '); s[len(head)] != ' ' && i > 0 && strings.TrimSpace(head[:i]) != "" {
			head = head[:i]
		}
		out = append(out, strings.TrimRight(head, " "))
		s = strings.TrimLeft(s[len(head):], " ")
	}
}
