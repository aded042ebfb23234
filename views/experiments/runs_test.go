package experiments_test

import (
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// row is the line of the table on which a run stands.
func (x *world) row(name string) string {
	for l := range strings.SplitSeq(x.Text(), "\n") {
		if strings.Contains(l, "━ "+name+" ") || strings.Contains(l, "▌ "+name+" ") {
			return l
		}
	}
	return ""
}

func (x *world) selected(name string) bool { return strings.Contains(x.row(name), "▌") }

func TestSelectionAndMarksSurviveARefresh(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45).rest()
		x.Press("down", "down", "down", "space", "down")
		if !x.selected("fleet-gecko") || !strings.HasPrefix(x.row("eager-finch"), "✓") {
			t.Fatalf("the keys did not select and mark:\n%s", x.Text())
		}
		// fleet-gecko becomes the best, another run appears above all, and one goes.
		x.b.Change(func(s *fake.State) {
			first := *s.Runs[0]
			first.ID, first.Name = strings.Repeat("f", 32), "jolly-kite"
			s.Runs = slices.Concat([]*backends.Run{&first}, s.Runs[:6], s.Runs[7:])
		})
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		if err := x.b.Log(all[5].ID, backends.Metric{Key: "val_acc", Value: 0.999, Step: 5000}); err != nil {
			t.Fatal(err)
		}
		x.rest()
		switch {
		case !strings.Contains(x.Line(3), "fleet-gecko") || !x.selected("fleet-gecko"):
			t.Errorf("the selection did not follow its run to the top:\n%s", x.Text())
		case !strings.HasPrefix(x.row("eager-finch"), "✓"):
			t.Errorf("the mark is gone:\n%s", x.Text())
		case x.row("jolly-kite") == "" || x.row("hasty-mole") != "":
			t.Errorf("the new run is missing or the one that went is there:\n%s", x.Text())
		}
	})
}

func TestMarksAndPinsAreCounted(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("space", "down", "space", "down", "p")
		if l := x.Line(1); !strings.Contains(l, "2 training, 2 marked, 1 pinned") {
			t.Errorf("the title says %q", l)
		}
		x.rest()
		if _, y := x.Find("val_loss by step"); strings.Contains(x.Line(y), "top 8") {
			t.Errorf("the charts still show the first of the table: %q", x.Line(y))
		}
		x.Press("p", "esc")
		if l := x.Line(1); strings.Contains(l, "marked") || strings.Contains(l, "pinned") {
			t.Errorf("after esc and another p the title says %q", l)
		}
		x.Press("ctrl+a")
		if l := x.Line(1); !strings.Contains(l, "8 marked") {
			t.Errorf("ctrl+a: the title says %q", l)
		}
	})
}

func TestAMarkGoesWithItsRun(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("space", "down", "space")
		x.b.Change(func(s *fake.State) { s.Runs = s.Runs[1:] })
		x.rest()
		if l := x.Line(1); !strings.Contains(l, " 1 marked") {
			t.Errorf("one of two marked runs is gone, and the title says %q", l)
		}
	})
}

func TestSorting(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press(">") // val_loss, the least first
		if !strings.Contains(x.Line(2), "val_loss ▴") || !strings.Contains(x.Line(3), "brisk-otter") || !strings.Contains(x.Line(9), "hasty-mole") {
			t.Errorf("by val_loss, NaN and what is missing last:\n%s", x.Text())
		}
		cx, cy := x.Find("width")
		x.Click(cx, cy)
		if !strings.Contains(x.Line(2), "width ▴") || !strings.Contains(x.Line(3), " 32 ") {
			t.Errorf("a click on the header does not sort:\n%s", x.Text())
		}
	})
}

func TestColumnsAreChosenAndOrdered(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("v", "down", "space", "+", "enter") // state goes, and the next one, val_acc, moves on
		head := x.Line(2)
		if strings.Contains(head, "state") || strings.Index(head, "val_acc") < strings.Index(head, "val_loss") {
			t.Errorf("state hidden, val_acc behind val_loss: the header is %q", head)
		}
		// A metric that is new does not change what was arranged.
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		if err := x.b.Log(all[0].ID, backends.Metric{Key: "val_f1", Value: 0.5, Step: 1}); err != nil {
			t.Fatal(err)
		}
		x.rest()
		if now := x.Line(2); now != head {
			t.Errorf("a new metric moved the columns from %q to %q", head, now)
		}
		x.Press("v", "end")
		if !strings.Contains(x.Text(), "metrics.val_f1") {
			t.Errorf("the chooser does not offer the new metric:\n%s", x.Text())
		}
		x.Press("o", "esc")
	})
}

func TestAlertsAreWhatWentWrongUnseen(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		if l := x.Line(0); strings.Contains(l, "■") || strings.Contains(l, "▲") {
			t.Errorf("what failed before is no news: %q", l)
		}
		x.b.Change(func(s *fake.State) {
			one, two := *s.Runs[0], *s.Runs[1]
			one.Status, one.Exit = backends.RunFailed, "exit 2"
			two.Diverged = "loss is NaN"
			s.Runs = slices.Concat([]*backends.Run{&one, &two}, s.Runs[2:])
		})
		x.rest()
		// brisk-otter is selected: that it failed is seen at once.
		if l := x.Line(0); strings.Contains(l, "■") || !strings.Contains(l, "▲ 1") {
			t.Errorf("the header says %q", l)
		}
		x.Press("down")
		if l := x.Line(0); strings.Contains(l, "▲") {
			t.Errorf("after a look at it the header says %q", l)
		}
	})
}

func TestThePaletteFindsRuns(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("/").Type("state = finished").Press("enter")
		x.Press(":").Type("@hasty").Press("enter").rest()
		if !x.selected("hasty-mole") || !strings.Contains(x.Text(), "hasty-mole Summary") {
			t.Errorf("the palette did not go to a run that the filter hid:\n%s", x.Text())
		}
	})
}

func TestNoKeyMeansTwoThings(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, systemRuns(), 160, 45)
		x.Press("space", "down", "space").rest()
		runs, curves, detail := x.tab.Panes[0], x.tab.Panes[1], x.tab.Panes[2]
		views := []tui.View{runs, curves}
		for i := range 5 {
			views = append(views, pageOf{detail, i})
		}
		tuitest.CheckKeys(t, views, map[string]string{
			"n next":     "in the charts there is nothing to make anew: it is the next metric",
			"v level":    "the log has no columns, but levels",
			"a all":      "a diff has no axes: it is all facts or those that differ",
			"/ search":   "what a filter is to a list, a search is to a log; & filters it",
			"> smoother": "the charts have no order; theirs are smoothed",
			"< rougher":  "as with >",
			"f raw":      "a log is always whole; its lines are shown as they were written",
			"esc clear":  "lets go of filter and marks",
		})
		for _, v := range views {
			for _, a := range v.Actions() {
				for _, s := range tui.ShellActions() {
					for _, k := range a.Key.Keys() {
						if k != "esc" && slices.Contains(s.Key.Keys(), k) {
							t.Errorf("%s takes %s from %s", a.ID, k, s.ID)
						}
					}
				}
			}
		}
	})
}

// pageOf is one page of the details as a view of its own.
type pageOf struct {
	tui.View
	tab int
}

func (p pageOf) Actions() []tui.Action {
	p.View.(tui.Tabbed).SetTab(p.tab)
	return p.View.Actions()
}

func TestManyRunsInOneTable(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(400), 160, 45)
		if l := x.Line(1); !strings.Contains(l, "400 of 400") {
			t.Fatalf("the title says %q", l)
		}
		x.Press("ctrl+a").rest()
		if l := x.Line(1); !strings.Contains(l, "400 marked") {
			t.Errorf("the title says %q", l)
		}
		if !strings.Contains(x.Text(), "24 of 400 marked") {
			t.Errorf("the chart does not say that it shows only some:\n%s", x.Text())
		}
		for range 5 {
			x.Press("pgdown")
		}
		x.Press("end")
		if n := strings.Count(x.Text(), "▌"); n != 1 {
			t.Errorf("%d rows are selected:\n%s", n, x.Text())
		}
	})
}
