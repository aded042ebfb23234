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

// Scatter is the runs as points over any two of their params and metrics. The one
// that the crosshair reads can be gone to.
type Scatter struct {
	crowd
	plot  *cloud.Scatter
	x, y  string // columns that were chosen; "" lets the data choose
	shown [2]cloud.Dim
	logs  map[string]bool
}

// NewScatter makes the face over the runs that the table lists.
func NewScatter(d *Desk) *Scatter {
	return &Scatter{crowd: newCrowd(d), plot: cloud.NewScatter(keys.Default()), logs: map[string]bool{}}
}

func (v *Scatter) kind() string { return "Scatter" }

// Title implements tui.View.
func (v *Scatter) Title() tui.Title {
	t := tui.Title{Name: "scatter"}
	if v.shown[1].Name != "" {
		t.Name, t.Of = v.shown[1].Name, "over "+v.shown[0].Name
	}
	var words []string
	if v.shown[0].Log {
		words = append(words, "log x")
	}
	if v.shown[1].Log {
		words = append(words, "log")
	}
	t.Right = strings.Join(append(words, fmt.Sprintf("%d of %d runs", v.plot.Placed(), len(v.runs))), ", ")
	return t
}

// Refresh implements tui.View.
func (v *Scatter) Refresh() {
	if v.behind() {
		v.follow()
		v.draw()
	}
	v.plot.Pick(v.picks())
}

// all is what the axes can be.
func (v *Scatter) all() []string {
	params, metrics := v.quantities()
	return slices.Concat(params, metrics)
}

// axes is what they are: as the user said, else the first param that varies, and
// what is judged by.
func (v *Scatter) axes() (x, y string) {
	params, metrics := v.quantities()
	all := slices.Concat(params, metrics)
	x, y = v.x, v.y
	if !slices.Contains(all, y) {
		y = ""
		if len(metrics) > 0 {
			y = metrics[0]
		}
	}
	if !slices.Contains(all, x) {
		x = ""
		for _, k := range slices.Concat(metrics, params) {
			if k != y {
				x = k
				break
			}
		}
		if i := slices.IndexFunc(params, v.desk.varies); i >= 0 {
			x = params[i]
		}
	}
	return x, y
}

// draw gives the plot the quantities of the runs. The crosshair stays on its run.
func (v *Scatter) draw() {
	x, y := v.axes()
	v.shown = [2]cloud.Dim{v.dim(x, v.logs), v.dim(y, v.logs)}
	v.plot.Set(v.shown[0], v.shown[1], v.name, v.colour)
	v.plot.Pick(v.picks())
}

// follow takes other runs over; the crosshair goes along with its run.
func (v *Scatter) follow() {
	var read *backends.Run
	if i, on := v.plot.Crosshair(); on && i < len(v.runs) {
		read = v.runs[i]
	}
	v.crowd.follow()
	if read != nil {
		v.plot.SetCrosshair(slices.IndexFunc(v.runs, func(r *backends.Run) bool { return r.ID == read.ID && r.Backend == read.Backend }))
	}
}

// Render implements tui.View. It is where the picture follows the table once that
// has rested.
func (v *Scatter) Render(f tui.Frame) string {
	v.desk.now = f.Now
	if v.behind() {
		v.follow()
		v.draw()
	}
	return v.plot.Render(f.Theme, f.W, f.H)
}

// Key implements tui.Keys.
func (v *Scatter) Key(msg tea.KeyPressMsg) bool { return v.plot.Key(msg) }

// Hover implements tui.Hover: the crosshair follows the mouse.
func (v *Scatter) Hover() bool { return len(v.runs) > 0 }

// Mouse implements tui.Mouse: a click on a point selects its run.
func (v *Scatter) Mouse(msg tea.MouseMsg, x, y int) bool {
	taken := v.plot.Mouse(msg, x, y)
	if _, ok := msg.(tea.MouseClickMsg); ok && taken {
		v.jump()
	}
	return taken
}

// jump selects the run that the crosshair reads.
func (v *Scatter) jump() {
	if i, on := v.plot.Crosshair(); on {
		v.desk.runs.show(v.runs[i])
	}
}

// Actions implements tui.View.
func (v *Scatter) Actions() []tui.Action {
	none, read := "", ""
	if len(v.runs) == 0 {
		none = "no runs are listed"
	}
	if _, on := v.plot.Crosshair(); !on {
		read = "the crosshair reads no run: left, right or the mouse moves it"
	}
	word := "log axis"
	if v.shown[1].Log {
		word = "linear axis"
	}
	do := func(id, word string, msg tea.KeyPressMsg, keys ...string) tui.Action {
		return tui.Action{ID: id, Key: bind(word, keys...), Title: "Scatter: " + word, Why: none, Quiet: true, Do: func() { v.Key(msg) }}
	}
	return []tui.Action{
		{ID: "scatter.open", Key: bind("open", "enter"), Title: "Scatter: open the run at the crosshair", Why: read, Cmd: func() tea.Cmd { v.jump(); return v.desk.reveal("") }},
		{ID: "scatter.mark", Key: bind("mark", "space"), Title: "Scatter: mark the run at the crosshair", Why: read, Do: v.mark},
		{ID: "scatter.next", Key: bind("next metric", "n"), Title: "Scatter: next metric or param as y", Why: none, Do: func() { v.step(&v.y, v.shown[1].Key, 1) }},
		{ID: "scatter.x", Key: bind("x axis", "a"), Title: "Scatter: next metric or param as x", Why: none, Do: func() { v.step(&v.x, v.shown[0].Key, 1) }},
		{ID: "scatter.log", Key: bind(word, "L"), Title: "Scatter: " + word, Why: none, Do: func() { v.toggle(v.shown[1]) }},
		{ID: "scatter.logx", Key: bind("log x", "ctrl+x"), Title: "Scatter: logarithmic x, or linear", Why: none, Do: func() { v.toggle(v.shown[0]) }},
		{ID: "scatter.previous", Key: bind("previous metric", "N"), Title: "Scatter: previous metric or param as y", Why: none, Quiet: true, Do: func() { v.step(&v.y, v.shown[1].Key, -1) }},
		do("scatter.left", "crosshair to the run before by x", tea.KeyPressMsg{Code: tea.KeyLeft}, "left"),
		do("scatter.right", "crosshair to the next run by x", tea.KeyPressMsg{Code: tea.KeyRight}, "right"),
		do("scatter.up", "crosshair to the next run by y", tea.KeyPressMsg{Code: tea.KeyUp}, "up"),
		do("scatter.down", "crosshair to the run before by y", tea.KeyPressMsg{Code: tea.KeyDown}, "down"),
	}
}

func (v *Scatter) mark() {
	if i, on := v.plot.Crosshair(); on {
		v.desk.runs.picks.mark(v.runs[i])
		v.desk.runs.told()
	}
}

// step makes an axis the next of what it can be.
func (v *Scatter) step(axis *string, now string, by int) {
	if all := v.all(); len(all) > 0 {
		*axis = all[(slices.Index(all, now)+by+len(all))%len(all)]
		v.draw()
	}
}

func (v *Scatter) toggle(d cloud.Dim) {
	v.logs[d.Key] = !d.Log
	v.draw()
}

// Objects implements tui.Objects: any param and metric as either axis.
func (v *Scatter) Objects() []tui.Object {
	var out []tui.Object
	for _, k := range v.all() {
		out = append(out,
			tui.Object{Ref: backends.Ref{Kind: "scatterx", ID: k}, Name: "Scatter over " + k, Go: func() { v.x = k; v.draw() }},
			tui.Object{Ref: backends.Ref{Kind: "scattery", ID: k}, Name: "Scatter of " + k, Go: func() { v.y = k; v.draw() }})
	}
	return out
}
