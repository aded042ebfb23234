package tui

import tea "charm.land/bubbletea/v2"

// drag is what the mouse holds while its button is down.
type drag struct {
	divider *divider
	pane    *pane
}

// pointer routes the mouse: what is held, the dialog, a toast, the header, the
// footer, a divider, a pane.
func (a *App) pointer(msg tea.MouseMsg) tea.Cmd {
	m := msg.Mouse()
	if a.drag.follow(msg, a.deck) {
		return nil
	}
	if d := a.dialogs.top(); d != nil {
		cmd, done := d.mouse(msg, m.X-a.screen.panel.x, m.Y-a.screen.panel.y)
		a.screen.stale = true
		if done {
			a.dismiss(d)
		}
		return cmd
	}
	click, clicked := msg.(tea.MouseClickMsg)
	if !clicked || click.Button != tea.MouseLeft {
		if p := a.deck.paneAt(m.X, m.Y); p != nil && m.Y > p.rect.y {
			p.point(msg)
		}
		return nil
	}
	return a.click(msg, m.X, m.Y)
}

// follow continues a drag; true means that the event belongs to it.
func (g *drag) follow(msg tea.MouseMsg, d *deck) bool {
	if *g == (drag{}) {
		return false
	}
	m := msg.Mouse()
	switch msg.(type) {
	case tea.MouseMotionMsg:
		if g.divider != nil {
			d.drag(*g.divider, m.X, m.Y)
		} else {
			g.pane.point(msg)
		}
		return true
	case tea.MouseReleaseMsg:
		if g.pane != nil {
			g.pane.point(msg)
		}
		*g = drag{}
		return true
	}
	*g = drag{}
	return false
}

func (a *App) click(msg tea.MouseMsg, x, y int) tea.Cmd {
	s := a.screen
	switch {
	case s.toast.has(x, y):
		a.toasts.dismiss()
		s.stale = true
		return nil
	case s.header() && y == 0:
		if i, ok := hit(s.head, x); ok {
			a.deck.goTab(i)
		}
		return nil
	case s.footer() && y == s.h-1:
		if i, ok := hit(s.foot, x); ok && i < len(s.offer) {
			return a.run(a.deck.focused(), s.offer[i])
		}
		return nil
	}
	dv, onDivider := a.deck.dividerAt(x, y)
	if onDivider {
		a.drag.divider = &dv
	}
	p := a.deck.paneAt(x, y)
	if p == nil {
		return nil
	}
	if p != a.deck.focused() {
		a.deck.focusPane(p)
	}
	if y == p.rect.y {
		p.clickRule(x - p.rect.x)
		return nil
	}
	a.drag.pane = p
	p.point(msg)
	return nil
}

// clickRule switches to the pane's own tab under the mouse.
func (p *pane) clickRule(x int) {
	i, ok := hit(p.tabs, x)
	if v, tabbed := p.view.(Tabbed); ok && tabbed {
		v.SetTab(i)
		p.dirty = true
	}
}

func hit(spans []span, x int) (int, bool) {
	for _, s := range spans {
		if x >= s.from && x < s.to {
			return s.id, true
		}
	}
	return 0, false
}
