package table

import (
	"fmt"
	"strconv"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// wide is a row of the benchmark: a name, a state and many metrics.
type wide struct {
	id, name string
	metrics  [50]float64
}

func wideRows(n int) []*wide {
	rows := make([]*wide, n)
	for i := range rows {
		r := &wide{id: strconv.Itoa(i), name: fmt.Sprintf("run-%05d", i)}
		for m := range r.metrics {
			r.metrics[m] = float64((i*7919+m*104729)%10007) / 10007
		}
		rows[i] = r
	}
	return rows
}

func wideTable(n int) (*Table[*wide], []*wide) {
	cols := []Column[*wide]{
		{ID: "name", Title: "run", Width: 14, Fixed: true, Cell: func(r *wide, l *cell.Line) { l.Put(l.Set.Title, r.name) }},
		{ID: "epoch", Title: "epoch", Width: 18, Cell: func(r *wide, l *cell.Line) {
			l.Bar(l.Set.Title, r.metrics[0], 12).Space(1).Put(l.Set.Dim, "18/30")
		}},
	}
	for m := range 50 {
		cols = append(cols, Column[*wide]{
			ID: "m" + strconv.Itoa(m), Title: "metric" + strconv.Itoa(m), Align: cell.AlignRight,
			Cell:   func(r *wide, l *cell.Line) { l.Metric(r.metrics[m], true, cell.Four) },
			Number: func(r *wide) (float64, bool) { return r.metrics[m], true },
		})
	}
	t := New(Options[*wide]{Key: func(r *wide) string { return r.id }, Columns: cols, Sort: "m3"})
	rows := wideRows(n)
	t.SetRows(rows)
	return t, rows
}

func down() tea.KeyPressMsg { return tea.KeyPressMsg{Code: tea.KeyDown} }

// BenchmarkKeyToFrame is one step of the selection and the frame after it, over
// 10,000 rows of 52 columns on 160×45.
func BenchmarkKeyToFrame(b *testing.B) {
	t, _ := wideTable(10000)
	th := theme.New(theme.Dark(), false)
	t.Render(th, 160, 45, true)
	b.ReportAllocs()
	for b.Loop() {
		t.Key(down())
		t.Render(th, 160, 45, true)
		if t.cur == 9999 {
			t.Key(tea.KeyPressMsg{Code: tea.KeyHome})
		}
	}
}

// BenchmarkPageToFrame draws a screen of rows that were not drawn before.
func BenchmarkPageToFrame(b *testing.B) {
	t, _ := wideTable(10000)
	th := theme.New(theme.Dark(), false)
	t.Render(th, 160, 45, true)
	b.ReportAllocs()
	for b.Loop() {
		t.Redraw()
		t.Render(th, 160, 45, true)
	}
}

// BenchmarkSnapshotPatched is a new snapshot in which ten rows of 10,000 are others.
func BenchmarkSnapshotPatched(b *testing.B) {
	t, rows := wideTable(10000)
	th := theme.New(theme.Dark(), false)
	b.ReportAllocs()
	for b.Loop() {
		next := append([]*wide(nil), rows...)
		for i := range 10 {
			r := *next[i*997]
			r.metrics[3] += 0.001
			next[i*997] = &r
		}
		rows = next
		t.SetRows(rows)
		t.Render(th, 160, 45, true)
	}
}

// BenchmarkSort orders 10,000 rows by another number.
func BenchmarkSort(b *testing.B) {
	t, _ := wideTable(10000)
	i := 0
	for b.Loop() {
		t.Sort("m"+strconv.Itoa(i%50), true)
		i++
	}
}

// BenchmarkFilter asks a filter of 10,000 rows.
func BenchmarkFilter(b *testing.B) {
	t, _ := wideTable(10000)
	for b.Loop() {
		t.SetFilter(func(r *wide) bool { return r.metrics[5] > 0.5 })
	}
}
