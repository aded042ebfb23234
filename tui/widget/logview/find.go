package logview

import (
	"context"
	"errors"
	"regexp"
	"strings"
)

// Where a jump to a hit goes that has not been found yet.
type jump int8

const (
	nowhere jump = iota
	onward       // to the first at or behind the cursor
	latest       // to the last of all
	next
	previous
)

// finder is the search and the text filter in force.
type finder struct {
	ctx  context.Context
	src  Source
	poke chan<- struct{}

	search, only *run // nil: none
	light        *regexp.Regexp
	pending      jump
	seen         [2]int // of the runs' news
}

func (f *finder) open(ctx context.Context, src Source, poke chan<- struct{}) {
	f.ctx, f.src, f.poke = ctx, src, poke
}

// both starts anew what is in force, for another log or another level.
func (f *finder) both(level uint8, from int64) {
	if f.search != nil {
		f.seek(f.search.q, level, from)
	}
	if f.only != nil {
		f.filter(f.only.q, level, from)
	}
}

func (f *finder) seek(q Query, level uint8, from int64) {
	f.search, f.light = f.start(f.search, q, level, from), nil
	f.pending = nowhere
	if f.search != nil {
		f.light, _ = compile(q) // an expression that is wrong is the search's error
	}
}

func (f *finder) filter(q Query, level uint8, from int64) {
	f.only = f.start(f.only, q, level, from)
}

// start ends the search before and begins another, unless there is nothing to look
// for or nowhere to look.
func (f *finder) start(before *run, q Query, level uint8, from int64) *run {
	if before != nil {
		before.cancel()
	}
	if q.Text == "" {
		return nil
	}
	q.Level = level
	r := &run{q: q, from: max(from, 0), more: make(chan struct{}, 1), poke: f.poke, cancel: func() {}}
	s, ok := f.src.(Searcher)
	if !ok || f.ctx == nil {
		r.err = errors.New("this log cannot be searched")
		return r
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(f.ctx)
	r.busy = true
	go r.work(ctx, f.src, s)
	return r
}

// kick tells the searches that there may be more lines.
func (f *finder) kick() {
	for _, r := range [...]*run{f.search, f.only} {
		if r == nil {
			continue
		}
		select {
		case r.more <- struct{}{}:
		default:
		}
	}
}

// moved says that a search has news since it was asked last.
func (f *finder) moved() bool {
	moved := false
	for i, r := range [...]*run{f.search, f.only} {
		n := 0
		if r != nil {
			n = r.state().news
		}
		moved = moved || n != f.seen[i]
		f.seen[i] = n
	}
	return moved
}

// compile is the query as an expression for what is on the screen.
func compile(q Query) (*regexp.Regexp, error) {
	pattern := q.Text
	if !q.Regexp {
		pattern = regexp.QuoteMeta(pattern)
	}
	if q.Case == CaseIgnore || q.Case == CaseSmart && !capitals(q) {
		pattern = "(?i)" + pattern
	}
	return regexp.Compile(pattern)
}

// capitals says that the query asks for a capital; `\S` does not.
func capitals(q Query) bool {
	text := q.Text
	for i := 0; q.Regexp && i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			text = text[:i] + text[i+2:]
			i--
		}
	}
	return strings.ToLower(text) != text
}
