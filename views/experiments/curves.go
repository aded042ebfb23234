package experiments

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/keys"
	"flightdeck/tui/widget/cell"
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

	metric string          // of the upper chart; "" lets the data choose
	by     string          // x: byStep, byRelative, byTime or a metric's name
	logs   map[string]bool // metrics whose axis was decided
	charts [2]*chart.Chart
	plots  [2]string // the metric of each
	series [2][]chart.Series
	curves map[curveKey]*curve

	split int // rows of the upper chart at the last Render; 0 when it is alone
}

// curveKey names one line: a run's metric over an x.
type curveKey struct{ run, metric, by string }

// NewCurves makes the pane over the desk's selection.
func NewCurves(d *Desk) *Curves {
	v := &Curves{desk: d, poke: make(chan struct{}, 1), by: byStep, curves: map[curveKey]*curve{}, logs: map[string]bool{}}
	for i := range v.charts {
		v.charts[i] = chart.New(keys.Default())
		v.charts[i].Opt.Raw = true
	}
	return v
}

// Title implements tui.View.
func (v *Curves) Title() tui.Title {
	t := tui.Title{Name: "Curves", Right: manner(v.charts[0])}
	if v.plots[0] != "" {
		t.Name, t.Of, t.Note = v.plots[0], "by "+v.by, v.shown.note
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

// Key implements tui.Keys; both charts read at the same x.
func (v *Curves) Key(msg tea.KeyPressMsg) bool {
	taken := v.charts[0].Key(msg)
	v.share(0)
	return taken
}

// Hover implements tui.Hover: the crosshair follows the mouse.
func (v *Curves) Hover() bool { return v.plots[0] != "" }

// Mouse implements tui.Mouse.
func (v *Curves) Mouse(msg tea.MouseMsg, x, y int) bool {
	i, dy := 0, 0
	if v.split > 0 && y > v.split {
		i, dy = 1, v.split+1
	}
	taken := v.charts[i].Mouse(msg, x, y-dy)
	if taken {
		v.share(i)
	}
	return taken
}

// share gives the other chart the crosshair of one.
func (v *Curves) share(from int) {
	x, on := v.charts[from].Crosshair()
	v.charts[1-from].SetCrosshair(x, on)
}

// Render implements tui.View. It is where the curves follow the selection once it
// has rested: the frame's clock is the only one that a view may read.
func (v *Curves) Render(f tui.Frame) string {
	v.desk.now, v.split = f.Now, 0
	if !v.due.IsZero() && !f.Now.Before(v.due) {
		v.shown, v.due = v.wanted, time.Time{}
		v.plot()
	}
	if v.plots[0] == "" {
		if len(v.shown.runs) == 0 {
			return sentence(f, "no curves: no run is selected")
		}
		return sentence(f, "no curves: nothing has been logged yet")
	}
	for _, c := range v.charts {
		c.Opt.Zone = f.Now.Location()
	}
	if v.plots[1] == "" || f.H < 14 {
		return v.charts[0].Render(f.Theme, f.W, f.H)
	}
	lower := f.H / 3
	v.split = f.H - lower - 1
	return v.charts[0].Render(f.Theme, f.W, v.split) + "\n" + v.rule(f) + "\n" + v.charts[1].Render(f.Theme, f.W, lower)
}

// rule is the line with the lower chart's metric, as the shell draws a pane's.
func (v *Curves) rule(f tui.Frame) string {
	set, g := &f.Theme.Plain, f.Theme.Glyph
	l := cell.NewLine(f.Theme, set, f.W).Put(set.Faint, g.Rule).Space(1).Put(set.Text, v.plots[1]).Space(1).Put(set.Dim, "by "+v.by).Space(1)
	right := manner(v.charts[1])
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
