package logview

import (
	"math"
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// rower draws the rows of one line.
type rower struct {
	s        *sheet
	th       *theme.Theme
	set      *theme.Set
	pad      theme.Style
	line     *Line
	cols     columns
	selected bool
}

// pieces is the text, the search's matches in it, and a mark where it goes on in
// another line.
func (r *rower) pieces(limit int) []piece {
	out := light(r.s.content(r.line, r.th, r.set, limit), r.s.find.light, r.set.Match)
	if r.line.Partial {
		mark := sign(r.th, "↩", "\\")
		out = append(out, piece{text: mark, w: cell.Width(mark), st: r.set.Quiet})
	}
	return out
}

func (r *rower) loss() string {
	var b strings.Builder
	r.blank(&b, r.cols.gutter)
	unit := " lines lost"
	if r.line.Skipped == 1 {
		unit = " line lost"
	}
	l := cell.NewLine(r.th, r.set, r.s.w-r.cols.gutter)
	g := r.th.Glyph
	l.Put(r.set.Caution, g.Ellipsis+" "+cell.Count(r.line.Skipped, g.ThinSpace)+unit)
	b.WriteString(l.Render())
	return b.String()
}

// cut is the one row of a line that does not wrap: as much as fits, from the cell
// that the view is scrolled to.
func (r *rower) cut() string {
	var b strings.Builder
	r.head(&b, true)
	x, w := r.s.x, r.cols.text
	rest := r.pieces(x + w + 1)
	rest, pad := drop(rest, x)
	r.blank(&b, min(pad, w))
	left := w - min(pad, w)
	total := 0
	for _, p := range rest {
		total += p.w
	}
	if total <= left {
		for _, p := range rest {
			r.write(&b, p)
		}
		r.blank(&b, left-total)
		return b.String()
	}
	row, _, n := take(rest, left-1)
	for _, p := range row {
		r.write(&b, p)
	}
	r.blank(&b, left-1-n)
	r.set.Quiet.To(&b, r.th.Glyph.Ellipsis)
	return b.String()
}

// wrap is all rows of a line. A sign that is wider than the row stands as an ellipsis.
func (r *rower) wrap() []string {
	var rows []string
	rest := r.pieces(math.MaxInt)
	for first := true; first || len(rest) > 0; first = false {
		var row []piece
		var n int
		row, rest, n = take(rest, r.cols.text)
		if n == 0 && len(rest) > 0 {
			rest, _ = drop(rest, 1)
			row, n = []piece{{text: r.th.Glyph.Ellipsis, w: 1, st: r.set.Quiet}}, 1
		}
		var b strings.Builder
		r.head(&b, first)
		for _, p := range row {
			r.write(&b, p)
		}
		r.blank(&b, r.cols.text-n)
		rows = append(rows, b.String())
	}
	return rows
}

func (r *rower) blank(b *strings.Builder, n int) { r.pad.To(b, cell.Blank(n)) }

func (r *rower) write(b *strings.Builder, p piece) {
	open := p.sgr.open()
	if open == "" || r.selected {
		p.st.To(b, p.text)
		return
	}
	b.WriteString(open)
	b.WriteString(p.text)
	b.WriteString("\x1b[m")
}

// head is what stands before the text; on the further rows of a line it is blank.
func (r *rower) head(b *strings.Builder, first bool) {
	if r.cols.gutter > 0 {
		r.gutter(b, first)
	}
	if !first {
		r.blank(b, r.cols.time+r.cols.source)
		return
	}
	if n := r.cols.time; n > 0 {
		r.set.Quiet.To(b, cell.Right(r.s.timeText(r.line.Time, r.th), n-1, r.th.Glyph.Ellipsis))
		r.blank(b, 1)
	}
	if n := r.cols.source; n > 0 {
		r.set.Series[r.s.series(r.line.Source)%len(r.set.Series)].To(b, cell.Fit(r.line.Source, n-2, r.th.Glyph.Ellipsis))
		r.blank(b, 2)
	}
}

// gutter is the mark of the selection, and else of a line that wants to be seen.
func (r *rower) gutter(b *strings.Builder, first bool) {
	st, mark := r.set.Selected, " "
	switch {
	case r.line.Level == LevelError:
		st, mark = r.set.Warning, r.th.Glyph.Warning
	case r.line.Level == LevelWarn:
		st, mark = r.set.Caution, r.th.Glyph.Caution
	}
	if r.selected {
		mark = r.th.Glyph.Here
	} else if !first || mark == " " {
		r.blank(b, 2)
		return
	}
	st.To(b, mark)
	r.blank(b, 1)
}

// take is the pieces that fit into w cells, the others, and how many cells it took.
// The others share memory with pieces, which is used up.
func take(pieces []piece, w int) (row, rest []piece, n int) {
	for i, p := range pieces {
		if n+p.w <= w {
			n += p.w
			continue
		}
		row, rest = pieces[:i:i], pieces[i:]
		head, hw := cell.Cut(p.text, w-n, "")
		if head != "" {
			q := p
			q.text, q.w = head, hw
			row = append(row, q)
			n += hw
			rest[0].text, rest[0].w = p.text[len(head):], p.w-hw
		}
		return row, rest, n
	}
	return pieces, nil, n
}

// drop is the pieces without their first w cells; pad is the cells that a wide sign
// cut in two leaves.
func drop(pieces []piece, w int) (rest []piece, pad int) {
	if w <= 0 {
		return pieces, 0
	}
	_, rest, n := take(pieces, w)
	if n == w || len(rest) == 0 {
		return rest, 0
	}
	for more := w - n + 1; ; more++ { // the sign that stands across the edge
		sign, hw := cell.Cut(rest[0].text, more, "")
		if sign == "" {
			continue
		}
		rest[0].text, rest[0].w = rest[0].text[len(sign):], rest[0].w-hw
		return rest, n + hw - w
	}
}
