package cell

import (
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
)

// Align is where text stands in its cells.
type Align uint8

// Words stand at the left, numbers at the right.
const (
	AlignLeft Align = iota
	AlignRight
)

// Line is one row of cells as it is put together: pieces of text, each in a
// style. It is meant to be reused (Reset) and makes no copies of what it is given.
//
//	l := cell.NewLine(f.Theme, &f.Theme.Plain, f.W)
//	l.Space(2).Put(l.Set.Title, run.Name).Fill(20).Put(l.Set.Dim, "finished")
//	row := l.Render() // exactly f.W cells
type Line struct {
	Theme *theme.Theme
	Set   *theme.Set // the styles on this row's background
	W     int        // the cells that are there

	parts []part
	n     int         // cells so far, over W when too long
	ink   int         // cells up to the last that is not blank
	pad   theme.Style // of blanks
}

type part struct {
	style theme.Style
	text  string
	w     int
	raw   bool
}

// NewLine is an empty line of w cells.
func NewLine(th *theme.Theme, set *theme.Set, w int) *Line {
	l := &Line{}
	l.Reset(th, set, w)
	return l
}

// Reset empties the line for another use.
func (l *Line) Reset(th *theme.Theme, set *theme.Set, w int) {
	l.Theme, l.Set, l.W, l.parts, l.n, l.ink = th, set, w, l.parts[:0], 0, 0
	l.pad = Padding(th, set)
}

// Padding is the style of blanks in a set: none on the terminal's own background.
func Padding(th *theme.Theme, set *theme.Set) theme.Style {
	if set.Text == th.Plain.Text {
		return theme.Style{}
	}
	return set.Text
}

// Len is the cells put so far; it may be more than W.
func (l *Line) Len() int { return l.n }

// Put appends text, made safe, in a style.
func (l *Line) Put(st theme.Style, text string) *Line {
	text = Safe(text)
	return l.add(part{style: st, text: text, w: Width(text)})
}

// Raw appends what is already drawn and w cells wide: a chart's row, another
// line. It is not made safe.
func (l *Line) Raw(drawn string, w int) *Line {
	return l.add(part{text: drawn, w: w, raw: true})
}

// Space appends n blank cells.
func (l *Line) Space(n int) *Line {
	if n <= 0 {
		return l
	}
	l.parts = append(l.parts, part{style: l.pad, text: Blank(n), w: n})
	l.n += n
	return l
}

// Fill appends blanks until col; nothing when the line is already there.
func (l *Line) Fill(col int) *Line { return l.Space(col - l.n) }

// Mark appends a glyph in its colour, a blank and the word that says the same.
func (l *Line) Mark(glyph theme.Style, sign string, word theme.Style, text string) *Line {
	return l.Put(glyph, sign).Space(1).Put(word, text)
}

// Bar appends a share of a whole (0 to 1; NaN is none) as w cells. Any share above
// nothing shows, and only the whole fills all.
func (l *Line) Bar(full theme.Style, share float64, w int) *Line {
	n := barCells(share, w)
	return l.Put(full, strings.Repeat(l.Theme.Glyph.Bar, n)).Put(l.Set.Faint, strings.Repeat(l.Theme.Glyph.BarEmpty, max(w-n, 0)))
}

func barCells(share float64, w int) int {
	if !(share > 0) || w <= 0 {
		return 0
	}
	if share >= 1 {
		return w
	}
	return max(int(share*float64(w)), 1)
}

// Metric appends a value in its column's convention: NaN and infinities are a
// caution, an absent value is the sign for unknown.
func (l *Line) Metric(v float64, known bool, f Figures) *Line {
	switch {
	case !known:
		return l.Put(l.Set.Quiet, l.Theme.Glyph.Unknown)
	case math.IsNaN(v) || math.IsInf(v, 0):
		return l.Put(l.Set.Caution, f.Format(v))
	}
	return l.Put(l.Set.Text, f.Format(v))
}

// Ends appends other so that it ends where the line does. What is too long in l
// gives way; at least one blank stays between the two.
func (l *Line) Ends(other *Line) *Line {
	at := l.W - other.n
	if l.ink >= at && at > 0 {
		var b strings.Builder
		l.Write(&b, at-1, AlignLeft)
		l.parts, l.n, l.ink = l.parts[:0], 0, 0
		l.Raw(b.String(), at-1)
	}
	if l.n > at { // only blanks are over
		l.trim(max(at, 0))
	}
	l.Fill(at)
	for _, p := range other.parts {
		l.add(p)
	}
	return l
}

// trim drops blank parts at the end until the line has at most w cells.
func (l *Line) trim(w int) {
	for l.n > w && len(l.parts) > 0 {
		p := &l.parts[len(l.parts)-1]
		cut := min(p.w, l.n-w)
		p.w -= cut
		l.n -= cut
		if p.w == 0 || p.raw {
			l.n -= p.w
			l.parts = l.parts[:len(l.parts)-1]
			continue
		}
		p.text, _ = prefix(p.text, p.w)
	}
	l.ink = min(l.ink, l.n)
}

func (l *Line) add(p part) *Line {
	if p.text == "" {
		return l
	}
	l.parts = append(l.parts, p)
	l.n += p.w
	if p.raw || strings.TrimRight(p.text, " ") != "" {
		l.ink = l.n
	}
	return l
}

// Render is the line in exactly W cells.
func (l *Line) Render() string {
	var b strings.Builder
	b.Grow(l.W + 24*len(l.parts))
	l.Write(&b, l.W, AlignLeft)
	return b.String()
}

// Write appends the line to b in exactly w cells, cut with the theme's ellipsis.
func (l *Line) Write(b *strings.Builder, w int, a Align) {
	if w <= 0 {
		return
	}
	if a == AlignRight && l.n < w {
		l.pad.To(b, Blank(w-l.n))
	}
	if l.ink > w {
		l.writeCut(b, w)
		return
	}
	left := w
	for _, p := range l.parts {
		if p.w > left { // blanks only
			p.text, p.w = Blank(left), left
		}
		p.to(b)
		left -= p.w
	}
	if a == AlignLeft || l.n > w {
		l.pad.To(b, Blank(left))
	}
}

func (p part) to(b *strings.Builder) {
	if p.raw {
		b.WriteString(p.text)
		return
	}
	p.style.To(b, p.text)
}

// writeCut writes what fits before the ellipsis, and the ellipsis in the style of
// what it cuts.
func (l *Line) writeCut(b *strings.Builder, w int) {
	ellipsis := l.Theme.Glyph.Ellipsis
	e := Width(ellipsis)
	if e > w {
		ellipsis, e = "", 0
	}
	left := w - e
	for _, p := range l.parts {
		if p.w <= left {
			p.to(b)
			left -= p.w
			continue
		}
		if p.raw {
			clip(b, ansi.Truncate(p.text, left, ""), left)
			l.pad.To(b, ellipsis)
			return
		}
		head, n := prefix(p.text, left)
		p.style.To(b, head+ellipsis)
		l.pad.To(b, Blank(left-n))
		return
	}
}
