package tui

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
)

// deck is the tabs and their panes: which are on the screen, where, and which one
// has the keyboard.
type deck struct {
	tabs []*tab
	at   int
	rev  int // raised whenever any view has news

	area     rect
	placed   []placed
	dividers []divider
	moved    bool // the arrangement is not the one that was drawn
	misdrawn string
}

// tab is one tab with its client's choices.
type tab struct {
	Tab
	panes  []*pane
	focus  int
	second int // the pane beside the main one, where only two fit
	zoom   bool
	sizes  map[string]map[string][]int // by layout, by tile
}

func newDeck(tabs []Tab) *deck {
	d := &deck{}
	for i, t := range tabs {
		if t.Layout.Tree == nil {
			t.Layout = Stack()
		}
		if t.Digit == "" {
			t.Digit = strconv.Itoa(i + 1)
		}
		tb := &tab{Tab: t, second: 1, sizes: map[string]map[string][]int{}}
		for _, v := range t.Panes {
			tb.panes = append(tb.panes, &pane{view: v, tab: i})
		}
		d.tabs = append(d.tabs, tb)
	}
	return d
}

// tab is the current one, nil when there is none.
func (d *deck) tab() *tab {
	if d.at >= len(d.tabs) {
		return nil
	}
	return d.tabs[d.at]
}

// focused is the pane that has the keyboard.
func (d *deck) focused() *pane {
	t := d.tab()
	if t == nil || len(t.panes) == 0 {
		return nil
	}
	return t.panes[t.focus]
}

// all is every pane of every tab.
func (d *deck) all() iter.Seq[*pane] {
	return func(yield func(*pane) bool) {
		for _, t := range d.tabs {
			for _, p := range t.panes {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// arrange lays the current tab out in area.
func (d *deck) arrange(area rect) {
	var l laying
	if t := d.tab(); t != nil && len(t.panes) > 0 && area.w > 0 && area.h > 0 {
		l = t.lay(area)
	}
	d.moved = d.moved || d.area != area || !slices.Equal(d.placed, l.panes)
	d.area, d.placed, d.dividers = area, l.panes, l.dividers
	for _, p := range d.placed {
		d.tab().panes[p.pane].rect = p.rect
	}
}

func (t *tab) lay(area rect) laying {
	try := func(tile Tile, name string) laying {
		l := laying{sizes: t.sizes[name]}
		l.place(tile, area, "/"+name+"/")
		return l
	}
	if t.zoom || len(t.panes) == 1 {
		return try(Tile{Pane: t.focus}, "zoom")
	}
	most := t.panes[0].rows(area.w)
	l := try(t.Layout.Tree(len(t.panes), t.focus).limited(most), t.Layout.Name)
	if l.fits(area) {
		return l
	}
	if l = try(narrow(t.second).limited(most), "narrow"); l.fits(area) {
		return l
	}
	return try(Tile{Pane: t.focus}, "zoom")
}

// reconcile opens the views that are on the screen and closes the others; with
// every it opens all.
func (d *deck) reconcile(ctx context.Context, every bool) tea.Cmd {
	shown := map[*pane]bool{}
	for _, p := range d.placed {
		shown[d.tab().panes[p.pane]] = true
	}
	var cmds []tea.Cmd
	for p := range d.all() {
		switch want := shown[p] || every; {
		case want && !p.isOpen() && ctx.Err() == nil:
			cmds = append(cmds, p.open(ctx))
			d.rev++
		case !want && p.isOpen():
			p.close()
		}
	}
	return tea.Batch(cmds...)
}

// render draws what changed, and says whether anything did.
func (d *deck) render(th *theme.Theme, now time.Time) bool {
	changed := d.moved
	d.moved = false
	for _, pl := range d.placed {
		p := d.tab().panes[pl.pane]
		drew, wrong := p.draw(drawing{w: pl.rect.w, h: pl.rect.h, focused: p == d.focused(), theme: th}, now)
		changed = changed || drew
		if wrong != "" && d.misdrawn == "" {
			d.misdrawn = wrong
		}
	}
	return changed
}

// wishes are the timers that the views on the screen ask for.
func (d *deck) wishes(now time.Time) tea.Cmd {
	var cmds []tea.Cmd
	for _, pl := range d.placed {
		cmds = append(cmds, d.tab().panes[pl.pane].wish(now))
	}
	return tea.Batch(cmds...)
}

// goTab shows a tab.
func (d *deck) goTab(i int) {
	if i >= 0 && i < len(d.tabs) {
		d.at, d.moved = i, true
	}
}

// focusPane gives a pane the keyboard, and shows it.
func (d *deck) focusPane(p *pane) {
	d.goTab(p.tab)
	t := d.tab()
	if i := slices.Index(t.panes, p); i >= 0 {
		t.setFocus(i)
		d.moved = true
	}
}

func (t *tab) setFocus(i int) {
	t.focus = i
	if i != 0 {
		t.second = i
	}
}

// step moves the focus along the ring.
func (d *deck) step(by int) {
	if t := d.tab(); t != nil && len(t.panes) > 0 {
		t.setFocus((t.focus + by + len(t.panes)) % len(t.panes))
		d.moved = true
	}
}

// zoom shows the focused pane alone, or all again.
func (d *deck) zoom() {
	if t := d.tab(); t != nil {
		t.zoom = !t.zoom
	}
}

func (d *deck) unzoom() bool {
	t := d.tab()
	was := t != nil && t.zoom
	if was {
		t.zoom = false
	}
	return was
}

// paneTab switches the focused pane's own tabs.
func (d *deck) paneTab(by int) {
	p := d.focused()
	if p == nil {
		return
	}
	v, ok := p.view.(Tabbed)
	t := p.view.Title()
	if !ok || len(t.Tabs) == 0 {
		return
	}
	v.SetTab((t.Tab + by + len(t.Tabs)) % len(t.Tabs))
	p.dirty = true
}

// nextLayout goes to the next of Layouts, and says its name.
func (d *deck) nextLayout() string {
	t := d.tab()
	if t == nil {
		return ""
	}
	all := Layouts()
	i := slices.IndexFunc(all, func(l Layout) bool { return l.Name == t.Layout.Name })
	t.Layout, t.zoom, d.moved = all[(i+1)%len(all)], false, true
	return t.Layout.Name
}

// paneAt is the pane under a cell.
func (d *deck) paneAt(x, y int) *pane {
	for _, pl := range d.placed {
		if pl.rect.has(x, y) {
			return d.tab().panes[pl.pane]
		}
	}
	return nil
}
