package table

import (
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// state is how a row is drawn besides its contents.
type state uint8

const (
	selected state = 1 << iota
	marked
	unfocused // selected, but the keyboard is elsewhere
	states    = 8
)

// drawn is a row as strings, one a state in which it was asked for.
type drawn[T any] struct {
	row   T
	rev   int
	frame int
	text  [states]string
}

// drawing is what a table keeps to draw little.
type drawing[T any] struct {
	cache map[string]*drawn[T]
	rev   int // of layout and theme; rows drawn under another are void
	frame int

	th      *theme.Theme
	w, h    int
	focused bool
	last    string // the last frame; "" when something changed since

	line cell.Line
	buf  strings.Builder
}

func (d *drawing[T]) init() { d.cache = map[string]*drawn[T]{} }

// stale says that the next frame may differ from the last.
func (d *drawing[T]) stale() { d.last = "" }

// forget drops every drawn row.
func (d *drawing[T]) forget() { d.rev++; d.last = "" }

// Render draws the table in exactly w×h cells. The row under the selection is
// drawn on the theme's row background while the table is focused.
func (t *Table[T]) Render(th *theme.Theme, w, h int, focused bool) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	d := &t.draw
	if d.last != "" && d.th == th && d.w == w && d.h == h && d.focused == focused {
		return d.last
	}
	if d.th != th || d.w != w {
		d.forget()
	}
	d.th, d.w, d.h, d.focused = th, w, h, focused
	t.head = 1
	if t.bare || h < 2 {
		t.head = 0
	}
	t.body = h - t.head
	t.settle()
	d.frame++
	if t.cols.fit(w) {
		d.forget()
	}
	for range 4 { // contents may widen columns, and those push others out
		if !t.prepare() || !t.cols.fit(w) {
			break
		}
		d.forget()
	}
	d.last = t.compose()
	d.trim(t.body)
	return d.last
}

// settle scrolls so that the selection shows and no screen row is wasted.
func (t *Table[T]) settle() {
	if t.cur >= 0 {
		t.top = max(min(t.top, t.cur), t.cur-t.body+1)
	}
	t.top = max(min(t.top, len(t.rows.shown)-t.body), 0)
}

func (t *Table[T]) state(pos int, key string) state {
	var s state
	if pos == t.cur {
		s = selected
		if !t.draw.focused {
			s |= unfocused
		}
	}
	if t.isMarked(key) {
		s |= marked
	}
	return s
}

// prepare draws the rows on the screen that are not drawn yet, and says whether
// one was wider than its column.
func (t *Table[T]) prepare() (grew bool) {
	d := &t.draw
	for pos := t.top; pos < min(t.top+t.body, len(t.rows.shown)); pos++ {
		row := t.At(pos)
		key := t.key(row)
		e := d.cache[key]
		if e == nil {
			e = &drawn[T]{row: row, rev: -1}
			d.cache[key] = e
		}
		if e.rev != d.rev || t.rows.same != nil && !t.rows.same(e.row, row) {
			*e = drawn[T]{row: row, rev: d.rev}
		}
		e.frame = d.frame
		if s := t.state(pos, key); e.text[s] == "" {
			d.buf.Reset()
			d.buf.Grow(d.w * 4)
			grew = t.drawRow(row, s) || grew
			e.text[s] = d.buf.String()
		}
	}
	return grew
}

func (t *Table[T]) drawRow(row T, s state) (grew bool) {
	d := &t.draw
	set := &d.th.Plain
	if s&selected != 0 && s&unfocused == 0 {
		set = &d.th.Row
	}
	pad := cell.Padding(d.th, set)
	d.line.Reset(d.th, set, prefix)
	if s&marked != 0 {
		d.line.Put(set.Selected, d.th.Glyph.Mark)
	} else {
		d.line.Space(1)
	}
	if s&selected != 0 {
		d.line.Put(set.Selected, d.th.Glyph.Here)
	}
	d.line.Write(&d.buf, min(prefix, d.w), cell.AlignLeft)
	x := min(prefix, d.w)
	for _, p := range t.cols.places {
		c := t.cols.cols[p.col]
		pad.To(&d.buf, cell.Blank(p.x-x))
		d.line.Reset(d.th, set, p.w)
		c.Cell(row, &d.line)
		if n := d.line.Len(); c.Width == 0 && n > c.seen {
			c.seen = n
			if n > p.w {
				grew = true
				t.cols.changed()
			}
		}
		d.line.Write(&d.buf, p.w, c.Align)
		x = p.x + p.w
	}
	pad.To(&d.buf, cell.Blank(d.w-x))
	return grew
}

func (t *Table[T]) compose() string {
	d := &t.draw
	var b strings.Builder
	b.Grow((t.body + 1) * d.w * 3)
	if t.head > 0 {
		t.header(&b)
		b.WriteByte('\n')
	}
	for i := range t.body {
		if i > 0 {
			b.WriteByte('\n')
		}
		pos := t.top + i
		if pos >= len(t.rows.shown) {
			b.WriteString(cell.Blank(d.w))
			continue
		}
		key := t.key(t.At(pos))
		b.WriteString(d.cache[key].text[t.state(pos, key)])
	}
	return b.String()
}

func (t *Table[T]) header(b *strings.Builder) {
	d := &t.draw
	set := &d.th.Plain
	x := 0
	for _, p := range t.cols.places {
		c := t.cols.cols[p.col]
		b.WriteString(cell.Blank(p.x - x))
		d.line.Reset(d.th, set, p.w)
		if c.ID == t.sortID {
			sign := d.th.Glyph.SortUp
			if t.desc {
				sign = d.th.Glyph.Sort
			}
			title, _ := cell.Cut(c.Title, p.w-2, d.th.Glyph.Ellipsis)
			d.line.Put(set.Title, title).Space(min(1, len(title))).Put(set.Title, sign)
		} else {
			d.line.Put(set.Dim, c.Title)
		}
		d.line.Write(b, p.w, c.Align)
		x = p.x + p.w
	}
	b.WriteString(cell.Blank(d.w - x))
}

// trim drops drawn rows that have long left the screen.
func (d *drawing[T]) trim(body int) {
	if len(d.cache) <= 8*body+64 {
		return
	}
	for k, e := range d.cache {
		if e.frame != d.frame {
			delete(d.cache, k)
		}
	}
}
