package chart

import (
	"math"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/canvas"
)

// Strip is one line of a Heat: values over time, oldest first.
type Strip struct {
	Label  string
	Values []float64
}

// Heat is many series over the same time, one a row, darker where the value is
// higher: every GPU and core of a machine in a few lines.
type Heat struct {
	Strips  []Strip
	Lo, Hi  float64 // what is lightest and darkest; the data's range when Lo == Hi
	Unit    string
	Oldest  string // below the first column, and below the last
	Newest  string
	Caution float64 // from here on a cell is drawn in caution; 0 is never
}

// Render is exactly w×h cells. The last row says what the signs mean; strips that
// have no row are counted there. Columns are means; one without a finite value is
// the caution sign.
func (t Heat) Render(th *theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	var cv canvas.Canvas
	cv.Reset(w, h)
	left, label, value := t.columns(w)
	lo, hi := t.span()
	room := w - left - label - value
	rows := len(t.Strips)
	if h > 1 {
		rows = min(rows, h-1)
	}
	for y := range min(rows, h) {
		s := t.Strips[y]
		name, _ := cell.Cut(s.Label, max(label-1, 0), th.Glyph.Ellipsis)
		cv.Text(left, y, name, th.Plain.Text)
		for x, v := range Columns(s.Values, room) {
			t.sign(&cv, th, left+label+x, y, v, lo, hi)
		}
		if n := len(s.Values); n > 0 && value > 0 {
			st := th.Plain.Text
			if v := s.Values[n-1]; !finite(v) || t.hot(v) {
				st = th.Plain.Caution
			}
			cv.Text(left+label+room+1, y, cell.Right(t.text(s.Values[n-1]), value-1, ""), st)
		}
	}
	if h > 1 {
		t.legend(&cv, th, h-1, left, label, room, len(t.Strips)-rows, lo, hi)
	}
	return cv.String()
}

// columns is the width of the margin, of the labels and of the newest values.
func (t Heat) columns(w int) (left, label, value int) {
	for _, s := range t.Strips {
		label = max(label, cell.Width(cell.Safe(s.Label))+1)
		if n := len(s.Values); n > 0 {
			value = max(value, cell.Width(t.text(s.Values[n-1]))+1)
		}
	}
	if w >= 24 {
		left = margin
	} else {
		value = 0
	}
	return left, min(label, w/3), min(value, w/4)
}

func (t Heat) text(v float64) string {
	if math.Abs(v) >= 1 && math.Abs(v) < 1e5 || v == 0 {
		return cell.Whole.Format(v)
	}
	return cell.Significant.Format(v)
}

func (t Heat) span() (lo, hi float64) {
	if t.Lo != t.Hi {
		return t.Lo, t.Hi
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range t.Strips {
		if a, b, ok := extremes(s.Values); ok {
			lo, hi = min(lo, a), max(hi, b)
		}
	}
	if lo > hi {
		return 0, 1
	}
	return lo, hi
}

func (t Heat) hot(v float64) bool { return t.Caution != 0 && v >= t.Caution }

func (t Heat) sign(cv *canvas.Canvas, th *theme.Theme, x, y int, v, lo, hi float64) {
	switch signs := th.Glyph.Heat; {
	case !finite(v):
		cv.Glyph(x, y, th.Glyph.Caution, th.Plain.Caution)
	case t.hot(v):
		cv.Glyph(x, y, signs[len(signs)-1], th.Plain.Caution)
	default:
		cv.Glyph(x, y, signs[rung(share(v, lo, hi), len(signs))], th.Plain.Dim)
	}
}

func (t Heat) legend(cv *canvas.Canvas, th *theme.Theme, y, left, label, room, more int, lo, hi float64) {
	x := left + label
	if more > 0 {
		text, _ := cell.Cut(cell.Count(int64(more), th.Glyph.ThinSpace)+" more", max(label-1, 0), th.Glyph.Ellipsis)
		cv.Text(left, y, text, th.Plain.Quiet)
	}
	end := x
	if t.Oldest != "" {
		end += cv.Text(x, y, t.Oldest, th.Plain.Dim) + 2
	}
	newest, n := cell.Cut(t.Newest, room, th.Glyph.Ellipsis)
	from := x + room - n
	if from > end {
		cv.Text(from, y, newest, th.Plain.Dim)
	} else {
		from = x + room
	}
	scale := t.text(lo) + " "
	for _, g := range th.Glyph.Heat {
		scale += g
	}
	scale += " " + t.text(hi)
	if t.Unit != "" {
		scale += " " + t.Unit
	}
	if at := end + (from-end-cell.Width(cell.Safe(scale)))/2; at >= end && at+cell.Width(cell.Safe(scale)) < from {
		cv.Text(at, y, scale, th.Plain.Quiet)
	}
}
