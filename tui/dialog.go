package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// dialog is what stands over the panes and has the keyboard.
type dialog interface {
	key(tea.KeyPressMsg) (cmd tea.Cmd, done bool)
	paste(text string)
	mouse(msg tea.MouseMsg, x, y int) (cmd tea.Cmd, done bool) // in the panel's own cells
	draw(th *theme.Theme, room rect) panel
}

// What else a dialog may be.
type (
	// feeding dialogs show what the views offer; while one is open all views are.
	feeding interface{ feed(rev int) bool }
	// armed dialogs wait a moment before they take the key that does it.
	armed interface {
		wish(ctx context.Context) tea.Cmd
		grace(step int)
	}
)

type graceMsg struct {
	dialog armed
	step   int
}

// dialogs is the stack of them; the last one is on top.
type dialogs []dialog

func (ds dialogs) top() dialog {
	if len(ds) == 0 {
		return nil
	}
	return ds[len(ds)-1]
}

func (ds dialogs) wantAll() bool { _, ok := ds.top().(feeding); return ok }

func (ds dialogs) feed(rev int) bool {
	f, ok := ds.top().(feeding)
	return ok && f.feed(rev)
}

func (ds dialogs) wish(ctx context.Context) tea.Cmd {
	if a, ok := ds.top().(armed); ok {
		return a.wish(ctx)
	}
	return nil
}

// panel is a dialog as drawn: lines of w cells, the first at (x, y) of the screen.
type panel struct {
	x, y, w int
	lines   []string
	off     int         // lines of the head that are scrolled away
	show    int         // lines of the head that show
	cursor  *tea.Cursor // in the panel's cells
}

// The most cells that a panel is wide, and where its text begins.
const (
	panelWidth = 80
	indent     = 3
	labels     = indent + 11 // the column of values beside labels
)

// sheet collects the lines of a panel.
type sheet struct {
	th    *theme.Theme
	set   *theme.Set
	w     int
	lines []string
}

func newSheet(th *theme.Theme, room rect) *sheet { return wideSheet(th, room, panelWidth) }

// wideSheet is a sheet that may be wider than a text reads well: for columns.
func wideSheet(th *theme.Theme, room rect, most int) *sheet {
	w := min(most, room.w-4)
	if room.w < 48 {
		w = room.w
	}
	return &sheet{th: th, set: &th.Raised, w: max(w, 0)}
}

// inner is the cells between the margins.
func (s *sheet) inner() int { return max(s.w-2*indent, 1) }

func (s *sheet) line() *cell.Line {
	return cell.NewLine(s.th, s.set, s.w).Space(min(indent, s.w))
}

func (s *sheet) add(l *cell.Line) { s.lines = append(s.lines, l.Render()) }

func (s *sheet) blank() { s.add(cell.NewLine(s.th, s.set, s.w)) }

func (s *sheet) text(st theme.Style, text string) {
	for _, t := range cell.Wrap(text, s.inner()) {
		s.add(s.line().Put(st, t))
	}
}

// row is a label and what it says, wrapped beside it.
func (s *sheet) row(label string, st theme.Style, text string) {
	for i, t := range cell.Wrap(text, max(s.w-labels-indent, 8)) {
		l := s.line()
		if i == 0 {
			l.Put(s.set.Weak, label)
			if l.Len() > labels-1 {
				l.Space(1)
			}
		}
		s.add(l.Fill(labels).Put(st, t))
	}
}

// keys is the row of a dialog's keys: key, word, key, word; note stands at the right.
func (s *sheet) keys(note string, pairs ...string) {
	l := s.line()
	for i := 0; i+1 < len(pairs); i += 2 {
		n := cell.Width(pairs[i]) + 1 + cell.Width(pairs[i+1])
		if i > 0 {
			gap := 4
			if s.w < 60 {
				gap = 2
			}
			if l.Len()+gap+n > s.w-1 {
				break
			}
			l.Space(gap)
		}
		l.Put(s.set.Title, pairs[i]).Space(1).Put(s.set.Weak, pairs[i+1])
	}
	if note != "" && l.Len()+2+cell.Width(note)+2 <= s.w {
		r := cell.NewLine(s.th, s.set, s.w).Put(s.set.Weak, note).Space(2)
		l.Ends(r)
	}
	s.add(l)
}

// panel puts a head that may scroll above a foot that stays. top is the row that
// it begins at, -1 for the middle. The scroll comes back within its bounds. Where
// it is tight, the foot's blank rows go first.
func (s *sheet) panel(room rect, top, foot int, scroll *int) panel {
	head, tail := s.lines[:len(s.lines)-foot], s.lines[len(s.lines)-foot:]
	for len(s.lines) > room.h && len(tail) > 1 && blank(tail[0]) {
		tail = tail[1:]
	}
	for len(s.lines) > room.h && len(tail) > 1 && blank(tail[len(tail)-1]) {
		tail = tail[:len(tail)-1]
	}
	tail = tail[:min(len(tail), room.h)]
	show := min(len(head), room.h-len(tail))
	off := 0
	if scroll != nil {
		*scroll = min(max(*scroll, 0), len(head)-show)
		off = *scroll
	}
	lines := append(append([]string{}, head[off:off+show]...), tail...)
	if top < 0 || top+len(lines) > room.h {
		top = (room.h - len(lines)) / 2
	}
	return panel{x: room.x + (room.w-s.w)/2, y: room.y + top, w: s.w, off: off, show: show, lines: lines}
}

// cursorAt puts the cursor on a column of one of the head's lines, if that shows.
func (p *panel) cursorAt(x, row int) {
	if y := row - p.off; y >= 0 && y < p.show {
		p.cursor = &tea.Cursor{Position: tea.Position{X: x, Y: y}, Shape: tea.CursorBar}
	}
}

func blank(line string) bool { return strings.TrimSpace(strip(line)) == "" }

// arrows are the keys up and down, as a dialog's row of keys shows them.
func arrows(th *theme.Theme) string {
	if th.Glyph.Enter == theme.ASCII().Enter {
		return "up down"
	}
	return "↑↓"
}

// over draws a panel's line over a line of the screen. The line stays w cells wide.
func over(line string, w, x int, piece string, pw int) string {
	left := cut(line, 0, x)
	right := cut(line, x+pw, w)
	return left + piece + right
}

// dim is a drawn line as the background of a dialog.
func dim(th *theme.Theme, line string) string {
	plain := strip(line)
	if strings.TrimSpace(plain) == "" {
		return plain
	}
	return th.Plain.Faint.Render(plain)
}
