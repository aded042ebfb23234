package tui

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/widget/cell"
)

// copyLimit is what the strictest of the common terminals takes in one OSC 52,
// before its base64.
const copyLimit = 55_000

// Copy puts text on the clipboard of the terminal that looks at the shell, through
// OSC 52, so that it works over ssh as well. A toast says what was copied, or that
// it is too long for a terminal.
func Copy(text string) tea.Cmd {
	if len(text) > copyLimit {
		return Caution(fmt.Sprintf("too long to copy: %d kB, a terminal takes %d kB", len(text)/1000, copyLimit/1000))
	}
	return tea.Batch(tea.SetClipboard(text), Note("copied "+quoted(text)))
}

// quoted is enough of a text to know it again.
func quoted(text string) string {
	text = strings.TrimSpace(text)
	first, rest, more := strings.Cut(text, "\n")
	short, _ := cell.Cut(first, 48, "...")
	if more {
		short += fmt.Sprintf(" and %d more lines", 1+strings.Count(rest, "\n"))
	}
	return short
}

// TTY is a client's own terminal, while a session has it.
type TTY struct {
	In  io.Reader
	Out io.Writer
}

// Session is something that runs on the client's own terminal: a shell, an editor.
// It ends with ctx.
type Session func(ctx context.Context, tty TTY) error

// Command is a session of one process. make is called when the terminal is free.
func Command(make func(context.Context) *exec.Cmd) Session {
	return func(ctx context.Context, tty TTY) error {
		c := make(ctx)
		c.Stdin, c.Stdout, c.Stderr = tty.In, tty.Out, tty.Out
		return c.Run()
	}
}

// Attach gives the client's terminal to a session, and takes it back when the
// session ends. The shell does not draw meanwhile. done may be nil.
func Attach(run Session, done func(error) tea.Cmd) tea.Cmd {
	return func() tea.Msg { return attachMsg{run, done} }
}

type attachMsg struct {
	run  Session
	done func(error) tea.Cmd
}

func (c *Config) attach(ctx context.Context, m attachMsg) tea.Cmd {
	back := func(err error) tea.Msg {
		return runMsg{func(a *App) tea.Cmd {
			a.screen.stale = true
			if m.done != nil {
				return m.done(err)
			}
			if err != nil {
				a.toasts.add(toast{level: levelCaution, text: err.Error()})
			}
			return nil
		}}
	}
	if c.Attach != nil {
		return c.Attach(m.run, back)
	}
	return tea.Exec(&ownTerminal{ctx: ctx, run: m.run}, back)
}

// ownTerminal runs a session on the terminal of the program. What the session says
// as an error goes there too, and not to the stderr of the process, which may be a
// server's.
type ownTerminal struct {
	ctx context.Context
	run Session
	tty TTY
}

func (o *ownTerminal) SetStdin(r io.Reader)  { o.tty.In = r }
func (o *ownTerminal) SetStdout(w io.Writer) { o.tty.Out = w }
func (o *ownTerminal) SetStderr(io.Writer)   {}

// leastSession is how long a session lasts at least. The renderer that was told to
// stop stops its ticker a moment later; were the next renderer started before that,
// its ticker would be the one that is stopped, and nothing would be drawn any more.
const leastSession = 100 * time.Millisecond

// Run implements tea.ExecCommand on a screen that is empty.
func (o *ownTerminal) Run() error {
	least := time.NewTimer(leastSession)
	defer least.Stop()
	_, _ = io.WriteString(o.tty.Out, ansi.EraseEntireScreen+ansi.CursorHomePosition)
	err := o.run(o.ctx, o.tty)
	<-least.C
	return err
}

// runMsg brings a dialog's or a session's wish to the loop.
type runMsg struct{ run func(*App) tea.Cmd }
