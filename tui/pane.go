package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// pane is a view on the screen: its watch, what it drew last, and where.
type pane struct {
	view View
	tab  int // the tab that it is in

	cancel  context.CancelFunc // nil while closed
	ctx     context.Context
	gen     int // of the watch; signals of an older one are stale
	signal  <-chan struct{}
	pending bool // signalled, not yet refreshed
	late    bool // the same, by a watch that has ended
	soon    time.Time

	rect  rect
	dirty bool
	drawn drawing
	rule  string
	tabs  []span // of its own tabs, on the rule
	lines []string
}

// drawing is all that a drawing depends on besides the view.
type drawing struct {
	w, h    int
	focused bool
	theme   *theme.Theme
}

type span struct {
	from, to int
	id       int
}

// dataMsg says that a pane's view has news.
type dataMsg struct {
	pane *pane
	gen  int
	soon time.Time // when the view itself asked for it
}

func (p *pane) open(ctx context.Context) tea.Cmd {
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.gen++
	p.soon = time.Time{}
	p.signal = p.view.Open(p.ctx)
	p.refresh()
	return p.listen()
}

func (p *pane) close() {
	p.cancel()
	p.cancel, p.signal = nil, nil
	p.pending, p.late = false, false
	p.gen++
}

func (p *pane) isOpen() bool { return p.cancel != nil }

func (p *pane) listen() tea.Cmd {
	return wait(p.ctx, p.signal, dataMsg{pane: p, gen: p.gen})
}

// drain takes a signal that the coming refresh answers already.
func (p *pane) drain() {
	select {
	case <-p.signal:
	default:
	}
}

func (p *pane) refresh() {
	p.view.Refresh()
	p.dirty = true
}

// wish is a timer for when the view wants to be refreshed by itself.
func (p *pane) wish(now time.Time) tea.Cmd {
	s, ok := p.view.(Soon)
	if !ok || p.cancel == nil {
		return nil
	}
	at := s.Soon()
	if at.IsZero() || at.Equal(p.soon) {
		return nil
	}
	p.soon = at
	return after(p.ctx, at.Sub(now), dataMsg{pane: p, gen: p.gen, soon: at})
}

// draw renders the view and its rule, if anything that they depend on changed. It
// says whether it did, and what was wrong with what the view gave.
func (p *pane) draw(l drawing, now time.Time) (drew bool, wrong string) {
	if !p.dirty && p.drawn == l {
		return false, ""
	}
	p.dirty, p.drawn = false, l
	body := ""
	if l.w > 0 && l.h > 1 {
		body = p.view.Render(Frame{Theme: l.theme, W: l.w, H: l.h - 1, Focused: l.focused, Now: now})
	}
	p.lines, wrong = exact(body, l.w, max(l.h-1, 0))
	p.rule, p.tabs = drawRule(p.view.Title(), l)
	if wrong != "" {
		wrong = p.view.Title().Name + ": " + wrong
	}
	return true, wrong
}

// exact is body as h lines of w cells, and what was wrong with it.
func exact(body string, w, h int) (lines []string, wrong string) {
	if h == 0 || w <= 0 {
		return make([]string, h), ""
	}
	lines = strings.Split(body, "\n")
	if len(lines) != h {
		wrong = fmt.Sprintf("%d lines instead of %d", len(lines), h)
		lines = append(lines, make([]string, h)...)[:h]
	}
	for i, line := range lines {
		n := ansi.StringWidth(line)
		if n == w {
			continue
		}
		if wrong == "" {
			wrong = fmt.Sprintf("line %d of %d has %d cells instead of %d", i, h, n, w)
		}
		lines[i] = fit(line, w)
	}
	return lines, wrong
}

// fit is a drawn line as exactly w cells.
func fit(line string, w int) string {
	line = ansi.Truncate(line, w, "")
	return line + cell.Blank(w-ansi.StringWidth(line))
}

// rows is how many rows the pane has use for, its rule included; 0 is any number.
func (p *pane) rows(w int) int {
	if v, ok := p.view.(Sized); ok {
		return v.Rows(w) + 1
	}
	return 0
}

// key gives the view a key that is a motion to it, or text.
func (p *pane) key(k tea.KeyPressMsg) bool {
	v, ok := p.view.(Keys)
	if !ok || !v.Key(k) {
		return false
	}
	p.dirty = true
	return true
}

func (p *pane) typing() bool {
	v, ok := p.view.(Typing)
	return ok && v.Typing()
}

func (p *pane) paste(text string) {
	if v, ok := p.view.(Typing); ok && v.Typing() {
		v.Paste(text)
		p.dirty = true
	}
}

// cursor is where the view's cursor is on the screen.
func (p *pane) cursor() *tea.Cursor {
	v, ok := p.view.(Typing)
	if !ok || !v.Typing() {
		return nil
	}
	c := v.Cursor()
	if c == nil || c.X < 0 || c.X >= p.rect.w || c.Y < 0 || c.Y >= p.rect.h-1 {
		return nil
	}
	moved := *c
	moved.X += p.rect.x
	moved.Y += p.rect.y + 1
	return &moved
}

// point gives the view a mouse event in its own cells.
func (p *pane) point(msg tea.MouseMsg) bool {
	v, ok := p.view.(Mouse)
	m := msg.Mouse()
	if !ok || !v.Mouse(msg, m.X-p.rect.x, m.Y-p.rect.y-1) {
		return false
	}
	p.dirty = true
	return true
}
