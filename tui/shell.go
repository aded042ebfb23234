package tui

import "charm.land/bubbles/v2/key"

func bind(help string, ks ...string) key.Binding {
	return key.NewBinding(key.WithKeys(ks...), key.WithHelp(ks[0], help))
}

// ShellActions are the shell's own actions, for the cheat sheet and for the test
// that no view takes one of its keys without a reason. They do nothing.
func ShellActions() []Action { return New(Config{}).shell() }

// shell is the shell's own actions: what a key means when no view wants it. They
// have IDs, so that the keys file can move them, and are in help and palette.
func (a *App) shell() []Action {
	undo, none := a.changes.undoWord()
	acts := []Action{
		{ID: "shell.help", Key: bind("all keys", "?"), Do: func() { a.open(newHelp(helpOf(a))) }},
		{ID: "shell.palette", Key: bind("do anything", ":", "ctrl+p"), Do: func() { a.open(newPalette(a)) }},
		{ID: "shell.undo", Key: bind("undo", "u"), Title: undo, Why: none, Cmd: a.changes.undoTop},
		{ID: "shell.again", Key: bind("ask again now", "R"), Why: a.whyNotAgain(), Do: a.again},
		{ID: "shell.next-pane", Key: bind("next pane", "tab"), Do: func() { a.deck.step(1) }},
		{ID: "shell.prev-pane", Key: bind("previous pane", "shift+tab"), Do: func() { a.deck.step(-1) }},
		{ID: "shell.next-tab", Key: bind("the pane's next tab", "]"), Do: func() { a.deck.paneTab(1) }},
		{ID: "shell.prev-tab", Key: bind("the pane's previous tab", "["), Do: func() { a.deck.paneTab(-1) }},
		{ID: "shell.zoom", Key: bind("zoom", "z"), Do: a.deck.zoom},
		{ID: "shell.layout", Key: bind("next layout", "ctrl+w"), Do: func() { a.toasts.note("layout", a.deck.nextLayout()) }},
		{ID: "shell.wider", Key: bind("move the divider right", "alt+right", "ctrl+right"), Do: func() { a.deck.nudge(true, 2) }},
		{ID: "shell.narrower", Key: bind("move the divider left", "alt+left", "ctrl+left"), Do: func() { a.deck.nudge(true, -2) }},
		{ID: "shell.lower", Key: bind("move the divider down", "alt+down", "ctrl+down"), Do: func() { a.deck.nudge(false, 1) }},
		{ID: "shell.higher", Key: bind("move the divider up", "alt+up", "ctrl+up"), Do: func() { a.deck.nudge(false, -1) }},
		{ID: "shell.theme", Key: bind("next theme", "T"), Do: func() { a.toasts.note("theme", a.look.next()) }},
		{ID: "shell.activity", Key: bind("activity", "ctrl+l"), Title: "activity: all that was changed from here", Do: func() { a.open(&activityDialog{entries: a.journal.all()}) }},
		{ID: "shell.dismiss", Key: bind("back", "esc"), Do: func() { _ = a.toasts.dismiss() || a.deck.unzoom() }},
		{ID: "shell.quit", Key: bind("quit", "q", "ctrl+c"), Cmd: a.quit},
	}
	for i, t := range a.deck.tabs {
		acts = append(acts, Action{ID: "shell.tab." + t.Digit, Key: bind(t.Name, t.Digit), Title: "go to " + t.Name, Do: func() { a.deck.goTab(i) }})
	}
	for i := range acts {
		acts[i].Quiet = true
		acts[i] = a.keys.apply(acts[i])
	}
	return acts
}

// again asks every backend anew.
func (a *App) again() {
	for _, b := range a.pulse.health {
		a.cfg.Retry(b.Backend)
	}
	a.toasts.note("asking again", "")
}

func (a *App) whyNotAgain() string {
	if a.cfg.Retry == nil || len(a.pulse.health) == 0 {
		return "no backend is watched"
	}
	return ""
}
