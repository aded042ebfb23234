package tabs

import (
	"flag"
	"strings"
	"testing"

	"flightdeck/tui/widget/cell/celltest"
)

var _ = flag.Bool("update", false, "write the golden files")

func bar(on int) *Bar {
	return &Bar{Names: []string{"Summary", "Diff", "Log", "System", "Files"}, On: on}
}

func TestRender(t *testing.T) {
	th := celltest.Themes()["mono"]
	for _, c := range []struct {
		on, w int
		want  string
	}{
		{0, 40, "Summary  Diff  Log  System  Files"},
		{0, 33, "Summary  Diff  Log  System  Files"},
		{0, 32, "Summary  Diff  Log  System …"},
		{2, 12, "… Log …"},
		{2, 14, "… Diff  Log …"},
		{4, 20, "… Log  System  Files"},
		{4, 7, "… Files"},
		{0, 4, "Sum…"},
	} {
		b := bar(c.on)
		drawn := b.Render(th, &th.Plain, c.w)
		celltest.Size(t, drawn, c.w, 1)
		if got := strings.TrimSuffix(celltest.Text(drawn), "\n"); got != c.want {
			t.Errorf("%d in %d cells: %q, want %q", c.on, c.w, got, c.want)
		}
	}
}

func TestEverySize(t *testing.T) {
	for _, th := range celltest.Themes() {
		for on := range 5 {
			for w := -1; w < 40; w++ {
				b := bar(on)
				b.Names[1] = "\x1b[2J你好"
				celltest.Size(t, b.Render(th, &th.Raised, w), w, min(w, 1))
			}
		}
		celltest.Size(t, (&Bar{}).Render(th, &th.Plain, 5), 5, 1)
	}
}

// TestHit: every cell that shows a name means that tab, every other means none.
func TestHit(t *testing.T) {
	th := celltest.Themes()["mono"]
	b := bar(3)
	row := []rune(celltest.Text(b.Render(th, &th.Plain, 24)))
	hits := map[int]string{}
	for x := range row {
		if tab, ok := b.Hit(x); ok {
			hits[tab] += string(row[x])
		}
	}
	for tab, got := range hits {
		if got != b.Names[tab] {
			t.Errorf("tab %d is hit on %q", tab, got)
		}
	}
	if len(hits) < 2 {
		t.Errorf("only %d tabs can be hit in %q", len(hits), string(row))
	}
}

func TestMove(t *testing.T) {
	b := bar(4)
	if !b.Move(1) || b.On != 0 || !b.Move(-1) || b.On != 4 {
		t.Errorf("on %d", b.On)
	}
	if (&Bar{Names: []string{"one"}}).Move(1) {
		t.Error("one tab has no other")
	}
}
