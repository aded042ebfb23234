package experiments

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/query"
	"flightdeck/backends/query/of"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/input"
)

// filterKey types, and narrows the table by what is typed so far. What is wrong
// cannot be left standing: the title would name a filter that is not in force.
func (v *Runs) filterKey(msg tea.KeyPressMsg) bool {
	if _, err := v.filter.Err(); err != nil && msg.String() == "enter" {
		return true
	}
	before := v.filter.Text()
	taken := v.filter.Key(msg)
	if v.filter.Text() != before {
		v.narrow()
	}
	return taken
}

// narrow filters by the query, as far as it can be understood: while it is wrong
// the rows stay as they are.
func (v *Runs) narrow() {
	src := strings.TrimSpace(v.filter.Text())
	if src == "" {
		v.table.SetFilter(nil)
		v.publish()
		return
	}
	e, err := query.Parse(src, v.fields(), v.now)
	if err != nil {
		return
	}
	s := &of.Run{Now: v.now}
	v.table.SetFilter(func(r *backends.Run) bool { s.Run = r; return e.Match(s) })
	v.publish()
}

// fields is what the filter can ask for, read from the runs once a snapshot.
func (v *Runs) fields() query.Schema {
	if v.schema == nil {
		s := of.Schema(v.desk.roll.runs)
		v.schema = &s
	}
	return *v.schema
}

func (v *Runs) check(src string) (int, error) {
	_, err := query.Parse(src, v.fields(), v.now)
	if qe, ok := err.(*query.Error); ok {
		return qe.Col, qe
	}
	return 0, err
}

func (v *Runs) complete(src string, pos int) []input.Completion {
	var out []input.Completion
	for _, c := range query.Complete(src, pos, v.fields()) {
		out = append(out, input.Completion{Text: c.Text, Note: c.Note, From: c.From})
	}
	return out
}

// Typing implements tui.Typing.
func (v *Runs) Typing() bool { return v.filter.Typing() }

// Paste implements tui.Typing.
func (v *Runs) Paste(text string) {
	if v.filter.Typing() {
		v.filter.Paste(text)
		v.narrow()
	}
}

// Cursor implements tui.Typing.
func (v *Runs) Cursor() *tea.Cursor {
	c := v.filter.Cursor()
	if c != nil {
		c.X++
	}
	return c
}

// popup is how many rows the completions and what is wrong take: never more than
// half of the table.
func (v *Runs) popup() int { return v.filter.BelowRows(min(8, v.h/2)) }

// overlay puts the line that is typed over the table's header, and the completions
// over its first rows: nothing moves when the filter opens.
func (v *Runs) overlay(f tui.Frame, rows []string) []string {
	rows[0] = cell.NewLine(f.Theme, &f.Theme.Plain, f.W).Space(1).Raw(v.filter.Render(f.Theme, &f.Theme.Plain, max(1, f.W-1)), max(1, f.W-1)).Render()
	if n := v.popup(); n > 0 {
		pad := cell.NewLine(f.Theme, &f.Theme.Raised, 1).Space(1).Render()
		for i, row := range strings.Split(v.filter.Below(f.Theme, &f.Theme.Raised, max(1, f.W-1), n), "\n") {
			rows[1+i] = pad + row
		}
	}
	return rows
}
