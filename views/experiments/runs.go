package experiments

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/query"
	"flightdeck/tui"
	"flightdeck/tui/widget/input"
	"flightdeck/tui/widget/table"
)

// Runs is the table of runs of all sources.
type Runs struct {
	desk   *Desk
	feeds  []feed
	table  *table.Table[*backends.Run]
	shape  shape
	sorted bool // the order was chosen, by the first metric that came or by the user

	filter *input.Input
	schema *query.Schema // what a filter can ask for; nil until one does

	marks  []string        // keys, in the order in which they were marked
	marked []*backends.Run // those of marks
	pins   []string        // keys, in the order in which they were pinned

	// chooser is open while the columns are arranged; arranged then stays true, and
	// new metrics no longer change which columns are on.
	chooser  *chooser
	arranged bool

	now    time.Time // of the last frame
	opened time.Time // of the first frame after Open
	w, h   int       // of the last frame
}

// NewRuns is the table over the desk's sources.
func NewRuns(d *Desk) *Runs {
	v := &Runs{desk: d}
	v.filter = &input.Input{Prompt: "/ ", Placeholder: `metrics.val_acc > 0.95 and params.lr < 0.01, or any text`, Complete: v.complete, Check: v.check}
	v.table = table.New(table.Options[*backends.Run]{Key: runKeyOf, Columns: []column{v.nameColumn(), stateColumn()}})
	return v
}

// Title implements tui.View.
func (v *Runs) Title() tui.Title {
	shown, total := v.table.Count()
	t := tui.Title{Name: "Runs", Of: v.desk.roll.experiment(), Note: v.note(), Filter: v.filter.Text()}
	if v.filter.Typing() {
		t.Filter = ""
	}
	bad := v.failing()
	switch {
	case total == 0 && bad != nil:
		t.Right = "not read yet"
	case total == 0 && v.waiting():
		t.Right = "reading"
	case total == 0:
		t.Right = "none yet"
	case bad != nil && bad.Result().OK:
		t.Stale, t.Right = true, fmt.Sprintf("%d, as of %s", total, ago(v.now.Sub(bad.Result().At)))
	case bad != nil:
		t.Stale, t.Right = true, fmt.Sprintf("%d, without %s", total, bad.source)
	default:
		t.Right = fmt.Sprintf("%d of %d", shown, total)
	}
	return t
}

// note is how many runs are active, marked and pinned.
func (v *Runs) note() string {
	var text string
	for _, x := range []struct {
		n    int
		word string
	}{{v.desk.roll.active, "training"}, {len(v.marks), "marked"}, {len(v.pins), "pinned"}} {
		if x.n == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", x.n, x.word)
	}
	return text
}

// Open implements tui.View.
func (v *Runs) Open(ctx context.Context) <-chan struct{} {
	poke := make(chan struct{}, 1)
	v.feeds, v.opened = v.desk.watchRuns(ctx, poke), time.Time{}
	return poke
}

// Refresh implements tui.View.
func (v *Runs) Refresh() { v.take(v.snapshot()) }

// take shows a snapshot. It costs what changed, and a glance at each run.
func (v *Runs) take(runs []*backends.Run) {
	if !v.desk.learn(runs) {
		return
	}
	v.schema = nil
	if s := v.desk.roll.tally.shape(); !s.equal(v.shape) {
		v.define(s)
	}
	v.table.SetRows(v.desk.roll.runs)
	v.forget()
	v.publish()
}

// snapshot is all runs of all sources. While none has another answer it is the
// same slice.
func (v *Runs) snapshot() []*backends.Run {
	if len(v.feeds) == 1 {
		return v.feeds[0].Result().Value
	}
	var all []*backends.Run
	for _, f := range v.feeds {
		all = append(all, f.Result().Value...)
	}
	if slices.Equal(all, v.desk.roll.runs) {
		return v.desk.roll.runs
	}
	return all
}

// define makes the columns anew. Those that were there keep their width and place,
// unless what is on by itself changes.
func (v *Runs) define(s shape) {
	fresh := !slices.Equal(s.on, v.shape.on) || len(v.shape.metrics)+len(v.shape.params) == 0
	v.shape = s
	var keep []string
	for _, c := range v.table.Columns() {
		if c.Shown {
			keep = append(keep, c.ID)
		}
	}
	defs, on := v.columns(s)
	v.table.Define(defs)
	if fresh && !v.arranged {
		keep = on
	}
	v.table.SetColumns(keep)
	if id, _ := v.table.Sorted(); v.sorted || id != "" && id != "started" {
		v.sorted = true
		return
	}
	if v.sorted = len(s.metrics) > 0; v.sorted {
		v.table.Sort("metrics."+s.metrics[0].key, !lowerIsBetter(s.metrics[0].key))
		return
	}
	v.table.Sort("started", true)
}

// Key implements tui.Keys.
func (v *Runs) Key(msg tea.KeyPressMsg) bool {
	switch {
	case v.filter.Typing():
		return v.filterKey(msg)
	case v.chooser != nil:
		return v.chooser.list.Key(msg)
	case !v.table.Key(msg):
		return false
	}
	v.publish()
	return true
}

// Mouse implements tui.Mouse.
func (v *Runs) Mouse(msg tea.MouseMsg, x, y int) bool {
	_, pressed := msg.(tea.MouseClickMsg)
	switch {
	case v.chooser != nil:
		return v.chooser.list.Mouse(msg, x, y-1)
	case v.filter.Typing() && pressed && y <= v.popup():
		if y == 0 {
			v.filter.Click(x - 1)
		}
		return true
	case len(v.desk.roll.runs) == 0 || !v.table.Mouse(msg, x, y):
		return false
	}
	v.publish()
	return true
}

// Objects implements tui.Objects.
func (v *Runs) Objects() []tui.Object {
	out := make([]tui.Object, 0, len(v.desk.roll.runs))
	for _, r := range v.desk.roll.runs {
		out = append(out, tui.Object{Ref: r.Ref(), Name: "Run " + r.Name, Note: v.figure(r), Go: func() { v.show(r) }})
	}
	return out
}

// show selects a run, and lets go of a filter that hides it.
func (v *Runs) show(r *backends.Run) {
	if !v.table.Select(runKeyOf(r)) {
		v.filter.Set("")
		v.narrow()
		v.table.Select(runKeyOf(r))
	}
	v.publish()
}

// figure is what a run is judged by, in words: "val_acc 0.9722".
func (v *Runs) figure(r *backends.Run) string {
	if len(v.shape.metrics) == 0 {
		return ""
	}
	f := v.shape.metrics[0]
	if m, ok := r.Metric(f.key); ok {
		return f.key + " " + f.figures.Format(m.Value)
	}
	return ""
}
