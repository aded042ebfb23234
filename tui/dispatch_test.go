package tui_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// The order: a dialog, a view that types, the view's actions, its motions, the shell.
func TestDispatchOrder(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		var did []string
		act := func(k, id string) tui.Action {
			return tui.Action{ID: id, Key: bind(k, "do"), Do: func() { did = append(did, id) }}
		}
		w.runs.actions = []tui.Action{act("z", "runs.z"), act("down", "runs.down")}
		h := tuitest.New(t, w.app, 160, 45)

		h.Press("z", "down")
		if want := []string{"runs.z", "runs.down"}; !slices.Equal(did, want) {
			t.Errorf("the view's actions got %v, want %v before the shell's zoom and the motion", did, want)
		}
		if w.runs.at != 0 {
			t.Errorf("the motion was taken as well as the action")
		}
		h.Press("j")
		if w.runs.at != 1 {
			t.Errorf("a key that is no action did not reach the view's motions")
		}
		h.Press("tab", "z")
		if strings.Contains(h.Text(), "brisk-otter") || len(did) != 2 {
			t.Errorf("in a pane without that action, z is the shell's zoom; the screen is\n%s", h.Text())
		}
		h.Press("esc", "shift+tab", "/", "z", "q", "1", ":")
		if w.runs.query != "zq1:" || len(did) != 2 || h.Quit {
			t.Errorf("a view that types got %q, actions %v, quit %v", w.runs.query, did, h.Quit)
		}
		h.Press("ctrl+p")
		if !strings.Contains(h.Text(), "choose") {
			t.Errorf("a chord that the typing view does not want is the shell's")
		}
		h.Press("z")
		if w.runs.query != "zq1:" {
			t.Errorf("a dialog lets keys through to the view: %q", w.runs.query)
		}
		h.Press("esc").Paste("pasted")
		if w.runs.query != "zq1:pasted" {
			t.Errorf("a paste goes to the view that types, got %q", w.runs.query)
		}
		if c := h.View().Cursor; c == nil || c.X != 2+len("zq1:pasted") || c.Y != 2 {
			t.Errorf("the typing view's cursor is at %v on the screen", c)
		}
	})
}

func TestReasonIsShown(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40).Press("h")
		if !strings.Contains(h.Text(), "hold: not running") {
			t.Errorf("an action that cannot be done does not say why:\n%s", h.Text())
		}
		if strings.Contains(h.Line(39), "hold") {
			t.Errorf("the footer offers what cannot be done: %s", h.Line(39))
		}
		h.Press("?")
		if !strings.Contains(h.Text(), "not running") {
			t.Errorf("the help does not say why:\n%s", h.Text())
		}
	})
}

// esc that a view has no use for now takes toasts away, as everywhere.
func TestKeyThatAViewCannotUse(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		cleared := 0
		clear := tui.Action{ID: "runs.clear", Key: bind("esc", "back"), Do: func() { cleared++ }}
		w.runs.actions = []tui.Action{clear}
		h := tuitest.New(t, w.app, 140, 40).Send(tui.Note("a note")()).Press("esc")
		if cleared != 1 || !strings.Contains(h.Text(), "a note") {
			t.Errorf("the view's esc comes first: %d", cleared)
		}
		w.runs.actions[0].Why = "there is no filter"
		h.Press("esc")
		if text := h.Text(); cleared != 1 || strings.Contains(text, "a note") || strings.Contains(text, "no filter") {
			t.Errorf("an esc that the view cannot use does not reach the shell:\n%s", text)
		}
	})
}

func TestReadOnly(t *testing.T) {
	for name, change := range map[string]func(*tui.Config){
		"read-only":           func(c *tui.Config) { c.ReadOnly = true },
		"needs role operator": func(c *tui.Config) { c.Role = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			tuitest.Run(t, func(t *testing.T) {
				w := newWorld(change)
				h := tuitest.New(t, w.app, 140, 40).Press("s")
				if !strings.Contains(h.Text(), "stop: "+name) {
					t.Errorf("stop does not say %q:\n%s", name, h.Text())
				}
				h.Press("esc", ":").Type("stop").Press("enter")
				if len(w.applied) > 0 || !strings.Contains(h.Text(), name) {
					t.Errorf("the palette applied %v, or does not say %q:\n%s", w.applied, name, h.Text())
				}
			})
		})
	}
}

func TestTabsFocusAndMouse(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 160, 45)
		if w.runs.isOpen() != 1 || w.det.isOpen() != 1 || w.other.isOpen() != 0 {
			t.Fatalf("open: runs %d, detail %d, another tab's %d", w.runs.isOpen(), w.det.isOpen(), w.other.isOpen())
		}
		h.Press("3")
		if w.runs.isOpen() != 0 || w.other.isOpen() != 1 {
			t.Errorf("after 3, open: runs %d, containers %d", w.runs.isOpen(), w.other.isOpen())
		}
		h.Click(h.Find("Experiments"))
		if w.runs.isOpen() != 1 || w.runs.opened != 2 {
			t.Errorf("a click on the tab does not open it again")
		}
		x, y := h.Find("val_loss-2")
		h.Click(x, y)
		if w.loss.at != 1 || !slices.Contains(w.loss.clicks, "tea.MouseClickMsg 4,2") {
			t.Errorf("a click in a pane came as %v", w.loss.clicks)
		}
		if got := h.Cell(2, 18).Style.Attrs; got == 0 {
			t.Errorf("a click does not give the pane the focus")
		}
		h.Press("tab", "tab", "]")
		if w.det.tab != 1 {
			t.Errorf("] went to the pane's tab %d", w.det.tab)
		}
		h.Press("[", "[")
		if w.det.tab != 4 {
			t.Errorf("[ [ went to the pane's tab %d", w.det.tab)
		}
		h.Wheel(5, 5, true)
		if len(w.runs.clicks) == 0 || w.det.tab != 4 {
			t.Errorf("the wheel does not go to the pane under the mouse")
		}
	})
}

func TestRuleTabsByMouse(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 200, 60)
		h.Click(h.Find("System"))
		if w.det.tab != 3 {
			t.Errorf("a click on a pane's tab went to %d", w.det.tab)
		}
	})
}

func TestFooterByMouse(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40)
		h.Click(h.Find("s stop"))
		if !strings.Contains(h.Text(), "Sends TERM") {
			t.Errorf("a click on the footer's stop shows no plan:\n%s", h.Text())
		}
	})
}

func TestResizeByMouseAndKeys(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 160, 45)
		at := func(text string) int { x, _ := h.Find(text); return x }
		row := func(text string) int { _, y := h.Find(text); return y }
		x0, y0 := at("─ brisk-otter"), row("─ val_loss")
		h.Drag(x0-1, y0+4, x0-1-10, y0+6)
		if got := at("─ brisk-otter"); got != x0-10 {
			t.Errorf("dragging the divider 10 cells left moved it by %d", got-x0)
		}
		h.Drag(30, y0, 30, y0+5)
		if got := row("─ val_loss"); got != y0+5 {
			t.Errorf("dragging the rule 5 rows down moved it by %d", got-y0)
		}
		y1 := row("─ val_acc")
		h.Press("alt+down") // val_loss has the focus: the divider below it
		if got := row("─ val_acc"); got != y1+1 {
			t.Errorf("alt+down moved the rule to %d from %d", got, y1)
		}
		h.Press("ctrl+right")
		if got := at("─ brisk-otter"); got != x0-8 {
			t.Errorf("ctrl+right moved the divider to %d from %d", got, x0-10)
		}
		h.Drag(30, y0+6, 30, 0)
		h.Drag(x0-9, y0+10, 159, y0+10)
		h.Resize(80, 24).Resize(0, 0).Resize(1, 1).Resize(160, 45)
	})
}

func TestZoomAndLayouts(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 160, 45).Press("z")
		if strings.Contains(h.Text(), "val_loss") || w.loss.isOpen() != 0 {
			t.Errorf("zoomed, the other panes are still there or watched")
		}
		h.Press("z")
		seen := map[string]bool{}
		for range tui.Layouts() {
			h.Press("ctrl+w", "esc")
			seen[h.Text()] = true
		}
		if len(seen) != len(tui.Layouts()) {
			t.Errorf("%d of %d layouts look different", len(seen), len(tui.Layouts()))
		}
	})
}

// At 80×24 the main pane and one other fit; tab reaches the rest.
func TestNarrowRing(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 80, 24)
		for _, want := range []string{"val_loss", "val_acc", "brisk-otter"} {
			h.Press("tab")
			if text := h.Text(); !strings.Contains(text, "─ "+want) || !strings.Contains(text, "─ Runs") {
				t.Errorf("after tab, %s or the main pane does not show:\n%s", want, text)
			}
		}
		if w.loss.isOpen() != 0 {
			t.Errorf("a pane that is not on the screen is still watched")
		}
	})
}

func TestDataIsCoalesced(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		n := 0
		w.runs.feed = func() []string { n++; return []string{"a", "b", strings.Repeat("x", n%5+1)} }
		h := tuitest.New(t, w.app, 160, 45).Advance(time.Second)
		before, others := w.runs.renders, w.loss.renders
		for range 100 { // a poke each millisecond
			w.runs.poke()
			h.Advance(time.Millisecond)
		}
		h.Advance(time.Second)
		if got := w.runs.renders - before; got < 3 || got > 5 {
			t.Errorf("100 pokes in 100 ms drew the pane %d times, want about every 33 ms", got)
		}
		if w.loss.renders != others {
			t.Errorf("a pane without news was drawn %d times", w.loss.renders-others)
		}
	})
}

func TestIdleSendsNothing(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) { c.Now = time.Now })
		h := tuitest.New(t, w.app, 160, 45).Settle()
		before, frame := h.Updates, h.View()
		h.Advance(10*time.Minute - time.Second)
		if got := h.Updates - before; got < 9 || got > 10 {
			t.Errorf("ten idle minutes took %d messages, want one a minute", got)
		}
		if h.View().Content == frame.Content {
			t.Errorf("the clock did not move")
		}
	})
}

// With less room the offers go before a healthy backend does.
func TestHealthStays(t *testing.T) {
	for _, w := range []int{140, 80, 60, 40} {
		tuitest.Run(t, func(t *testing.T) {
			x := newWorld(func(c *tui.Config) {
				c.Health = func() []backends.Health { return []backends.Health{{Backend: "local", State: backends.OK}} }
			})
			h := tuitest.New(t, x.app, w, 24)
			h.Advance(2 * time.Second)
			if l := h.Line(23); !strings.HasSuffix(strings.TrimSpace(l), "local ●") || !strings.Contains(l, "? ") {
				t.Errorf("%d cells: %q", w, l)
			}
		})
	}
}

// The health of the backends is read when it changed, and only then.
func TestHealth(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		changed, asked, down := make(chan struct{}, 1), 0, false
		w := newWorld(func(c *tui.Config) {
			c.Changed = changed
			c.Health = func() []backends.Health {
				asked++
				if down {
					return []backends.Health{{Backend: "docker", State: backends.Down, Since: noon().Add(-2 * time.Hour)}, {Backend: "local", State: backends.Slow}}
				}
				return []backends.Health{{Backend: "docker", State: backends.OK}}
			}
		})
		h := tuitest.New(t, w.app, 140, 40).Advance(time.Second) // past the start, when news is drawn as it comes
		if l := h.Line(39); !strings.HasSuffix(l, "docker ●") || strings.Contains(h.Line(0), "▲") {
			t.Errorf("all well: %q %q", h.Line(0), l)
		}
		down = true
		for range 20 {
			select {
			case changed <- struct{}{}:
			default:
			}
			h.Advance(time.Millisecond)
		}
		h.Advance(time.Second)
		if l := h.Line(39); !strings.HasSuffix(l, "docker ▲ 2h  local ◐ slow") || !strings.Contains(h.Line(0), "▲ 1") {
			t.Errorf("docker is down: %q %q", h.Line(0), l)
		}
		if asked > 4 {
			t.Errorf("20 signals in 20 ms asked %d times", asked)
		}
	})
}

func TestNewsAfterComingBack(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 160, 45)
		for range 50 {
			h.Press("3", "1")
			n := w.runs.refreshes
			w.runs.poke()
			h.Advance(50 * time.Millisecond)
			if w.runs.refreshes == n {
				t.Fatal("news after coming back were not taken over")
			}
		}
	})
}

func TestFooterWhileTyping(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40).Press("/")
		if l := h.Line(39); !strings.HasPrefix(l, " ↵ take it  esc leave it  ") {
			t.Errorf("while typing, the footer is %q", l)
		}
		h.Click(h.Find("esc leave"))
		if w.runs.typing {
			t.Errorf("a click on leave it does not")
		}
	})
}

func TestSoon(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) { c.Now = time.Now })
		w.runs.delay = 80 * time.Millisecond
		h := tuitest.New(t, w.app, 160, 45)
		before := w.runs.refreshes
		h.Press("down").Advance(50 * time.Millisecond).Press("down").Advance(70 * time.Millisecond)
		if w.runs.refreshes != before {
			t.Errorf("refreshed before the selection was quiet for 80 ms")
		}
		h.Advance(20 * time.Millisecond)
		if w.runs.refreshes != before+1 {
			t.Errorf("refreshed %d times after 90 ms of quiet, want once", w.runs.refreshes-before)
		}
	})
}

func TestHoverOnlyWhenWanted(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 160, 45)
		if got := h.View().MouseMode; got != tea.MouseModeCellMotion {
			t.Errorf("mouse mode %v", got)
		}
		w.loss.hover = true
		h.Press("down")
		if got := h.View().MouseMode; got != tea.MouseModeAllMotion {
			t.Errorf("with a view that hovers, mouse mode %v", got)
		}
	})
}

func TestCloseEndsWatches(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 160, 45).Press("q").Settle()
		if !h.Quit || w.runs.isOpen() != 0 || w.det.isOpen() != 0 {
			t.Errorf("after q: quit %v, watches open %d and %d", h.Quit, w.runs.isOpen(), w.det.isOpen())
		}
	})
}

// A view that draws outside of its pane is clipped, and found by the harness.
func TestMisdrawn(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		tuitest.New(t, w.app, 160, 45)
		if m := w.app.Misdrawn(); m != "" {
			t.Errorf("misdrawn: %s", m)
		}
		w.runs.wrong = true
		w.app.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
		if m := w.app.Misdrawn(); m != "Runs: 13 lines instead of 12" {
			t.Errorf("misdrawn: %q", m)
		}
		w.runs.wrong = false
	})
}

func TestSynchronizedOverSSH(t *testing.T) {
	for env, want := range map[string]int{"SSH_TTY=/dev/pts/0 TERM=xterm-256color": 1, "SSH_TTY=/dev/pts/0 TERM=xterm-kitty": 0, "TERM=xterm-256color": 0} {
		tuitest.Run(t, func(t *testing.T) {
			h := tuitest.New(t, newWorld().app, 80, 24).Send(tea.EnvMsg(strings.Fields(env)))
			if len(h.Raw) != want || (want == 1 && h.Raw[0] != "\x1b[?2026$p") {
				t.Errorf("%s: asked %q", env, h.Raw)
			}
		})
	}
}
