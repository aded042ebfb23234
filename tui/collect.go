package tui

import (
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell"
)

// collect is everything that the palette offers: what can be done in the focused
// pane, then in the others, the shell's own, every object, and the help.
func (a *App) collect() []entry {
	var out []entry
	focused := a.deck.focused()
	type deed struct{ id, name string }
	offered := map[deed]bool{} // panes about one object can do the same to it
	offer := func(p *pane) {
		for _, act := range a.actions(p) {
			if is := (deed{act.ID, act.name()}); !offered[is] {
				offered[is] = true
				out = append(out, entryOf(p, act))
			}
		}
	}
	offer(focused)
	for p := range a.deck.all() {
		if p != focused {
			offer(p)
		}
	}
	for _, act := range a.shell() {
		if act.ID != "shell.palette" {
			out = append(out, entryOf(nil, act))
		}
	}
	for p := range a.deck.all() {
		if v, ok := p.view.(Objects); ok {
			for _, o := range v.Objects() {
				out = append(out, objectEntry(p, o))
			}
		}
	}
	for _, t := range a.cfg.Topics {
		out = append(out, entry{kind: "help", text: t.Title, id: "help " + t.Title, more: "A page of help.", run: func(a *App) tea.Cmd {
			a.open(&topicDialog{topic: t})
			return nil
		}})
	}
	return out
}

// entryOf is an action; doing it shows its pane first.
func entryOf(p *pane, act Action) entry {
	e := entry{kind: "do", text: cell.Safe(act.name()), key: keyName(act, "enter"), why: cell.Safe(act.Why), id: act.ID, more: explain(p, act)}
	e.run = func(a *App) tea.Cmd {
		if p != nil {
			a.deck.focusPane(p)
		}
		return a.run(p, act)
	}
	return e
}

func objectEntry(p *pane, o Object) entry {
	return entry{
		kind: "go", text: cell.Safe(o.Name), note: cell.Safe(o.Note), id: "go " + o.Ref.Key(),
		more: "Shows it in " + p.view.Title().Name + ".",
		run: func(a *App) tea.Cmd {
			a.deck.focusPane(p)
			if o.Go != nil {
				o.Go()
			}
			p.dirty = true
			return nil
		},
	}
}

// explain is what an action does, in general.
func explain(p *pane, act Action) string {
	text := act.ID
	if p != nil {
		text += ", in " + p.view.Title().Name
	}
	switch {
	case act.Form != nil:
		text += ". Asks for values, then shows what it would change."
	case act.Plan != nil:
		text += ". Works out what it would change; what cannot be undone is asked first."
	case act.Cmd != nil:
		text += "."
	default:
		text += ". Changes only what you see."
	}
	return text
}
