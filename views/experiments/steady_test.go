package experiments_test

import (
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

// where is the cell in which each word of a header begins.
func where(head string) map[string]int {
	at := map[string]int{}
	for _, w := range strings.Fields(head) {
		if w != "▾" && w != "▴" {
			at[w] = len([]rune(head[:strings.Index(head, " "+w)+1]))
		}
	}
	return at
}

func TestSortingMovesNoColumn(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		row := x.row("calm-heron")
		for range 9 {
			x.Press(">")
			if now := x.row("calm-heron"); strings.TrimLeft(now, " ▌") != strings.TrimLeft(row, " ▌") {
				t.Errorf("under %q the row is\n%q, it was\n%q", x.Line(2), now, row)
			}
			if strings.Contains(x.Line(2), "…") {
				t.Errorf("a title is cut: %q", x.Line(2))
			}
		}
	})
}

// A value near zero, one that is NaN, one that is below it: the columns stay.
func TestValuesMoveNoColumn(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		before := where(x.Line(2))
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		for i, v := range []float64{0.0004, -0.0123, 12.5} {
			if err := x.b.Log(all[0].ID, backends.Metric{Key: "loss", Value: v, Step: int64(2000 + i)}); err != nil {
				t.Fatal(err)
			}
			x.rest()
			after := where(x.Line(2))
			for w, at := range before {
				if after[w] != at {
					t.Errorf("%v as loss moves %s from cell %d to %d", v, w, at, after[w])
				}
			}
			if i == 0 && !strings.Contains(x.row("brisk-otter"), " 0.0004 ") {
				t.Errorf("one value near zero changed the convention: %q", x.row("brisk-otter"))
			}
		}
	})
}

func TestJobsThatLogNothingHaveColumns(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Change(func(s *fake.State) {
			for i := range s.Runs {
				r := *s.Runs[i]
				r.Metrics, r.Params = nil, nil
				s.Runs[i] = &r
			}
		})
		x := open(t, b, 120, 40)
		for _, c := range []string{"run", "state", "took", "started ▾"} {
			if !strings.Contains(x.Line(2), c) {
				t.Errorf("no %s in %q", c, x.Line(2))
			}
		}
		x.Press("v").rest()
		for _, c := range []string{"took", "started", "source", "note"} {
			if !strings.Contains(x.Text(), c+"\n") {
				t.Errorf("the chooser does not offer %s:\n%s", c, x.Text())
			}
		}
	})
}

func TestDiffSaysWhatIsComparedAndHowFarApart(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("space", "down", "space", "down", "down", "down", "space", "d").rest()
		text := x.Text()
		if !strings.Contains(text, "3 runs Summary  Diff") {
			t.Errorf("the title does not say what is compared:\n%s", text)
		}
		if !strings.Contains(text, "+0.0283") { // fleet-gecko's val_loss less brisk-otter's
			t.Errorf("the differences of the main metrics are missing:\n%s", text)
		}
	})
}

// What the summary says can be done to the run is done from there too.
func TestDetailsActOnTheirRun(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("down", "space", "down").rest()
		x.Press("shift+tab", "X")
		x.consent()
		if p := x.applied(t); p.Action != "runs.delete" || len(p.Target) != 1 || p.Target[0].Name != "dapper-lynx" {
			t.Errorf("applied %+v", p)
		}
	})
}

func TestEveryMotionIsFoundByName(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press(":").Type("sort")
		for _, want := range []string{"Sort the runs by the next column", "Sort the runs by the previous column", "Sort the runs the other way round"} {
			if !strings.Contains(x.Text(), want) {
				t.Errorf("the palette has no %q:\n%s", want, x.Text())
			}
		}
		x.Press("esc", "tab", "?").Type("crosshair")
		if !strings.Contains(x.Text(), "crosshair to the sample before") {
			t.Errorf("the help does not say how the crosshair moves:\n%s", x.Text())
		}
		x.Press("esc", "tab")
		if l := x.Line(44); !strings.Contains(l, "[ ] tabs") {
			t.Errorf("the footer does not say how tabs are switched: %q", l)
		}
	})
}
