package experiments_test

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

// mixed is eight runs of which three log what the other five do not, under names that
// would come first.
func mixed() *fake.Backend {
	b := fake.Runs(8)
	b.Change(func(s *fake.State) {
		for i, r := range s.Runs {
			c := *r
			c.Diverged, c.Status = "", backends.RunFinished
			if i < 3 {
				c.Name = fmt.Sprintf("sgd_lr0.0%d", i)
				c.Metrics = []backends.Metric{{Key: "inf", Value: 1}, {Key: "val_acc", Value: 0.1 * float64(i+1)}}
			} else {
				c.Name = fmt.Sprintf("adam_lr%s_%d", []string{"0.1", "0.01"}[i%2], i)
				c.Metrics = []backends.Metric{{Key: "train/loss", Value: float64(i)}, {Key: "val/acc", Value: 0.1 * float64(i)}}
			}
			s.Runs[i] = &c
		}
	})
	return b
}

func TestColumnsAndOrderAreOfTheListedRuns(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, mixed(), 160, 45)
		head := func(want ...string) {
			t.Helper()
			for _, w := range want {
				if !strings.Contains(x.Text(), w) {
					t.Errorf("the table lacks %q: %q", w, x.Line(2))
				}
			}
		}
		head("val/acc ▾", "train/loss")
		if strings.Contains(x.Line(2), "inf") {
			t.Errorf("what three runs of eight have comes before what five have: %q", x.Line(2))
		}
		x.Press("/").Type("sgd").Press("enter")
		x.rest()
		head("val_acc ▾")
		if strings.Contains(x.Line(2), "val/acc") {
			t.Errorf("no listed run has what a column is of: %q", x.Line(2))
		}
		x.Press("esc").rest()
		head("val/acc ▾")
		x.Press(">").rest()
		head("train/loss ▴")
		x.Press("/").Type("sgd").Press("enter")
		x.rest()
		head("train/loss ▴", "val_acc")
	})
}

func TestPicturesAreOfTheListedRuns(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, mixed(), 160, 45)
		x.Press("tab", "]").rest()
		if !strings.Contains(x.Text(), "val/acc the best are brightest") {
			t.Errorf("the axes are not shaded by what most have:\n%s", x.Text())
		}
		axis := func() string { // the last one, in the row of their names
			_, y := x.Find("the best are brightest")
			fields := strings.Fields(strings.Split(x.Line(y+1), "│")[0])
			return fields[len(fields)-1]
		}
		if got := axis(); got != "val/acc" {
			t.Errorf("the last axis is %q", got)
		}
		x.Press("n").rest()
		if got := axis(); got != "train/loss" || !strings.Contains(x.Text(), "train/loss the best") {
			t.Errorf("shaded by the next metric, the last axis is %q:\n%s", got, x.Text())
		}
		x.Press("]").rest()
		if !strings.Contains(x.Text(), "val/acc over") {
			t.Errorf("the scatter is not of what most have:\n%s", x.Text())
		}
	})
}

func TestTextAsItIsComesBeforeLettersApart(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, mixed(), 160, 45)
		x.Press("/").Type("adam_lr0.1")
		if l := x.Line(1); !strings.Contains(l, "2 of 8") {
			t.Errorf("with runs that have the text, others are listed: %q", l)
		}
		x.Press("esc", "esc", "/").Type("admlr0.1")
		if l := x.Line(1); !strings.Contains(l, " of 8") || strings.Contains(l, " 0 of 8") {
			t.Errorf("without such runs, letters that lie apart are not found: %q", l)
		}
		x.Press("enter")
		x.b.Change(func(s *fake.State) {
			c := *s.Runs[0]
			c.Name = "admlr0.1"
			s.Runs[0] = &c
		})
		x.rest()
		if l := x.Line(1); !strings.Contains(l, "1 of 8") {
			t.Errorf("with the first run that has the text, others stay listed: %q", l)
		}
	})
}
