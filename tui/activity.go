package tui

import (
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
)

// Entry is one change that was applied, or tried, through a shell.
type Entry struct {
	At       time.Time
	Actor    string
	Action   string // "runs.stop"
	Title    string // "Stop brisk-otter"
	EquivCLI string // the command that does the same
	Note     string // what the receipt says
	Err      error
}

// journal is the entries of one client. It is written by the loop and may be read
// by anyone.
type journal struct {
	mu      sync.Mutex
	entries []Entry
}

// mostEntries bounds the journal of a client that stays for weeks.
const mostEntries = 5000

func (j *journal) add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	if n := len(j.entries); n > mostEntries {
		j.entries = slices.Clone(j.entries[n-mostEntries:])
	}
}

func (j *journal) all() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.entries)
}

// activityDialog lists the journal, newest first.
type activityDialog struct {
	entries []Entry
	at      int // from the newest
	scroll  int
	rows    int
}

func (d *activityDialog) key(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "esc", "q", "ctrl+l":
		return nil, true
	case "up", "k":
		d.move(-1)
	case "down", "j":
		d.move(1)
	case "pgup":
		d.move(-d.rows)
	case "pgdown":
		d.move(d.rows)
	case "y", "enter":
		if e, ok := d.current(); ok && e.EquivCLI != "" {
			return Copy(e.EquivCLI), false
		}
	}
	return nil, false
}

func (d *activityDialog) move(by int) { d.at = min(max(d.at+by, 0), max(len(d.entries)-1, 0)) }

func (d *activityDialog) current() (Entry, bool) {
	if len(d.entries) == 0 {
		return Entry{}, false
	}
	return d.entries[len(d.entries)-1-d.at], true
}

func (d *activityDialog) paste(string) {}

func (d *activityDialog) mouse(msg tea.MouseMsg, _, y int) (tea.Cmd, bool) {
	d.move(wheel(msg) / 3)
	if _, ok := msg.(tea.MouseClickMsg); ok && y >= 3 && y < 3+d.rows {
		d.at = 0
		d.move(d.scroll + y - 3)
	}
	return nil, false
}

func (d *activityDialog) draw(th *theme.Theme, room rect) panel {
	s := newSheet(th, room)
	s.blank()
	s.text(s.set.Title, "Activity")
	s.blank()
	d.rows = max(min(len(d.entries), room.h-10), 1)
	if d.at < d.scroll {
		d.scroll = d.at
	}
	d.scroll = max(d.scroll, d.at-d.rows+1)
	if len(d.entries) == 0 {
		s.text(s.set.Text, "Nothing was changed from here yet.")
	}
	for i := d.scroll; i < min(d.scroll+d.rows, len(d.entries)); i++ {
		d.drawEntry(s, d.entries[len(d.entries)-1-i], i == d.at)
	}
	before := len(s.lines)
	if e, ok := d.current(); ok {
		s.blank()
		if e.EquivCLI != "" {
			s.row("same as", s.set.Selected, e.EquivCLI)
		}
		if e.Err != nil {
			s.row("failed", s.set.Warning, e.Err.Error())
		} else if e.Note != "" {
			s.row("result", s.set.Text, e.Note)
		}
	}
	s.blank()
	s.keys("", "y", "copy command", "esc", "close")
	s.blank()
	return s.panel(room, -1, len(s.lines)-before, nil)
}

func (d *activityDialog) drawEntry(s *sheet, e Entry, here bool) {
	g := s.th.Glyph
	row := *s
	if here {
		row.set = &s.th.Row
	}
	l := row.line()
	st, glyph := row.set.Engaged, g.Done
	if e.Err != nil {
		st, glyph = row.set.Warning, g.Failed
	}
	l.Put(row.set.Weak, e.At.Format("15:04:05")).Space(2).Put(st, glyph).Space(1).Put(row.set.Text, e.Title)
	if e.Actor != "" {
		l.Space(2).Put(row.set.Weak, e.Actor)
	}
	s.add(l)
}
