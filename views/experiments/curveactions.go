package experiments

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/chart"
)

// Actions implements tui.View.
func (v *Curves) Actions() []tui.Action {
	none := ""
	if len(v.plots) == 0 {
		none = "nothing has been logged yet"
	}
	smooth := func(by float64) func() {
		return func() { v.each(func(o *chart.Options) { o.Smooth = min(0.98, max(0, o.Smooth+by)) }) }
	}
	word, pin := "log axis", "pin the chart"
	if len(v.plots) > 0 && slices.Contains(v.pins, v.plots[v.cur]) {
		pin = "pin no more"
	}
	if v.charts[v.cur].Opt.LogY {
		word = "linear axis"
	}
	acts := []tui.Action{
		{ID: "curves.next", Key: bind("next metric", "n"), Title: "Curves: next metric", Why: none, Do: func() { v.next(1) }},
		{ID: "curves.x", Key: bind("x axis", "a"), Title: "Curves: by step, relative time, wall time or epoch", Why: none, Do: v.nextAxis},
		{ID: "curves.log", Key: bind(word, "L"), Title: "Curves: " + word, Why: none, Do: v.toggleLog},
		{ID: "curves.smooth", Key: bind("smoother", ">"), Title: "Curves: smoother", Why: none, Do: smooth(.1)},
		{ID: "curves.rough", Key: bind("rougher", "<"), Title: "Curves: rougher", Why: none, Do: smooth(-.1)},
		{ID: "curves.pin", Key: bind(pin, "p"), Title: "Curves: " + pin + ": pinned ones stand first", Why: none, Do: v.pin},
		{ID: "curves.fit", Key: bind("fit", "f"), Title: "Curves: show everything", Why: none, Do: v.fit},
		{ID: "curves.previous", Key: bind("previous metric", "N"), Title: "Curves: previous metric", Why: none, Do: func() { v.next(-1) }},
		{ID: "curves.logx", Key: bind("log x", "ctrl+x"), Title: "Curves: logarithmic x, or linear", Why: none, Do: func() { v.each(func(o *chart.Options) { o.LogX = !o.LogX }) }},
	}
	acts = append(acts, curveMotions(v, none)...)
	for i := 6; i < len(acts); i++ {
		acts[i].Quiet = true
	}
	return acts
}

// curveMotions are the charts' own keys, named: the charts do them.
func curveMotions(v *Curves, none string) []tui.Action {
	do := func(id, word string, msg tea.KeyPressMsg, keys ...string) tui.Action {
		return tui.Action{ID: id, Key: bind(word, keys...), Title: "Curves: " + word, Why: none, Do: func() { v.Key(msg) }}
	}
	return []tui.Action{
		do("curves.left", "crosshair to the sample before", tea.KeyPressMsg{Code: tea.KeyLeft}, "left"),
		do("curves.right", "crosshair to the next sample", tea.KeyPressMsg{Code: tea.KeyRight}, "right"),
		do("curves.in", "zoom in at the crosshair", tea.KeyPressMsg{Code: '+', Text: "+"}, "+", "="),
		do("curves.out", "zoom out", tea.KeyPressMsg{Code: '-', Text: "-"}, "-"),
		do("curves.back", "pan to the left", tea.KeyPressMsg{Code: tea.KeyLeft, Mod: tea.ModShift}, "shift+left"),
		do("curves.on", "pan to the right", tea.KeyPressMsg{Code: tea.KeyRight, Mod: tea.ModShift}, "shift+right"),
	}
}

func (v *Curves) each(change func(*chart.Options)) {
	for _, c := range v.charts {
		change(&c.Opt)
	}
}

func (v *Curves) fit() {
	for _, c := range v.charts {
		c.Fit()
	}
}

func (v *Curves) toggleLog() {
	if len(v.plots) == 0 {
		return
	}
	v.logs[v.plots[v.cur]] = !v.charts[v.cur].Opt.LogY
	v.plot()
}

// next shows another metric in the current chart.
func (v *Curves) next(by int) {
	if all := v.offered; len(all) > 0 {
		v.show(all[(slices.Index(all, v.plots[v.cur])+by+len(all))%len(all)])
	}
}

func (v *Curves) show(metric string) {
	v.metric, v.asked = metric, v.shown.selected
	v.plot()
	v.charts[v.cur].Fit()
}

// nextAxis goes from step to relative time, wall time and the epoch, where one is
// logged. Any other metric is in the palette.
func (v *Curves) nextAxis() {
	all := []string{byStep, byRelative, byTime}
	if slices.ContainsFunc(v.shown.runs, func(r *backends.Run) bool { _, ok := r.Metric("epoch"); return ok }) {
		all = append(all, "epoch")
	}
	v.over(all[(slices.Index(all, v.by)+1)%len(all)])
}

// over chooses x.
func (v *Curves) over(by string) {
	v.by = by
	v.fit()
	for _, c := range v.charts {
		c.SetCrosshair(0, false)
	}
	v.plot()
}

// Objects implements tui.Objects: any metric as a curve, and as what x is.
func (v *Curves) Objects() []tui.Object {
	var out []tui.Object
	all, _ := v.metrics(v.shown.runs)
	for _, m := range all {
		out = append(out,
			tui.Object{Ref: backends.Ref{Kind: "curve", ID: m}, Name: "Curve of " + m, Go: func() { v.show(m) }},
			tui.Object{Ref: backends.Ref{Kind: "axis", ID: m}, Name: "Curves by " + m, Go: func() { v.over(m) }})
	}
	return out
}
