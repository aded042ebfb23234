package experiments

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/table"
)

// option is one line of a menu.
type option struct {
	id, name, note string
	on             bool // it is the one in force
}

// menu offers one of several things in the table's place.
type menu struct {
	title, hint string
	choose      func(id string)
	done        func()
	more        func(option) []tui.Action // what else can be done to an option
	list        *table.Table[option]
}

func newMenu(of menu, options []option) *menu {
	m := &of
	m.list = table.New(table.Options[option]{
		Bare: true, Key: func(o option) string { return o.id }, Same: func(a, b option) bool { return a == b },
		Columns: []table.Column[option]{
			{ID: "on", Width: 1, Weight: 3, Cell: func(o option, l *cell.Line) {
				if o.on {
					l.Put(l.Set.Selected, l.Theme.Glyph.Mark)
				}
			}},
			{ID: "name", Min: 16, Max: 60, Weight: 2, Cell: func(o option, l *cell.Line) { l.Put(l.Set.Text, o.name) }},
			{ID: "note", Max: 80, Weight: 1, Cell: func(o option, l *cell.Line) { l.Put(l.Set.Quiet, o.note) }},
		},
	})
	m.list.SetRows(options)
	for _, o := range options {
		if o.on {
			m.list.Select(o.id)
		}
	}
	return m
}

func (m *menu) actions() []tui.Action {
	o, ok := m.list.Selected()
	none := ""
	if !ok {
		none = "there is nothing to choose"
	}
	acts := []tui.Action{{ID: "menu.choose", Key: bind("open", "enter"), Title: "Choose " + o.name, Why: none, Do: func() { m.done(); m.choose(o.id) }}}
	if m.more != nil {
		acts = append(acts, m.more(o)...)
	}
	return append(acts, tui.Action{ID: "menu.done", Key: bind("done", "esc"), Title: "Back to the runs", Do: m.done})
}

func (m *menu) key(msg tea.KeyPressMsg) bool {
	if msg.String() == "esc" {
		m.done()
		return true
	}
	return m.list.Key(msg)
}

// mouse chooses by a click on the option that is chosen already.
func (m *menu) mouse(msg tea.MouseMsg, x, y int) bool {
	before, _ := m.list.Selected()
	taken := m.list.Mouse(msg, x, y-1)
	if now, ok := m.list.Selected(); ok && taken && now.id == before.id {
		if _, click := msg.(tea.MouseClickMsg); click {
			m.done()
			m.choose(now.id)
		}
	}
	return taken
}

func (m *menu) render(f tui.Frame) string {
	head := cell.NewLine(f.Theme, &f.Theme.Plain, f.W).Space(2).Put(f.Theme.Plain.Title, m.title).Space(2).Put(f.Theme.Plain.Quiet, m.hint).Render()
	lines := append([]string{head}, strings.Split(m.list.Render(f.Theme, f.W, max(1, f.H-1), f.Focused), "\n")...)
	return cell.Block(lines, f.W, f.H)
}
