package experiments

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/table"
)

// arrangement is what a chooser arranges: things of which some are on, in an order.
type arrangement interface {
	Columns() []table.ColumnInfo
	SetColumns(ids []string)
	MoveColumn(id string, by int) bool
}

// chooser arranges columns or axes: which are on, in which order. It takes their
// place while it is open, and changes them at once.
type chooser struct {
	title, hint string
	of          arrangement
	fixed       string                  // the one that neither goes nor moves
	sort        func(id string)         // nil where there is no order to choose
	width       func(id string, by int) // nil where there are no widths; by 0 is the thing's own
	changed     func()
	done        func()
	list        *table.Table[table.ColumnInfo]
}

// arrange opens the chooser of the table's columns.
func (v *Runs) arrange() {
	v.chooser = newChooser(chooser{
		title: "Columns", hint: "they change at once; those without room drop from the right", of: v.table, fixed: "run",
		sort: v.table.SortBy, width: func(id string, by int) { widen(v.table, id, by) }, changed: func() { v.arranged, v.wanted = true, nil }, done: func() { v.chooser = nil },
	})
}

// widen makes a column wider by so many cells; by 0 is as wide as it is by itself.
func widen(t *table.Table[*backends.Run], id string, by int) {
	if by == 0 {
		t.SetWidth(id, 0)
		return
	}
	for _, c := range t.Columns() {
		if c.ID == id {
			now := c.Width
			if now == 0 {
				now = max(t.Width(id), metricMin)
			}
			t.SetWidth(id, max(now+by, 3))
		}
	}
}

func newChooser(of chooser) *chooser {
	c := &of
	c.list = table.New(table.Options[table.ColumnInfo]{
		Key: func(i table.ColumnInfo) string { return i.ID },
		Columns: []table.Column[table.ColumnInfo]{
			{ID: "on", Title: "on", Width: 3, Cell: func(i table.ColumnInfo, l *cell.Line) {
				if i.Shown {
					l.Put(l.Set.Selected, l.Theme.Glyph.Mark)
				}
			}},
			{ID: "column", Title: strings.TrimSuffix(strings.ToLower(of.title), "s"), Min: 20, Max: 60, Grow: true, Cell: func(i table.ColumnInfo, l *cell.Line) {
				style := l.Set.Dim
				if i.Shown {
					style = l.Set.Text
				}
				l.Put(style, i.ID)
				if i.Width > 0 {
					l.Space(2).Put(l.Set.Quiet, fmt.Sprintf("%d cells", i.Width))
				}
			}},
		},
	})
	c.refresh()
	return c
}

func (c *chooser) refresh() { c.list.SetRows(c.of.Columns()) }

// toggle shows what is under the cursor, behind the others that are on, or hides
// it. The cursor stays where it is: the next one may be next.
func (c *chooser) toggle() {
	i, ok := c.list.Selected()
	if !ok || i.ID == c.fixed {
		return
	}
	all := c.of.Columns()
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
	c.of.SetColumns(on)
	c.now(c.of.Columns()[slices.Index(all, i)].ID)
}

// move changes the place of what is under the cursor.
func (c *chooser) move(by int) {
	if i, ok := c.list.Selected(); ok && i.Shown && i.ID != c.fixed {
		c.of.MoveColumn(i.ID, by)
		c.now(i.ID)
	}
}

// now shows the arrangement as it has become.
func (c *chooser) now(cursor string) {
	c.changed()
	c.refresh()
	c.list.Select(cursor)
}

func (c *chooser) actions() []tui.Action {
	acts := []tui.Action{
		{ID: "columns.toggle", Key: bind("show or hide", "space"), Do: c.toggle},
		{ID: "columns.left", Key: bind("move left", "-"), Do: func() { c.move(-1) }},
		{ID: "columns.right", Key: bind("move right", "+"), Do: func() { c.move(1) }},
	}
	if c.sort != nil {
		acts = append(acts, tui.Action{ID: "columns.sort", Key: bind("sort by it", "o"), Do: func() {
			if i, ok := c.list.Selected(); ok {
				c.sort(i.ID)
			}
		}})
	}
	if c.width != nil {
		by := func(n int) func() {
			return func() {
				if i, ok := c.list.Selected(); ok && i.Shown {
					c.width(i.ID, n)
					c.now(i.ID)
				}
			}
		}
		acts = append(acts, tui.Action{ID: "columns.wider", Key: bind("wider", "right"), Do: by(1)}, tui.Action{ID: "columns.narrower", Key: bind("narrower", "left"), Do: by(-1)},
			tui.Action{ID: "columns.own", Key: bind("own width", "="), Do: by(0)})
	}
	return append(acts, tui.Action{ID: "columns.done", Key: bind("done", "enter", "esc", "v"), Do: c.done})
}

func (c *chooser) key(msg tea.KeyPressMsg) bool {
	if msg.String() == "esc" {
		c.done()
		return true
	}
	return c.list.Key(msg)
}

func (c *chooser) mouse(msg tea.MouseMsg, x, y int) bool { return c.list.Mouse(msg, x, y-1) }

func (c *chooser) render(f tui.Frame) string {
	head := cell.NewLine(f.Theme, &f.Theme.Plain, f.W).Space(2).Put(f.Theme.Plain.Title, c.title).Space(2).
		Put(f.Theme.Plain.Quiet, c.hint).Render()
	lines := append([]string{head}, strings.Split(c.list.Render(f.Theme, f.W, max(1, f.H-1), f.Focused), "\n")...)
	return cell.Block(lines, f.W, f.H)
}
