package preview

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// View is a document that can be scrolled.
type View struct {
	doc       Doc
	top, left int
	w, h      int // of the rows' text at the last Render, cells
}

// Show replaces the document, which becomes the view's own, and goes to its
// beginning.
func (v *View) Show(d Doc) { v.doc, v.top, v.left = d.prepared(), 0, 0 }

// Doc is what is shown.
func (v *View) Doc() Doc { return v.doc }

// Key scrolls. True means taken.
func (v *View) Key(msg tea.KeyPressMsg) bool {
	page := max(1, v.h-1)
	switch msg.String() {
	case "down", "j":
		v.top++
	case "up", "k":
		v.top--
	case "pgdown", "ctrl+f":
		v.top += page
	case "pgup", "ctrl+b":
		v.top -= page
	case "home", "g":
		v.top, v.left = 0, 0
	case "end", "G":
		v.top = len(v.doc.Rows)
	case "right":
		v.left += 8
	case "left":
		v.left -= 8
	default:
		return false
	}
	v.clamp()
	return true
}

// Mouse scrolls with the wheel.
func (v *View) Mouse(msg tea.MouseMsg, _, _ int) bool {
	w, ok := msg.(tea.MouseWheelMsg)
	if !ok {
		return false
	}
	switch w.Button {
	case tea.MouseWheelDown:
		v.top += 3
	case tea.MouseWheelUp:
		v.top -= 3
	case tea.MouseWheelRight:
		v.left += 8
	case tea.MouseWheelLeft:
		v.left -= 8
	default:
		return false
	}
	v.clamp()
	return true
}

func (v *View) clamp() {
	v.top = max(0, min(v.top, len(v.doc.Rows)-v.h))
	v.left = max(0, min(v.left, v.doc.width-v.w))
}

// Render is exactly w×h cells.
func (v *View) Render(th *theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	label := min(v.doc.label, w/2)
	v.w, v.h = w-label, h-1
	if len(v.doc.Head) > 0 {
		v.h--
	}
	v.h = max(1, v.h)
	v.clamp()
	lines := make([]string, 0, h)
	lines = append(lines, v.heading(th, w))
	if v.doc.Image != nil {
		return cell.Block(append(lines, picture(th, v.doc.Image, w, v.h)...), w, h)
	}
	l := cell.NewLine(th, &th.Plain, w)
	if len(v.doc.Head) > 0 {
		v.row(l, Row{Cells: v.doc.Head, Head: true}, label)
		lines = append(lines, l.Render())
	}
	for _, r := range v.doc.Rows[v.top:min(len(v.doc.Rows), v.top+v.h)] {
		l.Reset(th, &th.Plain, w)
		v.row(l, r, label)
		lines = append(lines, l.Render())
	}
	return cell.Block(lines, w, h)
}

// row puts what is to be seen of a row. Its ends are looked for, so that a row of a
// megabyte costs no more than one of a screen.
func (v *View) row(l *cell.Line, r Row, label int) {
	style := l.Set.Text
	switch {
	case r.Warn:
		style = l.Set.Caution
	case r.Head:
		style = l.Set.Dim
	}
	if len(r.Cells) > 0 {
		l.Put(style, v.cells(l, r))
		return
	}
	if label > 0 {
		text, n := cell.Cut(r.Label, max(0, label-gap), l.Theme.Glyph.Ellipsis)
		l.Put(l.Set.Dim, text).Space(label - n)
	}
	if r.Warn {
		l.Put(style, l.Theme.Glyph.Caution).Space(1)
	}
	l.Put(style, upTo(after(r.Text, v.left), v.w))
}

// heading says what it is, how much of it is there, and where in it one looks.
func (v *View) heading(th *theme.Theme, w int) string {
	l := cell.NewLine(th, &th.Plain, w).Put(th.Plain.Dim, v.doc.Kind)
	if v.doc.Note != "" {
		l.Space(gap).Put(th.Plain.Quiet, v.doc.Note)
	}
	if n := len(v.doc.Rows); v.doc.Image == nil && n > v.h {
		end := cell.NewLine(th, &th.Plain, w).Put(th.Plain.Quiet, cell.Count(int64(v.top+1), " ")+" of "+cell.Count(int64(n), " "))
		if l.Len()+gap+end.Len() <= w {
			l.Ends(end)
		}
	}
	return l.Render()
}

// cells is what is to be seen of a row's cells, and a little more.
func (v *View) cells(l *cell.Line, r Row) string {
	ellipsis := l.Theme.Glyph.Ellipsis
	var b strings.Builder
	at, begun := 0, 0
	for i, text := range r.Cells {
		if i == len(v.doc.Columns) || at > v.left+l.W {
			break
		}
		c := v.doc.Columns[i]
		at += c.Width + gap
		if at <= v.left {
			begun = at
			continue
		}
		if r.Warn && i == len(r.Cells)-1 {
			text = l.Theme.Glyph.Caution + " " + text
		}
		if c.Right {
			b.WriteString(cell.Right(text, c.Width, ellipsis))
		} else {
			b.WriteString(cell.Fit(text, c.Width, ellipsis))
		}
		b.WriteString(cell.Blank(gap))
	}
	return strings.TrimRight(upTo(after(b.String(), v.left-begun), l.W), " ")
}

// after is safe text without its first n cells; half of a wide character that is
// left over is a blank.
func after(s string, n int) string {
	for n > 0 && s != "" {
		if s[0] < 0x80 && (len(s) == 1 || s[1] < 0x80) {
			s, n = s[1:], n-1
			continue
		}
		g, w := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s, n = s[len(g):], n-w
	}
	return cell.Blank(-n) + s
}

// upTo is as many bytes of safe text as w cells and a little more can take: a cell
// has at most a base of four bytes and three marks.
func upTo(s string, w int) string {
	n := 16 * (w + 2)
	if n >= len(s) {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
