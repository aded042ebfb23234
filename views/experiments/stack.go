package experiments

import (
	"slices"
	"strings"

	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// mostCharts is how many charts there are at most: pinned ones and the current.
const mostCharts = 6

// stacked is a chart and its rows in the pane.
type stacked struct{ chart, top, rows int }

// pile shares h rows among n charts: the first, and as many others as can be read,
// the current one among them. Of two, the first has two thirds.
func pile(buf []stacked, charts, cur, h int) []stacked {
	n := 1
	if h >= 14 {
		n = min(charts, max(2, (h+1)/9))
	}
	buf = buf[:0]
	top := 0
	for i := range n {
		c, rows := i, (h-(n-1))/n
		if i == n-1 && cur >= n {
			c = cur
		}
		switch {
		case n == 2 && i == 1:
			rows = h / 3
		case n == 2:
			rows = h - h/3 - 1
		case i == 0:
			rows += (h - (n - 1)) % n
		}
		buf = append(buf, stacked{chart: c, top: top, rows: rows})
		top += rows + 1
	}
	return buf
}

// rule is the line with a lower chart's metric, as the shell draws a pane's.
func rule(v *Curves, f tui.Frame, i int) string {
	set, g := &f.Theme.Plain, f.Theme.Glyph
	name := set.Text
	if i == v.cur && f.Focused {
		name = set.Selected
	}
	l := cell.NewLine(f.Theme, set, f.W).Put(set.Faint, g.Rule).Space(1).Put(name, v.plots[i]).Space(1).Put(set.Dim, "by "+v.by).Space(1)
	if slices.Contains(v.pins, v.plots[i]) {
		l.Space(1).Put(set.Dim, "pinned").Space(1)
	}
	right := manner(v.charts[i])
	end := f.W
	if n := cell.Width(right) + 3; right != "" && l.Len()+n < f.W {
		end -= n
	} else {
		right = ""
	}
	l.Put(set.Faint, strings.Repeat(g.Rule, max(0, end-l.Len())))
	if right != "" {
		l.Space(1).Put(set.Quiet, right).Space(1).Put(set.Faint, g.Rule)
	}
	return l.Render()
}

// pin keeps the current chart among the first, or lets it go.
func (v *Curves) pin() {
	if len(v.plots) == 0 {
		return
	}
	m := v.plots[v.cur]
	switch at := slices.Index(v.pins, m); {
	case at >= 0:
		v.pins, v.metric = slices.Delete(v.pins, at, at+1), m
	case len(v.pins) < mostCharts-1:
		v.pins = append(v.pins, m)
		v.metric = m
	}
	v.plot()
}

// choose picks metrics out of all: the pinned ones, and the current one, which is what the
// user asked for, else the first loss of the common ones. Where that is one chart, what is judged by
// is a second.
func choose(all []string, common int, pins []string, metric string) (plots []string, cur int) {
	if len(all) == 0 {
		return nil, 0
	}
	for _, m := range pins {
		if slices.Contains(all, m) {
			plots = append(plots, m)
		}
	}
	now := all[0]
	if slices.Contains(all, metric) {
		now = metric
	} else if i := slices.IndexFunc(all, lowerIsBetter); i >= 0 && i < max(common, 1) {
		now = all[i]
	}
	if !slices.Contains(plots, now) {
		plots = append(plots, now)
	}
	if len(plots) == 1 {
		if i := slices.IndexFunc(all, func(m string) bool { return m != now }); i >= 0 {
			plots = append(plots, all[i])
		}
	}
	return plots, slices.Index(plots, now)
}
