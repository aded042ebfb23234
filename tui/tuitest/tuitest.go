// Package tuitest runs a shell without a terminal, and with a pretended one.
//
// New drives an App by hand: it gives it messages, runs its Cmds, and shows the
// frame as cells. It is meant for a testing/synctest bubble, where it knows when
// nothing is left to do and where Advance makes minutes pass at once:
//
//	tuitest.Run(t, func(t *testing.T) {
//		h := tuitest.New(t, app, 80, 24)
//		h.Press("down", "r")
//		h.Golden("restart")
//	})
//
// Outside of a bubble, Until waits for what the test expects. Every frame is
// checked: it must have the screen's size and hold no control sequence but colour.
//
// Start runs the same App in a real program on an emulated terminal, for what only
// the renderer can show: bytes.
package tuitest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui"
)

// Run runs a test in a bubble with a clock of its own.
func Run(t *testing.T, f func(*testing.T)) { synctest.Test(t, f) }

// Harness is an App, its screen, and the Cmds that it waits for.
type Harness struct {
	t      testing.TB
	app    *tui.App
	w, h   int
	msgs   chan tea.Msg
	end    chan struct{}
	bubble bool

	// Clipboard is what was copied last, Raw what was written past the renderer, Quit
	// whether the program would have ended, Updates how many messages the App got.
	Clipboard string
	Raw       []string
	Quit      bool
	Updates   int
	broken    bool
}

// New starts the app on a screen of w×h cells with true colour and a dark
// background. The test's end closes it.
func New(t testing.TB, app *tui.App, w, h int) *Harness {
	t.Helper()
	x := &Harness{t: t, app: app, w: w, h: h, msgs: make(chan tea.Msg), end: make(chan struct{}), bubble: inBubble()}
	t.Cleanup(func() {
		app.Close()
		close(x.end)
	})
	x.check()
	x.start(app.Init())
	return x.Send(tea.ColorProfileMsg{Profile: colorprofile.TrueColor}).Resize(w, h)
}

// inBubble says whether the caller runs in a synctest bubble.
func inBubble() (in bool) {
	defer func() { in = recover() == nil }()
	synctest.Wait()
	return true
}

// start runs a Cmd as the program would: apart.
func (x *Harness) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if msg == nil {
			return
		}
		select {
		case x.msgs <- msg:
		case <-x.end:
		}
	}()
}

// Send gives the app a message, and everything that follows from it.
func (x *Harness) Send(msg tea.Msg) *Harness {
	x.t.Helper()
	x.deliver(msg)
	return x.Settle()
}

func (x *Harness) deliver(msg tea.Msg) {
	x.t.Helper()
	switch m := msg.(type) {
	case tea.BatchMsg:
		for _, cmd := range m {
			x.start(cmd)
		}
		return
	case tea.QuitMsg:
		x.Quit = true
		return
	case tea.RawMsg:
		x.Raw = append(x.Raw, fmt.Sprint(m.Msg))
	}
	switch fmt.Sprintf("%T", msg) {
	case "tea.setClipboardMsg":
		x.Clipboard = fmt.Sprint(msg)
	case "tea.sequenceMsg":
		x.t.Errorf("tea.Sequence cannot be followed by hand, and is not for views")
		return
	}
	x.Updates++
	_, cmd := x.app.Update(msg)
	x.start(cmd)
	x.check()
}

// quiet is how long nothing must come, outside of a bubble, for the app to count
// as settled.
const quiet = 10 * time.Millisecond

// Settle takes all messages that are there, until every Cmd waits.
func (x *Harness) Settle() *Harness {
	x.t.Helper()
	for {
		if x.bubble {
			synctest.Wait()
			select {
			case msg := <-x.msgs:
				x.deliver(msg)
				continue
			default:
				return x
			}
		}
		select {
		case msg := <-x.msgs:
			x.deliver(msg)
		case <-time.After(quiet):
			return x
		}
	}
}

// Advance lets time pass. In a bubble it takes none.
func (x *Harness) Advance(d time.Duration) *Harness {
	x.t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case msg := <-x.msgs:
			x.deliver(msg)
		case <-timer.C:
			return x.Settle()
		}
	}
}

// Until lets things happen until ok, and fails the test when that takes longer
// than ten seconds.
func (x *Harness) Until(what string, ok func() bool) *Harness {
	x.t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for !ok() {
		select {
		case msg := <-x.msgs:
			x.deliver(msg)
		case <-limit.C:
			x.t.Fatalf("waited in vain for %s; the screen is\n%s", what, x.Text())
		}
	}
	return x
}

// WaitFor waits until the screen shows text.
func (x *Harness) WaitFor(text string) *Harness {
	x.t.Helper()
	return x.Until(fmt.Sprintf("%q", text), func() bool { return strings.Contains(x.Text(), text) })
}

// Press gives keys by their names: "r", "R", "enter", "ctrl+p", "shift+tab".
func (x *Harness) Press(names ...string) *Harness {
	x.t.Helper()
	for _, n := range names {
		k, err := Key(n)
		if err != nil {
			x.t.Fatal(err)
		}
		x.Send(k)
	}
	return x
}

// Type gives a text as single keys.
func (x *Harness) Type(text string) *Harness {
	x.t.Helper()
	for _, r := range text {
		x.Send(textKey(r))
	}
	return x
}

// Paste gives a text as a paste.
func (x *Harness) Paste(text string) *Harness { return x.Send(tea.PasteMsg{Content: text}) }

// Click presses and releases the left button.
func (x *Harness) Click(cx, cy int) *Harness {
	m := tea.Mouse{X: cx, Y: cy, Button: tea.MouseLeft}
	return x.Send(tea.MouseClickMsg(m)).Send(tea.MouseReleaseMsg(m))
}

// Drag presses the left button at one cell and releases it at another.
func (x *Harness) Drag(fromX, fromY, toX, toY int) *Harness {
	to := tea.Mouse{X: toX, Y: toY, Button: tea.MouseLeft}
	return x.Send(tea.MouseClickMsg{X: fromX, Y: fromY, Button: tea.MouseLeft}).Send(tea.MouseMotionMsg(to)).Send(tea.MouseReleaseMsg(to))
}

// Wheel turns the wheel over a cell.
func (x *Harness) Wheel(cx, cy int, down bool) *Harness {
	b := tea.MouseWheelUp
	if down {
		b = tea.MouseWheelDown
	}
	return x.Send(tea.MouseWheelMsg{X: cx, Y: cy, Button: b})
}

// Resize changes the size of the screen.
func (x *Harness) Resize(w, h int) *Harness {
	x.t.Helper()
	x.w, x.h = w, h
	return x.Send(tea.WindowSizeMsg{Width: w, Height: h})
}

// View is the frame as the program would get it.
func (x *Harness) View() tea.View { return x.app.View() }

// Text is the screen as text, without the blanks at the end of lines.
func (x *Harness) Text() string {
	lines := strings.Split(x.buffer().String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// Line is one row of Text.
func (x *Harness) Line(y int) string {
	lines := strings.Split(x.Text(), "\n")
	if y < 0 || y >= len(lines) {
		return ""
	}
	return lines[y]
}

// Find is the cell where a text begins on the screen; it fails the test when the
// text is not there.
func (x *Harness) Find(text string) (cx, cy int) {
	x.t.Helper()
	for y, l := range strings.Split(x.Text(), "\n") {
		if at := strings.Index(l, text); at >= 0 {
			return ansi.StringWidth(l[:at]), y
		}
	}
	x.t.Fatalf("%q is not on the screen:\n%s", text, x.Text())
	return 0, 0
}

// Styled is the screen with its colours.
func (x *Harness) Styled() string { return x.buffer().Render() }

// Cell is one cell of the screen.
func (x *Harness) Cell(cx, cy int) *uv.Cell { return x.buffer().CellAt(cx, cy) }

func (x *Harness) buffer() uv.ScreenBuffer {
	b := uv.NewScreenBuffer(x.w, x.h)
	uv.NewStyledString(x.app.View().Content).Draw(b, b.Bounds())
	return b
}

var colour = regexp.MustCompile(`\x1b\[[0-9;:]*m`)

// check fails the test when the frame is not the screen's size, or holds what a
// terminal would act on.
func (x *Harness) check() {
	x.t.Helper()
	if x.broken {
		return
	}
	fail := func(format string, args ...any) {
		x.broken = true
		x.t.Helper()
		x.t.Errorf(format, args...)
	}
	if m := x.app.Misdrawn(); m != "" {
		fail("a view drew outside of its pane, or not all of it: %s", m)
	}
	content := x.app.View().Content
	if content == "" {
		return
	}
	lines := strings.Split(content, "\n")
	if len(lines) != x.h && x.Updates > 1 {
		fail("the frame has %d lines on a screen of %d", len(lines), x.h)
	}
	for y, l := range lines {
		if n := ansi.StringWidth(l); n != x.w && x.Updates > 1 {
			fail("row %d of the frame has %d cells on a screen of %d: %q", y, n, x.w, ansi.Strip(l))
		}
		for _, r := range colour.ReplaceAllString(l, "") {
			if r < ' ' || (r >= 0x7f && r < 0xa0) {
				fail("row %d of the frame holds the control character %q", y, r)
			}
		}
	}
}
