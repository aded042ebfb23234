package experiments

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
)

// face is one kind of chart. It is open while it shows.
type face interface {
	tui.View
	tui.Keys
	tui.Mouse
	tui.Hover
	tui.Soon
	tui.Objects
	kind() string
}

// Charts is the pane of charts: how metrics went, and how runs lie among each
// other. Of its faces one shows, and only that one watches anything.
type Charts struct {
	curves   *Curves
	parallel *Parallel
	scatter  *Scatter

	faces []face
	at    int
	ctx   context.Context // of the open pane
	leave context.CancelFunc
	poke  chan struct{}
}

// NewCharts makes the pane over the desk's selection.
func NewCharts(d *Desk) *Charts {
	v := &Charts{curves: NewCurves(d), parallel: NewParallel(d), scatter: NewScatter(d), leave: func() {}, poke: make(chan struct{}, 1)}
	d.charts = v
	v.faces = []face{v.curves, v.parallel, v.scatter}
	v.curves.poke, v.parallel.poke, v.scatter.poke = v.poke, v.poke, v.poke
	return v
}

func (v *Charts) face() face { return v.faces[v.at] }

// Title implements tui.View.
func (v *Charts) Title() tui.Title {
	t := v.face().Title()
	t.Tab = v.at
	for _, f := range v.faces {
		t.Tabs = append(t.Tabs, f.kind())
	}
	return t
}

// SetTab implements tui.Tabbed.
func (v *Charts) SetTab(i int) {
	i = (i + len(v.faces)) % len(v.faces)
	if i == v.at {
		return
	}
	v.at = i
	if v.ctx != nil {
		v.turn()
		v.face().Refresh()
	}
}

// turn opens the current face, and closes the one before.
func (v *Charts) turn() {
	v.leave()
	var ctx context.Context
	ctx, v.leave = context.WithCancel(v.ctx)
	v.face().Open(ctx)
}

// Open implements tui.View.
func (v *Charts) Open(ctx context.Context) <-chan struct{} {
	v.ctx = ctx
	v.turn()
	return v.poke
}

// Refresh implements tui.View.
func (v *Charts) Refresh() { v.face().Refresh() }

// Actions implements tui.View.
func (v *Charts) Actions() []tui.Action { return v.face().Actions() }

// Render implements tui.View.
func (v *Charts) Render(f tui.Frame) string { return v.face().Render(f) }

// Key implements tui.Keys.
func (v *Charts) Key(msg tea.KeyPressMsg) bool { return v.face().Key(msg) }

// Mouse implements tui.Mouse.
func (v *Charts) Mouse(msg tea.MouseMsg, x, y int) bool { return v.face().Mouse(msg, x, y) }

// Hover implements tui.Hover.
func (v *Charts) Hover() bool { return v.face().Hover() }

// Soon implements tui.Soon.
func (v *Charts) Soon() time.Time { return v.face().Soon() }

// Objects implements tui.Objects: those of every face, which going there shows.
func (v *Charts) Objects() []tui.Object {
	var out []tui.Object
	for i, f := range v.faces {
		for _, o := range f.Objects() {
			show := o.Go
			o.Go = func() {
				v.SetTab(i)
				show()
			}
			out = append(out, o)
		}
	}
	return out
}
