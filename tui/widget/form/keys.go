package form

import (
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/input"
)

// Key takes a key; false leaves it to the shell (esc, and what no field wants).
func (f *Form) Key(msg tea.KeyPressMsg) bool {
	taken := f.key(msg)
	f.reveal()
	return taken
}

func (f *Form) key(msg tea.KeyPressMsg) bool {
	e := f.current()
	switch msg.String() {
	case "ctrl+s":
		f.Submit()
		return true
	case "enter":
		if f.Lined() {
			e.touch()
			e.edit.Insert("\n")
			return true
		}
		f.Submit()
		return true
	case "tab":
		f.move(1, true)
		return true
	case "shift+tab":
		f.move(-1, true)
		return true
	}
	if e == nil {
		return false
	}
	switch e.Kind {
	case Choice, Toggle:
		return f.chooseKey(e, msg) || f.lineKey(msg)
	case Number:
		return f.numberKey(e, msg) || f.lineKey(msg) || e.editKey(msg)
	case Note:
		return e.noteKey(msg) || f.lineKey(msg) || e.editKey(msg)
	}
	return f.lineKey(msg) || e.editKey(msg)
}

func (f *Form) lineKey(msg tea.KeyPressMsg) bool {
	switch msg.String() {
	case "up":
		f.move(-1, false)
	case "down":
		f.move(1, false)
	default:
		return false
	}
	return true
}

// move goes to the next field that can have the keyboard. The one that is left is
// checked, so that what is wrong shows before the end.
func (f *Form) move(dir int, around bool) {
	if f.focus < 0 {
		return
	}
	if e := f.current(); e.touched {
		v := f.values()
		e.err = e.check(v[e.ID], v)
	}
	n := len(f.entries)
	for i := f.focus + dir; i != f.focus; i += dir {
		if i < 0 || i >= n {
			if !around {
				return
			}
			i = (i + n) % n
			if i == f.focus {
				return
			}
		}
		if f.entries[i].focusable() {
			f.focus = i
			return
		}
	}
}

func (e *entry) editKey(msg tea.KeyPressMsg) bool {
	before := e.edit.Text()
	if !e.edit.Key(msg) {
		return false
	}
	if e.edit.Text() != before {
		e.touch()
	}
	return true
}

func (f *Form) chooseKey(e *entry, msg tea.KeyPressMsg) bool {
	switch msg.String() {
	case "right", "+", "=", "space":
		e.choose(1)
	case "left", "-":
		e.choose(-1)
	default:
		return false
	}
	return true
}

// options is what a choice or a toggle offers.
func (e *entry) options() []Option {
	if e.Kind == Toggle {
		return []Option{{Value: "true", Label: "yes"}, {Value: "false", Label: "no"}}
	}
	return e.Options
}

// choose goes to the next option that can be chosen.
func (e *entry) choose(dir int) {
	opts := e.options()
	at := 0
	for i, o := range opts {
		if o.Value == e.value {
			at = i
		}
	}
	for i := 1; i <= len(opts); i++ {
		o := opts[((at+dir*i)%len(opts)+len(opts))%len(opts)]
		if o.Why == "" {
			e.value = o.Value
			e.touch()
			return
		}
	}
}

// numberKey steps the number. A sign that can only be part of what is being typed
// (-3, 1e-5) is left to the editor, and so are the arrows without a step.
func (f *Form) numberKey(e *entry, msg tea.KeyPressMsg) bool {
	dir := 0
	switch msg.String() {
	case "+", "right":
		dir = 1
	case "-", "left":
		dir = -1
	}
	if dir == 0 || !e.steps() {
		return false
	}
	if msg.Text != "" {
		pos, rs := e.edit.Pos(), e.edit.Runes()
		if pos == 0 || rs[pos-1] == 'e' || rs[pos-1] == 'E' {
			return false
		}
	}
	e.edit.Set(e.step(e.edit.Text(), dir))
	e.touch()
	return true
}

// noteKey moves between the rows of a note; at its first and last row the key is
// left to the form.
func (e *entry) noteKey(msg tea.KeyPressMsg) bool {
	dir := 0
	switch msg.String() {
	case "up":
		dir = -1
	case "down":
		dir = 1
	default:
		return false
	}
	rows := input.Rows(e.edit.Runes(), e.width)
	row, col := input.RowOf(e.edit.Runes(), rows, e.edit.Pos())
	if row+dir < 0 || row+dir >= len(rows) {
		return false
	}
	e.edit.SetPos(input.PosAt(e.edit.Runes(), rows[row+dir], col))
	return true
}

// Mouse takes a click on a field or an option, and the wheel; x and y are in the
// cells of the last Render.
func (f *Form) Mouse(msg tea.MouseMsg, x, y int) bool {
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			f.move(-1, false)
		case tea.MouseWheelDown:
			f.move(1, false)
		default:
			return false
		}
		return true
	case tea.MouseClickMsg:
		taken := msg.Button == tea.MouseLeft && f.click(x, y)
		f.reveal()
		return taken
	}
	return false
}

func (f *Form) click(x, y int) bool {
	for i, e := range f.entries {
		if y < e.top || y >= e.top+e.rows || !e.focusable() {
			continue
		}
		f.focus = i
		for _, s := range e.spots {
			if y-e.top == s.y && x >= s.x && x < s.x+s.w {
				e.set(s.value)
				e.err = nil
				return true
			}
		}
		if e.typed() && x >= e.left {
			e.clickText(x-e.left, y-e.top)
		}
		return true
	}
	return false
}

func (e *entry) clickText(x, y int) {
	rs := e.edit.Runes()
	if e.Kind != Note {
		e.edit.SetPos(input.PosAt(rs, input.Span{From: min(e.off, len(rs)), To: len(rs)}, x))
		return
	}
	rows := input.Rows(rs, e.width)
	e.edit.SetPos(input.PosAt(rs, rows[min(e.off+y, len(rows)-1)], x))
}
