package experiments

import (
	tea "charm.land/bubbletea/v2"
)

// Key implements tui.Keys.
func (v *Runs) Key(msg tea.KeyPressMsg) bool {
	switch {
	case v.filter.Typing():
		if !v.filter.key(msg) {
			return false
		}
	case v.menu != nil:
		return v.menu.key(msg)
	case v.chooser != nil:
		return v.chooser.key(msg)
	case v.groups != nil:
		if !v.groups.table.Key(msg) {
			return false
		}
	case !v.table.Key(msg):
		return false
	}
	v.publish()
	return true
}

// Mouse implements tui.Mouse.
func (v *Runs) Mouse(msg tea.MouseMsg, x, y int) bool {
	_, pressed := msg.(tea.MouseClickMsg)
	switch {
	case v.chooser != nil:
		return v.chooser.mouse(msg, x, y)
	case v.menu != nil:
		return v.menu.mouse(msg, x, y)
	case v.filter.Typing() && pressed && y <= v.filter.popup():
		if y == 0 {
			v.filter.Click(x - 1)
		}
		return true
	case v.groups != nil:
		if !v.groups.table.Mouse(msg, x, y) {
			return false
		}
	case len(v.desk.roll.runs) == 0 || !v.table.Mouse(msg, x, y):
		return false
	}
	v.publish()
	return true
}

// Typing implements tui.Typing.
func (v *Runs) Typing() bool { return v.filter.Typing() }

// Paste implements tui.Typing.
func (v *Runs) Paste(text string) {
	if v.filter.Typing() {
		v.filter.Paste(text)
		v.filter.narrow()
		v.publish()
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
