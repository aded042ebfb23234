package chart

import (
	"math"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// Bar is one line of Bars.
type Bar struct {
	Label string
	Value float64
	Text  string // beside the bar; Value in four digits when empty
}

// Bars is horizontal bars from zero, one a row, the longest as wide as there is
// room. The first of a ranking is what matters, so Lead draws it in title.
type Bars struct {
	Bars []Bar
	Max  float64 // what fills the width; 0 is the largest value
	Lead bool
}

// Render is exactly w×h cells; bars that have no row are counted in the last.
func (b Bars) Render(th *theme.Theme, w, h int) string {
	lines := make([]string, 0, max(h, 0))
	label, text, most := b.measure(w)
	for i, bar := range b.Bars {
		if len(lines) == h-1 && len(b.Bars) > h {
			more := cell.NewLine(th, &th.Plain, w)
			more.Space(min(margin, w)).Put(th.Plain.Quiet, cell.Count(int64(len(b.Bars)-i), th.Glyph.ThinSpace)+" more")
			lines = append(lines, more.Render())
			break
		}
		l := cell.NewLine(th, &th.Plain, w)
		l.Space(min(margin, w)).Put(th.Plain.Text, cell.Fit(bar.Label, label, th.Glyph.Ellipsis)).Space(2)
		st, value := th.Plain.Dim, th.Plain.Text
		if b.Lead && i == 0 {
			st = th.Plain.Title
		}
		if !finite(bar.Value) {
			l.Put(th.Plain.Caution, th.Glyph.Caution+" "+bar.text())
			lines = append(lines, l.Render())
			continue
		}
		if n := length(bar.Value, most, w-margin-label-2-1-text); n > 0 {
			l.Put(st, repeat(th.Glyph.Bar, n)).Space(1)
		}
		l.Put(value, bar.text())
		lines = append(lines, l.Render())
	}
	return cell.Block(lines, w, h)
}

func (b Bars) measure(w int) (label, text int, most float64) {
	most = b.Max
	for _, bar := range b.Bars {
		label = max(label, cell.Width(cell.Safe(bar.Label)))
		text = max(text, cell.Width(cell.Safe(bar.text())))
		if b.Max == 0 && finite(bar.Value) {
			most = max(most, bar.Value)
		}
	}
	return min(label, max(w/3, 0)), text, most
}

func (b Bar) text() string {
	if b.Text != "" {
		return b.Text
	}
	return cell.Significant.Format(b.Value)
}

// length is a bar in cells; what is above nothing shows.
func length(v, most float64, w int) int {
	if !(v > 0) || !(most > 0) || w <= 0 {
		return 0
	}
	return min(max(int(math.Round(v/most*float64(w))), 1), w)
}

func repeat(glyph string, n int) string {
	b := make([]byte, 0, n*len(glyph))
	for range n {
		b = append(b, glyph...)
	}
	return string(b)
}
