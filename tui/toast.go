package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

type level int

const (
	levelNote level = iota
	levelDone
	levelCaution
	levelWarning
)

// mostToasts is how many show at once; older ones give way.
const mostToasts = 3

// toast is one short message that is shown nowhere else.
type toast struct {
	key   string // a later toast of the same key takes its place
	level level
	text  string
	hint  string  // "u undo"
	share float64 // of a bar, when bar
	bar   bool
	stay  bool // until it is taken away by key or esc
	until time.Time
}

func (t toast) life() time.Duration {
	switch t.level {
	case levelWarning:
		return 30 * time.Second
	case levelCaution:
		return 12 * time.Second
	}
	return 6 * time.Second
}

// toasts is what shows now, oldest first.
type toasts struct {
	list []toast
	due  time.Time // the timer that runs
}

type expireMsg struct{ at time.Time }

func (ts *toasts) add(t toast) {
	if t.key != "" {
		ts.drop(t.key)
	}
	t.until = time.Now().Add(t.life())
	ts.list = append(ts.list, t)
	if n := len(ts.list); n > mostToasts {
		ts.list = slices.Clone(ts.list[n-mostToasts:])
	}
}

// note says what a setting is now.
func (ts *toasts) note(what, value string) {
	ts.add(toast{key: what, level: levelNote, text: what + ": " + value})
}

func (ts *toasts) drop(key string) {
	ts.list = slices.DeleteFunc(ts.list, func(t toast) bool { return t.key == key })
}

// dismiss takes the newest away; false when there was none.
func (ts *toasts) dismiss() bool {
	n := len(ts.list)
	if n == 0 {
		return false
	}
	ts.list = ts.list[:n-1]
	return true
}

func (ts *toasts) expire(at time.Time) {
	if at.Equal(ts.due) {
		ts.due = time.Time{}
	}
	now := time.Now()
	ts.list = slices.DeleteFunc(ts.list, func(t toast) bool { return !t.stay && !t.until.After(now) })
}

// wish is a timer for the next toast to go, when none runs yet.
func (ts *toasts) wish(ctx context.Context) tea.Cmd {
	var next time.Time
	for _, t := range ts.list {
		if !t.stay && (next.IsZero() || t.until.Before(next)) {
			next = t.until
		}
	}
	if next.IsZero() || (!ts.due.IsZero() && !ts.due.After(next)) {
		return nil
	}
	ts.due = next
	return after(ctx, time.Until(next), expireMsg{next})
}

func (ts *toasts) count() (cautions, warnings int) {
	for _, t := range ts.list {
		switch t.level {
		case levelCaution:
			cautions++
		case levelWarning:
			warnings++
		}
	}
	return cautions, warnings
}

// draw is the toasts as panels of their own width, one above the other.
func (ts *toasts) draw(th *theme.Theme, w int) []string {
	var out []string
	for _, t := range ts.list {
		out = append(out, t.draw(th, w)...)
	}
	return out
}

func (t toast) draw(th *theme.Theme, w int) []string {
	set, g := &th.Raised, th.Glyph
	st, glyph := set.Text, g.Dot
	switch t.level {
	case levelDone:
		st, glyph = set.Engaged, g.Done
	case levelCaution:
		st, glyph = set.Caution, g.Caution
	case levelWarning:
		st, glyph = set.Warning, g.Warning
	}
	const indent = 4
	hint := 0
	if t.hint != "" {
		hint = cell.Width(t.hint) + 3
	}
	if t.bar {
		hint += 14
	}
	text := cell.Wrap(t.text, max(min(w, 72)-indent-hint-1, 8))
	if len(text) > 3 {
		text = text[:3]
	}
	wide := 0
	for _, s := range text {
		wide = max(wide, cell.Width(s))
	}
	wide = min(indent+wide+hint+1, w)
	var out []string
	for i, s := range text {
		l := cell.NewLine(th, set, wide)
		if i == 0 {
			l.Space(1).Put(st, glyph)
		}
		l.Fill(indent).Put(set.Text, s)
		if i == 0 && t.bar {
			l.Space(2).Bar(set.Selected, t.share, 12)
		}
		if i == 0 && t.hint != "" {
			l.Space(3).Put(set.Selected, t.hint)
		}
		out = append(out, l.Render())
	}
	return out
}

// Note is a Cmd for an action of a view that has something to say which shows
// nowhere else.
func Note(text string) tea.Cmd {
	return func() tea.Msg { return toastMsg{toast{level: levelNote, text: text}} }
}

// Caution is Note for what wants a look.
func Caution(text string) tea.Cmd {
	return func() tea.Msg { return toastMsg{toast{level: levelCaution, text: text}} }
}

type toastMsg struct{ toast toast }
