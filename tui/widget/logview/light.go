package logview

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// light marks where the expression matches, whatever pieces that runs over.
func light(pieces []piece, re *regexp.Regexp, match theme.Style) []piece {
	if re == nil {
		return pieces
	}
	var all strings.Builder
	for _, p := range pieces {
		all.WriteString(p.text)
	}
	spans := re.FindAllStringIndex(all.String(), -1)
	if len(spans) == 0 {
		return pieces
	}
	for _, s := range spans { // a mark stays with its letter
		s[0], s[1] = behindMarks(all.String(), s[0]), behindMarks(all.String(), s[1])
	}
	var out []piece
	at := 0
	for _, p := range pieces {
		out, spans = split(out, p, at, spans, match)
		at += len(p.text)
	}
	return out
}

func behindMarks(s string, i int) int {
	for i > 0 && i < len(s) && s[i] >= 0x80 {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			break
		}
		i += size
	}
	return i
}

// split cuts a piece that begins at byte at where matches begin and end.
func split(out []piece, p piece, at int, spans [][]int, match theme.Style) ([]piece, [][]int) {
	end := at + len(p.text)
	add := func(to int, hit bool) {
		if to <= at {
			return
		}
		q := p
		q.text = p.text[len(p.text)-(end-at) : len(p.text)-(end-to)]
		q.w = cell.Width(q.text)
		if hit {
			q.st, q.sgr = match, sgr{}
		}
		out = append(out, q)
		at = to
	}
	for len(spans) > 0 && spans[0][0] < end {
		add(min(max(spans[0][0], at), end), false)
		add(min(spans[0][1], end), true)
		if spans[0][1] > end {
			break
		}
		spans = spans[1:]
	}
	add(end, false)
	return out, spans
}
