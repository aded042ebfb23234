package chart

import (
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// Sparkline is values in exactly w cells, from their least to their largest, as
// plain text for whoever styles the row. More values than cells become means; fewer
// stand at the left. NaN is the caution sign, and values that never differ are
// level in the middle.
func Sparkline(th *theme.Theme, values []float64, w int) string {
	cols := Columns(values, w)
	lo, hi, _ := extremes(cols)
	var b strings.Builder
	for _, v := range cols {
		if !finite(v) {
			b.WriteString(th.Glyph.Caution)
			continue
		}
		b.WriteString(th.Glyph.Spark[rung(share(v, lo, hi), len(th.Glyph.Spark))])
	}
	b.WriteString(cell.Blank(w - len(cols)))
	return b.String()
}
