package logview

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell"
)

// Mouse takes a click on a line (shift or a drag chooses up to there), a click on
// the note about new lines, and the wheel.
func (v *Log) Mouse(msg tea.MouseMsg, x, y int) bool {
	m := msg.Mouse()
	switch msg.(type) {
	case tea.MouseClickMsg:
		return m.Button == tea.MouseLeft && v.click(m, x, y)
	case tea.MouseMotionMsg:
		return m.Button == tea.MouseLeft && v.drag(y)
	case tea.MouseWheelMsg:
		return v.at.wheel(m)
	}
	return false
}

func (v *Log) click(m tea.Mouse, x, y int) bool {
	f := &v.frame
	if y == f.h-1 && f.notice > 0 && x >= f.notice {
		v.Follow()
		return true
	}
	if y == f.h-1 && v.Typing() {
		v.ask.in.Click(x)
		v.sheet.stale = true
		return true
	}
	seq, ok := f.lineAt(y)
	if !ok {
		return false
	}
	if m.Mod.Contains(tea.ModShift) {
		return v.drag(y)
	}
	v.at.freeze()
	v.at.cursor, v.at.anchor = seq, -1
	return true
}

func (v *Log) drag(y int) bool {
	seq, ok := v.frame.lineAt(y)
	if !ok || v.at.cursor < 0 {
		return false
	}
	if v.at.anchor < 0 {
		v.at.anchor = v.at.cursor
	}
	v.at.cursor = seq
	v.sheet.stale = true
	return true
}

// maxCopy is how much text Text gives.
const maxCopy = 1 << 20

// Selected is the line at the cursor.
func (v *Log) Selected() (Line, bool) {
	if v.at.cursor < 0 {
		return Line{}, false
	}
	got := v.sheet.src.Lines(v.at.cursor, v.at.cursor+1, nil)
	if len(got) == 0 {
		return Line{}, false
	}
	return got[0], true
}

// Text is what is chosen, made safe, a newline between lines that show: to be
// copied. It is at most about a megabyte; what is missing in between is said.
func (v *Log) Text() string {
	from, to := v.at.cursor, v.at.cursor
	if from < 0 {
		return ""
	}
	if v.at.anchor >= 0 {
		from, to = min(from, v.at.anchor), max(to, v.at.anchor)
	}
	var b strings.Builder
	s := &v.sheet
	for seq, ok := s.step(from, false); ok && seq <= to; seq, ok = s.step(seq+1, false) {
		if b.Len() > maxCopy {
			b.WriteString("\n… more")
			break
		}
		for _, l := range s.src.Lines(seq, seq+1, nil) {
			s.copyLine(&b, &l)
		}
	}
	return b.String()
}

func (s *sheet) copyLine(b *strings.Builder, l *Line) {
	sep := func() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
	}
	if l.Skipped > 0 {
		sep()
		b.WriteString("… " + cell.Count(l.Skipped, " ") + " lines lost")
		if s.onlyLoss(l) {
			return
		}
	}
	sep()
	b.WriteString(cell.SafeBytes(lastState(l.Text)))
}
