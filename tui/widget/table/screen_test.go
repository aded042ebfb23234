package table

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/cell/celltest"
)

func click(x, y int) tea.MouseClickMsg { return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft} }

func TestMouse(t *testing.T) {
	tb := newItems(Options[*item]{})
	tb.SetRows(items(100))
	draw(tb, 11)
	tb.Mouse(click(5, 4), 5, 4)
	if got := selectedID(tb); got != "r0003" {
		t.Errorf("a click selects %s", got)
	}
	tb.Mouse(click(0, 5), 0, 5)
	if got := strings.Join(tb.Marked(), " "); got != "r0004" {
		t.Errorf("a click on the edge marks %q", got)
	}
	tb.Mouse(tea.MouseWheelMsg{Button: tea.MouseWheelDown}, 1, 1)
	if out := draw(tb, 11); !strings.Contains(out[1], "r0003") {
		t.Errorf("the wheel shows %q first", out[1])
	}
	for _, desc := range []bool{false, true} {
		if !tb.Mouse(click(9, 0), 9, 0) {
			t.Fatal("a click on the header is not taken")
		}
		if id, d := tb.Sorted(); id != "v" || d != desc {
			t.Errorf("a click on the header sorts by %q %v", id, d)
		}
	}
	if tb.Mouse(click(19, 0), 19, 0) || tb.Mouse(tea.MouseMotionMsg{}, 1, 1) {
		t.Error("taken without meaning")
	}
}

func TestColumns(t *testing.T) {
	tb := runTable()
	tb.SetColumns([]string{"run", "lr", "val_acc"})
	th := theme.New(theme.Mono(), false)
	head := func() string { return strings.SplitN(celltest.Text(tb.Render(th, 60, 3, true)), "\n", 2)[0] }
	if got := head(); got != "  run                  lr  val_acc ▾" {
		t.Errorf("chosen: %q", got)
	}
	if !tb.MoveColumn("val_acc", -1) || tb.MoveColumn("val_acc", -9) && tb.MoveColumn("val_acc", -1) {
		t.Error("a column moves only as far as there are places")
	}
	if got := strings.Fields(head()); !slices.Equal(got, []string{"val_acc", "▾", "run", "lr"}) {
		t.Errorf("moved: %q", got)
	}
	info := tb.Columns()
	if len(info) != 12 || info[0] != (ColumnInfo{"val_acc", "val_acc", true, 0}) || info[3].Shown {
		t.Errorf("columns are %v", info)
	}
	tb.Define(append(runColumns()[:4], metricColumn("f1", 1, cell.Four, func(*run) float64 { return 1 })))
	if got := strings.Fields(head()); !slices.Equal(got, []string{"val_acc", "▾", "run", "f1"}) {
		t.Errorf("redefined: %q", got)
	}
}

// TestSideways: columns that have no room are reached with the arrows, and what is
// fixed stays.
func TestSideways(t *testing.T) {
	th := theme.New(theme.Mono(), false)
	tb := runTable()
	tb.Render(th, 60, 9, true)
	if tb.Hidden() == 0 {
		t.Fatal("everything fits; the test needs a narrower table")
	}
	seen := map[string]bool{}
	for range 20 {
		head := strings.SplitN(celltest.Text(tb.Render(th, 60, 9, true)), "\n", 2)[0]
		if !strings.HasPrefix(head, "    run") {
			t.Fatalf("the fixed columns are gone: %q", head)
		}
		for _, w := range strings.Fields(head) {
			seen[w] = true
		}
		if !tb.Key(press("right")) {
			break
		}
	}
	for _, c := range runColumns()[1:] {
		if !seen[c.Title] {
			t.Errorf("%s was never on the screen", c.Title)
		}
	}
	for tb.Key(press("left")) {
		continue
	}
	celltest.Golden(t, "runs-60x9", tb.Render(th, 60, 9, true))
}

// TestWidthsStay: a column does not get narrower when its widest row scrolls away.
func TestWidthsStay(t *testing.T) {
	tb := newItems(Options[*item]{})
	rows := items(100)
	rows[0] = &item{"a-long-name-here", 1}
	tb.SetRows(rows)
	before := draw(tb, 11)[0]
	tb.Key(press("end"))
	if after := draw(tb, 11)[0]; after != before {
		t.Errorf("the header moved: %q, then %q", before, after)
	}
}

// TestDrawsLittle counts what is drawn: a step draws two rows, the same snapshot
// nothing, one changed row itself.
func TestDrawsLittle(t *testing.T) {
	drawn := 0
	tb := New(Options[*item]{
		Key: func(i *item) string { return i.id },
		Columns: []Column[*item]{{ID: "id", Width: 8, Cell: func(i *item, l *cell.Line) {
			drawn++
			l.Put(l.Set.Text, i.id)
		}}},
	})
	rows := items(10000)
	tb.SetRows(rows)
	th := theme.New(theme.Dark(), false)
	count := func(what string, want int, f func()) {
		t.Helper()
		drawn = 0
		f()
		tb.Render(th, 160, 45, true)
		if drawn != want {
			t.Errorf("%s draws %d rows, want %d", what, drawn, want)
		}
	}
	count("the first frame", 44, func() {})
	count("the same frame", 0, func() {})
	count("a step", 2, func() { tb.Key(press("down")) })
	count("a step back", 0, func() { tb.Key(press("up")) })
	count("the same snapshot", 0, func() { tb.SetRows(rows) })
	next := slices.Clone(rows)
	next[3] = &item{"r0003", 5}
	next[9000] = &item{"r9000", 5}
	count("two changed rows, one on the screen", 1, func() { tb.SetRows(next) })
	count("redraw", 44, func() { tb.Redraw() })
}

// TestRowsThatCannotBeCompared are drawn anew in every snapshot.
func TestRowsThatCannotBeCompared(t *testing.T) {
	type value struct {
		id   string
		tags []string
	}
	tb := New(Options[value]{
		Key:     func(v value) string { return v.id },
		Columns: []Column[value]{{ID: "tags", Cell: func(v value, l *cell.Line) { l.Put(l.Set.Text, strings.Join(v.tags, ",")) }}},
		Bare:    true,
	})
	th := theme.New(theme.Mono(), false)
	for _, tag := range []string{"one", "two"} {
		tb.SetRows([]value{{"a", []string{tag}}})
		if got := celltest.Text(tb.Render(th, 8, 1, true)); got != " ▌"+tag+"\n" {
			t.Errorf("drawn %q", got)
		}
	}
}

func TestNarrow(t *testing.T) {
	tb := newItems(Options[*item]{})
	tb.SetRows(items(100))
	asked := 0
	tb.SetFilter(func(i *item) bool { return i.v < 2 })
	shown, _ := tb.Count()
	tb.Narrow(func(i *item) bool { asked++; return i.v < 1 })
	if now, total := tb.Count(); asked != shown || now != 10 || total != 100 {
		t.Errorf("asked %d of %d, %d of %d pass", asked, shown, now, total)
	}
}
