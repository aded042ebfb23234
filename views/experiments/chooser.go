package experiments

import (
	"slices"
	"strings"

	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/table"
)

// chooser arranges the columns of the runs: which are on, in which order. It takes
// the table's place while it is open, and changes it at once.
type chooser struct {
	runs *Runs
	list *table.Table[table.ColumnInfo]
}

// arrange opens the chooser.
func (v *Runs) arrange() { v.chooser = newChooser(v) }

func newChooser(v *Runs) *chooser {
	c := &chooser{runs: v}
	c.list = table.New(table.Options[table.ColumnInfo]{
		Key: func(i table.ColumnInfo) string { return i.ID },
		Columns: []table.Column[table.ColumnInfo]{
			{ID: "on", Title: "on", Width: 3, Cell: func(i table.ColumnInfo, l *cell.Line) {
				if i.Shown {
					l.Put(l.Set.Selected, l.Theme.Glyph.Mark)
				}
			}},
			{ID: "column", Title: "column", Min: 20, Max: 60, Grow: true, Cell: func(i table.ColumnInfo, l *cell.Line) {
				style := l.Set.Dim
				if i.Shown {
					style = l.Set.Text
				}
				l.Put(style, i.ID)
			}},
		},
	})
	c.refresh()
	return c
}

func (c *chooser) refresh() { c.list.SetRows(c.runs.table.Columns()) }

// toggle shows the column under the cursor, behind the others that are on, or
// hides it. The cursor stays where it is: the next one may be next.
func (c *chooser) toggle() {
	i, ok := c.list.Selected()
	if !ok || i.ID == "run" {
		return
	}
	all := c.runs.table.Columns()
	var on []string
	for _, x := range all {
		if x.Shown {
			on = append(on, x.ID)
		}
	}
	if at := slices.Index(on, i.ID); at >= 0 {
		on = slices.Delete(on, at, at+1)
	} else {
		on = append(on, i.ID)
	}
	c.runs.table.SetColumns(on)
	c.changed(c.runs.table.Columns()[slices.Index(all, i)].ID)
}

// move changes the place of the column under the cursor.
func (c *chooser) move(by int) {
	if i, ok := c.list.Selected(); ok && i.Shown && i.ID != "run" {
		c.runs.table.MoveColumn(i.ID, by)
		c.changed(i.ID)
	}
}

// changed notes that the columns are the user's own now.
func (c *chooser) changed(cursor string) {
	c.runs.arranged = true
	c.refresh()
	c.list.Select(cursor)
}

func (c *chooser) actions() []tui.Action {
	return []tui.Action{
		{ID: "columns.toggle", Key: bind("show or hide", "space"), Do: c.toggle},
		{ID: "columns.left", Key: bind("move left", "-"), Do: func() { c.move(-1) }},
		{ID: "columns.right", Key: bind("move right", "+", "="), Do: func() { c.move(1) }},
		{ID: "columns.sort", Key: bind("sort by it", "o"), Do: func() {
			if i, ok := c.list.Selected(); ok {
				c.runs.table.SortBy(i.ID)
			}
		}},
		{ID: "columns.done", Key: bind("done", "enter", "esc", "v"), Do: func() { c.runs.chooser = nil }},
	}
}

func (c *chooser) render(f tui.Frame) string {
	head := cell.NewLine(f.Theme, &f.Theme.Plain, f.W).Space(2).Put(f.Theme.Plain.Title, "Columns").Space(2).
		Put(f.Theme.Plain.Quiet, "they change at once; those without room drop from the right").Render()
	lines := append([]string{head}, strings.Split(c.list.Render(f.Theme, f.W, max(1, f.H-1), f.Focused), "\n")...)
	return cell.Block(lines, f.W, f.H)
}
