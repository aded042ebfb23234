package tui_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// list is a small view: a table of names with a state, as the tests need it.
type list struct {
	name    string
	rows    []string
	at      int
	tabs    []string
	tab     int
	actions []tui.Action
	typing  bool
	query   string
	right   string
	soon    time.Time
	delay   time.Duration // a refresh this long after each key
	moved   bool
	hover   bool
	wrong   bool // draws too much

	mu        sync.Mutex
	signal    chan struct{}
	opened    int
	open      int
	refreshes int
	renders   int
	keys      []string
	clicks    []string
	feed      func() []string // new rows at a refresh
}

func newList(name string, n int) *list {
	l := &list{name: name, signal: make(chan struct{}, 1)}
	for i := range n {
		l.rows = append(l.rows, fmt.Sprintf("%s-%d", strings.ToLower(name), i+1))
	}
	return l
}

func (l *list) Title() tui.Title {
	right := l.right
	if right == "" {
		right = fmt.Sprintf("%d of %d", len(l.rows), len(l.rows))
	}
	return tui.Title{Name: l.name, Of: "digits", Note: "2 training", Filter: l.query, Tabs: l.tabs, Tab: l.tab, Right: right}
}

func (l *list) Open(ctx context.Context) <-chan struct{} {
	l.mu.Lock()
	l.opened++
	l.open++
	l.mu.Unlock()
	context.AfterFunc(ctx, func() {
		l.mu.Lock()
		l.open--
		l.mu.Unlock()
	})
	return l.signal
}

func (l *list) isOpen() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

func (l *list) poke() {
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

func (l *list) Refresh() {
	l.refreshes++
	if l.feed != nil {
		l.rows = l.feed()
	}
	l.soon = time.Time{}
}

func (l *list) Actions() []tui.Action { return l.actions }

func (l *list) Render(f tui.Frame) string {
	l.renders++
	if l.moved {
		l.moved = false
		l.soon = f.Now.Add(l.delay)
	}
	var lines []string
	head := cell.NewLine(f.Theme, &f.Theme.Plain, f.W)
	lines = append(lines, head.Space(4).Put(f.Theme.Plain.Dim, "run").Fill(22).Put(f.Theme.Plain.Dim, "state").Render())
	for i, r := range l.rows {
		set, mark := &f.Theme.Plain, " "
		if i == l.at {
			set, mark = &f.Theme.Row, f.Theme.Glyph.Here
		}
		line := cell.NewLine(f.Theme, set, f.W).Space(1).Put(set.Selected, mark).Space(2).Put(set.Title, r).Fill(22)
		if i%3 == 2 {
			line.Mark(set.Warning, f.Theme.Glyph.Failed, set.Warning, "exit 1")
		} else {
			line.Mark(set.Engaged, f.Theme.Glyph.Running, set.Text, "training")
		}
		lines = append(lines, line.Render())
	}
	out := cell.Block(lines, f.W, f.H)
	if l.wrong {
		out += "\nmore"
	}
	return out
}

func (l *list) Key(k tea.KeyPressMsg) bool {
	s := k.String()
	l.keys = append(l.keys, s)
	if l.typing {
		switch {
		case s == "enter" || s == "esc":
			l.typing = false
		case k.Text != "":
			l.query += k.Text
		default:
			return false
		}
		return true
	}
	switch s {
	case "down", "j":
		l.at = min(l.at+1, max(len(l.rows)-1, 0))
	case "up", "k":
		l.at = max(l.at-1, 0)
	case "/":
		l.typing = true
	default:
		return false
	}
	if l.delay > 0 {
		l.moved = true
	}
	return true
}

func (l *list) Typing() bool      { return l.typing }
func (l *list) Paste(text string) { l.query += text }

func (l *list) Cursor() *tea.Cursor {
	return &tea.Cursor{Position: tea.Position{X: 2 + len(l.query), Y: 0}}
}

func (l *list) Mouse(msg tea.MouseMsg, x, y int) bool {
	l.clicks = append(l.clicks, fmt.Sprintf("%T %d,%d", msg, x, y))
	if _, ok := msg.(tea.MouseClickMsg); ok && y >= 1 && y <= len(l.rows) {
		l.at = y - 1
	}
	return true
}

func (l *list) Objects() []tui.Object {
	var out []tui.Object
	for i, r := range l.rows {
		out = append(out, tui.Object{
			Ref:  backends.Ref{Backend: "local", Kind: "run", ID: r},
			Name: "Run " + r, Note: "val_acc 0.9" + strconv.Itoa(i), Go: func() { l.at = i },
		})
	}
	return out
}

func (l *list) SetTab(i int)    { l.tab = i }
func (l *list) Soon() time.Time { return l.soon }
func (l *list) Hover() bool     { return l.hover }

func bind(k, word string) key.Binding {
	return key.NewBinding(key.WithKeys(k), key.WithHelp(k, word))
}

// noon is the clock on the tests' screens.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 31, 0, 0, time.UTC) }

// runActions is what the experiments tab offers, more or less.
func runActions() []tui.Action {
	nothing := func() {}
	return []tui.Action{
		{ID: "runs.open", Key: bind("enter", "open"), Do: nothing},
		{ID: "runs.mark", Key: bind("space", "mark"), Do: nothing},
		{ID: "runs.pin", Key: bind("p", "pin"), Do: nothing},
		{ID: "runs.diff", Key: bind("d", "diff"), Do: nothing},
		{ID: "runs.new", Key: bind("n", "new run"), Do: nothing},
		{ID: "runs.stop", Key: bind("s", "stop"), Title: "Stop runs-1", Plan: stopPlan},
		{ID: "runs.resume", Key: bind("h", "hold"), Title: "Hold runs-1", Why: "not running", Do: nothing},
		{ID: "runs.copy", Key: bind("y", "copy"), Quiet: true, Cmd: func() tea.Cmd { return tui.Copy("runs-1") }},
	}
}

func stopPlan(context.Context) (backends.Plan, error) {
	return backends.Plan{
		Backend: "local", Action: "runs.stop", Target: []backends.Ref{{Backend: "local", Kind: "job", ID: "4", Name: "runs-1"}},
		Title:   "Stop runs-1",
		Summary: "Sends TERM to the process and its children, and KILL after 10 s.\nThe checkpoint of epoch 18 stays.",
		Against: []string{"it is 2 epochs from its end"},
		Lines:   []backends.Line{{Label: "epoch", Value: "18 of 20"}, {Label: "pid", Value: "4121"}},
		Requests: []backends.Request{
			{Verb: "signal", Target: "TERM 4121"},
			{Verb: "store", Target: "runs/update", Body: []byte(`{"status": "KILLED"}`)},
		},
		Precondition: backends.Precondition{Note: "it is still process 4121"},
		EquivCLI:     "flightdeck stop runs-1",
		Risk:         backends.Disruptive,
	}, nil
}

func health() []backends.Health {
	return []backends.Health{
		{Backend: "local", State: backends.OK},
		{Backend: "docker", State: backends.OK},
		{Backend: "mlflow", State: backends.Down, Since: noon().Add(-3 * time.Minute)},
	}
}

// world is an app with seven tabs, and what it was asked to apply.
type world struct {
	app                  *tui.App
	runs, loss, acc, det *list
	other                *list
	applied              []backends.Plan
	apply                func(context.Context, backends.Plan, func(backends.Progress)) (backends.Receipt, error)
}

func newWorld(change ...func(*tui.Config)) *world {
	w := &world{runs: newList("Runs", 8), loss: newList("val_loss", 2), acc: newList("val_acc", 1), det: newList("brisk-otter", 3), other: newList("Containers", 4)}
	w.runs.actions = runActions()
	w.det.tabs = []string{"Summary", "Diff", "Log", "System", "Files"}
	cfg := tui.Config{
		Workspace: "digits-lab", Role: backends.Owner, Now: noon, Health: health, Theme: "dark",
		Apply: func(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
			w.applied = append(w.applied, p)
			if w.apply != nil {
				return w.apply(ctx, p, report)
			}
			return backends.Receipt{Note: "done: " + p.Title}, nil
		},
		Tabs: []tui.Tab{{Name: "Experiments", Panes: []tui.View{w.runs, w.loss, w.acc, w.det}}},
	}
	for _, name := range []string{"Sweeps", "Containers", "Deployments", "Metrics", "Models", "Course"} {
		cfg.Tabs = append(cfg.Tabs, tui.Tab{Name: name, Panes: []tui.View{newList(name, 3)}})
	}
	cfg.Tabs[2].Panes[0] = w.other
	for _, c := range change {
		c(&cfg)
	}
	w.app = tui.New(cfg)
	return w
}
