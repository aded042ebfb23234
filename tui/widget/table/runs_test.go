package table

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/cell/celltest"
)

var _ = flag.Bool("update", false, "write the golden files")

// run is a row of the experiments screen.
type run struct {
	id, state           string
	acc, loss, lr       float64
	width, batch        int
	epoch, epochs       int
	took, start, source string
	series              int
	noMetrics           bool
}

func runs() []*run {
	nan := math.NaN()
	return []*run{
		{"fleet-gecko", "finished", 0.9583, 0.1555, 0.003, 32, 32, 30, 30, "0:09", "12:30:27", "mlflow", 3, false},
		{"brisk-otter", "training", 0.9722, 0.1041, 0.01, 128, 32, 18, 30, "0:14", "12:30:41", "local", 0, false},
		{"hasty-mole", "diverged", 0.1056, nan, 3, 128, 32, 4, 30, "0:02", "12:30:14", "local", 5, false},
		{"idle-newt", "exit 1", 0, 0, 0.01, 128, 0, 0, 30, "0:00", "12:30:14", "local", 6, true},
		{"dapper-lynx", "finished", 0.9667, 0.1210, 0.01, 64, 32, 30, 30, "0:11", "12:30:28", "local", 2, false},
		{"eager-finch", "finished", 0.9639, 0.1302, 0.003, 64, 16, 30, 30, "0:12", "12:30:27", "local", 3, false},
		{"calm-heron", "training", 0.9694, 0.1187, 0.03, 128, 32, 21, 30, "0:14", "12:30:41", "local", 1, false},
		{"gentle-ibis", "finished", 0.9417, 0.2190, 0.001, 32, 32, 30, 30, "0:08", "12:30:14", "tensorboard", 4, false},
	}
}

func stateCell(r *run, l *cell.Line) {
	g := l.Theme.Glyph
	switch r.state {
	case "training":
		l.Mark(l.Set.Engaged, g.Running, l.Set.Text, r.state)
	case "finished":
		l.Mark(l.Set.Dim, g.Done, l.Set.Dim, r.state)
	case "diverged":
		l.Mark(l.Set.Caution, g.Caution, l.Set.Caution, r.state)
	default:
		l.Mark(l.Set.Warning, g.Failed, l.Set.Warning, r.state)
	}
}

func metricColumn(id string, weight int, f cell.Figures, v func(*run) float64) Column[*run] {
	return Column[*run]{
		ID: id, Title: id, Align: cell.AlignRight, Weight: weight, Desc: true,
		Cell:   func(r *run, l *cell.Line) { l.Metric(v(r), !r.noMetrics || f == cell.Whole || id == "lr", f) },
		Number: func(r *run) (float64, bool) { return v(r), !r.noMetrics },
	}
}

func words(id string, weight int, v func(*run) string) Column[*run] {
	return Column[*run]{
		ID: id, Title: id, Weight: weight,
		Cell:    func(r *run, l *cell.Line) { l.Put(l.Set.Dim, v(r)) },
		Compare: func(a, b *run) int { return strings.Compare(v(a), v(b)) },
	}
}

func runColumns() []Column[*run] {
	name := words("run", 9, func(r *run) string { return r.id })
	name.Width, name.Gap, name.Fixed = 14, 1, true
	name.Cell = func(r *run, l *cell.Line) { l.Put(l.Set.Title, r.id) }
	state := words("state", 8, func(r *run) string { return r.state })
	state.Cell = stateCell
	lr := metricColumn("lr", 3, cell.Four, func(r *run) float64 { return r.lr })
	lr.Gap = 3
	epoch := Column[*run]{ID: "epoch", Title: "epoch", Gap: 5, Width: 18, Weight: 6, Cell: func(r *run, l *cell.Line) {
		l.Bar(l.Set.Title, float64(r.epoch)/float64(r.epochs), 12).Space(1).Put(l.Set.Dim, fmt.Sprintf("%d/%d", r.epoch, r.epochs))
	}}
	took := words("took", 5, func(r *run) string { return r.took })
	took.Align, took.Gap = cell.AlignRight, 6
	source := words("source", 0, func(r *run) string { return r.source })
	source.Gap = 3
	return []Column[*run]{
		{ID: "series", Width: 1, Fixed: true, Cell: func(r *run, l *cell.Line) {
			l.Put(l.Set.Series[r.series%len(l.Set.Series)], l.Theme.Glyph.Bar)
		}},
		name, state,
		metricColumn("val_acc", 7, cell.Four, func(r *run) float64 { return r.acc }),
		metricColumn("val_loss", 7, cell.Four, func(r *run) float64 { return r.loss }),
		lr,
		metricColumn("width", 2, cell.Whole, func(r *run) float64 { return float64(r.width) }),
		metricColumn("batch", 2, cell.Whole, func(r *run) float64 { return float64(r.batch) }),
		epoch, took,
		words("started", 1, func(r *run) string { return r.start }),
		source,
	}
}

func runTable() *Table[*run] {
	t := New(Options[*run]{Key: func(r *run) string { return r.id }, Columns: runColumns(), Sort: "val_acc"})
	t.SetRows(runs())
	t.Select("brisk-otter")
	return t
}

// TestLooks holds the table against the pictures of the experiments screen.
func TestLooks(t *testing.T) {
	for name, th := range celltest.Themes() {
		for _, size := range [][2]int{{140, 10}, {80, 9}, {40, 10}, {200, 5}} {
			drawn := runTable().Render(th, size[0], size[1], true)
			celltest.Size(t, drawn, size[0], size[1])
			if name == "dark" || name == "ascii" {
				celltest.Golden(t, fmt.Sprintf("runs-%s-%dx%d", name, size[0], size[1]), drawn)
			}
		}
	}
}

func TestEverySize(t *testing.T) {
	hostile := &run{id: "\x1b]0;x\x07\u202eevil\n你好👩‍💻", state: "a\tb\x1b[2J", source: "\xff", epochs: 1}
	for _, th := range celltest.Themes() {
		tb := runTable()
		tb.SetRows(append(runs(), hostile))
		tb.Mark("calm-heron", true)
		for w := -1; w <= 150; w++ {
			for _, h := range []int{0, 1, 2, 3, 10, 12} {
				celltest.Size(t, tb.Render(th, w, h, w%2 == 0), w, h)
			}
			tb.Key(press("right"))
			tb.Key(press("down"))
		}
		empty := New(Options[*run]{Key: func(r *run) string { return r.id }})
		celltest.Size(t, empty.Render(th, 7, 3, true), 7, 3)
		empty.Define(runColumns())
		celltest.Size(t, empty.Render(th, 7, 3, true), 7, 3)
	}
}

// TestStyles: the selected row stands on the row background from edge to edge, and
// not where the keyboard is elsewhere.
func TestStyles(t *testing.T) {
	th := theme.New(theme.Dark(), false)
	tb := runTable()
	row := strings.Split(tb.Render(th, 140, 10, true), "\n")[1]
	if !strings.Contains(row, th.Row.Title.Render("brisk-otter")) || !strings.Contains(row, th.Row.Selected.Render("▌")) {
		t.Errorf("the selected row is not in the row's styles: %q", row)
	}
	for _, piece := range strings.SplitAfter(row, "\x1b[m") {
		if piece != "" && !strings.Contains(piece, "48;2;23;49;58") {
			t.Errorf("%q has no row background", piece)
		}
	}
	row = strings.Split(tb.Render(th, 140, 10, false), "\n")[1]
	if strings.Contains(row, "48;2;23;49;58") || !strings.Contains(row, "▌") {
		t.Errorf("without the keyboard: %q", row)
	}
}

// press is a key as the terminal reports it.
func press(name string) tea.KeyPressMsg {
	special := map[string]tea.KeyPressMsg{
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"space": {Code: tea.KeySpace, Text: " "}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape},
		"ctrl+a": {Code: 'a', Mod: tea.ModCtrl}, "ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
		"shift+down": {Code: tea.KeyDown, Mod: tea.ModShift}, "shift+up": {Code: tea.KeyUp, Mod: tea.ModShift},
	}
	if k, ok := special[name]; ok {
		return k
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}
