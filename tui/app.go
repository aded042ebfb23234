package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
)

// Config is one client's shell: what it shows, what it may do, how it looks.
type Config struct {
	Context   context.Context // ends the shell and all that its views watch; Background when nil
	Name      string          // of the program, in the header; "flightdeck" when empty
	Workspace string
	Who       string // in the header, when the client is served
	Tabs      []Tab

	// Apply sends a plan under this client's grant. Without it nothing can be changed.
	Apply    func(context.Context, backends.Plan, func(backends.Progress)) (backends.Receipt, error)
	ReadOnly bool
	Role     backends.Role // what the client may apply; the shell only says so early, transports enforce it

	Health  func() []backends.Health
	Changed <-chan struct{} // one slot: Health would answer differently now
	// Retry asks a backend again now, however long the wait that its failures earned.
	Retry func(backend string)

	Theme string            // one of theme.Names, or empty for what the terminal says
	ASCII bool              // glyphs of ASCII alone
	Keys  map[string]string // by action ID: the keys, separated by blanks (LoadKeys)

	Topics []Topic // pages of help that the palette finds

	// Attach hands the terminal to a session and takes it back; nil is the program's
	// own terminal. A served client brings one that uses its own channel.
	Attach func(run Session, done func(error) tea.Msg) tea.Cmd

	Now func() time.Time // the clock on the screen; time.Now when nil
}

// Tab is a named layout of panes. Panes[0] is the main one: it is what stays when
// there is little room.
type Tab struct {
	Name   string
	Digit  string // the key; its place in the row when empty
	Layout Layout // Stack() when zero
	Panes  []View
}

// App is the shell of one client, and the only tea.Model. It routes; each thing it
// routes to has a name and a file of its own.
type App struct {
	cfg     *Config
	ctx     context.Context
	cancel  context.CancelFunc
	deck    *deck
	look    *look
	keys    bindings
	screen  *screen
	dialogs dialogs
	toasts  *toasts
	changes *changes
	journal *journal
	recent  recent
	pulse   pulse
	drag    drag
}

// New makes the shell of one client. Nothing runs before Init.
func New(cfg Config) *App {
	if cfg.Context == nil {
		cfg.Context = context.Background()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Name == "" {
		cfg.Name = "flightdeck"
	}
	a := &App{cfg: &cfg, deck: newDeck(cfg.Tabs), look: newLook(&cfg), keys: bindings(cfg.Keys), recent: recent{}, journal: &journal{}}
	a.ctx, a.cancel = context.WithCancel(cfg.Context)
	a.pulse = pulse{ctx: a.ctx, cfg: a.cfg, deck: a.deck}
	a.screen = &screen{title: cfg.Name + " " + cfg.Workspace, stale: true}
	a.toasts = &toasts{}
	a.changes = &changes{cfg: a.cfg, ctx: a.ctx, toasts: a.toasts, journal: a.journal, show: a.open}
	return a
}

// Close ends all that the shell started. The program's end does it too, when the
// shell is quit by a key.
func (a *App) Close() { a.cancel() }

// Activity is every change that was applied through this shell, oldest first. It
// may be called from any goroutine.
func (a *App) Activity() []Entry { return a.journal.all() }

// Misdrawn says what the first view drew that was not exactly its rectangle; empty
// while all is well. The shell clips such a view and goes on.
func (a *App) Misdrawn() string { return a.deck.misdrawn }

// Init implements tea.Model.
func (a *App) Init() tea.Cmd {
	a.pulse.begin()
	return tea.Batch(tea.RequestBackgroundColor, a.pulse.minute(), a.pulse.watchHealth(), a.settle())
}

// View implements tea.Model. It is called after every message, so it only returns
// the frame that Update composed.
func (a *App) View() tea.View { return a.screen.view }

// Update implements tea.Model.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.handle(msg)
	return a, tea.Batch(cmd, a.settle())
}

func (a *App) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return a.key(msg)
	case tea.MouseMsg:
		return a.pointer(msg)
	case tea.PasteMsg:
		a.paste(msg.Content)
	case tea.WindowSizeMsg:
		a.screen.resize(msg.Width, msg.Height)
	case tea.FocusMsg:
		a.pulse.blurred = false
	case tea.BlurMsg:
		a.pulse.blurred = true
	case tea.EnvMsg, tea.ColorProfileMsg, tea.BackgroundColorMsg:
		a.screen.stale = a.look.learn(msg) || a.screen.stale
		return askSynchronized(msg)
	case dataMsg, healthMsg, flushMsg, minuteMsg:
		return a.pulse.tick(msg)
	case plannedMsg, appliedMsg, progressMsg, slowMsg:
		a.screen.stale = true
		return a.changes.handle(msg)
	case toastMsg, expireMsg, graceMsg, runMsg, attachMsg:
		a.screen.stale = true
		return a.ask(msg)
	}
	return nil
}

// ask handles what Cmds, timers and dialogs ask of the shell.
func (a *App) ask(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case toastMsg:
		a.toasts.add(msg.toast)
	case expireMsg:
		a.toasts.expire(msg.at)
	case graceMsg:
		msg.dialog.grace(msg.step)
	case runMsg:
		return msg.run(a)
	case attachMsg:
		return a.cfg.attach(a.ctx, msg)
	}
	return nil
}

// settle brings what runs and what shows in line with the state after a message:
// views are opened or closed, the frame composed if anything on it changed, and
// the timers started that views, toasts and dialogs wish for.
func (a *App) settle() tea.Cmd {
	a.deck.arrange(a.screen.body())
	cmds := []tea.Cmd{a.deck.reconcile(a.ctx, a.dialogs.wantAll())}
	a.screen.stale = a.dialogs.feed(a.deck.rev) || a.screen.stale || a.pulse.stale
	a.pulse.stale = false
	a.compose()
	cmds = append(cmds, a.deck.wishes(a.cfg.Now()), a.toasts.wish(a.ctx), a.dialogs.wish(a.ctx))
	return tea.Batch(cmds...)
}

// open puts a dialog on top.
func (a *App) open(d dialog) {
	a.dialogs = append(a.dialogs, d)
	a.screen.stale = true
}

// dismiss takes a dialog away.
func (a *App) dismiss(d dialog) {
	a.dialogs = slices.DeleteFunc(a.dialogs, func(o dialog) bool { return o == d })
	a.screen.stale = true
}

// quit ends the program; while a change is being applied it asks once.
func (a *App) quit() tea.Cmd {
	if n := a.changes.applying(); n > 0 && !a.changes.warned {
		a.changes.warned = true
		a.toasts.add(toast{level: levelCaution, text: "a change is still being applied; press again to leave it unfinished"})
		a.screen.stale = true
		return nil
	}
	a.cancel()
	return tea.Quit
}
