package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// screen is the size of the terminal and the frame that it shows.
type screen struct {
	w, h  int
	title string // of the window
	stale bool   // something besides the panes changed
	view  tea.View
	head  []span // tabs in the header, by their place
	foot  []span // offers in the footer
	offer []Action
	panel panel // of the dialog on top
	toast rect
}

func (s *screen) resize(w, h int) {
	if w != s.w || h != s.h {
		s.w, s.h, s.stale = max(w, 0), max(h, 0), true
	}
}

// Header and footer go where the screen is too low for them.
func (s *screen) header() bool { return s.h >= 3 }
func (s *screen) footer() bool { return s.h >= 5 }

// body is where panes are.
func (s *screen) body() rect {
	r := rect{0, 0, s.w, s.h}
	if s.header() {
		r.y, r.h = 1, r.h-1
	}
	if s.footer() {
		r.h--
	}
	return r
}

// compose makes the frame anew if anything on it changed.
func (a *App) compose() {
	s, th, now := a.screen, a.look.theme, a.cfg.Now()
	if drawn := a.deck.render(th, now); !drawn && !s.stale {
		return
	}
	s.stale = false
	s.view.AltScreen, s.view.ReportFocus, s.view.WindowTitle = true, true, s.title
	s.view.MouseMode = tea.MouseModeCellMotion
	if a.deck.hovers() {
		s.view.MouseMode = tea.MouseModeAllMotion
	}
	if s.w == 0 || s.h == 0 {
		s.view.Content = ""
		return
	}
	lines := make([]string, 0, s.h)
	if s.header() {
		head, spans := drawHeader(th, s.w, a.heading())
		lines, s.head = append(lines, head), spans
	}
	lines = a.deck.rows(lines, th)
	if s.footer() {
		s.offer = a.offers()
		foot, spans := drawFooter(th, s.w, s.offer, a.pulse.health, now)
		lines, s.foot = append(lines, foot), spans
	}
	s.view.Cursor = nil
	if d := a.dialogs.top(); d != nil {
		s.drawDialog(th, lines, d)
	} else if p := a.deck.focused(); p != nil {
		s.view.Cursor = p.cursor()
	}
	s.drawToasts(th, lines, a.toasts)
	s.view.SetContent(strings.Join(lines, "\n"))
}

// drawDialog dims the panes and puts the dialog over them.
func (s *screen) drawDialog(th *theme.Theme, lines []string, d dialog) {
	room := s.body()
	for y := room.y; y < room.y+room.h; y++ {
		lines[y] = dim(th, lines[y])
	}
	p := d.draw(th, room)
	s.panel = p
	for i, piece := range p.lines {
		if y := p.y + i; y >= 0 && y < len(lines) {
			lines[y] = over(lines[y], s.w, p.x, piece, p.w)
		}
	}
	if c := p.cursor; c != nil && c.Y < len(p.lines) && c.X < p.w {
		moved := *c
		moved.X += p.x
		moved.Y += p.y
		s.view.Cursor = &moved
	}
}

// drawToasts puts the toasts at the bottom right, above the footer.
func (s *screen) drawToasts(th *theme.Theme, lines []string, ts *toasts) {
	room := s.body()
	drawn := ts.draw(th, max(room.w-4, 0))
	s.toast = rect{}
	if len(drawn) == 0 || room.h < 2 || room.w < 16 {
		return
	}
	drawn = drawn[max(len(drawn)-(room.h-1), 0):]
	y := room.y + room.h - len(drawn)
	for i, piece := range drawn {
		pw := ansi.StringWidth(piece)
		x := s.w - pw - 1
		lines[y+i] = over(lines[y+i], s.w, x, piece, pw)
		if s.toast.w < pw {
			s.toast = rect{x, y, pw, len(drawn)}
		}
	}
}

// rows appends the body's lines: panes beside each other, and what is between them.
func (d *deck) rows(lines []string, th *theme.Theme) []string {
	items := d.items()
	var b strings.Builder
	for y := d.area.y; y < d.area.y+d.area.h; y++ {
		b.Reset()
		for _, it := range items {
			if y >= it.rect.y && y < it.rect.y+it.rect.h {
				it.line(&b, th, y, d)
			}
		}
		if b.Len() == 0 {
			b.WriteString(cell.Blank(d.area.w))
		}
		lines = append(lines, b.String())
	}
	return lines
}

// item is a pane, or the divider between two.
type item struct {
	rect rect
	pane *pane
}

func (d *deck) items() []item {
	var items []item
	for _, pl := range d.placed {
		items = append(items, item{pl.rect, d.tab().panes[pl.pane]})
	}
	for _, dv := range d.dividers {
		if dv.cols {
			items = append(items, item{rect: dv.rect})
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return a.rect.x - b.rect.x })
	return items
}

func (it item) line(b *strings.Builder, th *theme.Theme, y int, d *deck) {
	p := it.pane
	switch {
	case p == nil && y == it.rect.y && !d.dividerAbove(it.rect):
		th.Plain.Faint.To(b, th.Glyph.Tee)
	case p == nil:
		th.Plain.Faint.To(b, th.Glyph.Divider)
	case y == it.rect.y:
		b.WriteString(p.rule)
	default:
		b.WriteString(p.lines[y-it.rect.y-1])
	}
}

// dividerAbove says whether another divider ends right above this one.
func (d *deck) dividerAbove(r rect) bool {
	return slices.ContainsFunc(d.dividers, func(o divider) bool {
		return o.cols && o.rect.x == r.x && o.rect.y+o.rect.h == r.y
	})
}

// hovers says whether a view on the screen wants the mouse where no button is down.
func (d *deck) hovers() bool {
	return slices.ContainsFunc(d.placed, func(pl placed) bool {
		h, ok := d.tab().panes[pl.pane].view.(Hover)
		return ok && h.Hover()
	})
}

func strip(line string) string { return ansi.Strip(line) }

// cut is the cells [from, to) of a drawn line, exactly.
func cut(line string, from, to int) string {
	if to <= from {
		return ""
	}
	part := ansi.Cut(line, from, to)
	if n := ansi.StringWidth(part); n < to-from {
		part += cell.Blank(to - from - n)
	}
	return part
}
