package experiments

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/query"
	"flightdeck/backends/query/of"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/input"
	"flightdeck/tui/widget/table"
)

// filter is the query in force, and the line in which it is typed.
type filter struct {
	*input.Input
	desk   *Desk
	table  *table.Table[*backends.Run]
	schema *query.Schema // what can be asked for; nil until it is
	h      int           // rows of the table in the last frame

	passes  bool       // there is one in force
	exact   query.Expr // nil, or what no run is yet: meanwhile letters may lie apart
	changes int        // how often what passes may have become other
}

func newFilter(d *Desk, t *table.Table[*backends.Run]) *filter {
	v := &filter{desk: d, table: t}
	v.Input = &input.Input{Prompt: "/ ", Placeholder: `metrics.val_acc > 0.95 and params.lr < 0.01, or any text`, Complete: v.complete, Check: v.check}
	return v
}

// action begins to type.
func (v *filter) action() tui.Action {
	return tui.Action{ID: "runs.filter", Key: bind("filter", "/"), Title: "Filter the runs", Why: whyNoFilter(v.desk), Do: v.Start}
}

// key types, and narrows the table by what is typed so far. What is wrong cannot be
// left standing: the title would name a filter that is not in force.
func (v *filter) key(msg tea.KeyPressMsg) bool {
	if _, err := v.Err(); err != nil && msg.String() == "enter" {
		return true
	}
	before := v.Text()
	taken := v.Key(msg)
	if v.Text() != before {
		v.narrow()
	}
	if r, ok := v.table.Selected(); ok && v.Done() == input.Accepted {
		v.table.Select(runKeyOf(r)) // what the filter found is the choice from now on
	}
	return taken
}

// put replaces the query.
func (v *filter) put(text string) {
	v.Set(text)
	v.narrow()
}

// narrow filters by the query, as far as it can be understood: while it is wrong
// the rows stay as they are.
func (v *filter) narrow() {
	src := strings.TrimSpace(v.Text())
	v.changes++
	v.exact = nil
	if src == "" {
		v.pass(nil)
		return
	}
	e, err := query.Parse(src, v.fields(), v.desk.now)
	if err != nil {
		return
	}
	s := &of.Run{Now: v.desk.now}
	if exact, differs := query.Exactly(e); differs {
		if v.found(exact) {
			e = exact
		} else {
			v.exact = exact
		}
	}
	v.pass(func(r *backends.Run) bool { s.Run = r; return e.Match(s) })
}

// pass lists the runs that do, under the columns that suit them.
func (v *filter) pass(do func(*backends.Run) bool) {
	v.passes = do != nil
	v.table.SetFilter(do)
	v.desk.runs.narrowed()
}

// on says whether a filter is in force.
func (v *filter) on() bool { return v.passes }

// tighten lists what has the text as it is, once there is such a run.
func (v *filter) tighten() {
	if v.exact != nil && v.found(v.exact) {
		v.narrow()
	}
}

// found says whether any run is what a filter asks for.
func (v *filter) found(e query.Expr) bool {
	s := &of.Run{Now: v.desk.now}
	return slices.ContainsFunc(v.desk.roll.runs, func(r *backends.Run) bool { s.Run = r; return e.Match(s) })
}

// fields is what the filter can ask for, read from the runs once a snapshot.
func (v *filter) fields() query.Schema {
	if v.schema == nil {
		s := of.Schema(v.desk.roll.runs)
		v.schema = &s
	}
	return *v.schema
}

func (v *filter) check(src string) (int, error) {
	_, err := query.Parse(src, v.fields(), v.desk.now)
	if qe, ok := err.(*query.Error); ok {
		return qe.Col, qe
	}
	return 0, err
}

func (v *filter) complete(src string, pos int) []input.Completion {
	var out []input.Completion
	for _, c := range query.Complete(src, pos, v.fields()) {
		out = append(out, input.Completion{Text: c.Text, Note: c.Note, From: c.From})
	}
	return out
}

// popup is how many rows the completions and what is wrong take: never more than
// half of the table.
func (v *filter) popup() int { return v.BelowRows(min(8, v.h/2)) }

// overlay puts the line that is typed over the table's header, and the completions
// over its first rows: nothing moves when the filter opens.
func (v *filter) overlay(f tui.Frame, rows []string) []string {
	rows[0] = cell.NewLine(f.Theme, &f.Theme.Plain, f.W).Space(1).Raw(v.Render(f.Theme, &f.Theme.Plain, max(1, f.W-1)), max(1, f.W-1)).Render()
	if n := v.popup(); n > 0 {
		pad := cell.NewLine(f.Theme, &f.Theme.Raised, 1).Space(1).Render()
		for i, row := range strings.Split(v.Below(f.Theme, &f.Theme.Raised, max(1, f.W-1), n), "\n") {
			rows[1+i] = pad + row
		}
	}
	return rows
}
