// Package logview shows a log: it follows the newest line or stands still, wraps or
// scrolls sideways, filters by level and by text, searches, and reads JSON and
// logfmt.
//
// What a log holds was written by others, and some of them mean harm. Nothing of it
// reaches the screen but through cell.Safe: colours (SGR) are parsed, made readable
// and written anew, a carriage return leaves the last state of a progress bar, every
// other control is taken out or made visible. What was lost on the way is said where
// it is missing, whatever filter is on.
//
// Only what is on the screen is read and parsed. Searching is a goroutine of its own
// that ends with the context of Open; a key only ever asks for it.
//
// The package declares what it needs of a log (Source, Searcher) with structs that
// have no name of their own, so that whoever keeps lines can declare the same and be
// a Source without an adapter.
package logview

import (
	"context"
	"iter"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
)

// Line is one line of a Source. Text is read only.
type Line = struct {
	Seq     int64
	Time    time.Time // zero: not known
	Stream  string
	Source  string // who wrote it, when several are merged
	Text    []byte // as it was written; its last newline is not in it
	Level   uint8  // one of the Level… constants
	Partial bool   // goes on in the next line, or has not ended yet
	Skipped int64  // lines that were lost before this one
}

// The levels of a line. A line without one is taken for LevelInfo by a filter.
const (
	LevelNone uint8 = iota
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
)

// How a query treats capitals.
const (
	CaseSmart  uint8 = iota // they count when the query has any
	CaseIgnore              // they never count
	CaseExact               // they always count
)

// Query is what to look for.
type Query = struct {
	Text   string
	Regexp bool // RE2
	Case   uint8
	Level  uint8 // only lines of at least this level
}

// Hit is a line that was found, or how far a search is.
type Hit = struct {
	Seq         int64
	Match       bool  // it matches
	Loss        bool  // lines are missing before it
	Done, Total int64 // lines that were looked at, of how many
}

// Source is where lines are read. Its methods answer from memory, or within a
// moment: they are called from the event loop.
type Source interface {
	Len() int64  // one past the newest sequence number
	Rev() uint64 // rises with every change; the last line may grow
	// Lines appends to into[:0] the lines in [from, to) that are there.
	Lines(from, to int64, into []Line) []Line
	// Step is the first line at or behind seq of at least a level, or with back the
	// last at or before it. A line with something lost before it has every level.
	Step(seq int64, back bool, level uint8) (int64, bool)
	// Count is how many lines in [from, to) Step would stop at.
	Count(from, to int64, level uint8) int64
}

// Searcher is a Source that can be searched. The sequence gives hits and progress
// until ctx ends, on the goroutine that ranges over it.
type Searcher interface {
	Search(ctx context.Context, q Query, from int64, back bool) iter.Seq2[Hit, error]
}

// Options is what a log view is made of; the zero value is good.
type Options struct {
	Keys     *keys.Map      // nil is keys.Default
	Location *time.Location // of clock times; nil is UTC
	Look     Look
}

// Look is how lines are shown, and which.
type Look struct {
	Wrap  bool  // long lines go on in the next row
	Raw   bool  // as written: JSON as it stands, of a progress bar all that it said
	Times Times // what stands before each line
	Level uint8 // the least that shows; LevelNone is all
}

// Times is what stands before each line.
type Times uint8

// The times that may be shown.
const (
	TimesOff   Times = iota
	TimesClock       // 12:30:41.137
	TimesSince       // since the first line
)

// Log is the widget. It belongs to one client and its event loop.
type Log struct {
	keys   keys.Map
	sheet  sheet
	choice choice
	at     window
	find   finder
	ask    prompt
	frame  frame
	rev    uint64
}

// New is a view of no log yet.
func New(o Options) *Log {
	v := &Log{keys: keys.Default(), choice: choice{-1, -1}}
	if o.Keys != nil {
		v.keys = *o.Keys
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	v.sheet = sheet{src: none{}, look: o.Look, loc: o.Location, find: &v.find, chosen: &v.choice, stale: true, cache: map[drawnKey]*drawn{}}
	v.at = window{choice: &v.choice, s: &v.sheet, keys: &v.keys, follow: true, body: 1}
	v.frame = frame{s: &v.sheet, at: &v.at, ask: &v.ask}
	return v
}

// Open shows a log and follows it. Searches end with ctx; whenever one has news, it
// sends on poke, which has a slot, and the owner calls Refresh. Opening the same log
// again keeps where the view stands, opening another begins at its end.
func (v *Log) Open(ctx context.Context, src Source, poke chan<- struct{}) {
	if src != v.sheet.src {
		v.sheet.src = src
		v.sheet.forget()
		v.at.end()
	}
	v.find.open(ctx, src, poke)
	v.find.both(v.sheet.look.Level, v.at.here())
	v.Refresh()
}

// Refresh takes over what is new.
func (v *Log) Refresh() {
	rev := v.sheet.src.Rev()
	if rev != v.rev { // a search's own news must not start it again
		v.find.kick()
	}
	moved := v.find.moved()
	v.at.jumpPending()
	v.sheet.stale = v.sheet.stale || moved || rev != v.rev
	v.rev = rev
}

// SetSources names those whose lines are merged, each with the series colour of its
// place. Names stand before the lines when there are two or more.
func (v *Log) SetSources(names []string) {
	v.sheet.sources = names
	v.sheet.forget()
}

// Following says that the newest line shows, and that newer ones will.
func (v *Log) Following() bool { return v.at.follow }

// Follow goes to the end and stays there.
func (v *Log) Follow() { v.at.end() }

// Go chooses a line, or the one behind it when it does not show.
func (v *Log) Go(seq int64) {
	if at, ok := v.sheet.step(seq, false); ok {
		v.at.jump(at)
	}
}

// Look is how lines are shown now.
func (v *Log) Look() Look { return v.sheet.look }

// SetLook shows lines otherwise.
func (v *Log) SetLook(l Look) {
	before := v.sheet.look
	v.sheet.look = l
	if l.Wrap != before.Wrap {
		v.sheet.x, v.at.top.sub = 0, 0
	}
	if l.Level != before.Level {
		v.find.both(l.Level, v.at.here())
	}
	v.sheet.forget()
}

// Search looks for lines; an empty text ends it. As soon as there is a hit the view
// goes to the first at or behind where it stands, or, when it follows, to the latest.
func (v *Log) Search(q Query) {
	v.find.seek(q, v.sheet.look.Level, v.at.here())
	v.find.pending = onward
	if v.at.follow {
		v.find.pending = latest
	}
	v.sheet.forget()
	v.at.jumpPending()
}

// Filter shows only the lines that match; an empty text shows all.
func (v *Log) Filter(q Query) {
	v.find.filter(q, v.sheet.look.Level, v.at.here())
	v.sheet.forget()
}

// Typing says that the search line has the keyboard.
func (v *Log) Typing() bool { return v.ask.in.Typing() }

// Paste puts text into the search line.
func (v *Log) Paste(text string) {
	if v.Typing() {
		v.ask.in.Paste(text)
		v.sheet.stale = true
	}
}

// Cursor is where the search line's cursor stands in the last frame.
func (v *Log) Cursor() *tea.Cursor {
	c := v.ask.in.Cursor()
	if c == nil || v.frame.h == 0 {
		return nil
	}
	c.Y = v.frame.h - 1
	return c
}

// Render is the log in exactly w×h cells.
func (v *Log) Render(th *theme.Theme, w, h int) string {
	s, f := &v.sheet, &v.frame
	if s.theme != th || s.w != w {
		s.theme, s.w = th, w
		s.forget()
	}
	if s.stale || f.h != h {
		f.h, s.stale = h, false
		f.text = f.compose()
	}
	return f.text
}

// none is a source of no lines.
type none struct{}

func (none) Len() int64                              { return 0 }
func (none) Rev() uint64                             { return 0 }
func (none) Lines(_, _ int64, into []Line) []Line    { return into[:0] }
func (none) Step(int64, bool, uint8) (int64, bool)   { return 0, false }
func (none) Count(int64, int64, uint8) (lines int64) { return 0 }
