package tui_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

const down = "\x1b[B"

// Nothing shown has changed: then nothing is written.
func TestIdleWritesNothing(t *testing.T) {
	term := tuitest.Start(t, newWorld().app, 160, 45)
	term.WaitFor("runs-8")
	before := term.Quiet(300 * time.Millisecond)
	if after := term.Quiet(900 * time.Millisecond); after != before {
		t.Errorf("an idle shell wrote %d bytes", after-before)
	}
}

// The minute's change of clock and ages takes at most 200 bytes.
func TestClockBytes(t *testing.T) {
	start := time.Now()
	w := newWorld(func(c *tui.Config) {
		c.Now = func() time.Time { return noon().Add(59*time.Second + time.Since(start)) }
	})
	term := tuitest.Start(t, w.app, 160, 45)
	term.WaitFor("runs-8")
	before := term.Quiet(200 * time.Millisecond)
	term.WaitFor("12:32")
	if n := term.Quiet(200*time.Millisecond) - before; n > 200 {
		t.Errorf("a new minute took %d bytes, want at most 200", n)
	}
}

func TestKeyBytes(t *testing.T) {
	term := tuitest.Start(t, newWorld().app, 160, 45)
	term.WaitFor("runs-8")
	before := term.Quiet(200 * time.Millisecond)
	term.Send(down)
	n := term.Quiet(200*time.Millisecond) - before
	if n == 0 || n > 2048 {
		t.Errorf("a key that moves the selection wrote %d bytes, want 1 to 2,048", n)
	}
	t.Logf("a moved selection: %d bytes", n)
	before = term.Bytes()
	term.Send("3")
	term.WaitFor("─ Containers")
	if n := term.Quiet(200*time.Millisecond) - before; n > 20<<10 {
		t.Errorf("a page flip wrote %d bytes, want at most 20 KB", n)
	}
}

// Two shells in one process share nothing: one whose terminal takes no more bytes
// does not keep the other waiting.
func TestBlockedTerminalHurtsNobody(t *testing.T) {
	stuck, free := newWorld(), newWorld()
	a, b := tuitest.Start(t, stuck.app, 120, 40), tuitest.Start(t, free.app, 120, 40)
	a.WaitFor("runs-8")
	b.WaitFor("runs-8")
	a.Block()
	a.Send(down) // what this draws is the first that cannot be written
	for i := range 7 {
		stuck.runs.poke() // what the two share never waits for either
		free.runs.poke()
		b.Send(down)
		want := fmt.Sprintf("▌  runs-%d", i+2)
		b.WaitFor(want)
	}
	b.Send("3")
	b.WaitFor("─ Containers")
	if strings.Contains(a.Text(), "▌  runs-2") {
		t.Errorf("the terminal that should be blocked is not")
	}
	a.Unblock()
	a.WaitFor("▌  runs-2")
}

// A session gets the program's own terminal, and the shell comes back after it.
func TestAttach(t *testing.T) {
	w := newWorld()
	over := make(chan struct{})
	w.runs.actions = []tui.Action{{ID: "runs.shell", Key: bind("!", "shell"), Cmd: func() tea.Cmd {
		return tui.Attach(func(_ context.Context, tty tui.TTY) error {
			_, _ = io.WriteString(tty.Out, "a shell here\r\n")
			if tty.In == nil {
				return errors.New("no input")
			}
			<-over
			return errors.New("exit status 3")
		}, nil)
	}}}
	term := tuitest.Start(t, w.app, 100, 30)
	term.WaitFor("runs-8")
	term.Send("!")
	term.WaitFor("a shell here")
	close(over)
	term.WaitFor("exit status 3")
	term.WaitFor("runs-8")
}

// A served client brings a way to its own terminal.
func TestAttachOfAServedClient(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		ran := false
		w := newWorld(func(c *tui.Config) {
			c.Attach = func(run tui.Session, done func(error) tea.Msg) tea.Cmd {
				return func() tea.Msg { return done(run(context.Background(), tui.TTY{})) }
			}
		})
		w.runs.actions = []tui.Action{{ID: "runs.edit", Key: bind("e", "edit"), Cmd: func() tea.Cmd {
			return tui.Attach(func(context.Context, tui.TTY) error { ran = true; return nil }, func(error) tea.Cmd { return tui.Note("edited") })
		}}}
		h := tuitest.New(t, w.app, 100, 30).Press("e")
		if !ran || !strings.Contains(h.Text(), "edited") {
			t.Errorf("ran %v:\n%s", ran, h.Text())
		}
	})
}
