package tuitest

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

// Terminal is a model in a real program, with the real renderer, on an emulated
// terminal that counts what it is sent.
type Terminal struct {
	t    testing.TB
	emu  *vt.SafeEmulator
	in   *io.PipeWriter
	stop context.CancelFunc
	done chan error

	mu    sync.Mutex
	bytes int
	last  time.Time
	news  chan struct{} // one slot: something was written
	gate  chan struct{} // closed while writes pass
}

// Start runs the model until the test ends.
func Start(t testing.TB, model tea.Model, w, h int, opts ...tea.ProgramOption) *Terminal {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	in, write := io.Pipe()
	gate := make(chan struct{})
	close(gate)
	x := &Terminal{t: t, emu: vt.NewSafeEmulator(w, h), in: write, stop: stop, done: make(chan error, 1), news: make(chan struct{}, 1), gate: gate, last: time.Now()}
	_, _ = x.emu.Write([]byte("\x1b[20h")) // no tty translates newlines here
	go func() { _, _ = io.Copy(write, x.emu) }()
	all := append([]tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(writer{x}), tea.WithWindowSize(w, h), tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithEnvironment([]string{"TERM=xterm-256color"}), tea.WithFPS(120),
	}, opts...)
	p := tea.NewProgram(model, all...)
	go func() {
		_, err := p.Run()
		x.done <- err
	}()
	t.Cleanup(x.close)
	return x
}

func (x *Terminal) close() {
	x.Unblock()
	x.stop()
	_ = x.in.Close()
	select {
	case err := <-x.done:
		if err != nil && !errors.Is(err, tea.ErrProgramKilled) {
			x.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		x.t.Errorf("the program did not end")
	}
	if c, ok := x.emu.InputPipe().(io.Closer); ok { // Emulator.Close races with its Read
		_ = c.Close()
	}
}

// writer is what the program writes to.
type writer struct{ x *Terminal }

func (w writer) Write(b []byte) (int, error) {
	w.x.mu.Lock()
	gate := w.x.gate
	w.x.mu.Unlock()
	<-gate
	n, err := w.x.emu.Write(b)
	w.x.mu.Lock()
	w.x.bytes += len(b)
	w.x.last = time.Now()
	w.x.mu.Unlock()
	select {
	case w.x.news <- struct{}{}:
	default:
	}
	return n, err
}

// Block makes the terminal take nothing more, as one does whose line is dead.
func (x *Terminal) Block() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.gate = make(chan struct{})
}

// Unblock undoes Block.
func (x *Terminal) Unblock() {
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case <-x.gate:
	default:
		close(x.gate)
	}
}

// Send writes to the program's input as a keyboard does: "j", "\x1b[B".
func (x *Terminal) Send(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.in, text); err != nil {
		x.t.Fatalf("the program takes no input: %v", err)
	}
}

// Bytes is how many bytes the terminal was sent.
func (x *Terminal) Bytes() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.bytes
}

// Text is the screen.
func (x *Terminal) Text() string {
	var lines []string
	for l := range strings.SplitSeq(ansi.Strip(x.emu.Render()), "\n") {
		lines = append(lines, strings.TrimRight(l, " "))
	}
	return strings.Join(lines, "\n")
}

// Render is the screen with its colours.
func (x *Terminal) Render() string { return x.emu.Render() }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// WaitFor waits until the screen shows text.
func (x *Terminal) WaitFor(text string) {
	x.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !strings.Contains(x.Text(), text) {
		select {
		case <-x.news:
		case err := <-x.done:
			x.t.Fatalf("the program ended (%v) before it showed %q", err, text)
		case <-limit.C:
			x.t.Fatalf("waited in vain for %q; the screen is\n%s", text, x.Text())
		}
	}
}

// Beyond waits until the terminal was sent more than so many bytes.
func (x *Terminal) Beyond(bytes int) {
	x.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for x.Bytes() <= bytes {
		select {
		case <-x.news:
		case <-limit.C:
			x.t.Fatalf("nothing was written within %s", patience)
		}
	}
}

// Quiet waits until nothing was written for d, counted from now at the earliest,
// and is the number of bytes so far.
func (x *Terminal) Quiet(d time.Duration) int {
	x.t.Helper()
	from := time.Now()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		x.mu.Lock()
		if x.last.After(from) {
			from = x.last
		}
		left := d - time.Since(from)
		n := x.bytes
		x.mu.Unlock()
		if left <= 0 {
			return n
		}
		select {
		case <-time.After(left):
		case <-limit.C:
			x.t.Fatalf("the program never stopped writing")
		}
	}
}
