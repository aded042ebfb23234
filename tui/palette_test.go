package tui_test

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

func TestPalette(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) {
			c.Topics = []tui.Topic{{Title: "Queries: how to filter", Text: "A query is a comparison."}}
		})
		h := tuitest.New(t, w.app, 140, 40)
		if w.other.isOpen() != 0 {
			t.Fatalf("a view that is off screen is open")
		}
		h.Press(":")
		if w.other.isOpen() != 1 {
			t.Errorf("while the palette is open, the views off screen are not")
		}
		h.Type("run")
		h.Golden("palette").GoldenStyled("palette")
		h.Press("esc")
		if w.other.isOpen() != 0 || w.runs.isOpen() != 1 {
			t.Errorf("after the palette, open: off screen %d, on screen %d", w.other.isOpen(), w.runs.isOpen())
		}
		h.Press("ctrl+p").Type("@containers-3").Press("enter")
		if !strings.Contains(h.Text(), "─ Containers") || w.other.at != 2 {
			t.Errorf("an object of another tab was not gone to: row %d\n%s", w.other.at, h.Text())
		}
		h.Press(":").Type("stop runs").Press("enter")
		if text := h.Text(); !strings.Contains(text, "─ Runs") || !strings.Contains(text, "Sends TERM") {
			t.Errorf("an action of another tab is not done there:\n%s", text)
		}
		h.Press("esc", ":").Type("how filter").Press("enter")
		if !strings.Contains(h.Text(), "A query is a comparison.") {
			t.Errorf("a page of help does not open:\n%s", h.Text())
		}
	})
}

func TestPaletteDisabledCompleteExplainRecent(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40).Press(":").Type("hold")
		if !strings.Contains(h.Text(), "not running") {
			t.Errorf("what cannot be done has no reason:\n%s", h.Text())
		}
		h.Press("enter")
		if !strings.Contains(h.Text(), ": hold") {
			t.Errorf("what cannot be done closed the palette:\n%s", h.Text())
		}
		h.Press("tab")
		if !strings.Contains(h.Text(), ": Hold runs-1") {
			t.Errorf("tab does not complete:\n%s", h.Text())
		}
		h.Press("?")
		if !strings.Contains(h.Text(), "runs.resume, in Runs") {
			t.Errorf("? does not explain:\n%s", h.Text())
		}
		h.Press("esc", ":").Type("theme")
		if n := strings.Count(h.Text(), "  do  "); n != 1 {
			t.Errorf("%d actions are called theme:\n%s", n, h.Text())
		}
		h.Press("enter", ":")
		if first := h.Line(9); !strings.Contains(first, "next theme") {
			t.Errorf("what was used last is not first: %q\n%s", first, h.Text())
		}
		h.Type("zzzz")
		if !strings.Contains(h.Text(), "nothing is called so") {
			t.Errorf("no match says nothing")
		}
	})
}

func TestPaletteByMouse(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40).Press(":").Type("@runs-5")
		h.Click(h.Find("Run runs-5"))
		if w.runs.at != 4 || strings.Contains(h.Text(), "choose") {
			t.Errorf("a click chose row %d:\n%s", w.runs.at, h.Text())
		}
		h.Press(":").Click(1, 30)
		if strings.Contains(h.Text(), "choose") {
			t.Errorf("a click beside the palette does not close it")
		}
	})
}

func TestPaletteAtEverySize(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 10}, {20, 4}, {2, 2}, {1, 1}} {
		tuitest.Run(t, func(t *testing.T) {
			h := tuitest.New(t, newWorld().app, size[0], size[1]).Press(":").Type("run")
			h.Golden(fmt.Sprintf("palette_%dx%d", size[0], size[1]))
			h.Press("esc", "?").Type("zoom").Press("esc", "ctrl+l", "esc")
		})
	}
}

func TestHelp(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		h := tuitest.New(t, newWorld().app, 140, 40).Press("?")
		h.Golden("help")
		h.Press("pgdown").Type("zoom")
		if text := h.Text(); !strings.Contains(text, "Everywhere") || strings.Contains(text, "In lists") {
			t.Errorf("the help is not searched:\n%s", text)
		}
		h.Press("esc")
		if strings.Contains(h.Text(), "All keys") {
			t.Errorf("esc does not close the help")
		}
	})
}
