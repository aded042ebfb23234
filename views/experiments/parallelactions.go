package experiments

import (
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends/query"
	"flightdeck/tui"
)

// Actions implements tui.View.
func (v *Parallel) Actions() []tui.Action {
	if v.chooser != nil {
		return v.chooser.actions()
	}
	none, brush := "", ""
	if len(v.runs) == 0 {
		none = "no runs are listed"
	}
	if !v.plot.Brushes() {
		brush = "no axis is brushed: up, down or a drag on one does"
	}
	d, _ := v.plot.Axis()
	word := "log axis"
	if d.Log {
		word = "linear axis"
	}
	acts := []tui.Action{
		{ID: "parallel.filter", Key: bind("filter", "/"), Title: "Parallel: list only the runs in the brush", Why: brush, Do: v.filter},
		{ID: "parallel.mark", Key: bind("mark", "space"), Title: "Parallel: mark the runs in the brush", Why: brush, Do: v.mark},
		{ID: "parallel.open", Key: bind("open", "enter"), Title: "Parallel: open the best run, of those in the brush", Why: none, Cmd: v.open},
		{ID: "parallel.next", Key: bind("next metric", "n"), Title: "Parallel: shade by the next metric", Why: none, Do: func() { v.next(1) }},
		{ID: "parallel.log", Key: bind(word, "L"), Title: "Parallel: " + word + " for " + d.Name, Why: none, Do: v.toggleLog},
		{ID: "parallel.axes", Key: bind("columns that are axes", "v"), Title: "Parallel: choose and order the axes", Why: none, Do: v.arrange},
		{ID: "parallel.previous", Key: bind("previous metric", "N"), Title: "Parallel: shade by the previous metric", Why: none, Do: func() { v.next(-1) }},
	}
	acts = append(acts, v.motions(none)...)
	for i := 6; i < len(acts); i++ {
		acts[i].Quiet = true
	}
	return acts
}

// motions are the plot's own keys, named: the plot does them.
func (v *Parallel) motions(none string) []tui.Action {
	do := func(id, word string, msg tea.KeyPressMsg, keys ...string) tui.Action {
		return tui.Action{ID: id, Key: bind(word, keys...), Title: "Parallel: " + word, Why: none, Do: func() { v.Key(msg) }}
	}
	return []tui.Action{
		do("parallel.left", "crosshair to the axis before", tea.KeyPressMsg{Code: tea.KeyLeft}, "left"),
		do("parallel.right", "crosshair to the next axis", tea.KeyPressMsg{Code: tea.KeyRight}, "right"),
		do("parallel.up", "brush higher", tea.KeyPressMsg{Code: tea.KeyUp}, "up"),
		do("parallel.down", "brush lower", tea.KeyPressMsg{Code: tea.KeyDown}, "down"),
		do("parallel.narrow", "zoom in: a narrower brush", tea.KeyPressMsg{Code: '+', Text: "+"}, "+", "="),
		do("parallel.wide", "zoom out: a wider brush", tea.KeyPressMsg{Code: '-', Text: "-"}, "-"),
	}
}

// open selects the best of the runs that are looked at, and shows its details.
func (v *Parallel) open() tea.Cmd {
	by := v.dim(v.shaded, nil)
	best := -1
	for _, i := range v.plot.Inside() {
		x := by.Values[i]
		if x == x && (best < 0 || (x > by.Values[best]) != lowerIsBetter(v.shaded) && x != by.Values[best]) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	v.desk.runs.show(v.runs[best])
	return v.desk.reveal("")
}

// mark marks the runs in the brush.
func (v *Parallel) mark() {
	v.desk.runs.picks.markAll(v.inside())
	v.desk.runs.told()
}

// next shades by another metric.
func (v *Parallel) next(by int) {
	if _, all := v.quantities(); len(all) > 0 {
		v.shade(all[(slices.Index(all, v.shaded)+by+len(all))%len(all)])
	}
}

func (v *Parallel) toggleLog() {
	if d, ok := v.plot.Axis(); ok {
		v.logs[d.Key] = !d.Log
		v.draw()
	}
}

// arrange opens the chooser of the axes.
func (v *Parallel) arrange() {
	v.chooser = newChooser(chooser{
		title: "Axes", hint: "they change at once", of: &v.axes,
		changed: func() { v.chosen = true; v.draw() }, done: func() { v.chooser = nil },
	})
}

// filter makes what the brushes leave in the table's filter.
func (v *Parallel) filter() {
	v.desk.runs.filter.put(query.Format(v.brushed()))
	v.desk.runs.told()
	v.plot.Clear("")
}

// brushed is the brushes as a question.
func (v *Parallel) brushed() query.Expr {
	var all query.And
	for _, key := range v.axes.on {
		b, ok := v.plot.Brush(key)
		if !ok {
			continue
		}
		f := query.Field{Entity: query.Params, Key: plain(key)}
		if key == "metrics."+f.Key {
			f.Entity = query.Metrics
		}
		d := v.dim(key, nil)
		if d.Words == nil {
			all = append(all, bound(f, query.Ge, b.Lo), bound(f, query.Le, b.Hi))
			continue
		}
		in := &query.In{Field: f}
		for i, w := range d.Words {
			if float64(i) >= b.Lo && float64(i) <= b.Hi {
				in.Values = append(in.Values, query.Literal{Text: w, Quoted: true})
			}
		}
		if len(in.Values) > 0 {
			all = append(all, in)
		}
	}
	return all
}

func bound(f query.Field, op query.Op, v float64) query.Expr {
	return &query.Cmp{Field: f, Op: op, Value: query.Literal{Text: strconv.FormatFloat(v, 'g', -1, 64)}}
}
