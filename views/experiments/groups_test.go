package experiments_test

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

// seeds is nine runs: three learning rates with three seeds each.
func seeds(t testing.TB) *fake.Backend {
	b := fake.Runs(9)
	b.Change(func(s *fake.State) {
		for i := range s.Runs {
			r := *s.Runs[i]
			r.Status = backends.RunFinished
			r.Params = []backends.Param{{Key: "lr", Value: []string{"0.01", "0.1", "1"}[i%3]}, {Key: "seed", Value: fmt.Sprint(i)}}
			r.Metrics = []backends.Metric{{Key: "val_loss", Value: float64(i), Step: 20}}
			s.Runs[i] = &r
		}
		s.MakeHistory = func(r *backends.Run, key string) *backends.History {
			h := &backends.History{Key: key}
			m, _ := r.Metric(key)
			for step := range int64(20) {
				h.Append(backends.Points{Step: []int64{step + 1}, Time: []int64{step}, Value: []float64{m.Value + 20/float64(step+1)}})
			}
			return h
		}
	})
	return b
}

func TestGroupScreens(t *testing.T) {
	for _, size := range sizes {
		for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
			for name, keys := range map[string][]string{"menu": {"c"}, "seeds": {"c", "enter"}} {
				t.Run(fmt.Sprintf("%s_%dx%d_%s", name, size[0], size[1], look), func(t *testing.T) {
					tuitest.Run(t, func(t *testing.T) {
						x := open(t, seeds(t), size[0], size[1], looks(look))
						x.Press(keys...).rest()
						x.Golden(fmt.Sprintf("groups/%s_%dx%d%s", name, size[0], size[1], as))
					})
				})
			}
		}
	}
}

func TestGroupsCountAndTakeTheMean(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, seeds(t), 160, 45)
		x.Press("c").rest()
		if !strings.Contains(x.Text(), "all but the seed") || !strings.Contains(x.Text(), "3 groups") {
			t.Fatalf("the menu does not offer the seeds:\n%s", x.Text())
		}
		x.Press("enter").rest()
		text := x.Text()
		// lr 0.1 has the losses 1, 4 and 7: in the mean 4, and 3 apart.
		for _, want := range []string{"Runs by all but the seed", "3 groups", "━ lr 0.01", "━ lr 0.1", "━ lr 1"} {
			if !strings.Contains(text, want) {
				t.Errorf("the groups lack %q:\n%s", want, text)
			}
		}
		for l := range strings.SplitSeq(text, "\n") {
			if strings.Contains(l, "━ lr 0.1 ") && strings.Join(strings.Fields(strings.TrimPrefix(l, " ")), " ") != "━ lr 0.1 3 4.0000 ±3.0000" {
				t.Errorf("lr 0.1 is %q", strings.Fields(l))
			}
		}
		if !strings.Contains(text, "mean, least and largest") {
			t.Errorf("the curves do not say what they are:\n%s", text)
		}
		x.Press("down", "enter").rest()
		if l := x.Line(1); !strings.Contains(l, "3 marked") || !strings.Contains(l, "9 of 9") {
			t.Errorf("enter does not list and mark the runs of the group: %q", l)
		}
		x.Press("esc", "c", "enter", "c").rest()
		if l := x.Line(1); !strings.Contains(l, "9 of 9") {
			t.Errorf("one key does not ungroup: %q", l)
		}
	})
}

func TestGroupsFollowTheFilterAndTheData(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := seeds(t)
		x := open(t, b, 160, 45)
		x.Press("c", "down", "enter").rest() // by lr
		x.Press("/").Type("params.seed < 6").Press("enter").rest()
		if !strings.Contains(x.Text(), "3 groups") || !strings.Contains(x.Text(), " 1.5000  ±2.1213") {
			t.Errorf("the groups are not of what the filter lists:\n%s", x.Text())
		}
		all, _ := b.Runs(t.Context(), backends.RunFilter{})
		if err := b.Log(all[4].ID, backends.Metric{Key: "val_loss", Value: 1.5, Step: 21}); err != nil {
			t.Fatal(err)
		}
		x.rest()
		if !strings.Contains(x.Text(), " 1.2500  ±0.3536") {
			t.Errorf("the mean does not follow a run:\n%s", x.Text())
		}
	})
}
