package experiments

import (
	"fmt"
	"slices"

	"flightdeck/backends"
	"flightdeck/tui/widget/table"
)

// picks is which runs are marked and pinned, by key, in the order in which they
// were: the table knows marks by its rows, and pins not at all.
type picks struct {
	desk   *Desk
	table  *table.Table[*backends.Run]
	marks  []string
	marked []*backends.Run // those of marks
	pins   []string
	base   string // key of the baseline; "" is none
	delta  bool   // metrics are shown as differences to it
}

// learn takes the table's marks over. A key or a click changes how many there are,
// if it changes them.
func (p *picks) learn() {
	if p.table.Marks() == len(p.marks) {
		return
	}
	keys := p.table.Marked()
	on := make(map[string]bool, len(keys))
	for _, k := range keys {
		on[k] = true
	}
	p.marks = slices.DeleteFunc(p.marks, func(k string) bool { return !on[k] })
	for _, k := range p.marks {
		delete(on, k)
	}
	for _, k := range keys {
		if on[k] {
			p.marks = append(p.marks, k)
		}
	}
	p.marked = p.desk.roll.pick(p.marks)
}

// forget lets go of marks and pins of runs that are gone.
func (p *picks) forget() {
	gone := func(k string) bool { return p.desk.roll.byKey[k] == nil }
	for _, k := range p.marks {
		if gone(k) {
			p.table.Mark(k, false)
		}
	}
	p.marks, p.pins = slices.DeleteFunc(p.marks, gone), slices.DeleteFunc(p.pins, gone)
	if p.base != "" && gone(p.base) {
		p.base, p.delta = "", false
		p.table.Redraw()
	}
	p.marked = p.desk.roll.pick(p.marks)
}

// mark takes a run into the comparison, or out of it.
func (p *picks) mark(r *backends.Run) {
	p.table.Mark(runKeyOf(r), !slices.Contains(p.marks, runKeyOf(r)))
}

// markAll marks these runs and no others.
func (p *picks) markAll(runs []*backends.Run) {
	p.clear()
	for _, r := range runs {
		p.table.Mark(runKeyOf(r), true)
	}
}

// clear lets go of the marks.
func (p *picks) clear() {
	p.table.ClearMarks()
	p.marks, p.marked = nil, nil
}

func (p *picks) pinned(r *backends.Run) bool {
	return len(p.pins) > 0 && slices.Contains(p.pins, runKeyOf(r))
}

// pin keeps a run's curves on the charts, or lets them go.
func (p *picks) pin(r *backends.Run) {
	if at := slices.Index(p.pins, runKeyOf(r)); at >= 0 {
		p.pins = slices.Delete(p.pins, at, at+1)
	} else {
		p.pins = append(p.pins, runKeyOf(r))
	}
	p.table.Redraw() // the sign before the name
}

// targets is what a change is about: the marked runs, else the selected one. What
// is not on the screen is changed only if it was marked.
func (p *picks) targets() []*backends.Run {
	if len(p.marked) > 0 {
		return p.marked
	}
	r, _ := p.table.Selected()
	return one(r)
}

// names is the targets in words.
func (p *picks) names() string {
	switch t := p.targets(); len(t) {
	case 0:
		return "a run"
	case 1:
		return t[0].Name
	default:
		return fmt.Sprintf("the %d marked runs", len(t))
	}
}
