package logview

import "flightdeck/tui/keys"

// window is where in the log the view stands.
type window struct {
	*choice
	s      *sheet
	keys   *keys.Map
	top    pos
	follow bool  // the end shows; top follows from it
	frozen int64 // Len when following ended: what is new since then
	body   int   // rows of the log in the last frame
}

// choice is the lines that are chosen: from the cursor to the anchor, in any order;
// -1 where there is none.
type choice struct{ cursor, anchor int64 }

func (c *choice) has(seq int64) bool {
	a, b := c.cursor, c.anchor
	if b < 0 {
		b = a
	}
	return a >= 0 && seq >= min(a, b) && seq <= max(a, b)
}

// pos is a row: one of a line.
type pos struct {
	seq int64
	sub int
}

// here is the line that a search begins at.
func (at *window) here() int64 {
	switch {
	case at.cursor >= 0:
		return at.cursor
	case at.follow:
		return max(at.s.src.Len()-1, 0)
	}
	return at.top.seq
}

// end goes to the end and stays there.
func (at *window) end() {
	at.top, at.follow = pos{}, true
	at.cursor, at.anchor = -1, -1
	at.s.stale = true
}

// freeze keeps what shows where it is.
func (at *window) freeze() {
	if at.follow {
		at.follow, at.frozen = false, at.s.src.Len()
		at.top = at.endTop()
	}
	at.s.stale = true
}

// up is the row n rows above p, or the first.
func (at *window) up(p pos, n int) pos {
	for n > p.sub {
		before, ok := at.s.step(p.seq-1, true)
		if !ok {
			return pos{p.seq, 0}
		}
		n -= p.sub + 1
		p = pos{before, max(len(at.s.rows(before))-1, 0)}
	}
	p.sub -= n
	return p
}

// down is the row n rows below p, or the last.
func (at *window) down(p pos, n int) pos {
	for {
		left := len(at.s.rows(p.seq)) - 1 - p.sub
		if n <= left {
			p.sub += n
			return p
		}
		after, ok := at.s.step(p.seq+1, false)
		if !ok {
			p.sub += max(left, 0)
			return p
		}
		n -= max(left, 0) + 1
		p = pos{after, 0}
	}
}

// endTop is the first row when the last one stands at the bottom.
func (at *window) endTop() pos {
	last, ok := at.s.step(at.s.src.Len()-1, true)
	if !ok {
		return pos{}
	}
	return at.up(pos{last, max(len(at.s.rows(last))-1, 0)}, at.body-1)
}

func before(a, b pos) bool { return a.seq < b.seq || a.seq == b.seq && a.sub < b.sub }

// settle makes top a row that is there, with the body below it filled.
func (at *window) settle() {
	end := at.endTop()
	if at.follow {
		at.top = end
		return
	}
	seq, ok := at.s.step(at.top.seq, false)
	if !ok || !before(pos{seq, at.top.sub}, end) {
		at.top = end
		return
	}
	if seq != at.top.seq {
		at.top = pos{seq, 0}
	}
	at.top.sub = min(at.top.sub, max(len(at.s.rows(seq))-1, 0))
}

// scroll moves the view by rows. Down to the end it follows again.
func (at *window) scroll(by int) {
	if at.follow && by > 0 {
		return
	}
	at.freeze()
	at.settle()
	if by < 0 {
		at.top = at.up(at.top, -by)
	} else {
		at.top = at.down(at.top, by)
		if !before(at.top, at.endTop()) {
			at.end()
			return
		}
	}
	at.keepCursor()
}

// keepCursor moves the cursor to what shows.
func (at *window) keepCursor() {
	if at.cursor < 0 {
		return
	}
	last := at.down(at.top, at.body-1)
	at.cursor = min(max(at.cursor, at.top.seq), last.seq)
}

// move chooses the line before or behind.
func (at *window) move(back bool) {
	if at.follow && !back {
		return
	}
	at.freeze()
	at.settle()
	from := at.cursor
	if from < 0 {
		from = at.down(at.top, at.body-1).seq
	} else if at.within(from, back) {
		return
	}
	next := from + 1
	if back {
		next = from - 1
	}
	seq, ok := at.s.step(next, back)
	switch {
	case ok:
		at.cursor = seq
		at.reveal()
	case back:
		at.cursor = from
	default:
		at.end()
	}
}

// within scrolls inside a line that is taller than the view, as long as there is
// more of it that way.
func (at *window) within(seq int64, back bool) bool {
	rows, body := len(at.s.rows(seq)), at.body
	if rows <= body || at.top.seq != seq {
		return false
	}
	switch {
	case back && at.top.sub > 0:
		at.top.sub--
	case !back && at.top.sub+body < rows:
		at.top.sub++
	default:
		return false
	}
	return true
}

// reveal scrolls as little as shows the cursor's line.
func (at *window) reveal() {
	seq := at.cursor
	if seq <= at.top.seq {
		at.top = pos{seq, max(len(at.s.rows(seq))-at.body, 0)}
		return
	}
	rows := len(at.s.rows(seq))
	least := at.up(pos{seq, max(rows-1, 0)}, at.body-1)
	if rows > at.body {
		least = pos{seq, 0}
	}
	if before(at.top, least) {
		at.top = least
	}
}

// jump chooses a line and shows it, with some of what led to it when it was not on
// the screen.
func (at *window) jump(seq int64) {
	at.freeze()
	at.settle()
	at.cursor, at.anchor = seq, -1
	if last := at.down(at.top, at.body-1); seq < at.top.seq || seq > last.seq {
		at.top = at.up(pos{seq, 0}, at.body/3)
	}
	at.reveal()
}

// jumpPending goes to the hit that was asked for, once it is known which it is.
func (at *window) jumpPending() {
	r := at.s.find.search
	if r == nil || at.s.find.pending == nowhere {
		return
	}
	from, back := at.here(), at.s.find.pending == previous || at.s.find.pending == latest
	switch at.s.find.pending {
	case next:
		from++
	case previous:
		from--
	}
	seq, ok := at.hit(r, from, back)
	if st := r.state(); !ok && !st.busy {
		from = 0 // around the end
		if back {
			from = at.s.src.Len()
		}
		if seq, ok = at.hit(r, from, back); !ok {
			at.s.find.pending = nowhere
			return
		}
	}
	if ok {
		at.s.find.pending = nowhere
		at.jump(seq)
	}
}

// hit is the next hit among the lines that show.
func (at *window) hit(r *run, from int64, back bool) (int64, bool) {
	for {
		r.mu.Lock()
		seq, ok := r.hits.next(from)
		if back {
			seq, ok = r.hits.prev(from)
		}
		r.mu.Unlock()
		if !ok || at.s.find.only == nil || at.s.find.only.matches(seq) {
			return seq, ok
		}
		from = seq + 1
		if back {
			from = seq - 1
		}
	}
}
