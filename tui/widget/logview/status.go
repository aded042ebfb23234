package logview

import (
	"strings"

	"flightdeck/tui/widget/cell"
)

// frame is the last frame, and where in it is what.
type frame struct {
	s   *sheet
	at  *window
	ask *prompt

	h      int
	text   string
	shown  []int64 // the line of each row of the body; -1 none
	notice int     // first cell of the note about new lines in the last row; 0 none
}

// lineAt is the line that a row shows.
func (f *frame) lineAt(y int) (int64, bool) {
	if y < 0 || y >= len(f.shown) || f.shown[y] < 0 {
		return 0, false
	}
	return f.shown[y], true
}

// compose draws the frame.
func (f *frame) compose() string {
	f.notice = 0
	if f.s.w <= 0 || f.h <= 0 {
		f.shown = f.shown[:0]
		return ""
	}
	if f.ask.in.Typing() && f.h == 1 {
		f.shown = f.shown[:0]
		return f.status()
	}
	rows := f.fill(f.h)
	if f.h > 1 && (f.hasStatus() || f.below() > 0) {
		rows = append(f.fill(f.h-1), f.status())
	}
	return strings.Join(rows, "\n")
}

// fill is the rows of the body, exactly that many.
func (f *frame) fill(body int) []string {
	f.shown = f.shown[:0]
	f.at.body = body
	f.at.settle()
	out := make([]string, 0, body+1)
	seq, ok := f.s.step(f.at.top.seq, false)
	for sub := f.at.top.sub; ok && len(out) < body; sub = 0 {
		rows := f.s.rows(seq)
		for i := sub; i < len(rows) && len(out) < body; i++ {
			out = append(out, rows[i])
			f.shown = append(f.shown, seq)
		}
		seq, ok = f.s.step(seq+1, false)
	}
	if len(out) == 0 {
		out = append(out, f.empty())
		f.shown = append(f.shown, -1)
	}
	for len(out) < body {
		out = append(out, cell.Blank(f.s.w))
		f.shown = append(f.shown, -1)
	}
	return out
}

// empty is the first row of a log that shows nothing.
func (f *frame) empty() string {
	l := cell.NewLine(f.s.theme, &f.s.theme.Plain, f.s.w)
	text := "nothing written yet"
	switch only := f.s.find.only; {
	case only != nil && only.state().busy:
		text = "no line found so far"
	case only != nil, f.s.src.Len() > 0:
		text = "no line passes the filter"
	}
	return l.Space(f.s.columns().gutter).Put(l.Set.Quiet, text).Render()
}

func (f *frame) hasStatus() bool {
	return f.ask.in.Typing() || f.s.find.search != nil || f.s.find.only != nil || f.s.look.Level > LevelNone
}

// below is how many lines have come since the view stands still and do not show.
func (f *frame) below() int64 {
	if f.at.follow {
		return 0
	}
	last := int64(-1)
	for _, seq := range f.shown {
		last = max(last, seq)
	}
	return f.s.count(max(f.at.frozen, last+1), f.s.src.Len())
}

// status is the last row: what is looked for and how far that is, at the right what
// is new below.
func (f *frame) status() string {
	th := f.s.theme
	set := &th.Plain
	note := cell.NewLine(th, set, f.s.w)
	if n := f.below(); n > 0 {
		unit := " new lines below"
		if n == 1 {
			unit = " new line below"
		}
		note.Put(set.Dim, cell.Count(n, th.Glyph.ThinSpace)+unit).Space(2).Put(set.Text, "F").Put(set.Quiet, " follow")
	}
	if f.ask.in.Typing() {
		return f.typing(note)
	}
	l := cell.NewLine(th, set, f.s.w)
	l.Space(f.s.columns().gutter)
	if r := f.s.find.only; r != nil {
		f.summary(l, "&", r, false)
	}
	if r := f.s.find.search; r != nil {
		f.summary(l, "/", r, true)
	}
	if word := levelWords(f.s.look.Level); word != "" {
		l.Put(set.Dim, word).Space(3)
	}
	if note.Len() == 0 || note.Len() >= f.s.w {
		return l.Render()
	}
	f.notice = f.s.w - note.Len()
	return l.Ends(note).Render()
}

func levelWords(level uint8) string {
	switch level {
	case LevelDebug, LevelInfo:
		return "info and worse"
	case LevelWarn:
		return "warnings and errors"
	case LevelError:
		return "errors"
	}
	return ""
}

// summary says what a search or the filter looks for and what it has found.
func (f *frame) summary(l *cell.Line, sign string, r *run, place bool) {
	set, g := l.Set, l.Theme.Glyph
	st := r.state()
	kind := sign + " "
	if r.q.Regexp {
		kind = sign + " regexp "
	}
	l.Put(set.Quiet, kind).Put(set.Text, r.q.Text).Space(2)
	n := f.found(r, 0, f.s.src.Len())
	count := cell.Count(n, g.ThinSpace)
	switch {
	case st.err != nil:
		l.Put(set.Caution, g.Caution+" "+st.err.Error())
	case n == 0 && !st.busy:
		l.Put(set.Quiet, "not found")
	case place && f.at.cursor >= 0 && n > 0 && r.matches(f.at.cursor):
		at := f.found(r, 0, f.at.cursor+1)
		l.Put(set.Dim, cell.Count(at, g.ThinSpace)+" of "+count)
	case n == 1:
		l.Put(set.Dim, "1 line")
	default:
		l.Put(set.Dim, count+" lines")
	}
	if st.busy {
		l.Put(set.Quiet, " so far")
		if st.total > 0 {
			l.Put(set.Quiet, ", "+cell.Share(float64(st.done)/float64(st.total))+" % searched")
		}
	}
	l.Space(3)
}

// found is how many hits in [from, to) show.
func (f *frame) found(r *run, from, to int64) int64 {
	only := f.s.find.only
	if only == nil || only == r {
		return r.count(from, to)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := int64(0)
	for seq, ok := r.hits.next(from); ok && seq < to; seq, ok = r.hits.next(seq + 1) {
		if only.matches(seq) {
			n++
		}
	}
	return n
}

// typing is the search line, with what is wrong at its right.
func (f *frame) typing(note *cell.Line) string {
	p := f.ask
	set := &f.s.theme.Plain
	side := cell.NewLine(f.s.theme, set, f.s.w)
	if _, err := p.in.Err(); err != nil {
		side.Put(set.Caution, f.s.theme.Glyph.Caution+" "+strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	} else if p.regexp {
		side.Put(set.Dim, "regexp")
	} else {
		side = note
	}
	if w := f.s.w - side.Len() - 2; side.Len() > 0 && w >= 20 {
		l := cell.NewLine(f.s.theme, set, f.s.w)
		return l.Raw(p.in.Render(f.s.theme, set, w), w).Ends(side).Render()
	}
	return p.in.Render(f.s.theme, set, f.s.w)
}
