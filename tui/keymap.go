package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
)

// bindings are the client's own keys, by action ID, separated by blanks.
type bindings map[string]string

// apply is the action with the client's key for it.
func (b bindings) apply(a Action) Action {
	if own, ok := b[a.ID]; ok {
		ks := strings.Fields(own)
		word := a.Key.Help().Desc
		if len(ks) == 0 {
			a.Key = key.NewBinding(key.WithHelp("", word))
			return a
		}
		a.Key = key.NewBinding(key.WithKeys(ks...), key.WithHelp(ks[0], word))
	}
	return a
}

func (a Action) word() string { return a.Key.Help().Desc }

// name is what the palette calls the action.
func (a Action) name() string {
	if a.Title != "" {
		return a.Title
	}
	return a.word()
}

// changes says whether the action changes anything outside this client.
func (a Action) changes() bool { return a.Plan != nil || a.Form != nil }

// keyName is the key as the footer and the help show it.
func keyName(a Action, enter string) string {
	k := a.Key.Help().Key
	if k == "" && len(a.Key.Keys()) > 0 {
		k = a.Key.Keys()[0]
	}
	if k == "enter" {
		return enter
	}
	return k
}

// actions is what can be done in a pane, with this client's keys and permissions.
func (a *App) actions(p *pane) []Action {
	if p == nil {
		return nil
	}
	view := p.view.Actions()
	out := make([]Action, len(view))
	for i, act := range view {
		act = a.keys.apply(act)
		if act.Why == "" && act.changes() {
			act.Why = a.cfg.refuses(backends.Safe)
		}
		out[i] = act
	}
	return out
}

// refuses is why this client may not apply a plan of some risk; empty when it may.
func (c *Config) refuses(risk backends.Risk) string {
	switch {
	case c.ReadOnly:
		return "read-only"
	case c.Apply == nil:
		return "nothing here can be changed"
	case !c.Role.Allows(risk):
		need := backends.Operator
		if !need.Allows(risk) {
			need = backends.Owner
		}
		return "needs role " + need.String()
	}
	return ""
}

// key routes a key: the dialog, a view that is typing, the focused view's actions,
// its motions, the shell.
func (a *App) key(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return a.quit()
	}
	if d := a.dialogs.top(); d != nil {
		a.screen.stale = true
		cmd, done := d.key(k)
		if done {
			a.dismiss(d)
		}
		return cmd
	}
	p := a.deck.focused()
	if p != nil && p.typing() {
		if p.key(k) || k.Text != "" {
			return nil
		}
		return a.shellKey(k)
	}
	if act, ok := matching(a.actions(p), k); ok {
		// A view that can do nothing with a key of the shell leaves it to the shell.
		if act.Why == "" {
			return a.run(p, act)
		}
		if _, shells := matching(a.shell(), k); !shells {
			return a.run(p, act)
		}
	} else if p != nil && p.key(k) {
		return nil
	}
	return a.shellKey(k)
}

func (a *App) shellKey(k tea.KeyPressMsg) tea.Cmd {
	if act, ok := matching(a.shell(), k); ok {
		return a.run(nil, act)
	}
	return nil
}

func matching(acts []Action, k tea.KeyPressMsg) (Action, bool) {
	for _, act := range acts {
		if key.Matches(k, act.Key) {
			return act, true
		}
	}
	return Action{}, false
}

// run does an action, or says why not. p is the pane that it belongs to, nil for
// the shell's own.
func (a *App) run(p *pane, act Action) tea.Cmd {
	a.screen.stale = true
	if act.Why != "" {
		a.toasts.add(toast{level: levelNote, text: act.word() + ": " + act.Why})
		return nil
	}
	a.recent.use(act.ID)
	switch {
	case act.Do != nil:
		act.Do()
		if p != nil {
			p.dirty = true
		}
	case act.Form != nil:
		a.open(newFormDialog(act.Form(), act, a.changes, a.dismiss))
	case act.Plan != nil:
		return a.changes.start(deed{id: act.ID, verb: act.word(), plan: act.Plan})
	case act.Cmd != nil:
		return act.Cmd()
	}
	return nil
}

func (a *App) paste(text string) {
	if d := a.dialogs.top(); d != nil {
		d.paste(text)
		a.screen.stale = true
	} else if p := a.deck.focused(); p != nil {
		p.paste(text)
	}
}
