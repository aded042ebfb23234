package experiments

import (
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// sheet is labelled rows in sections, scrolled by the shared motions. A page fills
// it anew at each draw; it is cheap, for a sheet is a screen or two.
type sheet struct {
	th    *theme.Theme
	w     int
	label int // the column in which values begin
	lines []string
	top   int
	h     int
}

func (s *sheet) begin(f tui.Frame) {
	s.th, s.w, s.h, s.label, s.lines = f.Theme, f.W, f.H, 8, s.lines[:0]
}

// fit makes room for labels, as long as the values keep most of the width.
func (s *sheet) fit(labels ...string) {
	for _, l := range labels {
		s.label = max(s.label, min(3+cell.Width(cell.Safe(l))+2, s.w*2/5))
	}
}

func (s *sheet) line() *cell.Line { return cell.NewLine(s.th, &s.th.Plain, s.w).Space(1) }

func (s *sheet) add(l *cell.Line) { s.lines = append(s.lines, l.Render()) }

// section begins a new group, one empty row after the last.
func (s *sheet) section(title string) {
	if len(s.lines) > 0 {
		s.add(s.line())
	}
	s.add(s.line().Put(s.th.Plain.Title, title))
}

// labelled is a row that begins with a label, up to where values begin.
func (s *sheet) labelled(label string) *cell.Line {
	return s.line().Space(2).Put(s.th.Plain.Dim, middle(label, s.label-5, s.th.Glyph.Ellipsis)).Fill(s.label)
}

// middle is text in at most w cells, with its end: names of one kind differ there.
// Where there is little room, the end is all that is left.
func middle(text string, w int, ellipsis string) string {
	text = cell.Safe(text)
	if cell.Width(text) <= w || w < 3 {
		text, _ = cell.Cut(text, w, ellipsis)
		return text
	}
	rs := []rune(text)
	if w < 8 {
		for cell.Width(string(rs)) > w-cell.Width(ellipsis) {
			rs = rs[1:]
		}
		return ellipsis + string(rs)
	}
	end := string(rs[len(rs)-w/3:])
	head, _ := cell.Cut(text, w-cell.Width(end), ellipsis)
	return head + end
}

// longest is how many rows a value may take.
const longest = 6

// field is a label and what it says, on several rows where it is long.
func (s *sheet) field(label string, style theme.Style, value string) {
	rows := cell.Wrap(value, max(s.w-s.label-1, 8))
	if len(rows) > longest {
		rows = append(rows[:longest-1], rows[longest-1]+s.th.Glyph.Ellipsis)
	}
	for i, row := range rows {
		if i > 0 {
			label = ""
		}
		s.add(s.labelled(label).Put(style, row))
	}
}

// text is a paragraph.
func (s *sheet) text(style theme.Style, text string) {
	for _, row := range cell.Wrap(text, max(1, s.w-4)) {
		s.add(s.line().Space(2).Put(style, row))
	}
}

// end is the sheet in exactly the frame's cells.
func (s *sheet) end() string {
	s.top = max(0, min(s.top, len(s.lines)-s.h))
	return cell.Block(s.lines[s.top:min(len(s.lines), s.top+s.h)], s.w, s.h)
}

func (s *sheet) key(msg tea.KeyPressMsg) bool {
	page := max(1, s.h-1)
	switch msg.String() {
	case "down", "j":
		s.top++
	case "up", "k":
		s.top--
	case "pgdown", "ctrl+f":
		s.top += page
	case "pgup", "ctrl+b":
		s.top -= page
	case "ctrl+d":
		s.top += page / 2
	case "ctrl+u":
		s.top -= page / 2
	case "home", "g":
		s.top = 0
	case "end", "G":
		s.top = len(s.lines)
	default:
		return false
	}
	s.top = max(0, min(s.top, len(s.lines)-s.h))
	return true
}

func (s *sheet) mouse(msg tea.MouseMsg, _, _ int) bool {
	w, ok := msg.(tea.MouseWheelMsg)
	if !ok {
		return false
	}
	switch w.Button {
	case tea.MouseWheelDown:
		s.top += 3
	case tea.MouseWheelUp:
		s.top -= 3
	}
	s.top = max(0, min(s.top, len(s.lines)-s.h))
	return true
}

// sentence is a pane that has only this to say.
func sentence(f tui.Frame, words string) string {
	var lines []string
	for _, row := range cell.Wrap(words, max(1, f.W-4)) {
		lines = append(lines, cell.NewLine(f.Theme, &f.Theme.Plain, f.W).Space(3).Put(f.Theme.Plain.Quiet, row).Render())
	}
	return cell.Block(lines, f.W, f.H)
}
