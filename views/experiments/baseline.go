package experiments

import (
	"math"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// baseline is the run that the others are measured against; nil when there is none.
func (p *picks) baseline() *backends.Run {
	if p.base == "" {
		return nil
	}
	return p.desk.roll.byKey[p.base]
}

// measure makes a run the baseline, or no run when it is.
func (p *picks) measure(r *backends.Run) {
	if p.base == runKeyOf(r) {
		p.base, p.delta = "", false
	} else {
		p.base = runKeyOf(r)
	}
	p.table.Redraw()
}

// isBaseline says whether the others are measured against a run.
func (p *picks) isBaseline(r *backends.Run) bool { return p.base != "" && p.base == runKeyOf(r) }

// difference is how far a run's metric is from the baseline's, with its sign; ok is
// false for the baseline itself, and where one of the two has no number.
func (p *picks) difference(r *backends.Run, metric string, f cell.Figures) (text string, ok bool) {
	base := p.baseline()
	if !p.delta || base == nil || base == r {
		return "", false
	}
	b, there := base.Metric(metric)
	m, here := r.Metric(metric)
	d := m.Value - b.Value
	if !there || !here || math.IsNaN(d) || math.IsInf(d, 0) {
		return "", false
	}
	text = f.Format(d)
	if d >= 0 {
		text = "+" + text
	}
	return text, true
}

// actions mark the baseline, and show the others as differences to it.
func (p *picks) actions(r *backends.Run, name, none string, changed func()) []tui.Action {
	word, noBase := "baseline", ""
	if r != nil && p.isBaseline(r) {
		word = "baseline no more"
	}
	if p.base == "" {
		noBase = "no run is the baseline: b makes the selected one it"
	}
	values := "difference to the baseline"
	if p.delta {
		values = "difference no more: values"
	}
	return []tui.Action{
		{ID: "runs.baseline", Key: bind(word, "b"), Title: "Measure the others against " + name, Why: none, Do: func() { p.measure(r); changed() }},
		{ID: "runs.delta", Key: bind(values, "D"), Title: "Metrics as " + values, Why: noBase, Do: p.toggleDelta},
	}
}

func (p *picks) toggleDelta() {
	p.delta = !p.delta
	p.table.Redraw()
}
