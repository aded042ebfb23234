package experiments

import (
	"context"
	"fmt"
	"slices"
	"time"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/table"
)

// Runs is the table of runs of all sources.
type Runs struct {
	desk   *Desk
	feeds  feeds
	table  *table.Table[*backends.Run]
	filter *filter
	picks  *picks
	shape  shape
	stands standing
	sorted bool  // the order was chosen by the user
	auto   order // that was put in force because it was not

	// chooser is open while the columns are arranged; arranged then stays true, and
	// new metrics no longer change which columns are on.
	chooser  *chooser
	arranged bool

	menu   *menu   // open while something is chosen in the table's place
	groups *groups // while the runs are grouped
	views  *views
	wanted []string // columns of a saved view, also those that no run has yet

	opened time.Time // of the first frame after Open
	taken  int       // snapshots
	poke   chan struct{}
}

// order is by which column the table is sorted, and in which direction.
type order struct {
	id   string
	desc bool
}

// NewRuns is the table over the desk's sources.
func NewRuns(d *Desk) *Runs {
	v := &Runs{desk: d, picks: &picks{desk: d}}
	v.table = table.New(table.Options[*backends.Run]{Key: runKeyOf})
	v.picks.table, v.filter = v.table, newFilter(d, v.table)
	d.runs = v
	v.views = &views{desk: d, runs: v}
	v.define(shape{}) // for jobs that log nothing
	return v
}

// Title implements tui.View.
func (v *Runs) Title() tui.Title {
	shown, total := v.table.Count()
	t := tui.Title{Name: "Runs", Of: v.desk.roll.experiment(), Note: v.note(), Filter: v.filter.Text()}
	if v.views.name != "" {
		t.Name = v.views.name
	}
	if v.filter.Typing() {
		t.Filter = ""
	}
	bad := v.feeds.failing()
	if v.groups != nil {
		t.Of, t.Right = v.groups.title()
		return t
	}
	switch {
	case total == 0 && bad != nil:
		t.Right = "not read yet"
	case total == 0 && v.feeds.waiting():
		t.Right = "reading"
	case total == 0:
		t.Right = "none yet"
	case bad != nil && bad.Result().OK:
		t.Stale, t.Right = true, fmt.Sprintf("%d, as of %s", total, ago(v.desk.now.Sub(bad.Result().At)))
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
	}{{v.desk.roll.active, "training"}, {len(v.picks.marks), "marked"}, {len(v.picks.pins), "pinned"}} {
		if x.n == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", x.n, x.word)
	}
	if r := v.picks.baseline(); r != nil {
		if text != "" {
			text += ", "
		}
		text += "baseline " + r.Name
		if v.picks.delta {
			text += ": metrics are differences to it"
		}
	}
	return text
}

// Open implements tui.View.
func (v *Runs) Open(ctx context.Context) <-chan struct{} {
	v.poke = make(chan struct{}, 1)
	v.feeds, v.opened = v.desk.watchRuns(ctx, v.poke), time.Time{}
	v.views.open(ctx, v.poke)
	return v.poke
}

// Refresh implements tui.View.
func (v *Runs) Refresh() {
	v.take(v.feeds.snapshot(v.desk.roll.runs))
	v.views.refresh()
}

// take shows a snapshot. It costs what changed, and a glance at each run.
func (v *Runs) take(runs []*backends.Run) {
	if !v.desk.learn(runs) {
		return
	}
	v.filter.schema = nil
	v.taken++
	filtered := v.filter.on()
	if !filtered {
		v.fit(&v.desk.roll.tally)
	}
	if v.picks.delta && v.picks.baseline() != v.desk.chosen.Get().Baseline {
		v.table.Redraw() // every difference is another one
	}
	v.table.SetRows(v.desk.roll.runs)
	if filtered {
		v.filter.tighten()
		v.fit(count(v.table.Passing()))
	}
	v.picks.forget()
	v.publish()
}

// fit has the columns that suit the listed runs. Where none is listed they stay.
func (v *Runs) fit(listed *tally) {
	if n, total := v.table.Count(); n == 0 && total > 0 && v.filter.on() {
		return
	}
	s := v.desk.roll.tally.shape(listed, &v.stands)
	s.sources = len(v.desk.roll.sources) > 1
	if !s.equal(v.shape) {
		v.define(s)
	}
}

// narrowed fits the columns to what another filter lists.
func (v *Runs) narrowed() {
	v.stands = standing{}
	if !v.filter.on() {
		v.fit(&v.desk.roll.tally)
		return
	}
	v.fit(count(v.table.Passing()))
}

// define makes the columns anew. Those that were there keep their width and place,
// unless what is on by itself changes.
func (v *Runs) define(s shape) {
	fresh := !slices.Equal(s.on, v.shape.on) || s.sources != v.shape.sources || len(v.shape.metrics)+len(v.shape.params) == 0
	v.shape = s
	id, desc := v.table.Sorted()
	v.sorted = v.sorted || v.auto != order{id, desc}
	var keep []string
	for _, c := range v.table.Columns() {
		if c.Shown {
			keep = append(keep, c.ID)
		}
	}
	defs, on := columns(v.desk, v.picks, s)
	v.table.Define(defs)
	if fresh && !v.arranged {
		keep = on
		if v.sorted && id != "" && !slices.Contains(keep, id) { // the order must be seen
			keep = slices.Insert(slices.Clone(on), 2, id)
		}
	}
	if len(v.wanted) > 0 {
		keep = v.wanted
	}
	v.table.SetColumns(keep)
	if !v.sorted {
		v.order(keep)
	}
}

// order sorts by what is judged by, where that shows, else the newest first.
func (v *Runs) order(shown []string) {
	by := order{"started", true}
	if m := v.shape.metrics; len(m) > 0 && slices.Contains(shown, "metrics."+m[0].key) {
		by = order{"metrics." + m[0].key, !lowerIsBetter(m[0].key)}
	}
	if by != v.auto {
		v.table.Sort(by.id, by.desc)
	}
	v.auto.id, v.auto.desc = v.table.Sorted()
}

// Objects implements tui.Objects.
func (v *Runs) Objects() []tui.Object {
	out := make([]tui.Object, 0, len(v.desk.roll.runs))
	for _, r := range v.desk.roll.runs {
		out = append(out, tui.Object{Ref: r.Ref(), Name: "Run " + r.Name, Note: v.shape.figure(r), Go: func() { v.show(r) }})
	}
	return append(out, v.views.objects()...)
}

// show selects a run, and lets go of a filter that hides it.
func (v *Runs) show(r *backends.Run) {
	v.groups = nil
	if !v.table.Select(runKeyOf(r)) {
		v.filter.put("")
		v.table.Select(runKeyOf(r))
	}
	v.told()
}

// told publishes what another pane asked for, and has this one drawn anew.
func (v *Runs) told() {
	v.publish()
	again(v.poke)
}

// top is how many runs' curves show while none is marked or pinned.
const top = 8

// publish tells the other views what is pointed at. While a filter hides every
// run, what they show stays: it comes back with the next letter.
func (v *Runs) publish() {
	v.picks.learn()
	old := v.desk.chosen.Get()
	c := Chosen{Marked: v.picks.marked, Pinned: v.desk.roll.pick(v.picks.pins), Baseline: v.picks.baseline()}
	c.Listing = v.taken + v.filter.changes
	c.Run, _ = v.table.Selected()
	v.desk.alerts.seen(c.Run)
	n, total := v.table.Count()
	for i := range min(n, top) {
		c.Top = append(c.Top, v.table.At(i))
	}
	if v.groups != nil {
		if v.groups.listing != c.Listing {
			v.groups.listing = c.Listing
			v.groups.refresh()
		}
		if c.Groups, c.Group = v.groups.chosen(); c.Group != nil {
			c.Run = c.Group.best(v.groups.judge())
		}
	}
	if n == 0 && total > 0 {
		c.Run, c.Top = old.Run, old.Top
	}
	if old.Run != c.Run || old.Baseline != c.Baseline || old.Listing != c.Listing || !slices.Equal(old.Top, c.Top) || !slices.Equal(old.Marked, c.Marked) || !slices.Equal(old.Pinned, c.Pinned) || old.Group != c.Group || !slices.Equal(old.Groups, c.Groups) {
		v.desk.chosen.Set(c)
	}
}

// clear lets go of the filter and the marks.
func (v *Runs) clear() {
	v.picks.clear()
	v.filter.put("")
	v.publish()
}
