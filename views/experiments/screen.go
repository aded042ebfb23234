package experiments

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// Render implements tui.View.
func (v *Runs) Render(f tui.Frame) string {
	v.desk.now, v.filter.h = f.Now, f.H
	if v.opened.IsZero() {
		v.opened = f.Now
	}
	switch bad := v.feeds.failing(); {
	case v.chooser != nil:
		return v.chooser.render(f)
	case v.menu != nil:
		return v.menu.render(f)
	case len(v.desk.roll.runs) > 0:
		return v.rows(f, bad)
	case bad != nil:
		return trouble(f, bad)
	case v.feeds.waiting():
		return reading(f, v.feeds[0].source, v.opened)
	}
	return empty(f, ways(v.desk.whyNoNew() == ""))
}

// rows is the table; below it why it may be out of date, above it what is typed.
func (v *Runs) rows(f tui.Frame, bad *feed) string {
	h := f.H
	if bad != nil && h > 3 {
		h--
	}
	var drawn string
	if v.groups != nil {
		drawn = v.groups.table.Render(f.Theme, f.W, h, f.Focused)
	} else {
		drawn = v.table.Render(f.Theme, f.W, h, f.Focused)
	}
	if h == f.H && !v.filter.Typing() {
		return drawn
	}
	lines := strings.Split(drawn, "\n")
	if v.filter.Typing() {
		lines = v.filter.overlay(f, lines)
	}
	if h < f.H {
		lines = append(lines, staleRow(f, bad))
	}
	return cell.Block(lines, f.W, f.H)
}

// staleRow is the row that says what is wrong with the rows above it.
func staleRow(f tui.Frame, bad *feed) string {
	set, r := &f.Theme.Plain, bad.Result()
	todo := cell.NewLine(f.Theme, set, f.W)
	if f.W >= 100 {
		todo.Put(set.Quiet, tried(f, r)).Space(2)
	}
	todo.Put(set.Title, "R").Put(set.Dim, " try now ")
	return cell.NewLine(f.Theme, set, f.W).Space(2).Mark(set.Caution, f.Theme.Glyph.Caution, set.Caution, bad.source+": "+firstError(r.Err)).Ends(todo).Render()
}

// step is by how many runs the pane grows: one that came with each new run would
// push the charts about.
const step = 4

// Rows implements tui.Sized: the header, the runs and an empty row.
func (v *Runs) Rows(int) int {
	n := len(v.desk.roll.runs)
	if n == 0 || v.chooser != nil || v.menu != nil {
		return 1 << 10
	}
	return 2 + (n+step-1)/step*step
}

// patience is how long reading may take until it is said what is waited for.
const patience = time.Second

// Soon implements tui.Soon: a wait that is long is said so.
func (v *Runs) Soon() time.Time {
	if due := v.opened.Add(patience); !v.opened.IsZero() && v.desk.now.Before(due) && v.feeds.waiting() {
		return due
	}
	return time.Time{}
}

// reading is the first moments: nothing, then what is being waited for, and since when.
func reading(f tui.Frame, source string, since time.Time) string {
	if f.Now.Sub(since) < patience {
		return cell.Block(nil, f.W, f.H)
	}
	set := &f.Theme.Plain
	text := fmt.Sprintf("%s is slow to answer: asked for its runs at %s", source, clock(since, f.Now))
	return cell.Block([]string{"", cell.NewLine(f.Theme, set, f.W).Space(2).Mark(set.Dim, f.Theme.Glyph.Waiting, set.Quiet, text).Render()}, f.W, f.H)
}

// trouble is what happened, since when and how often, and what to do.
func trouble(f tui.Frame, bad *feed) string {
	s, r := &sheet{}, bad.Result()
	s.begin(f)
	set := &f.Theme.Plain
	if f.H > 8 {
		s.add(s.line())
	}
	s.add(s.line().Space(1).Mark(set.Caution, f.Theme.Glyph.Caution, set.Caution, "the runs of "+bad.source+" cannot be read"))
	for _, row := range cell.Wrap(firstError(r.Err), max(1, f.W-6)) {
		s.add(s.line().Space(3).Put(set.Text, row))
	}
	s.add(s.line().Space(3).Put(set.Quiet, tried(f, r)))
	s.add(s.line())
	s.add(s.line().Space(3).Put(set.Title, "What to do"))
	s.add(s.line().Space(3).Put(set.Title, "R").Fill(7).Put(set.Text, "try now"))
	for i, x := range fixes(r.Err) {
		l := s.line().Space(3)
		if i == 0 {
			l.Put(set.Title, "y")
		}
		s.add(l.Fill(7).Put(set.Selected, x.Command).Space(3).Put(set.Dim, x.Note))
	}
	return s.end()
}

// tried is since when, how often, and when again.
func tried(f tui.Frame, r hub.Result[[]*backends.Run]) string {
	parts := []string{"since " + clock(r.Since, f.Now)}
	if r.Tries > 1 {
		parts = append(parts, fmt.Sprintf("%d tries", r.Tries))
	}
	if r.Next.After(f.Now) {
		parts = append(parts, "again at "+clock(r.Next, f.Now))
	}
	return strings.Join(parts, " "+f.Theme.Glyph.Dot+" ")
}

// fixes is what the error itself advises, else what always helps.
func fixes(err error) []backends.Fix {
	var fixer hub.Fixer
	if errors.As(err, &fixer) && len(fixer.Fixes()) > 0 {
		return fixer.Fixes()
	}
	return []backends.Fix{{Command: "flightdeck doctor", Note: "says what is wrong and what is still sound"}}
}

// clock is a time of day where the screen is.
func clock(at, now time.Time) string { return at.In(now.Location()).Format("15:04:05") }

// ago is an age in words.
func ago(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute ago"
	}
	return cell.Age(d) + " ago"
}

// firstError is the innermost words of an error, without the chain of who passed
// it on when that chain is long.
func firstError(err error) string {
	text := err.Error()
	for len(text) > 400 {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err, text = inner, inner.Error()
	}
	return cmp.Or(text, "no reason was given")
}
