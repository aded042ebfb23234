package table

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

const wheelRows = 3

// Key takes motions, marks (space, ctrl+a, shift with up and down), the column to
// sort by (< and >), its direction (o), and left and right where columns have no
// room. Everything else is false.
func (t *Table[T]) Key(msg tea.KeyPressMsg) bool {
	if t.moveKey(msg) {
		return true
	}
	switch msg.String() {
	case "ctrl+a":
		t.markAll()
	case "shift+up", "shift+down":
		t.extend(msg.String() == "shift+down")
	case "<":
		t.sortNext(-1)
	case ">":
		t.sortNext(1)
	case "o":
		if t.sortID == "" {
			return false
		}
		t.Sort(t.sortID, !t.desc)
	default:
		switch {
		case key.Matches(msg, t.keys.Mark):
			t.toggle(t.cur)
		case key.Matches(msg, t.keys.Left):
			return t.aside(-1)
		case key.Matches(msg, t.keys.Right):
			return t.aside(1)
		default:
			return false
		}
	}
	return true
}

func (t *Table[T]) moveKey(msg tea.KeyPressMsg) bool {
	page := max(t.body-1, 1)
	switch k := t.keys; {
	case key.Matches(msg, k.Up):
		t.to(t.cur - 1)
	case key.Matches(msg, k.Down):
		t.to(t.cur + 1)
	case key.Matches(msg, k.PageUp):
		t.jump(-page)
	case key.Matches(msg, k.PageDown):
		t.jump(page)
	case key.Matches(msg, k.HalfUp):
		t.jump(-max(t.body/2, 1))
	case key.Matches(msg, k.HalfDown):
		t.jump(max(t.body/2, 1))
	case key.Matches(msg, k.Home):
		t.to(0)
	case key.Matches(msg, k.End):
		t.to(len(t.rows.shown) - 1)
	default:
		return false
	}
	return true
}

// jump moves the screen and the selection together, so that the selection keeps
// its screen row.
func (t *Table[T]) jump(by int) {
	t.top = max(min(t.top+by, len(t.rows.shown)-t.body), 0)
	t.draw.stale()
	t.to(t.cur + by)
}

func (t *Table[T]) toggle(pos int) {
	if pos < 0 || pos >= len(t.rows.shown) {
		return
	}
	k := t.key(t.At(pos))
	t.Mark(k, !t.isMarked(k))
}

// markAll marks every row that passes the filter, or unmarks them when all are.
func (t *Table[T]) markAll() {
	all := true
	for i := range t.rows.shown {
		all = all && t.isMarked(t.key(t.At(i)))
	}
	for i := range t.rows.shown {
		t.Mark(t.key(t.At(i)), !all)
	}
}

// extend marks the row and goes on to the next.
func (t *Table[T]) extend(down bool) {
	if row, ok := t.Selected(); ok {
		t.Mark(t.key(row), true)
	}
	if down {
		t.to(t.cur + 1)
	} else {
		t.to(t.cur - 1)
	}
	if row, ok := t.Selected(); ok {
		t.Mark(t.key(row), true)
	}
}

// sortNext orders by the next column that is on; past either end is the snapshot's
// own order.
func (t *Table[T]) sortNext(dir int) {
	ids := []string{""}
	at := 0
	for _, c := range t.cols.cols {
		if c.hidden || !c.sorts() {
			continue
		}
		if c.ID == t.sortID {
			at = len(ids)
		}
		ids = append(ids, c.ID)
	}
	t.SortBy(ids[(at+dir+len(ids))%len(ids)])
}

// aside scrolls the columns; false when there is nothing more that way.
func (t *Table[T]) aside(by int) bool {
	off := t.cols.off + by
	if off < 0 || off > t.cols.most {
		return false
	}
	t.cols.off = off
	t.cols.changed()
	t.draw.stale()
	return true
}

// Mouse takes a click on a row (selects it; with ctrl or on the mark's column it
// marks), a click on a header (sorts, and reverses) and the wheel.
func (t *Table[T]) Mouse(msg tea.MouseMsg, x, y int) bool {
	m := msg.Mouse()
	switch msg.(type) {
	case tea.MouseClickMsg:
		return m.Button == tea.MouseLeft && t.click(m, x, y)
	case tea.MouseWheelMsg:
		return t.wheel(m)
	}
	return false
}

func (t *Table[T]) click(m tea.Mouse, x, y int) bool {
	if y < t.head {
		for _, p := range t.cols.places {
			c := t.cols.cols[p.col]
			if x >= p.x && x < p.x+p.w && c.sorts() {
				t.SortBy(c.ID)
				return true
			}
		}
		return false
	}
	pos := t.top + y - t.head
	if pos < 0 || pos >= len(t.rows.shown) {
		return false
	}
	t.to(pos)
	if x == 0 || m.Mod.Contains(tea.ModCtrl) {
		t.toggle(pos)
	}
	return true
}

func (t *Table[T]) wheel(m tea.Mouse) bool {
	by := wheelRows
	switch m.Button {
	case tea.MouseWheelLeft:
		return t.aside(-1)
	case tea.MouseWheelRight:
		return t.aside(1)
	case tea.MouseWheelUp:
		by = -wheelRows
	case tea.MouseWheelDown:
	default:
		return false
	}
	if m.Mod.Contains(tea.ModShift) {
		return t.aside(by / wheelRows)
	}
	top := max(min(t.top+by, len(t.rows.shown)-t.body), 0)
	if top == t.top {
		return true
	}
	t.top = top
	t.draw.stale()
	t.to(min(max(t.cur, top), top+t.body-1))
	return true
}
