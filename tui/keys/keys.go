// Package keys names the motions that mean the same in every widget. An action
// of a view names its own keys; these are what a list, a log and a chart share.
package keys

import "charm.land/bubbles/v2/key"

// Map is the shared motions. It is a value: each client may have its own.
type Map struct {
	Up, Down, Left, Right     key.Binding
	PageUp, PageDown          key.Binding
	HalfUp, HalfDown          key.Binding
	Home, End                 key.Binding
	Open, Back                key.Binding
	Mark                      key.Binding
	Filter, Next, Prev        key.Binding
	NextTab, PrevTab          key.Binding // a pane's own tabs
	NextPane, PrevPane        key.Binding
	More, Less                key.Binding
	Zoom, Palette, Help, Copy key.Binding
	Undo, Again, Quit         key.Binding
}

func bind(help string, ks ...string) key.Binding {
	return key.NewBinding(key.WithKeys(ks...), key.WithHelp(ks[0], help))
}

// Default is the map that README and the help page describe.
func Default() Map {
	return Map{
		Up: bind("up", "up", "k"), Down: bind("down", "down", "j"), Left: bind("left", "left"), Right: bind("right", "right"),
		PageUp: bind("page up", "pgup", "ctrl+b"), PageDown: bind("page down", "pgdown", "ctrl+f"),
		HalfUp: bind("half a page up", "ctrl+u"), HalfDown: bind("half a page down", "ctrl+d"),
		Home: bind("first", "home", "g"), End: bind("last", "end", "G"),
		Open: bind("open", "enter"), Back: bind("back", "esc"), Mark: bind("mark", "space"),
		Filter: bind("filter", "/"), Next: bind("next", "n"), Prev: bind("previous", "N"),
		NextTab: bind("next tab", "]"), PrevTab: bind("previous tab", "["),
		NextPane: bind("next pane", "tab"), PrevPane: bind("previous pane", "shift+tab"),
		More: bind("more", "+", "="), Less: bind("less", "-"),
		Zoom: bind("zoom", "z"), Palette: bind("do anything", ":", "ctrl+p"), Help: bind("all keys", "?"), Copy: bind("copy", "y"),
		Undo: bind("undo", "u"), Again: bind("ask again now", "R"), Quit: bind("quit", "q", "ctrl+c"),
	}
}

// Lists are the motions inside a list, a log or a chart, in the order in which
// the help shows them.
func (m Map) Lists() []key.Binding {
	return []key.Binding{
		m.Up, m.Down, m.Left, m.Right, m.PageUp, m.PageDown, m.HalfUp, m.HalfDown, m.Home, m.End,
		m.Open, m.Back, m.Mark, m.Filter, m.Next, m.Prev, m.More, m.Less, m.Copy, m.Again,
	}
}
