package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/input"
)

// section is a part of the help: a heading and its keys.
type section struct {
	name string
	rows []helpRow
}

type helpRow struct{ key, word, why string }

// helpDialog is every key: of the focused pane, of lists, of the shell. Typing
// searches it.
type helpDialog struct {
	sections []section
	edit     input.Editor
	off      int
	scroll   int
}

func newHelp(sections []section) *helpDialog { return &helpDialog{sections: sections} }

// helpOf is the help for the focused pane.
func helpOf(a *App) []section {
	var out []section
	rows := func(acts []Action) []helpRow {
		var rs []helpRow
		for _, act := range acts {
			rs = append(rs, helpRow{strings.Join(act.Key.Keys(), " "), act.word(), act.Why})
		}
		return rs
	}
	if p := a.deck.focused(); p != nil {
		t := p.view.Title()
		out = append(out, section{strings.TrimSpace(t.Name + " " + t.Of), rows(a.actions(p))})
	}
	var lists []helpRow
	for _, b := range keys.Default().Lists() {
		lists = append(lists, helpRow{strings.Join(b.Keys(), " "), b.Help().Desc, ""})
	}
	out = append(out, section{"In lists, logs and charts", lists}, section{"Everywhere", rows(a.shell())})
	return out
}

func (d *helpDialog) key(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "esc", "?":
		return nil, true
	case "up":
		d.scroll--
	case "down":
		d.scroll++
	case "pgup":
		d.scroll -= 10
	case "pgdown":
		d.scroll += 10
	default:
		before := d.edit.Text()
		if d.edit.Key(k); d.edit.Text() != before {
			d.scroll = 0
		}
	}
	return nil, false
}

func (d *helpDialog) paste(text string) { d.edit.Insert(text) }

func (d *helpDialog) mouse(msg tea.MouseMsg, _, _ int) (tea.Cmd, bool) {
	d.scroll += wheel(msg)
	return nil, false
}

func (d *helpDialog) draw(th *theme.Theme, room rect) panel {
	top := newSheet(th, room)
	top.blank()
	shown, col, off := input.Window(d.edit.Runes(), d.edit.Pos(), d.off, max(top.w-2*indent-12, 1))
	d.off = off
	top.add(top.line().Put(top.set.Title, "All keys").Space(2).Put(top.set.Selected, "/").Space(1).Put(top.set.Text, shown))
	top.blank()
	list := newSheet(th, room)
	d.drawSections(list)
	rows := max(min(len(list.lines), room.h-len(top.lines)-4), 1)
	d.scroll = min(max(d.scroll, 0), max(len(list.lines)-rows, 0))
	for len(list.lines) < rows {
		list.blank()
	}
	top.lines = append(top.lines, list.lines[d.scroll:d.scroll+rows]...)
	top.blank()
	top.keys("", arrows(th), "more", "type", "to search", "esc", "close")
	top.blank()
	p := top.panel(room, -1, 3, nil)
	p.cursorAt(indent+12+col, 1)
	return p
}

func (d *helpDialog) drawSections(s *sheet) {
	query := words(d.edit.Text())
	for _, sec := range d.sections {
		var rows []helpRow
		for _, r := range sec.rows {
			if _, ok := fuzzy(query, r.key+" "+r.word+" "+r.why); ok {
				rows = append(rows, r)
			}
		}
		if len(rows) == 0 {
			continue
		}
		if len(s.lines) > 0 {
			s.blank()
		}
		s.text(s.set.Selected, sec.name)
		for _, r := range rows {
			l := s.line()
			l.Put(s.set.Title, r.key).Fill(indent + 22)
			if r.why == "" {
				l.Put(s.set.Text, r.word)
			} else {
				l.Put(s.set.Weak, r.word).Space(2).Put(s.set.Caution, r.why)
			}
			s.add(l)
		}
	}
	if len(s.lines) == 0 {
		s.text(s.set.Text, "no key does that; : finds what has no key")
	}
}

// topicDialog shows one page of help.
type topicDialog struct {
	topic  Topic
	scroll int
}

func (d *topicDialog) key(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "up":
		d.scroll--
	case "down":
		d.scroll++
	case "pgup":
		d.scroll -= 10
	case "pgdown", "space":
		d.scroll += 10
	case "esc", "enter", "q", "?":
		return nil, true
	}
	return nil, false
}

func (d *topicDialog) paste(string) {}

func (d *topicDialog) mouse(msg tea.MouseMsg, _, _ int) (tea.Cmd, bool) {
	d.scroll += wheel(msg)
	return nil, false
}

func (d *topicDialog) draw(th *theme.Theme, room rect) panel {
	s := newSheet(th, room)
	s.blank()
	s.text(s.set.Title, d.topic.Title)
	s.blank()
	for _, line := range cell.Wrap(d.topic.Text, s.inner()) {
		s.add(s.line().Put(s.set.Text, line))
	}
	s.blank()
	s.keys("", "esc", "close")
	s.blank()
	return s.panel(room, -1, 3, &d.scroll)
}
