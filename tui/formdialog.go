package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui/theme"
)

// formDialog asks for values, plans with them, and stays until the plan is made,
// so that nothing typed is lost when it cannot be.
type formDialog struct {
	Form
	act     Action
	changes *changes
	dismiss func(dialog)
	busy    bool
	err     error
	at      rect // of the form, in the panel
}

// formWidth leaves room for the hints beside the fields.
const formWidth = 104

func newFormDialog(f Form, act Action, c *changes, dismiss func(dialog)) *formDialog {
	return &formDialog{Form: f, act: act, changes: c, dismiss: dismiss}
}

func (d *formDialog) verb() string {
	if d.Verb != "" {
		return d.Verb
	}
	return d.act.word()
}

func (d *formDialog) key(k tea.KeyPressMsg) (tea.Cmd, bool) {
	if k.String() == "esc" {
		return nil, true
	}
	if d.busy {
		return nil, false
	}
	d.Form.Form.Key(k)
	return d.submitted(), false
}

// submitted plans once the form was confirmed.
func (d *formDialog) submitted() tea.Cmd {
	if !d.Form.Form.Submitted() {
		return nil
	}
	values, err := d.Form.Form.Values()
	if err != nil {
		d.err = err
		return nil
	}
	d.busy, d.err = true, nil
	return d.changes.start(deed{
		id: d.act.ID, verb: d.verb(),
		plan:    func(ctx context.Context) (backends.Plan, error) { return d.Submit(ctx, values) },
		planned: d.planned,
	})
}

func (d *formDialog) planned(err error) {
	d.busy, d.err = false, err
	if err == nil {
		d.dismiss(d)
	}
}

func (d *formDialog) paste(text string) { d.Form.Form.Paste(text) }

func (d *formDialog) mouse(msg tea.MouseMsg, x, y int) (tea.Cmd, bool) {
	d.Form.Form.Mouse(msg, x-d.at.x, y-d.at.y)
	return d.submitted(), false
}

func (d *formDialog) draw(th *theme.Theme, room rect) panel {
	s := wideSheet(th, room, formWidth)
	s.blank()
	s.text(s.set.Title, d.Title)
	if d.Intro != "" && room.h > 14 {
		s.blank()
		s.text(s.set.Text, d.Intro)
	}
	s.blank()
	tail := 3 // a blank, the keys, a blank
	if d.err != nil {
		tail += 2
	}
	rows := max(min(d.Form.Form.Rows(th, s.inner()), room.h-len(s.lines)-tail), 1)
	d.at = rect{indent, len(s.lines), s.inner(), rows}
	for line := range strings.SplitSeq(d.Form.Form.Render(th, *s.set, s.inner(), rows), "\n") {
		s.add(s.line().Raw(line, s.inner()))
	}
	before := len(s.lines)
	if d.err != nil {
		s.blank()
		s.text(s.set.Caution, d.err.Error())
	}
	s.blank()
	note := ""
	if d.busy {
		note = "planning"
	}
	hints := []string{"enter", d.verb(), "tab", "next field", "esc", "leave it"}
	if d.Form.Form.Lined() {
		hints = append([]string{"ctrl+s", d.verb(), "enter", "new line"}, hints[2:]...)
	}
	s.keys(note, hints...)
	s.blank()
	p := s.panel(room, -1, len(s.lines)-before, nil)
	if c := d.Form.Form.Cursor(); c != nil && !d.busy {
		p.cursorAt(c.X+d.at.x, c.Y+d.at.y)
	}
	return p
}
