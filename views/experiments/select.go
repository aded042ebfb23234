package experiments

import (
	"fmt"
	"slices"

	"flightdeck/backends"
)

// top is how many runs' curves show while none is marked or pinned.
const top = 8

// publish tells the other views what is pointed at. While a filter hides every
// run, what they show stays: it comes back with the next letter.
func (v *Runs) publish() {
	v.learnMarks()
	old := v.desk.chosen.Get()
	c := Chosen{Marked: v.marked, Pinned: v.desk.roll.pick(v.pins)}
	c.Run, _ = v.table.Selected()
	v.desk.alerts.seen(c.Run)
	n, total := v.table.Count()
	for i := range min(n, top) {
		c.Top = append(c.Top, v.table.At(i))
	}
	if n == 0 && total > 0 {
		c.Run, c.Top = old.Run, old.Top
	}
	if old.Run != c.Run || !slices.Equal(old.Top, c.Top) || !slices.Equal(old.Marked, c.Marked) || !slices.Equal(old.Pinned, c.Pinned) {
		v.desk.chosen.Set(c)
	}
}

// learnMarks keeps the marks in the order in which they were made: the table knows
// them by its rows. A key or a click changes how many there are, if it changes them.
func (v *Runs) learnMarks() {
	if v.table.Marks() == len(v.marks) {
		return
	}
	keys := v.table.Marked()
	on := make(map[string]bool, len(keys))
	for _, k := range keys {
		on[k] = true
	}
	v.marks = slices.DeleteFunc(v.marks, func(k string) bool { return !on[k] })
	for _, k := range v.marks {
		delete(on, k)
	}
	for _, k := range keys {
		if on[k] {
			v.marks = append(v.marks, k)
		}
	}
	v.marked = v.desk.roll.pick(v.marks)
}

// forget lets go of marks and pins of runs that are gone.
func (v *Runs) forget() {
	gone := func(k string) bool { return v.desk.roll.byKey[k] == nil }
	for _, k := range v.marks {
		if gone(k) {
			v.table.Mark(k, false)
		}
	}
	v.marks, v.pins = slices.DeleteFunc(v.marks, gone), slices.DeleteFunc(v.pins, gone)
	v.marked = v.desk.roll.pick(v.marks)
}

// mark takes a run into the comparison, or out of it.
func (v *Runs) mark(r *backends.Run) {
	v.table.Mark(runKeyOf(r), !slices.Contains(v.marks, runKeyOf(r)))
	v.publish()
}

func (v *Runs) pinned(r *backends.Run) bool {
	return len(v.pins) > 0 && slices.Contains(v.pins, runKeyOf(r))
}

// pin keeps a run's curves on the charts, or lets them go.
func (v *Runs) pin(r *backends.Run) {
	if at := slices.Index(v.pins, runKeyOf(r)); at >= 0 {
		v.pins = slices.Delete(v.pins, at, at+1)
	} else {
		v.pins = append(v.pins, runKeyOf(r))
	}
	v.table.Redraw() // the sign before the name
	v.publish()
}

// clear lets go of the filter and the marks.
func (v *Runs) clear() {
	v.filter.Set("")
	v.table.ClearMarks()
	v.marks, v.marked = nil, nil
	v.narrow() // publishes
}

// targets is what a change is about: the marked runs, else the selected one. What
// is not on the screen is changed only if it was marked.
func (v *Runs) targets() []*backends.Run {
	if len(v.marked) > 0 {
		return v.marked
	}
	r, _ := v.table.Selected()
	return one(r)
}

func (v *Runs) targetNames() string {
	switch t := v.targets(); len(t) {
	case 0:
		return "a run"
	case 1:
		return t[0].Name
	default:
		return fmt.Sprintf("the %d marked runs", len(t))
	}
}
