package tui_test

import (
	"fmt"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

func started(w *world) *world {
	w.app.Init()
	w.app.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
	return w
}

// A key that moves the selection: dispatch, one pane drawn, the frame composed.
func BenchmarkKeyToFrame(b *testing.B) {
	w := started(newWorld())
	defer w.app.Close()
	keys := []tea.KeyPressMsg{{Code: tea.KeyDown}, {Code: tea.KeyUp}}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w.app.Update(keys[i%2])
		_ = w.app.View()
		i++
	}
}

// A message that changes nothing.
func BenchmarkNothingChanged(b *testing.B) {
	w := started(newWorld())
	defer w.app.Close()
	b.ReportAllocs()
	for b.Loop() {
		w.app.Update(tea.KeyReleaseMsg{Code: 'x'})
		_ = w.app.View()
	}
}

// A letter in the palette with 10,000 objects.
func BenchmarkPalette(b *testing.B) {
	w := newWorld()
	w.runs.rows = nil
	for i := range 10_000 {
		w.runs.rows = append(w.runs.rows, fmt.Sprintf("brisk-otter-%d", i))
	}
	started(w)
	defer w.app.Close()
	w.app.Update(tea.KeyPressMsg{Code: ':', Text: ":"})
	b.ReportAllocs()
	for b.Loop() {
		w.app.Update(tea.KeyPressMsg{Code: 'o', Text: "o"})
		w.app.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
}

func BenchmarkResize(b *testing.B) {
	w := started(newWorld(func(c *tui.Config) { c.Tabs[0].Layout = tui.Quad() }))
	defer w.app.Close()
	i := 0
	for b.Loop() {
		w.app.Update(tea.WindowSizeMsg{Width: 160 - i%2, Height: 45})
		i++
	}
}

func TestKeyNames(t *testing.T) {
	for _, name := range []string{"a", "R", "?", ":", "enter", "shift+tab", "ctrl+p", "alt+left", "ctrl+right", "space", "+", "esc", "é"} {
		k, err := tuitest.Key(name)
		if err != nil || k.String() != name {
			t.Errorf("key %q is %q, %v", name, k.String(), err)
		}
	}
	for _, name := range []string{"", "shift+a", "hyper+x", "entr"} {
		if _, err := tuitest.Key(name); err == nil && name != "shift+a" {
			t.Errorf("key %q should be unknown", name)
		}
	}
}
