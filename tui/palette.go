package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/input"
)

// Topic is a page of help that the palette finds.
type Topic struct{ Title, Text string }

// entry is one thing that the palette can do, go to or explain.
type entry struct {
	kind string // "do", "go", "help"
	text string
	note string // beside it: an object's figure, where an action's pane is
	key  string
	why  string // why not
	id   string // what recent remembers
	more string // what ? explains
	run  func(*App) tea.Cmd

	match match
}

// recent is when actions and objects were last used, by ID.
type recent map[string]int

func (r recent) use(id string) {
	if id != "" {
		r[id] = len(r) + 1 + r.newest()
	}
}

func (r recent) newest() int {
	n := 0
	for _, v := range r {
		n = max(n, v)
	}
	return n
}

// palette finds anything by a few letters of its name.
type palette struct {
	app     *App
	rev     int // of the deck, when the entries were collected
	entries []entry
	shown   []entry
	edit    input.Editor
	off     int
	at      int
	scroll  int
	explain bool
	rows    int
}

// mostShown is how many matches are kept; who wants more types another letter.
const mostShown = 200

func newPalette(a *App) *palette {
	p := &palette{app: a, rev: -1}
	p.feed(a.deck.rev)
	return p
}

// feed collects what the views offer now. It says whether anything is new.
func (p *palette) feed(rev int) bool {
	if rev == p.rev {
		return false
	}
	p.rev = rev
	p.entries = p.app.collect()
	p.filter()
	return true
}

// filter keeps what matches, the best first; without a query, what was used last.
// Where something is called as the query says, what only has its letters somewhere
// is left out.
func (p *palette) filter() {
	query := p.edit.Text()
	objects := strings.HasPrefix(query, "@")
	query = strings.TrimPrefix(query, "@")
	ws := words(query)
	p.shown = p.shown[:0]
	for _, e := range p.entries {
		if objects && e.kind != "go" {
			continue
		}
		if m, ok := fuzzy(ws, e.text); ok {
			e.match = m
			p.shown = append(p.shown, e)
		}
	}
	if len(ws) > 0 && slices.ContainsFunc(p.shown, func(e entry) bool { return e.match.whole }) {
		p.shown = slices.DeleteFunc(p.shown, func(e entry) bool { return e.match.stray })
	}
	slices.SortStableFunc(p.shown, p.compare)
	if len(p.shown) > mostShown {
		p.shown = p.shown[:mostShown]
	}
	p.at = min(p.at, max(len(p.shown)-1, 0))
}

func (p *palette) compare(a, b entry) int {
	rank := func(e entry) int {
		n := e.match.score * 4
		if p.app.recent[e.id] > 0 {
			n += 12
		}
		if e.why != "" {
			n -= 24
		}
		if e.kind == "help" {
			n -= 40
		}
		return n
	}
	if d := rank(b) - rank(a); d != 0 {
		return d
	}
	return p.app.recent[b.id] - p.app.recent[a.id]
}

func (p *palette) current() (entry, bool) {
	if p.at >= len(p.shown) {
		return entry{}, false
	}
	return p.shown[p.at], true
}

func (p *palette) key(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "esc", "ctrl+p":
		return nil, true
	case "enter":
		return p.choose()
	case "up", "ctrl+k":
		p.at = max(p.at-1, 0)
	case "down", "ctrl+j", "ctrl+n":
		p.at = min(p.at+1, max(len(p.shown)-1, 0))
	case "pgup":
		p.at = max(p.at-p.rows, 0)
	case "pgdown":
		p.at = min(p.at+p.rows, max(len(p.shown)-1, 0))
	case "?":
		p.explain = !p.explain
	case "tab":
		if e, ok := p.current(); ok {
			at := ""
			if strings.HasPrefix(p.edit.Text(), "@") {
				at = "@"
			}
			p.edit.Set(at + e.text)
			p.filter()
		}
	default:
		before := p.edit.Text()
		p.edit.Key(k)
		if p.edit.Text() != before {
			p.at, p.scroll = 0, 0
			p.filter()
		}
	}
	return nil, false
}

// choose does the chosen entry after the palette is gone. One that cannot be done
// stays, with its reason.
func (p *palette) choose() (tea.Cmd, bool) {
	e, ok := p.current()
	if !ok || e.why != "" {
		return nil, false
	}
	return func() tea.Msg {
		return runMsg{func(a *App) tea.Cmd {
			a.recent.use(e.id)
			return e.run(a)
		}}
	}, true
}

func (p *palette) paste(text string) {
	p.edit.Insert(text)
	p.filter()
}

// mouse chooses by a click, and closes on one beside the panel.
func (p *palette) mouse(msg tea.MouseMsg, x, y int) (tea.Cmd, bool) {
	if n := wheel(msg); n != 0 {
		p.at = min(max(p.at+n/3, 0), max(len(p.shown)-1, 0))
		return nil, false
	}
	if _, ok := msg.(tea.MouseClickMsg); !ok {
		return nil, false
	}
	if x < 0 || y < 0 || x >= p.app.screen.panel.w || y >= len(p.app.screen.panel.lines) {
		return nil, true
	}
	if i := y - 3; i >= 0 && i < p.rows && p.scroll+i < len(p.shown) {
		p.at = p.scroll + i
		return p.choose()
	}
	return nil, false
}

func (p *palette) draw(th *theme.Theme, room rect) panel {
	s := newSheet(th, room)
	s.blank()
	shown, col, off := input.Window(p.edit.Runes(), p.edit.Pos(), p.off, max(s.w-2*indent-2, 1))
	p.off = off
	s.add(s.line().Put(s.set.Selected, ":").Space(1).Put(s.set.Title, shown))
	s.blank()
	p.rows = max(min(10, room.h-8), 1)
	if p.at < p.scroll {
		p.scroll = p.at
	}
	p.scroll = max(p.scroll, p.at-p.rows+1)
	for i := p.scroll; i < p.scroll+p.rows; i++ {
		switch {
		case i < len(p.shown):
			p.drawEntry(s, p.shown[i], i == p.at)
		case i == 0:
			s.text(s.set.Text, "nothing is called so")
		default:
			s.blank()
		}
	}
	if e, ok := p.current(); ok && p.explain {
		s.blank()
		s.text(s.set.Text, e.more)
	}
	s.blank()
	s.keys("", arrows(s.th), "choose", "enter", "do it", "tab", "complete", "@", "objects", "?", "explain")
	s.blank()
	panel := s.panel(room, 5*room.h/38, 3, nil)
	panel.cursorAt(indent+2+col, 1)
	return panel
}

// drawEntry is one row: its kind, its name with what matched, why not, its key.
func (p *palette) drawEntry(s *sheet, e entry, here bool) {
	row := *s
	if here {
		row.set = &s.th.Row
	}
	set := row.set
	l := cell.NewLine(s.th, set, max(s.w-2, 0))
	l.Space(indent-1).Put(set.Weak, e.kind).Fill(indent + 5)
	st := set.Text
	switch {
	case e.why != "":
		st = set.Weak
	case here:
		st = set.Title
	}
	putMatch(l, st, set.Match, e.text, e.match.at)
	tail := cell.NewLine(s.th, set, s.w)
	if beside := e.beside(); e.why != "" || l.Len()+cell.Width(beside)+10 <= l.W {
		tail.Put(set.Weak, beside).Space(2)
	}
	tail.Put(set.Weak, e.key).Space(max(6-cell.Width(e.key), 2))
	l.Ends(tail)
	whole := cell.NewLine(s.th, s.set, s.w)
	s.add(whole.Space(1).Raw(l.Render(), max(s.w-2, 0)))
}

func (e entry) beside() string {
	if e.why != "" {
		return e.why
	}
	return e.note
}

// putMatch puts text with the matched runes in a style of their own.
func putMatch(l *cell.Line, st, hit theme.Style, text string, at []int) {
	from, runes := 0, []rune(text)
	for _, i := range at {
		if i < from || i >= len(runes) {
			continue
		}
		l.Put(st, string(runes[from:i]))
		l.Put(hit, string(runes[i:i+1]))
		from = i + 1
	}
	l.Put(st, string(runes[from:]))
}
