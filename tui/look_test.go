package tui_test

import (
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/tuitest"
)

// With --ascii nothing on the screen is anything else.
func TestASCII(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) { c.ASCII = true })
		h := tuitest.New(t, w.app, 140, 40)
		check := func(where string) {
			t.Helper()
			for y, l := range strings.Split(h.Text(), "\n") {
				for _, r := range l {
					if r > '~' {
						t.Errorf("%s: row %d has %q", where, y, r)
						return
					}
				}
			}
		}
		check("panes")
		for _, k := range []string{"s", "?", ":", "ctrl+l"} {
			h.Press(k)
			check("dialog of " + k)
			h.Press("esc")
		}
		h.Press("s", "y")
		check("toast")
		h.Press("esc").Golden("ascii")
		for range tui.Layouts() {
			h.Press("ctrl+w")
			check("layout")
		}
	})
}

// The theme follows what the terminal says, unless one was chosen.
func TestThemeFollowsTheTerminal(t *testing.T) {
	shown := func(choice string, msgs ...tea.Msg) string {
		var out string
		tuitest.Run(t, func(t *testing.T) {
			w := newWorld(func(c *tui.Config) { c.Theme = choice })
			h := tuitest.New(t, w.app, 140, 40)
			for _, m := range msgs {
				h.Send(m)
			}
			// The name of the theme is what the key cycles on from.
			h.Press("T")
			_, y := h.Find("theme: ")
			_, out, _ = strings.Cut(h.Line(y), "theme: ")
		})
		return out
	}
	white := tea.BackgroundColorMsg{Color: color.White}
	for _, c := range []struct {
		choice, next string
		msgs         []tea.Msg
	}{
		{"", "light", nil},
		{"", "contrast", []tea.Msg{white}},
		{"", "dark", []tea.Msg{white, tea.EnvMsg{"NO_COLOR=1"}}},
		{"", "light", []tea.Msg{tea.EnvMsg{"NO_COLOR="}}},
		{"", "mono", []tea.Msg{tea.ColorProfileMsg{Profile: colorprofile.ANSI}}},
		{"dark", "light", []tea.Msg{white, tea.EnvMsg{"NO_COLOR=1"}}},
	} {
		if got := shown(c.choice, c.msgs...); got != c.next {
			t.Errorf("choice %q, after %v: the next theme is %q, want %q", c.choice, c.msgs, got, c.next)
		}
	}
}

// Every theme draws the same text, and none of them an uncoloured emphasis.
func TestThemesDrawTheSame(t *testing.T) {
	var first string
	for _, name := range theme.Names() {
		tuitest.Run(t, func(t *testing.T) {
			h := tuitest.New(t, newWorld(func(c *tui.Config) { c.Theme = name }).app, 140, 40)
			if first == "" {
				first = h.Text()
			}
			if h.Text() != first {
				t.Errorf("%s draws another text", name)
			}
			x, y := h.Find("▲ 1")
			if c := h.Cell(x, y); c.Style.Fg == nil && c.Style.Attrs == 0 {
				t.Errorf("%s: a caution looks like any word", name)
			}
			h.Press("s")
			h.GoldenStyled("plan_" + name)
		})
	}
}

// What comes from outside cannot act on the terminal.
func TestNothingFromOutsideReachesTheTerminal(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		evil := "x\x1b]52;c;aGk=\x07\x1b[2J\r\n\x9b31m\u202ey"
		w := newWorld(func(c *tui.Config) { c.Workspace, c.Who = evil, evil; c.Tabs[1].Name = evil })
		w.runs.name, w.runs.right, w.runs.query = evil, evil, evil
		w.runs.rows[0] = evil
		w.det.tabs[1] = evil
		h := tuitest.New(t, w.app, 200, 60) // the harness fails on any control sequence
		h.Send(tui.Note(evil)()).Send(tui.Copy(evil)())
		h.Press("?").Paste(evil).Press("esc", ":").Paste(evil).Press("?", "esc", "s")
		w.runs.actions[5].Why = evil
		h.Press("esc", "s", ":").Type("stop")
		if !strings.Contains(h.Text(), "x") {
			t.Error("nothing of the text shows")
		}
	})
}
