package experiments

import (
	"context"
	"math"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/keys"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart"
	"flightdeck/tui/widget/chart/axis"
)

// system is what the run's processes used of the machine: a line for each figure,
// and the chosen one as a chart.
type system struct {
	desk *Desk
	poke chan struct{}
	ctx  context.Context
	run  *backends.Run

	keys    []string
	at      int
	rows    int // of figures in the last frame
	handles map[string]*hub.Handle[*backends.History]
	strips  bool // each figure as heat over time, else as a line
	line    *curve
	chart   *chart.Chart
}

func newSystem(d *Desk, poke chan struct{}) *system {
	p := &system{desk: d, poke: poke, chart: chart.New(keys.Default())}
	p.chart.Opt = chart.Options{X: axis.Elapsed, XName: "after", Pad: .1}
	return p
}

func (p *system) subject(c Chosen) []*backends.Run { return one(c.Run) }

func (p *system) follow(ctx context.Context, _ []*backends.Run) {
	p.ctx, p.handles, p.line = ctx, map[string]*hub.Handle[*backends.History]{}, nil
}

func (p *system) refresh(runs []*backends.Run) {
	if p.run, p.keys = nil, p.keys[:0]; len(runs) == 0 {
		return
	}
	p.run = runs[0]
	for i := range p.run.Metrics {
		if k := p.run.Metrics[i].Key; strings.HasPrefix(k, systemMetric) {
			p.keys = append(p.keys, k)
			if p.handles[k] == nil {
				p.handles[k] = p.desk.history(p.ctx, p.poke, p.run, k)
			}
		}
	}
	p.at = max(0, min(p.at, len(p.keys)-1))
	if len(p.keys) > 0 {
		p.draw(p.keys[p.at])
	}
}

// draw puts a figure into the chart.
func (p *system) draw(key string) {
	if p.line == nil || p.line.y != p.handles[key] {
		p.line = &curve{by: byRelative, start: p.run.Start, y: p.handles[key], leave: func() {}}
		p.chart.Fit()
	}
	p.chart.Opt.Unit = unit(key)
	p.chart.SetSeries([]chart.Series{{Key: key, Name: label(key), Color: p.desk.colour(p.run), Data: p.line.data(), Selected: true}})
}

// choose goes to another figure.
func (p *system) choose(at int) {
	if at >= 0 && at < len(p.keys) {
		p.at = at
		p.draw(p.keys[at])
	}
}

// label is a system metric in words: its unit stands in a column of its own.
func label(key string) string {
	s := strings.TrimPrefix(key, systemMetric)
	for _, u := range []string{"_percentage", "_megabytes", "_watts"} {
		s = strings.TrimSuffix(s, u)
	}
	return strings.ReplaceAll(s, "_", " ")
}

func unit(key string) string {
	switch {
	case strings.HasSuffix(key, "_percentage"):
		return "%"
	case strings.HasSuffix(key, "_megabytes"):
		return "MB"
	case strings.HasSuffix(key, "_watts"):
		return "W"
	}
	return ""
}

func (p *system) actions() []tui.Action {
	none, word := "", "manner: heat strips"
	if len(p.keys) == 0 {
		none = "nothing was sampled"
	}
	if p.strips {
		word = "manner: lines"
	}
	return []tui.Action{{ID: "system.manner", Key: bind(word, "m"), Title: "System: as lines, or as heat strips", Why: none, Do: func() { p.strips = !p.strips }}}
}

func (p *system) key(msg tea.KeyPressMsg) bool {
	switch msg.String() {
	case "down", "j":
		p.choose(p.at + 1)
	case "up", "k":
		p.choose(p.at - 1)
	default:
		return p.chart.Key(msg)
	}
	return true
}

func (p *system) mouse(msg tea.MouseMsg, x, y int) bool {
	if y > p.rows {
		return p.chart.Mouse(msg, x, y-p.rows-1)
	}
	if _, ok := msg.(tea.MouseClickMsg); ok && y < p.rows {
		p.choose(y)
		return true
	}
	return false
}

func (p *system) render(f tui.Frame) string {
	switch {
	case p.run == nil:
		return sentence(f, "no run is selected")
	case len(p.keys) == 0:
		return sentence(f, "nothing sampled: this run was not started as a job here, or ended within a second")
	}
	wide := 0
	for _, k := range p.keys {
		wide = max(wide, cell.Width(label(k)))
	}
	p.rows = min(len(p.keys), f.H)
	if f.H >= len(p.keys)+5 {
		p.rows = len(p.keys)
	}
	first := max(0, min(p.at, len(p.keys)-p.rows))
	if p.at < p.rows {
		first = 0
	}
	lines := make([]string, 0, f.H)
	from, to := p.span()
	for i := range p.rows {
		lines = append(lines, p.row(f, first+i, wide, from, to))
	}
	if p.strips && p.rows < f.H {
		lines = append(lines, p.when(f, wide+3, f.W-wide-19, from, to))
		if rest := f.H - p.rows - 1; rest >= 4 {
			lines = append(lines, strings.Split(p.chart.Render(f.Theme, f.W, rest), "\n")...)
		}
		return cell.Block(lines, f.W, f.H)
	}
	if rest := f.H - p.rows - 1; rest >= 4 {
		lines = append(lines, cell.Blank(f.W))
		lines = append(lines, strings.Split(p.chart.Render(f.Theme, f.W, rest), "\n")...)
	}
	return cell.Block(lines, f.W, f.H)
}

// row is a figure: its name, how it went, what it is now.
func (p *system) row(f tui.Frame, i, wide int, from, to int64) string {
	k, on, mark := p.keys[i], &f.Theme.Plain, " "
	if i == p.at {
		if mark = f.Theme.Glyph.Here; f.Focused {
			on = &f.Theme.Row
		}
	}
	var points backends.Points
	if h := p.handles[k].Result().Value; h != nil {
		points = h.Points()
	}
	m, _ := p.run.Metric(k)
	l := cell.NewLine(f.Theme, on, f.W).Put(on.Selected, mark).Put(on.Dim, label(k)).Fill(wide + 3)
	switch spark := f.W - wide - 19; {
	case spark < 4:
	case p.strips:
		strip(l, k, points, from, to, spark)
		l.Space(1)
	default:
		l.Raw(chart.Sparkline(f.Theme, points.Value, spark), spark).Space(1)
	}
	return l.Put(on.Text, cell.Right(amount(m.Value, f.Theme.Glyph.ThinSpace), 9, "…")).Space(1).Put(on.Dim, unit(k)).Render()
}

// amount is a figure in three digits or more: 0.42, 18.7, 1 204.
func amount(v float64, thin string) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "NaN"
	case a < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return cell.Count(int64(v), thin)
}
