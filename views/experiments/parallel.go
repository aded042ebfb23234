package experiments

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/keys"
	"flightdeck/tui/widget/chart/cloud"
)

// Parallel is the runs as lines across their params and metrics. A brush on an axis
// leaves some of them in, which can become the table's filter.
type Parallel struct {
	crowd
	plot    *cloud.Parallel
	axes    arranged
	chosen  bool   // the axes are the user's own
	by      string // the metric that shades the lines; "" lets the data choose
	shaded  string // the one that does
	logs    map[string]bool
	chooser *chooser
}

// NewParallel makes the face over the runs that the table lists.
func NewParallel(d *Desk) *Parallel {
	return &Parallel{crowd: newCrowd(d), plot: cloud.NewParallel(keys.Default()), logs: map[string]bool{}}
}

func (v *Parallel) kind() string { return "Parallel" }

// Title implements tui.View.
func (v *Parallel) Title() tui.Title {
	t := tui.Title{Name: "parallel axes"}
	if v.shaded != "" {
		t.Name, t.Of = plain(v.shaded), "the best are brightest"
	}
	t.Right = counted(len(v.runs), "run")
	if v.plot.Brushes() {
		t.Right = fmt.Sprintf("%d of %d in the brush", len(v.plot.Inside()), len(v.runs))
	}
	return t
}

// counted is how many of something, in words.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// plain is a column's name without its kind.
func plain(key string) string {
	_, name, _ := strings.Cut(key, ".")
	return name
}

// Refresh implements tui.View.
func (v *Parallel) Refresh() {
	if v.behind() {
		v.follow()
		v.draw()
	}
	v.plot.Pick(v.picks())
}

// mostAxes is how many axes there are at first.
const mostAxes = 6

// draw gives the plot the quantities of the runs.
func (v *Parallel) draw() {
	params, metrics := v.quantities()
	v.axes.all = slices.Concat(params, metrics)
	v.shaded = v.by
	if !slices.Contains(metrics, v.shaded) {
		v.shaded = ""
		if len(metrics) > 0 {
			v.shaded = metrics[0]
		}
	}
	if !v.chosen {
		v.axes.on = v.telling(params, metrics)
	}
	dims := make([]cloud.Dim, len(v.axes.on))
	for i, key := range v.axes.on {
		dims[i] = v.dim(key, v.logs)
	}
	by := cloud.Dim{Values: make([]float64, len(v.runs))}
	if v.shaded != "" {
		by = v.dim(v.shaded, nil)
	}
	v.plot.Set(dims, by, !lowerIsBetter(v.shaded))
	v.plot.Pick(v.picks())
}

// telling is the axes that the data chooses: the params that vary, and at the end
// the metric that shades the lines.
func (v *Parallel) telling(params, metrics []string) []string {
	var on []string
	for _, p := range params {
		if v.desk.varies(p) && len(on) < mostAxes-1 {
			on = append(on, p)
		}
	}
	if i := slices.IndexFunc(metrics, func(m string) bool { return m != v.shaded }); len(on) == 0 && i >= 0 {
		on = append(on, metrics[i])
	}
	if v.shaded != "" {
		on = append(on, v.shaded)
	}
	return on
}

// Render implements tui.View. It is where the picture follows the table once that
// has rested.
func (v *Parallel) Render(f tui.Frame) string {
	v.desk.now = f.Now
	if v.chooser != nil {
		return v.chooser.render(f)
	}
	if v.behind() {
		v.follow()
		v.draw()
	}
	return v.plot.Render(f.Theme, f.W, f.H, f.Focused)
}

// Key implements tui.Keys.
func (v *Parallel) Key(msg tea.KeyPressMsg) bool {
	if v.chooser != nil {
		return v.chooser.key(msg)
	}
	return v.plot.Key(msg)
}

// Hover implements tui.Hover: a brush is drawn with a button down.
func (v *Parallel) Hover() bool { return false }

// Mouse implements tui.Mouse: besides the brush, a click on a line selects its run.
func (v *Parallel) Mouse(msg tea.MouseMsg, x, y int) bool {
	if v.chooser != nil {
		return v.chooser.mouse(msg, x, y)
	}
	if m, ok := msg.(tea.MouseClickMsg); ok && m.Button == tea.MouseLeft {
		if i, hit := v.plot.Hit(x, y); hit {
			v.desk.runs.show(v.runs[i])
		}
	}
	return v.plot.Mouse(msg, x, y)
}

// inside is the runs in the brush.
func (v *Parallel) inside() []*backends.Run {
	var out []*backends.Run
	for _, i := range v.plot.Inside() {
		out = append(out, v.runs[i])
	}
	return out
}

// Objects implements tui.Objects: any metric as what shades the lines.
func (v *Parallel) Objects() []tui.Object {
	_, metrics := v.quantities()
	var out []tui.Object
	for _, m := range metrics {
		out = append(out, tui.Object{Ref: backends.Ref{Kind: "shade", ID: m}, Name: "Parallel axes shaded by " + plain(m), Go: func() { v.shade(m) }})
	}
	return out
}

// shade chooses the metric that tells how a run fared.
func (v *Parallel) shade(metric string) {
	if last := len(v.axes.on) - 1; v.chosen && last >= 0 && v.axes.on[last] == v.shaded && !slices.Contains(v.axes.on, metric) {
		v.axes.on[last] = metric
	}
	v.by = metric
	v.draw()
}
