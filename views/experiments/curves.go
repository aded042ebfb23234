package experiments

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/keys"
	"flightdeck/tui/widget/chart"
)

// Curves is the metrics of the chosen runs as lines, two metrics above each other
// where there is room.
type Curves struct {
	desk *Desk
	ctx  context.Context
	poke chan struct{}

	shown, wanted lines
	due           time.Time // when wanted is to be followed; zero when it is

	metric  string          // of the current chart; "" lets the data choose
	asked   string          // key of the run that was selected when metric was asked for
	offered []string        // the metrics to go through
	alone   bool            // they are those of the selected run, and only its kin is drawn
	pins    []string        // metrics whose charts stay, and stand first
	by      string          // x: byStep, byRelative, byTime or a metric's name
	logs    map[string]bool // metrics whose axis was decided
	charts  [mostCharts]*chart.Chart
	plots   []string // the metric of each that there is
	cur     int      // the chart that keys are about
	series  [mostCharts][]chart.Series
	curves  map[curveKey]*curve
	bands   map[bandKey]*band
	kept    map[bandKey]bool // those that are drawn

	stack []stacked // what the last Render showed, from the top
}

// curveKey names one line: a run's metric over an x.
type curveKey struct{ run, metric, by string }

// NewCurves makes the pane over the desk's selection.
func NewCurves(d *Desk) *Curves {
	v := &Curves{desk: d, poke: make(chan struct{}, 1), by: byStep, curves: map[curveKey]*curve{}, logs: map[string]bool{}, bands: map[bandKey]*band{}, kept: map[bandKey]bool{}}
	for i := range v.charts {
		v.charts[i] = chart.New(keys.Default())
		v.charts[i].Opt.Raw = true
	}
	return v
}

func (v *Curves) kind() string { return "Curves" }

// Title implements tui.View.
func (v *Curves) Title() tui.Title {
	if len(v.plots) == 0 {
		return tui.Title{Name: "charts"}
	}
	t := tui.Title{Name: v.plots[0], Of: "by " + v.by, Note: v.shown.note, Right: manner(v.charts[0])}
	if v.alone {
		t.Note = "of the selected run"
	}
	if slices.Contains(v.pins, v.plots[0]) {
		t.Note = strings.TrimPrefix(t.Note+", pinned", ", ")
	}
	return t
}

// manner is how a chart is drawn, in words.
func manner(c *chart.Chart) string {
	var words []string
	if c.Opt.Smooth > 0 {
		words = append(words, fmt.Sprintf("smooth %.2g", c.Opt.Smooth))
	}
	if c.Opt.LogX {
		words = append(words, "log x")
	}
	if c.Opt.LogY {
		words = append(words, "log")
	}
	if c.Zoomed() {
		words = append(words, "zoomed")
	}
	return strings.Join(words, ", ")
}

// Open implements tui.View.
func (v *Curves) Open(ctx context.Context) <-chan struct{} {
	v.ctx = ctx
	clear(v.curves) // their watches ended with the pane
	clear(v.bands)
	v.desk.chosen.Watch(ctx, v.poke)
	v.shown, v.wanted, v.due = lines{}, lines{}, time.Time{}
	return v.poke
}

// Refresh implements tui.View.
func (v *Curves) Refresh() {
	w := v.desk.lines()
	switch {
	case w.same(v.shown), len(v.shown.runs) == 0: // the same lines, with newer data
		v.shown, v.due = w, time.Time{}
	case v.due.IsZero() || !w.same(v.wanted):
		v.due = v.desk.now.Add(settle)
	}
	v.wanted = w
	v.plot()
}

// Soon implements tui.Soon.
func (v *Curves) Soon() time.Time { return v.due }

// Key implements tui.Keys; all charts read at the same x.
func (v *Curves) Key(msg tea.KeyPressMsg) bool {
	taken := v.charts[v.cur].Key(msg)
	v.share(v.cur)
	return taken
}

// Hover implements tui.Hover: the crosshair follows the mouse.
func (v *Curves) Hover() bool { return len(v.plots) > 0 }

// Mouse implements tui.Mouse.
func (v *Curves) Mouse(msg tea.MouseMsg, x, y int) bool {
	for _, s := range slices.Backward(v.stack) {
		if y < s.top {
			continue
		}
		taken := v.charts[s.chart].Mouse(msg, x, y-s.top)
		if taken {
			v.share(s.chart)
		}
		return taken
	}
	return false
}

// share gives the other charts the crosshair of one.
func (v *Curves) share(from int) {
	x, on := v.charts[from].Crosshair()
	for i, c := range v.charts {
		if i != from {
			c.SetCrosshair(x, on)
		}
	}
}

// Render implements tui.View. It is where the curves follow the selection once it
// has rested: the frame's clock is the only one that a view may read.
func (v *Curves) Render(f tui.Frame) string {
	v.desk.now = f.Now
	if !v.due.IsZero() && !f.Now.Before(v.due) {
		v.shown, v.due = v.wanted, time.Time{}
		v.plot()
	}
	if len(v.plots) == 0 {
		if len(v.shown.runs) == 0 {
			return sentence(f, "no curves: no run is selected")
		}
		return sentence(f, "no curves: nothing has been logged yet")
	}
	for _, c := range v.charts {
		c.Opt.Zone = f.Now.Location()
	}
	v.stack = pile(v.stack, len(v.plots), v.cur, f.H)
	var drawn []string
	for i, s := range v.stack {
		if i > 0 {
			drawn = append(drawn, rule(v, f, s.chart))
		}
		drawn = append(drawn, v.charts[s.chart].Render(f.Theme, f.W, s.rows))
	}
	return strings.Join(drawn, "\n")
}
