package table

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/cell/celltest"
)

// item is the smallest row.
type item struct {
	id string
	v  float64
}

func newItems(o Options[*item]) *Table[*item] {
	o.Key = func(i *item) string { return i.id }
	o.Columns = []Column[*item]{
		{ID: "id", Title: "id", Cell: func(i *item, l *cell.Line) { l.Put(l.Set.Text, i.id) }, Compare: func(a, b *item) int { return strings.Compare(a.id, b.id) }},
		{
			ID: "v", Title: "v", Align: cell.AlignRight, Cell: func(i *item, l *cell.Line) { l.Metric(i.v, true, cell.Whole) },
			Number: func(i *item) (float64, bool) { return i.v, i.v >= 0 },
		},
	}
	return New(o)
}

func items(n int) []*item {
	out := make([]*item, n)
	for i := range out {
		out[i] = &item{id: fmt.Sprintf("r%04d", i), v: float64(i * 7 % 10)}
	}
	return out
}

func ids(t *Table[*item]) []string {
	var out []string
	n, _ := t.Count()
	for i := range n {
		out = append(out, t.At(i).id)
	}
	return out
}

func selectedID(t *Table[*item]) string {
	r, ok := t.Selected()
	if !ok {
		return ""
	}
	return r.id
}

func draw(t *Table[*item], h int) []string {
	th := theme.New(theme.Mono(), false)
	return strings.Split(celltest.Text(t.Render(th, 20, h, true)), "\n")
}

func TestSortPutsMissingLast(t *testing.T) {
	tb := newItems(Options[*item]{Sort: "v"})
	tb.SetRows([]*item{{"a", 2}, {"nan", math.NaN()}, {"b", 1}, {"none", -1}, {"c", 2}, {"inf", math.Inf(1)}})
	if got := strings.Join(ids(tb), " "); got != "b a c inf nan none" {
		t.Errorf("ascending: %s", got)
	}
	tb.SortBy("v")
	if got := strings.Join(ids(tb), " "); got != "inf a c b nan none" {
		t.Errorf("descending: %s", got)
	}
	tb.Sort("", false)
	if got := strings.Join(ids(tb), " "); got != "a nan b none c inf" {
		t.Errorf("unsorted: %s", got)
	}
}

// TestSnapshots patches, grows and shrinks rows at random, with a filter and an
// order, and holds the table against one that is built from scratch.
func TestSnapshots(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tb := newItems(Options[*item]{Sort: "v"})
	pass := func(i *item) bool { return math.IsNaN(i.v) || int(i.v)%3 != 0 }
	tb.SetFilter(pass)
	rows := items(200)
	next := 200
	for step := range 400 {
		rows = mutate(r, rows, &next)
		tb.SetRows(rows)
		fresh := newItems(Options[*item]{Sort: "v"})
		fresh.SetFilter(pass)
		fresh.SetRows(slices.Clone(rows))
		if got, want := ids(tb), ids(fresh); !slices.Equal(got, want) {
			t.Fatalf("step %d: order is %v, want %v", step, got, want)
		}
		if step%50 == 0 {
			tb.SortBy("v")
			tb.Sort("v", false)
		}
	}
}

func mutate(r *rand.Rand, rows []*item, next *int) []*item {
	out := slices.Clone(rows)
	switch r.IntN(5) {
	case 0: // one in front, as the newest run
		out = slices.Insert(out, 0, &item{fmt.Sprintf("r%04d", *next), float64(r.IntN(10))})
		*next++
	case 1: // some at the end
		for range r.IntN(4) {
			out = append(out, &item{fmt.Sprintf("r%04d", *next), float64(r.IntN(10))})
			*next++
		}
	case 2:
		if at := r.IntN(len(out)); len(out) > 20 {
			out = slices.Delete(out, at, min(at+1+r.IntN(3), len(out)))
		}
	case 3: // scattered changes
		for range r.IntN(12) {
			at := r.IntN(len(out))
			v := float64(r.IntN(12) - 1)
			if v > 9 {
				v = math.NaN()
			}
			out[at] = &item{out[at].id, v}
		}
	}
	return out
}

func TestSelectionFollowsItsKey(t *testing.T) {
	tb := newItems(Options[*item]{Sort: "v"})
	rows := items(100)
	tb.SetRows(rows)
	draw(tb, 11)
	tb.Select("r0050")
	draw(tb, 11)
	next := slices.Clone(rows)
	next[50] = &item{"r0050", 9} // moves to the end of the order
	tb.SetRows(next)
	if got := selectedID(tb); got != "r0050" {
		t.Fatalf("after a change: %s", got)
	}
	if out := strings.Join(draw(tb, 11), "\n"); !strings.Contains(out, "▌r0050") {
		t.Errorf("the selection is off the screen:\n%s", out)
	}
	tb.SetFilter(func(i *item) bool { return i.id != "r0050" })
	if got := selectedID(tb); got == "r0050" || got == "" {
		t.Errorf("hidden by the filter, yet selected: %q", got)
	}
	tb.SetFilter(nil)
	if got := selectedID(tb); got != "r0050" {
		t.Errorf("after the filter: %s", got)
	}
	tb.SetRows(nil)
	if _, ok := tb.Selected(); ok {
		t.Error("a row is selected where there are none")
	}
	tb.SetRows(items(100))
	if got := selectedID(tb); got != "r0050" {
		t.Errorf("after an empty answer: %s", got)
	}
}

// TestScreenStays: rows that come in above leave the selection on its screen row.
func TestScreenStays(t *testing.T) {
	tb := newItems(Options[*item]{})
	rows := items(100)
	tb.SetRows(rows)
	draw(tb, 11)
	for range 30 {
		tb.Key(press("down"))
	}
	before := draw(tb, 11)
	tb.SetRows(append([]*item{{"new1", 0}, {"new2", 0}}, rows...))
	if after := draw(tb, 11); !slices.Equal(before, after) {
		t.Errorf("the screen moved:\n%s\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

func TestKeys(t *testing.T) {
	tb := newItems(Options[*item]{})
	tb.SetRows(items(100))
	draw(tb, 11) // ten rows
	for _, c := range []struct{ key, want string }{
		{"down", "r0001"},
		{"j", "r0002"},
		{"up", "r0001"},
		{"k", "r0000"},
		{"up", "r0000"},
		{"pgdown", "r0009"},
		{"pgup", "r0000"},
		{"ctrl+d", "r0005"},
		{"ctrl+u", "r0000"},
		{"end", "r0099"},
		{"down", "r0099"},
		{"home", "r0000"},
		{"G", "r0099"},
		{"g", "r0000"},
	} {
		if !tb.Key(press(c.key)) {
			t.Errorf("%s is not taken", c.key)
		}
		draw(tb, 11)
		if got := selectedID(tb); got != c.want {
			t.Errorf("after %s: %s, want %s", c.key, got, c.want)
		}
	}
	for _, k := range []string{"enter", "esc", "x", "left", "right", "o", "/", ":"} {
		if tb.Key(press(k)) {
			t.Errorf("%s belongs to others", k)
		}
	}
}

func TestSortKeys(t *testing.T) {
	tb := newItems(Options[*item]{})
	tb.SetRows(items(10))
	for _, c := range []struct {
		key, id string
		desc    bool
	}{{">", "id", false}, {">", "v", false}, {"o", "v", true}, {">", "", false}, {"<", "v", false}, {"<", "id", false}} {
		tb.Key(press(c.key))
		if id, desc := tb.Sorted(); id != c.id || desc != c.desc {
			t.Errorf("after %s: %q %v", c.key, id, desc)
		}
	}
}

func TestMarks(t *testing.T) {
	tb := newItems(Options[*item]{})
	tb.SetRows(items(20))
	tb.Key(press("space"))
	tb.Key(press("shift+down"))
	tb.Key(press("shift+down"))
	if got := strings.Join(tb.Marked(), " "); got != "r0000 r0001 r0002" {
		t.Errorf("marked %q", got)
	}
	if out := draw(tb, 5); !strings.HasPrefix(out[1], "✓ r0000") || !strings.HasPrefix(out[3], "✓▌r0002") {
		t.Errorf("marks are not drawn: %q", out)
	}
	tb.SetRows(items(20)[1:]) // other pointers, one row gone
	if got := strings.Join(tb.Marked(), " "); got != "r0001 r0002" {
		t.Errorf("after a snapshot: %q", got)
	}
	tb.SetFilter(func(i *item) bool { return i.id >= "r0018" })
	tb.Key(press("ctrl+a"))
	if got := strings.Join(tb.Marked(), " "); got != "r0001 r0002 r0018 r0019" {
		t.Errorf("all that show: %q", got)
	}
	tb.Key(press("ctrl+a"))
	if got := strings.Join(tb.Marked(), " "); got != "r0001 r0002" {
		t.Errorf("again: %q", got)
	}
	tb.ClearMarks()
	if tb.Marked() != nil {
		t.Error("marks are left")
	}
}

// The sort mark's cells are kept, whichever column has it.
func TestTheSortMarkMovesNothing(t *testing.T) {
	tb := newItems(Options[*item]{})
	tb.SetRows(items(3))
	row := draw(tb, 4)[1]
	for _, id := range []string{"id", "v"} {
		tb.Sort(id, id == "id")
		for _, now := range draw(tb, 4)[1:] {
			if strings.Contains(now, "r0000") && strings.TrimLeft(now, " ▌") != strings.TrimLeft(row, " ▌") {
				t.Errorf("sorted by %s the row is %q, it was %q", id, now, row)
			}
		}
	}
}
