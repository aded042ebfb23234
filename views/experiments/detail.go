package experiments

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
)

// page is one tab of the detail pane. It follows the runs that the desk points at.
type page interface {
	// subject is the runs that the page is about. While they are the same ones the
	// page is not pointed anew.
	subject(c Chosen) []*backends.Run
	// follow points the page at its subject, under a context that ends when the pane
	// leaves the screen, the tab is left or the subject changes.
	follow(ctx context.Context, runs []*backends.Run)
	// refresh takes over what the hub has and the same runs as they are now.
	refresh(runs []*backends.Run)
	render(f tui.Frame) string
	key(tea.KeyPressMsg) bool
	mouse(msg tea.MouseMsg, x, y int) bool
	actions() []tui.Action
}

// Detail is what is to be known about the selected run: its summary, the
// comparison, its output, its use of the machine, its files.
type Detail struct {
	desk  *Desk
	names []string
	pages []page
	tab   int

	media  []*hub.Handle[[]backends.Media] // of the runs: pages that they have nothing for are not offered
	ctx    context.Context                 // of the open pane
	poke   chan struct{}
	leave  context.CancelFunc // ends what the current page watches
	shown  Chosen             // what the page follows
	wanted Chosen
	due    time.Time // when wanted is to be followed; zero when it is
}

// NewDetail makes the pane over the desk's selection.
func NewDetail(d *Desk) *Detail {
	v := &Detail{desk: d, poke: make(chan struct{}, 1), leave: func() {}}
	v.names = []string{"Summary", "Diff", "Log", "System", "Histograms", "Media", "Files"}
	v.pages = []page{newSummary(d, v.poke), newDiff(d, v.poke), newLog(d, v.poke), newSystem(d, v.poke), newHists(d, v.poke), newMedia(d, v.poke), newFiles(d, v.poke)}
	return v
}

// Title implements tui.View.
func (v *Detail) Title() tui.Title {
	t := tui.Title{Name: "no run"}
	for i, at := range v.offered() {
		t.Tabs = append(t.Tabs, v.names[at])
		if at == v.tab {
			t.Tab = i
		}
	}
	if v.shown.Run != nil {
		t.Name = v.shown.Run.Name
	}
	if p, ok := v.page().(interface{ title() string }); ok && p.title() != "" {
		t.Name = p.title()
	}
	return t
}

func (v *Detail) page() page { return v.pages[v.tab] }

// offered is the pages that the run has something for, and the current one.
func (v *Detail) offered() []int {
	var hist, other bool
	for i, of := range v.media {
		for _, m := range of.Result().Value {
			hist, other = hist || i == 0 && m.Kind == backends.MediaHistogram, other || m.Kind != backends.MediaHistogram
		}
	}
	var out []int
	for i, name := range v.names {
		if i != v.tab && (name == "Histograms" && !hist || name == "Media" && !other) {
			continue
		}
		out = append(out, i)
	}
	return out
}

// SetTab implements tui.Tabbed.
func (v *Detail) SetTab(i int) {
	all := v.offered()
	v.turn(all[(i+len(all))%len(all)])
}

// turn shows a page.
func (v *Detail) turn(i int) {
	if i == v.tab {
		return
	}
	v.tab = i
	if v.ctx != nil {
		v.point(v.desk.chosen.Get())
	}
}

// setTab shows the tab with a name.
func (v *Detail) setTab(name string) { v.turn(max(slices.Index(v.names, name), 0)) }

// Open implements tui.View.
func (v *Detail) Open(ctx context.Context) <-chan struct{} {
	v.ctx = ctx
	v.desk.chosen.Watch(ctx, v.poke)
	v.point(v.desk.chosen.Get())
	return v.poke
}

// point makes the current page follow c.
func (v *Detail) point(c Chosen) {
	v.leave()
	v.shown, v.wanted, v.due = c, c, time.Time{}
	var ctx context.Context
	ctx, v.leave = context.WithCancel(v.ctx)
	v.media = v.media[:0]
	for _, r := range distinct(slices.Concat(one(c.Run), c.Marked[:min(len(c.Marked), mostShelves)])) {
		v.media = append(v.media, v.desk.media(ctx, v.poke, r))
	}
	runs := v.page().subject(c)
	v.page().follow(ctx, runs)
	v.page().refresh(runs)
}

// Refresh implements tui.View.
func (v *Detail) Refresh() {
	c, p := v.desk.chosen.Get(), v.page()
	switch now := p.subject(c); {
	case v.shown.Run == nil && c.Run != nil:
		v.point(c)
		return
	case sameRuns(now, p.subject(v.shown)): // the same runs, newly read
		v.shown, v.due = c, time.Time{}
	case v.due.IsZero() || !sameRuns(now, p.subject(v.wanted)):
		v.due = v.desk.now.Add(settle)
	}
	v.wanted = c
	p.refresh(p.subject(v.shown))
}

// Soon implements tui.Soon.
func (v *Detail) Soon() time.Time { return v.due }

// Actions implements tui.View: the page's own, and what can be done to the run that
// it is about. A comparison is about several.
func (v *Detail) Actions() []tui.Action {
	acts := v.page().actions()
	r := v.shown.Run
	if _, several := v.page().(*diff); several || r == nil {
		return acts
	}
	for _, act := range append(v.desk.deeds(r, "", one(r), r.Name), v.desk.stopAction(one(r), r.Name)) {
		act.Quiet = true
		acts = append(acts, act)
	}
	return acts
}

// Key implements tui.Keys.
func (v *Detail) Key(msg tea.KeyPressMsg) bool { return v.page().key(msg) }

// Mouse implements tui.Mouse.
func (v *Detail) Mouse(msg tea.MouseMsg, x, y int) bool { return v.page().mouse(msg, x, y) }

// typing is a page that has a line of its own to type in: the log's search.
type typing interface {
	typing() bool
	paste(string)
	cursor() *tea.Cursor
}

// Typing implements tui.Typing.
func (v *Detail) Typing() bool {
	t, ok := v.page().(typing)
	return ok && t.typing()
}

// Paste implements tui.Typing.
func (v *Detail) Paste(text string) {
	if t, ok := v.page().(typing); ok {
		t.paste(text)
	}
}

// Cursor implements tui.Typing.
func (v *Detail) Cursor() *tea.Cursor {
	if t, ok := v.page().(typing); ok {
		return t.cursor()
	}
	return nil
}

// Render implements tui.View. It is where the details follow the selection once
// it has rested: the frame's clock is the only one that a view may read.
func (v *Detail) Render(f tui.Frame) string {
	v.desk.now = f.Now
	if !v.due.IsZero() && !f.Now.Before(v.due) {
		v.point(v.wanted)
	}
	return v.page().render(f)
}
