package tree

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/cell/celltest"
)

var _ = flag.Bool("update", false, "write the golden files")

// thing is a project of containers, or one of them.
type thing struct {
	id, state, note string
	parts           []*thing
}

func project() []*thing {
	return []*thing{
		{id: "train-serve", note: "compose", parts: []*thing{
			{id: "train", state: "exit 0"},
			{id: "serve-1", state: "healthy"},
			{id: "serve-2", state: "healthy"},
			{id: "old", note: "2", parts: []*thing{{id: "old-1", state: "exit 137"}, {id: "old-2", state: "exit 0"}}},
		}},
		{id: "no project", note: "1", parts: []*thing{{id: "scratch", state: "up 2h"}}},
		{id: "alone", state: "created"},
	}
}

func options(asked *int) Options[*thing] {
	return Options[*thing]{
		Key:    func(t *thing) string { return t.id },
		Branch: func(t *thing) bool { return len(t.parts) > 0 },
		Children: func(t *thing) []*thing {
			if asked != nil {
				*asked++
			}
			return t.parts
		},
		Row: func(t *thing, l *cell.Line) {
			l.Put(l.Set.Text, t.id).Fill(20).Put(l.Set.Dim, t.state)
			if t.note != "" {
				l.Ends(cell.NewLine(l.Theme, l.Set, l.W).Put(l.Set.Quiet, t.note).Space(2))
			}
		},
	}
}

func press(t *Tree[*thing], names ...string) {
	codes := map[string]rune{"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "end": tea.KeyEnd, "home": tea.KeyHome}
	for _, n := range names {
		t.Key(tea.KeyPressMsg{Code: codes[n]})
	}
}

func selected(t *Tree[*thing]) string {
	i, ok := t.Selected()
	if !ok {
		return ""
	}
	return i.id
}

func TestLooks(t *testing.T) {
	for name, th := range celltest.Themes() {
		tr := New(options(nil))
		tr.SetRoots(project())
		tr.Open("train-serve", true)
		tr.Open("old", true)
		tr.Select("serve-2")
		drawn := tr.Render(th, 57, 11, true)
		celltest.Size(t, drawn, 57, 11)
		if name == "dark" || name == "ascii" {
			celltest.Golden(t, "projects-"+name, drawn)
		}
		for w := range 60 {
			for h := range 12 {
				celltest.Size(t, tr.Render(th, w, h, false), w, h*min(w, 1))
			}
		}
	}
}

func TestKeys(t *testing.T) {
	tr := New(options(nil))
	tr.SetRoots(project())
	for _, c := range []struct {
		key, want string
		rows      int
	}{
		{"right", "train-serve", 7},
		{"right", "train", 7},
		{"right", "train", 7},
		{"down", "serve-1", 7},
		{"down", "serve-2", 7},
		{"down", "old", 7},
		{"right", "old", 9},
		{"right", "old-1", 9},
		{"left", "old", 9},
		{"left", "old", 7},
		{"left", "train-serve", 7},
		{"left", "train-serve", 3},
		{"left", "train-serve", 3},
		{"end", "alone", 3},
		{"right", "alone", 3},
		{"up", "no project", 3},
	} {
		press(tr, c.key)
		if got := selected(tr); got != c.want || tr.Count() != c.rows {
			t.Errorf("after %s: %s and %d rows, want %s and %d", c.key, got, tr.Count(), c.want, c.rows)
		}
	}
	if !tr.Toggle() || tr.Count() != 4 {
		t.Error("a branch is not toggled")
	}
	press(tr, "end")
	if tr.Toggle() {
		t.Error("a leaf is toggled")
	}
}

func TestClosingTakesTheSelectionOut(t *testing.T) {
	tr := New(options(nil))
	tr.SetRoots(project())
	if !tr.Reveal("train-serve", "old", "old-2") || selected(tr) != "old-2" {
		t.Fatalf("revealed %q", selected(tr))
	}
	tr.Open("train-serve", false)
	if got := selected(tr); got != "train-serve" {
		t.Errorf("the selection is on %q", got)
	}
	if tr.Reveal("train-serve", "gone") || tr.Reveal() {
		t.Error("what is not there was revealed")
	}
}

func TestSnapshots(t *testing.T) {
	tr := New(options(nil))
	tr.SetRoots(project())
	tr.Open("train-serve", true)
	tr.Select("serve-2")
	next := project()
	next[0].parts = append([]*thing{{id: "serve-0", state: "starting"}}, next[0].parts...)
	tr.SetRoots(next)
	if got := selected(tr); got != "serve-2" || tr.Count() != 8 {
		t.Errorf("%q of %d rows", got, tr.Count())
	}
	th := celltest.Themes()["mono"]
	if out := celltest.Text(tr.Render(th, 40, 8, true)); !strings.Contains(out, "serve-0") {
		t.Errorf("the new item is not drawn:\n%s", out)
	}
}

// TestLazy: children are asked for only where a branch is open.
func TestLazy(t *testing.T) {
	asked := 0
	tr := New(options(&asked))
	tr.SetRoots(project())
	if asked != 0 {
		t.Errorf("asked %d times with all closed", asked)
	}
	tr.Open("train-serve", true)
	if asked != 1 {
		t.Errorf("asked %d times with one open", asked)
	}
	tr.SetFilter(func(i *thing) bool { return strings.HasPrefix(i.id, "old-1") })
	if tr.Count() != 3 || asked != 4 {
		t.Errorf("filtered: %d rows, asked %d times", tr.Count(), asked)
	}
	tr.SetFilter(nil)
	if tr.Count() != 7 {
		t.Errorf("without a filter: %d rows", tr.Count())
	}
}

func TestMouse(t *testing.T) {
	th := celltest.Themes()["mono"]
	tr := New(options(nil))
	tr.SetRoots(project())
	tr.Render(th, 40, 9, true)
	click := func(x, y int) { tr.Mouse(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}, x, y) }
	click(6, 1)
	if selected(tr) != "no project" || tr.Count() != 3 {
		t.Error("a click on a name only selects")
	}
	click(2, 0)
	tr.Render(th, 40, 9, true)
	click(4, 4)
	if tr.Count() != 9 || selected(tr) != "old" {
		t.Errorf("clicks on the signs opened %d rows, on %q", tr.Count(), selected(tr))
	}
}

// TestCycle: an item that contains itself, or stands twice, is drawn once.
func TestCycle(t *testing.T) {
	a := &thing{id: "a"}
	a.parts = []*thing{a, {id: "b"}, {id: "b"}}
	o := options(nil)
	o.Open = true
	tr := New(o)
	tr.SetRoots([]*thing{a})
	if tr.Count() != 2 {
		t.Errorf("%d rows", tr.Count())
	}
}

func BenchmarkTreeKeyToFrame(b *testing.B) {
	var roots []*thing
	for i := range 100 {
		p := &thing{id: "p" + strconv.Itoa(i)}
		for j := range 100 {
			p.parts = append(p.parts, &thing{id: fmt.Sprintf("p%d-%d", i, j), state: "running"})
		}
		roots = append(roots, p)
	}
	o := options(nil)
	o.Open = true
	tr := New(o)
	tr.SetRoots(roots)
	th := celltest.Themes()["dark"]
	b.ReportAllocs()
	for b.Loop() {
		press(tr, "down")
		tr.Render(th, 160, 45, true)
		if selected(tr) == "p99-99" {
			press(tr, "home")
		}
	}
}
