package tui

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/input"
)

// graceStep is half of the moment before enter is armed, so that a key meant for
// what was there before does nothing.
const graceStep = 400 * time.Millisecond

// mostRequests is how many requests a plan lists before it only counts them.
const mostRequests = 6

// planDialog shows a plan and asks for consent: the effect first, then what speaks
// against it, then exactly what will be sent.
type planDialog struct {
	plan   backends.Plan
	verb   string
	again  bool
	yes    func() tea.Cmd
	no     func()
	step   int // of the grace period; armed at 2
	begun  bool
	name   input.Editor // what was typed, where the name is asked for
	off    int
	scroll int
}

func newPlanDialog(d *deed, yes func() tea.Cmd, no func()) *planDialog {
	return &planDialog{plan: d.agreed, verb: d.verb, again: d.again, yes: yes, no: no}
}

// wish starts the grace period, once.
func (d *planDialog) wish(ctx context.Context) tea.Cmd {
	if d.begun {
		return nil
	}
	d.begun = true
	return tea.Batch(after(ctx, graceStep, graceMsg{d, 1}), after(ctx, 2*graceStep, graceMsg{d, 2}))
}

func (d *planDialog) grace(step int) { d.step = max(d.step, step) }

// asksName is what must be typed first; empty when enter alone will do.
func (d *planDialog) asksName() string {
	if d.plan.Risk != backends.Destructive {
		return ""
	}
	if len(d.plan.Target) == 1 {
		return cell.Safe(d.plan.Target[0].String())
	}
	return strconv.Itoa(len(d.plan.Target))
}

func (d *planDialog) ready() bool {
	return d.step >= 2 && d.name.Text() == d.asksName()
}

func (d *planDialog) key(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "esc":
		d.no()
		return nil, true
	case "enter":
		if !d.ready() {
			return nil, false
		}
		return d.yes(), true
	case "up":
		d.scroll--
	case "down":
		d.scroll++
	case "pgup":
		d.scroll -= 10
	case "pgdown":
		d.scroll += 10
	case "ctrl+y":
		return d.copy(), false
	default:
		if d.asksName() != "" {
			d.name.Key(k)
			d.scroll = math.MaxInt32 // to the end, where the name is
		} else if k.String() == "y" {
			return d.copy(), false
		}
	}
	return nil, false
}

func (d *planDialog) copy() tea.Cmd {
	if d.plan.EquivCLI == "" {
		return nil
	}
	return Copy(d.plan.EquivCLI)
}

func (d *planDialog) paste(text string) {
	if d.asksName() != "" {
		d.name.Insert(text)
	}
}

// mouse scrolls; consent is not given by a click.
func (d *planDialog) mouse(msg tea.MouseMsg, _, _ int) (tea.Cmd, bool) {
	d.scroll += wheel(msg)
	return nil, false
}

func (d *planDialog) draw(th *theme.Theme, room rect) panel {
	s := newSheet(th, room)
	set, p := s.set, d.plan
	s.blank()
	s.text(set.Title, p.Title)
	s.blank()
	if d.again {
		s.text(set.Caution, "It changed since the first plan was made; this is the new one.")
		s.blank()
	}
	if p.Summary != "" {
		s.text(set.Text, p.Summary)
	}
	if p.Undo != nil {
		d.drawUndo(s)
	}
	if len(p.Against) > 0 {
		s.blank()
		for i, why := range p.Against {
			d.drawAgainst(s, i, why)
		}
	}
	if len(p.Lines) > 0 || p.Owner != "" {
		s.blank()
	}
	for _, l := range p.Lines {
		s.row(l.Label, set.Text, l.Value)
	}
	if p.Owner != "" {
		s.row("owner", set.Text, p.Owner)
	}
	d.drawRequests(s)
	cursor := d.drawName(s)
	foot := d.drawFoot(s, len(s.lines)+5 <= room.h)
	panel := s.panel(room, -1, foot, &d.scroll)
	if cursor >= 0 {
		_, col, _ := input.Window(d.name.Runes(), d.name.Pos(), d.off, s.w-labels-indent)
		panel.cursorAt(labels+col, cursor)
	}
	return panel
}

func (d *planDialog) drawUndo(s *sheet) {
	l := s.line().Put(s.set.Selected, "u").Put(s.set.Text, " undoes it")
	if d.plan.UndoFor != "" {
		l.Put(s.set.Text, " within "+d.plan.UndoFor)
	}
	s.add(l)
}

func (d *planDialog) drawAgainst(s *sheet, i int, why string) {
	const head = "Against it"
	at := indent + len(head) + 2
	for j, t := range cell.Wrap(why, max(s.w-at-indent, 8)) {
		l := s.line()
		if i == 0 && j == 0 {
			l.Put(s.set.Caution, head)
		}
		s.add(l.Fill(at).Put(s.set.Text, t))
	}
}

// drawRequests is what will be sent, the command that does the same, and until
// when the plan holds.
func (d *planDialog) drawRequests(s *sheet) {
	s.blank()
	for i, r := range d.plan.Requests {
		label := ""
		if i == 0 {
			label = "does"
		}
		if i == mostRequests {
			s.row("", s.set.Text, "and "+strconv.Itoa(len(d.plan.Requests)-i)+" more")
			break
		}
		s.row(label, s.set.Text, requestText(r, s.th.Glyph.Ellipsis))
	}
	if d.plan.EquivCLI != "" {
		s.row("same as", s.set.Selected, d.plan.EquivCLI)
	}
	if d.plan.Precondition.Note != "" {
		s.row("valid if", s.set.Text, d.plan.Precondition.Note)
	}
}

// requestText is a request on one line; a body that is long is cut, not wrapped.
func requestText(r backends.Request, ellipsis string) string {
	text := r.Verb + " " + r.Target
	if len(r.Body) == 0 {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, r.Body) != nil {
		b.Reset()
		b.Write(r.Body)
	}
	body, _ := cell.Cut(b.String(), 100, ellipsis)
	return text + "  " + body
}

// drawName asks for the name of what cannot be brought back; it returns the row.
func (d *planDialog) drawName(s *sheet) int {
	name := d.asksName()
	if name == "" {
		return -1
	}
	s.blank()
	what := "This cannot be undone. Type its name to go on: " + name
	if len(d.plan.Target) != 1 {
		what = "This cannot be undone. Type how many they are to go on: " + name
	}
	s.text(s.set.Caution, what)
	shown, _, off := input.Window(d.name.Runes(), d.name.Pos(), d.off, s.w-labels-indent)
	d.off = off
	s.add(s.line().Put(s.set.Weak, "name").Fill(labels).Put(s.set.Title, shown))
	return len(s.lines) - 1
}

func (d *planDialog) drawFoot(s *sheet, roomy bool) int {
	before := len(s.lines)
	s.blank()
	if roomy {
		s.blank()
	}
	note := ""
	if d.step < 2 {
		note = "ready in 0." + strconv.Itoa(8-4*d.step) + " s"
	}
	pairs := []string{"enter", d.verb, "esc", "leave it"}
	if d.plan.EquivCLI != "" {
		k := "y"
		if d.asksName() != "" {
			k = "ctrl+y"
		}
		pairs = append(pairs, k, "copy command")
	}
	s.keys(note, pairs...)
	s.blank()
	if roomy {
		s.blank()
	}
	return len(s.lines) - before
}

// wheel is the rows that a wheel event scrolls.
func wheel(msg tea.MouseMsg) int {
	if w, ok := msg.(tea.MouseWheelMsg); ok {
		switch w.Button {
		case tea.MouseWheelUp:
			return -3
		case tea.MouseWheelDown:
			return 3
		}
	}
	return 0
}
