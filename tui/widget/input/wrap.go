package input

// Span is one visual row of a text: the runes from From up to To.
type Span struct{ From, To int }

// Rows breaks text at newlines, and at words where a line is wider than w; the
// blank at which it broke hangs over the end of its row. There is always at least
// one row.
func Rows(text []rune, w int) []Span {
	w = max(w, 1)
	var out []Span
	from, n, space := 0, 0, -1
	for i := 0; i < len(text); i++ {
		r := text[i]
		if r == '\n' {
			out = append(out, Span{from, i})
			from, n, space = i+1, 0, -1
			continue
		}
		rw := runeWidth(r)
		if n+rw > w && i > from {
			cut := i
			switch {
			case r == ' ':
				cut = i + 1
			case space > from:
				cut = space
			}
			out = append(out, Span{from, cut})
			from, n, space = cut, width(text[cut:max(cut, i)]), -1
			if cut > i {
				continue
			}
		}
		n += rw
		if r == ' ' {
			space = i + 1
		}
	}
	return append(out, Span{from, len(text)})
}

// RowOf is the visual row and the column of a rune.
func RowOf(text []rune, rows []Span, pos int) (row, col int) {
	for i, s := range rows {
		last := i == len(rows)-1
		if pos <= s.To && (last || pos < rows[i+1].From) {
			return i, width(text[s.From:max(pos, s.From)])
		}
	}
	return len(rows) - 1, 0
}

// PosAt is the rune at a column of a visual row.
func PosAt(text []rune, s Span, col int) int {
	n := 0
	for i := s.From; i < s.To; i++ {
		rw := runeWidth(text[i])
		if n+rw > col {
			return i
		}
		n += rw
	}
	return s.To
}
