package experiments_test

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

func TestBaselineScreens(t *testing.T) {
	for _, size := range sizes {
		for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
			t.Run(fmt.Sprintf("%dx%d_%s", size[0], size[1], look), func(t *testing.T) {
				tuitest.Run(t, func(t *testing.T) {
					x := open(t, fake.Runs(8), size[0], size[1], looks(look))
					x.Press("down", "down", "b", "D", "down").rest()
					x.Golden(fmt.Sprintf("baseline/%dx%d%s", size[0], size[1], as))
				})
			})
		}
	}
}

func TestTheOthersAreMeasuredAgainstTheBaseline(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("D") // there is no baseline yet: said, not done
		if strings.Contains(x.Line(1), "differences") {
			t.Errorf("without a baseline: %q", x.Line(1))
		}
		x.Press("b").rest()
		if l := x.Line(1); !strings.Contains(l, "baseline brisk-otter") {
			t.Errorf("the title says %q", l)
		}
		x.Press("D").rest()
		row := func(name string) string {
			for l := range strings.SplitSeq(x.Text(), "\n") {
				if strings.Contains(l, " "+name+" ") {
					return l
				}
			}
			return ""
		}
		// 0.0989 less 0.0929, in the third column of metrics -0.0081.
		if l := row("calm-heron"); !strings.Contains(l, "+0.0000") || !strings.Contains(l, "+0.0060") || !strings.Contains(l, "-0.0081") {
			t.Errorf("calm-heron is not measured against brisk-otter: %q", l)
		}
		if l := row("brisk-otter"); !strings.Contains(l, "╌ brisk-otter") || !strings.Contains(l, " 0.0929 ") {
			t.Errorf("the baseline itself is %q", l)
		}
		if l := row("hasty-mole"); !strings.Contains(l, "NaN") {
			t.Errorf("what has no difference shows no value: %q", l)
		}
		// The baseline trains on: every difference follows.
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		if err := x.b.Log(all[0].ID, backends.Metric{Key: "val_loss", Value: 0.05, Step: 3000}); err != nil {
			t.Fatal(err)
		}
		x.rest()
		if l := row("calm-heron"); !strings.Contains(l, "+0.0489") {
			t.Errorf("the difference does not follow the baseline: %q", l)
		}
		x.Press("down", "down").rest()
		if !strings.Contains(x.Text(), "to brisk-otter") {
			t.Errorf("the summary does not say how far it is:\n%s", x.Text())
		}
		x.Press("d").rest()
		if _, y := x.Find("2 runs"); !strings.Contains(x.Line(y+1), "brisk-otter") || !strings.Contains(x.Text(), "dapper-lynx") {
			t.Errorf("the diff does not begin with the baseline:\n%s", x.Text())
		}
		x.Press("tab", "up", "up", "b").rest()
		if l := x.Line(1); strings.Contains(l, "baseline") || strings.Contains(x.Text(), "+0.0489") {
			t.Errorf("one key does not let go of the baseline: %q", l)
		}
	})
}

func TestTheBaselineGoesWithItsRun(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("b", "D")
		x.b.Change(func(s *fake.State) { s.Runs = s.Runs[1:] })
		x.rest()
		if l := x.Line(1); strings.Contains(l, "baseline") || !strings.Contains(x.row("calm-heron"), " 0.0989 ") {
			t.Errorf("the baseline is gone, and the screen is\n%s", x.Text())
		}
	})
}

func TestPinnedChartsStandFirst(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 60)
		x.Press("tab", "n", "n", "p").rest() // the third from val_loss: val_acc, then loss
		title := func(i int) string {
			var rules []string
			for l := range strings.SplitSeq(x.Text(), "\n") {
				if strings.Contains(l, " by step ") {
					rules = append(rules, l)
				}
			}
			if i >= len(rules) {
				return ""
			}
			return rules[i]
		}
		first := title(0)
		if !strings.Contains(first, "pinned") {
			t.Fatalf("nothing is pinned:\n%s", x.Text())
		}
		name := strings.Fields(first)[1]
		x.Press("n").rest()
		if got := title(0); strings.Fields(got)[1] != name {
			t.Errorf("the pinned chart of %s gave way: %q", name, got)
		}
		x.Press("p", "n").rest()
		if strings.Count(x.Text(), " by step ") != 3 {
			t.Errorf("two pinned and the current chart are not three:\n%s", x.Text())
		}
		x.Golden("charts/pinned_160x60")
		x.Press("right")
		if n := strings.Count(x.Text(), "step 1170"); n != 3 {
			t.Errorf("the crosshair reads %d of 3 charts:\n%s", n, x.Text())
		}
		for range 3 { // until the current one is a pinned one, and that is let go
			x.Press("n")
		}
		for range 4 {
			if strings.Contains(x.Line(59), "pin no more") {
				break
			}
			x.Press("n")
		}
		x.Press("p").rest()
		if n := strings.Count(x.Text(), "pinned"); n != 1 {
			t.Errorf("%d charts are pinned:\n%s", n, x.Text())
		}
	})
}
