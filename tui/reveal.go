package tui

import tea "charm.land/bubbletea/v2"

// Reveal shows the pane of a view of this client and gives it the keyboard: what
// opening an object in one pane does when its details are in another.
func Reveal(v View) tea.Cmd {
	return func() tea.Msg {
		return runMsg{run: func(a *App) tea.Cmd { a.deck.reveal(v); return nil }}
	}
}

// reveal finds the pane of a view, in whichever tab it is.
func (d *deck) reveal(v View) {
	for p := range d.all() {
		if p.view == v {
			d.focusPane(p)
			p.dirty = true
			return
		}
	}
}
