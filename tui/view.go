// Package tui is the shell: the only tea.Model, and the rules by which views share
// a terminal. It knows layouts, panes, keys, dialogs, the palette and the toasts;
// it does not know what any view is about.
package tui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/form"
)

// View is the inside of one pane. It is a pointer, belongs to one client, and is
// only ever called from that client's event loop. The shell draws the pane's rule
// from Title; the view draws only what is below it.
type View interface {
	Title() Title
	// Open starts whatever the view watches. A receive on the channel asks the shell
	// to call Refresh. ctx ends when the pane leaves the screen, and the watches with it.
	Open(ctx context.Context) <-chan struct{}
	// Refresh takes the newest data over. It does not block.
	Refresh()
	// Actions is what can be done here, now, and what cannot with the reason why.
	Actions() []Action
	// Render is exactly f.W×f.H cells: f.H lines joined by newlines, each f.W wide.
	Render(f Frame) string
}

// Title is what a pane's rule says.
type Title struct {
	Name   string   // what: "Runs"
	Of     string   // of what: "digits"
	Note   string   // "2 training"
	Filter string   // the query in force, without the slash
	Tabs   []string // the pane's own tabs
	Tab    int
	Right  string // how much, how fresh: "8 of 8"
	Stale  bool   // the rows are the last good answer and may have changed
}

// Frame is one request to draw.
type Frame struct {
	Theme   *theme.Theme
	W, H    int
	Focused bool
	Now     time.Time // the only clock a view may read
}

// What else a view may be, found by assertion.
type (
	// Keys takes motions inside a widget. True means taken.
	Keys interface {
		Key(tea.KeyPressMsg) bool
	}
	// Typing says that a filter or a form has the keyboard: no action fires then.
	Typing interface {
		Typing() bool
		Paste(text string)
		Cursor() *tea.Cursor // in the pane's own cells; nil hides it
	}
	// Mouse takes events in the pane's own cells; (0, 0) is its first.
	Mouse interface {
		Mouse(msg tea.MouseMsg, x, y int) bool
	}
	// Objects is what the palette can jump to in this view.
	Objects interface {
		Objects() []Object
	}
	// Tabbed has tabs of its own, switched by [ ] and by a click on the rule.
	Tabbed interface {
		SetTab(i int)
	}
	// Hover wants the mouse's motion while no button is down: a crosshair. It costs
	// bytes on every motion, so it is asked for only while it is of use.
	Hover interface {
		Hover() bool
	}
	// Alerting counts what in this view wants a person, for the header: warnings to
	// act on now, cautions to look at soon. A view that is off screen keeps the
	// counts that it had.
	Alerting interface {
		Alerts() (warnings, cautions int)
	}
	// Sized says how many rows of w cells the view has something to show in. The main
	// pane is not given more, down to a quarter of the screen; the others get the rest.
	// The panes move when the answer changes, so it should go in steps. It is asked at
	// every message.
	Sized interface {
		Rows(w int) int
	}
	// Soon asks for a Refresh at a time of the view's choosing: details that follow
	// a selection after a moment of quiet. Zero means no wish.
	Soon interface {
		Soon() time.Time
	}
)

// Object is one thing that the palette offers to go to.
type Object struct {
	Ref  backends.Ref
	Name string // "Run brisk-otter"
	Note string // "val_acc 0.9722"
	Go   func() // selects it in the view that offered it
}

// Action is one thing that can be done. The same value feeds dispatch, footer,
// help, palette, the keys file, the course and the tests.
type Action struct {
	ID    string      // "runs.stop"
	Key   key.Binding // its help text is the action's name: "stop"
	Title string      // in the palette: "Stop brisk-otter"; the key's help text when empty
	Why   string      // why not, when it cannot be done; shown, never silently missing
	Quiet bool        // not in the footer; always in help and palette

	// Exactly one of the four is set.
	Do   func()                                       // changes only this client
	Form func() Form                                  // asks first, in a dialog
	Plan func(context.Context) (backends.Plan, error) // changes anything outside it
	Cmd  func() tea.Cmd                               // needs the terminal itself
}

// Form is a dialog that asks before it plans.
type Form struct {
	Title  string
	Intro  string
	Verb   string // on the button: "start"
	Form   *form.Form
	Submit func(ctx context.Context, values form.Values) (backends.Plan, error)
}
