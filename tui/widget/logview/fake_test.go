package logview

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
)

var update = flag.Bool("update", false, "write the golden files anew")

// memory is a Source of lines that are simply there.
type memory struct {
	mu    sync.Mutex
	lines []Line
	rev   uint64
	reads int
	gate  chan struct{} // when set, a search waits here before each hit
}

func (m *memory) put(lines ...Line) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		l.Seq = int64(len(m.lines))
		m.lines = append(m.lines, l)
	}
	m.rev++
}

func (m *memory) write(lines ...string) {
	for _, s := range lines {
		m.put(Line{Text: []byte(s)})
	}
}

func (m *memory) Len() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.lines))
}

func (m *memory) Rev() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rev
}

func (m *memory) Lines(from, to int64, into []Line) []Line {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	from, to = max(from, 0), min(to, int64(len(m.lines)))
	return append(into[:0], m.lines[min(from, to):to]...)
}

func shows(l Line, level uint8) bool {
	if l.Level == LevelNone {
		l.Level = LevelInfo
	}
	return l.Skipped > 0 || l.Level >= level
}

func (m *memory) Step(seq int64, back bool, level uint8) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by := int64(1)
	if back {
		by = -1
		seq = min(seq, int64(len(m.lines))-1)
	} else {
		seq = max(seq, 0)
	}
	for ; seq >= 0 && seq < int64(len(m.lines)); seq += by {
		if shows(m.lines[seq], level) {
			return seq, true
		}
	}
	return 0, false
}

func (m *memory) Count(from, to int64, level uint8) int64 {
	n := int64(0)
	for _, l := range m.Lines(from, to, nil) {
		if shows(l, level) {
			n++
		}
	}
	return n
}

func (m *memory) Search(ctx context.Context, q Query, from int64, back bool) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		re, err := compile(q)
		if err != nil {
			yield(Hit{}, err)
			return
		}
		lines := m.Lines(0, m.Len(), nil)
		for i := range lines {
			l := lines[i]
			if back {
				l = lines[len(lines)-1-i]
			}
			if back && l.Seq > from || !back && l.Seq < from {
				continue
			}
			if m.gate != nil {
				select {
				case <-m.gate:
				case <-ctx.Done():
					return
				}
			}
			h := Hit{Seq: l.Seq, Match: re.Match(l.Text) && shows(l, q.Level), Loss: l.Skipped > 0, Done: int64(i), Total: int64(len(lines))}
			if !yield(h, nil) {
				return
			}
		}
	}
}

func dark() *theme.Theme { return theme.New(theme.Dark(), false) }

// show is a view of a log, opened for as long as the test runs.
func show(t testing.TB, src Source, o Options) (*Log, chan struct{}) {
	t.Helper()
	poke := make(chan struct{}, 1)
	v := New(o)
	v.Open(t.Context(), src, poke)
	return v, poke
}

func press(v *Log, keys ...string) {
	for _, k := range keys {
		v.Key(keyPress(k))
	}
}

func keyPress(k string) tea.KeyPressMsg {
	named := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "space": tea.KeySpace,
	}
	name, shift := strings.CutPrefix(k, "shift+")
	if code, ok := named[name]; ok {
		msg := tea.KeyPressMsg{Code: code}
		if shift {
			msg.Mod = tea.ModShift
		}
		if name == "space" {
			msg.Text = " "
		}
		return msg
	}
	if name, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(name[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: rune(k[0]), Text: k}
}

// screen is what shows, without its colours, and checks that it is fit to be shown.
func screen(t testing.TB, v *Log, th *theme.Theme, w, h int) string {
	t.Helper()
	frame := v.Render(th, w, h)
	check(t, frame, w, h)
	return ownSGR.ReplaceAllString(frame, "")
}

// ownSGR is all that we ever send to a terminal besides text.
var ownSGR = regexp.MustCompile("\x1b\\[[0-9;]*m")

// check holds a frame against the promise: exactly w×h cells, and no control but our
// own SGR, of which none blinks or hides.
func check(t testing.TB, frame string, w, h int) {
	t.Helper()
	for _, s := range ownSGR.FindAllString(frame, -1) {
		params := strings.Split(strings.TrimSuffix(s[2:], "m"), ";")
		if params[0] == "38" || params[0] == "48" || len(params) > 1 {
			continue // colours are checked by their own test
		}
		switch params[0] {
		case "5", "6", "8":
			t.Fatalf("%q hides or blinks", s)
		}
	}
	text := ownSGR.ReplaceAllString(frame, "")
	rows := strings.Split(text, "\n")
	if len(rows) != h {
		t.Fatalf("%d rows, want %d:\n%s", len(rows), h, text)
	}
	for i, r := range rows {
		if !utf8.ValidString(r) {
			t.Fatalf("row %d is no UTF-8: %q", i, r)
		}
		for _, c := range r {
			if c < 0x20 || c >= 0x7f && c <= 0x9f {
				t.Fatalf("row %d holds %U: %q", i, c, r)
			}
		}
		if a, b := ansi.StringWidth(r), ansi.StringWidthWc(r); a != w || b != w {
			t.Fatalf("row %d is %d or %d cells wide, want %d: %q", i, a, b, w, r)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	var b strings.Builder
	for _, row := range strings.Split(got, "\n") {
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(b.String())) {
		t.Errorf("%s is not as it was; got\n%s\nwant\n%s", path, b.String(), want)
	}
}

func numbered(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("line %d", i))
	}
	return out
}

func at(sec int) time.Time {
	return time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC).Add(time.Duration(sec)*time.Second + 137*time.Millisecond)
}
