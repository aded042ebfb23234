// Package terminal runs a real program in a real pseudo-terminal and keeps its
// screen in an emulator: for the tests that play a tape, the figures of the bench
// and the pictures of the README. Nothing of it is linked into Flightdeck.
package terminal

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Options say what to run, in how big a terminal, and what that terminal answers.
type Options struct {
	Args []string
	Dir  string
	Env  []string // added to a small environment of its own: TERM, HOME, PATH, LANG
	W, H int
	// Background is the terminal's; the program asks for it to choose its theme.
	Background color.Color
	// Tee gets every byte that the program writes, as it comes; nil is nobody.
	Tee io.Writer
}

// Program is a running program and its screen.
type Program struct {
	cmd  *exec.Cmd
	tty  *os.File
	emu  *vt.SafeEmulator
	w, h int

	glass sync.RWMutex // held while the screen changes, or is read cell by cell

	start time.Time
	done  chan struct{} // the output has ended

	mu      sync.Mutex
	bytes   int64
	first   time.Duration // until the first byte
	last    time.Time     // of the last byte
	changed chan struct{} // closed and replaced at each output
	gate    chan struct{} // closed while the terminal reads
}

// Start starts the program.
func Start(o Options) (*Program, error) {
	p := &Program{emu: vt.NewSafeEmulator(o.W, o.H), w: o.W, h: o.H, done: make(chan struct{}), changed: make(chan struct{}), gate: make(chan struct{})}
	close(p.gate)
	if o.Background != nil {
		p.emu.SetBackgroundColor(o.Background)
	}
	p.cmd = exec.Command(o.Args[0], o.Args[1:]...)
	p.cmd.Dir = o.Dir
	p.cmd.Env = append([]string{
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH"), "TZ=UTC",
	}, o.Env...)
	p.start = time.Now()
	var err error
	p.tty, err = pty.StartWithSize(p.cmd, &pty.Winsize{Cols: uint16(o.W), Rows: uint16(o.H)})
	if err != nil {
		return nil, fmt.Errorf("start %s in a terminal: %w", o.Args[0], err)
	}
	go p.answer()
	go p.read(o.Tee)
	return p, nil
}

// answer sends what the terminal replies to queries back to the program.
func (p *Program) answer() {
	buf := make([]byte, 4096)
	for {
		n, err := p.emu.Read(buf)
		if n > 0 {
			_, _ = p.tty.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

func (p *Program) read(tee io.Writer) {
	defer close(p.done)
	buf := make([]byte, 1<<16)
	for {
		<-p.open()
		n, err := p.tty.Read(buf)
		if n > 0 {
			p.glass.Lock()
			_, _ = p.emu.Write(buf[:n])
			p.glass.Unlock()
			if tee != nil {
				_, _ = tee.Write(buf[:n])
			}
			p.mu.Lock()
			if p.bytes == 0 {
				p.first = time.Since(p.start)
			}
			p.bytes += int64(n)
			p.last = time.Now()
			close(p.changed)
			p.changed = make(chan struct{})
			p.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// Send types text as it is; escape sequences are the caller's.
func (p *Program) Send(text string) error {
	_, err := p.tty.WriteString(text)
	return err
}

// Resize changes the terminal's size.
func (p *Program) Resize(w, h int) error {
	p.glass.Lock()
	p.w, p.h = w, h
	p.emu.Resize(w, h)
	p.glass.Unlock()
	return pty.Setsize(p.tty, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)})
}

// Bytes is how much the program has written so far.
func (p *Program) Bytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// First is how long it took from the start to the first byte.
func (p *Program) First() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.first
}

func (p *Program) signal() (<-chan struct{}, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed, p.last
}

// ErrTimeout is the answer of a wait that did not come true.
var ErrTimeout = errors.New("timeout")

// WaitFor waits until the screen satisfies ok, and says how long after the start
// that was.
func (p *Program) WaitFor(ok func(screen string) bool, limit time.Duration) (time.Duration, error) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		changed, _ := p.signal()
		if ok(p.Text()) {
			return time.Since(p.start), nil
		}
		select {
		case <-changed:
		case <-p.done:
			if ok(p.Text()) {
				return time.Since(p.start), nil
			}
			return 0, fmt.Errorf("the program ended; its screen:\n%s", p.Text())
		case <-deadline.C:
			return 0, fmt.Errorf("%w after %s; the screen:\n%s", ErrTimeout, limit, p.Text())
		}
	}
}

// WaitText waits until the screen contains text.
func (p *Program) WaitText(text string, limit time.Duration) error {
	_, err := p.WaitFor(func(s string) bool { return strings.Contains(s, text) }, limit)
	if err != nil {
		return fmt.Errorf("wait for %q: %w", text, err)
	}
	return nil
}

// Quiet waits until nothing has been written for d, counted from now at the
// earliest, since the answer to what was just typed is yet to come. It waits no
// longer than limit, and returns when the last byte came.
func (p *Program) Quiet(d, limit time.Duration) time.Time {
	begun := time.Now()
	end := begun.Add(limit)
	for {
		changed, last := p.signal()
		since := last
		if since.Before(begun) {
			since = begun
		}
		wait := min(d-time.Since(since), time.Until(end))
		if wait <= 0 {
			return last
		}
		t := time.NewTimer(wait)
		select {
		case <-changed:
		case <-p.done:
			t.Stop()
			return last
		case <-t.C:
		}
		t.Stop()
	}
}

// Text is the screen, one line a row, without styles and trailing blanks.
func (p *Program) Text() string {
	p.glass.RLock()
	defer p.glass.RUnlock()
	var b strings.Builder
	for y := range p.h {
		var row strings.Builder
		for x := 0; x < p.w; x++ {
			c := p.emu.CellAt(x, y)
			if c == nil || c.Content == "" {
				row.WriteByte(' ')
				continue
			}
			row.WriteString(c.Content)
			x += max(0, c.Width-1)
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}

// Cell is the cell at x, y; nil outside the screen.
func (p *Program) Cell(x, y int) *uv.Cell {
	p.glass.RLock()
	defer p.glass.RUnlock()
	if c := p.emu.CellAt(x, y); c != nil {
		return c.Clone()
	}
	return nil
}

// Size is the terminal's.
func (p *Program) Size() (w, h int) { return p.w, p.h }

// Pid is the program's process.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Wait waits for the program to end by itself.
func (p *Program) Wait(limit time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }() // the terminal may be gone long before the program is
	select {
	case err := <-ended:
		<-p.done
		return err
	case <-time.After(limit):
		return fmt.Errorf("%w: still running after %s", ErrTimeout, limit)
	}
}

// Close kills the program and lets go of the terminal.
func (p *Program) Close() {
	p.Unblock()
	_ = p.cmd.Process.Kill()
	_ = p.tty.Close()
	<-p.done
	_ = p.cmd.Wait()
}
