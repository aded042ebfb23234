package logview

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

const (
	wheelRows = 3
	sideCells = 8
)

// key takes what moves the view or the cursor.
func (at *window) key(msg tea.KeyPressMsg) bool {
	page := max(at.body-1, 1)
	switch k := at.keys; {
	case key.Matches(msg, k.Up):
		at.anchor = -1
		at.move(true)
	case key.Matches(msg, k.Down):
		at.anchor = -1
		at.move(false)
	case key.Matches(msg, k.PageUp):
		at.scroll(-page)
	case key.Matches(msg, k.PageDown):
		at.scroll(page)
	case key.Matches(msg, k.HalfUp):
		at.scroll(-max(at.body/2, 1))
	case key.Matches(msg, k.HalfDown):
		at.scroll(max(at.body/2, 1))
	case key.Matches(msg, k.Home):
		at.first()
	case key.Matches(msg, k.End):
		at.end()
	case key.Matches(msg, k.Left):
		return at.s.aside(-sideCells)
	case key.Matches(msg, k.Right):
		return at.s.aside(sideCells)
	case key.Matches(msg, k.Mark):
		at.mark()
	case msg.String() == "shift+up", msg.String() == "shift+down":
		at.extend(msg.String() == "shift+up")
	default:
		return false
	}
	return true
}

// first chooses the first line.
func (at *window) first() {
	if seq, ok := at.s.step(0, false); ok {
		at.jump(seq)
	}
}

func (at *window) wheel(m tea.Mouse) bool {
	switch m.Button {
	case tea.MouseWheelUp:
		at.scroll(-wheelRows)
	case tea.MouseWheelDown:
		at.scroll(wheelRows)
	case tea.MouseWheelLeft:
		return at.s.aside(-sideCells)
	case tea.MouseWheelRight:
		return at.s.aside(sideCells)
	default:
		return false
	}
	return true
}

// mark begins choosing several lines, or ends it.
func (at *window) mark() {
	at.freeze()
	at.settle()
	switch {
	case at.anchor >= 0:
		at.anchor = -1
		return
	case at.cursor < 0:
		at.cursor = at.down(at.top, at.body-1).seq
	}
	at.anchor = at.cursor
}

// extend chooses one more line.
func (at *window) extend(back bool) {
	if at.follow && !back {
		return
	}
	if at.anchor < 0 {
		at.mark()
	}
	if anchor := at.anchor; at.cursor >= 0 {
		at.move(back)
		if !at.follow {
			at.anchor = anchor
		}
	}
}
