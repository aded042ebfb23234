package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// held is a handle on a history that a test writes.
func held(t *testing.T, h *hub.Hub, name string, history *backends.History) *hub.Handle[*backends.History] {
	return hub.Watch(t.Context(), h, make(chan struct{}, 1), hub.Key{Backend: "test", Capability: name}, func(context.Context) (*backends.History, error) { return history, nil })
}

func TestCurveByAMetric(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hb := hub.New(t.Context(), hub.Options{})
		y, x := &backends.History{Key: "loss"}, &backends.History{Key: "epoch"}
		c := &curve{by: "epoch", y: held(t, hb, "y", y), x: held(t, hb, "x", x)}
		synctest.Wait()
		log := func(h *backends.History, step int64, v float64) {
			h.Append(backends.Points{Step: []int64{step}, Time: []int64{step * 1000}, Value: []float64{v}})
		}
		log(y, 1, 2)
		log(y, 2, 1.9)
		if n := c.data().Len(); n != 0 {
			t.Errorf("%d points though no epoch was logged", n)
		}
		log(x, 2, 1)
		if n := c.data().Len(); n != 1 || c.taken != 2 {
			t.Errorf("%d points of %d; step 1 has no epoch and is left out", n, c.taken)
		}
		log(y, 4, 1.5) // before its epoch is there
		if n := c.data().Len(); n != 1 {
			t.Errorf("%d points; step 4 is still to come", n)
		}
		log(x, 4, 2)
		p := c.data()
		if last, ok := p.Last(); p.Len() != 2 || !ok || last.X != 2 || last.Y != 1.5 || p.Lost() != 0 {
			t.Errorf("%d points, the last %v, %d lost", p.Len(), last, p.Lost())
		}
		log(y, 5, math.NaN())
		log(x, 5, 3)
		if p := c.data(); len(p.Gaps()) != 1 || p.Gaps()[0].X != 3 {
			t.Errorf("NaN is not marked: %v", p.Gaps())
		}
	})
}

func TestCurveByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hb := hub.New(t.Context(), hub.Options{})
		y := &backends.History{Key: "loss"}
		y.Append(backends.Points{Step: []int64{7}, Time: []int64{5500}, Value: []float64{1}})
		h := held(t, hb, "y", y)
		synctest.Wait()
		for by, want := range map[string]float64{byStep: 7, byTime: 5.5, byRelative: 1.5} {
			c := &curve{by: by, start: time.UnixMilli(4000), y: h}
			if last, ok := c.data().Last(); !ok || last.X != want {
				t.Errorf("by %s it stands at %v, want %v", by, last.X, want)
			}
		}
	})
}

// A history that was read anew is drawn anew, not appended.
func TestCurveOfAnotherHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hb := hub.New(t.Context(), hub.Options{})
		h := &backends.History{Key: "loss"}
		h.Append(backends.Points{Step: []int64{1, 2}, Time: []int64{1, 2}, Value: []float64{1, 2}})
		c := &curve{by: byStep, y: held(t, hb, "first", h)}
		synctest.Wait()
		if c.data().Len() != 2 {
			t.Fatal("the points are not there")
		}
		other := &backends.History{Key: "loss"}
		other.Append(backends.Points{Step: []int64{1, 2, 3}, Time: []int64{1, 2, 3}, Value: []float64{9, 9, 9}})
		c.y = held(t, hb, "second", other)
		synctest.Wait()
		if p := c.data(); p.Len() != 3 {
			t.Errorf("%d points", p.Len())
		} else if last, _ := p.Last(); last.Y != 9 {
			t.Errorf("the last is %v", last)
		}
	})
}

func TestLinesAreFewAndOfTheChosen(t *testing.T) {
	d := NewDesk(nil, nil, nil, nil)
	all := lab(100, 3)
	d.learn(all)
	keys := func(c Chosen) []string {
		d.chosen.Set(c)
		var out []string
		for _, r := range d.lines().runs {
			out = append(out, r.Name)
		}
		return out
	}
	if got := keys(Chosen{Run: all[20], Top: all[:8]}); len(got) != 9 || !slices.Contains(got, "run-20") {
		t.Errorf("the first eight and the selected: %v", got)
	}
	if got := keys(Chosen{Run: all[3], Top: all[:8]}); len(got) != 8 {
		t.Errorf("the selected is among the first: %v", got)
	}
	if got := keys(Chosen{Run: all[20], Top: all[:8], Marked: all[40:42], Pinned: all[41:43]}); !slices.Equal(sorted(got), []string{"run-20", "run-40", "run-41", "run-42"}) {
		t.Errorf("the pinned, the marked and the selected: %v", got)
	}
	if got := keys(Chosen{Run: all[99], Marked: all}); len(got) != mostLines || !slices.Contains(got, "run-99") {
		t.Errorf("%d lines of a hundred", len(got))
	}
	if got := keys(Chosen{}); len(got) != 0 {
		t.Errorf("nothing chosen: %v", got)
	}
	// The ranking may change as runs train: the lines do not.
	d.chosen.Set(Chosen{Run: all[1], Top: []*backends.Run{all[1], all[2], all[3]}})
	before := d.lines()
	d.chosen.Set(Chosen{Run: all[1], Top: []*backends.Run{all[3], all[1], all[2]}})
	if !before.same(d.lines()) {
		t.Error("another ranking of the same runs counts as other lines")
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }

func TestALossThatFallsFarIsLogarithmic(t *testing.T) {
	for _, c := range []struct {
		metric string
		values []float64
		want   bool
	}{
		{"val_loss", []float64{2, 1, 0.5}, false},
		{"val_loss", []float64{2, 1, 0.05}, true},
		{"val_loss", []float64{2, 0, 0.05}, false}, // a log axis has no zero
		{"val_acc", []float64{0.01, 0.99}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := fake.New("local", fake.State{
				Runs: []*backends.Run{{ID: "1", Name: "one", Backend: "local", Metrics: []backends.Metric{{Key: c.metric}}}},
				MakeHistory: func(_ *backends.Run, key string) *backends.History {
					h := &backends.History{Key: key}
					for i, v := range c.values {
						h.Append(backends.Points{Step: []int64{int64(i * 1000)}, Time: []int64{0}, Value: []float64{v}})
					}
					return h
				},
			})
			x := newBench(t, b)
			defer x.close()
			x.refresh()
			if got := x.curves.charts[0].Opt.LogY; got != c.want {
				t.Errorf("%s %v: logarithmic %v", c.metric, c.values, got)
			}
			x.curves.toggleLog()
			x.curves.plot()
			if got := x.curves.charts[0].Opt.LogY; got == c.want {
				t.Errorf("%s: L does not change the axis", c.metric)
			}
		})
	}
}

// What is no longer drawn is no longer watched.
func TestCurvesLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, fake.Runs(16))
		defer x.close()
		x.refresh()
		draw := func() {
			x.curves.Render(tui.Frame{Theme: theme.New(theme.Dark(), false), W: 80, H: 30, Now: time.Now()})
		}
		draw()
		for range 10 {
			x.runs.table.Key(tea.KeyPressMsg{Code: tea.KeyDown})
			x.runs.publish()
		}
		x.refresh()
		<-time.After(settle)
		draw()
		if n := len(x.curves.curves); n > 2*(top+1) {
			t.Errorf("%d curves are watched for %d lines", n, len(x.curves.shown.runs))
		}
		for k := range x.curves.curves {
			if !slices.ContainsFunc(x.curves.shown.runs, func(r *backends.Run) bool { return runKeyOf(r) == k.run }) {
				t.Errorf("%v is watched and not drawn", k)
			}
		}
	})
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		in, want []string
	}{
		{[]string{"short", "shorter"}, []string{"short", "shorter"}},
		{[]string{"/home/ada/project/one", "/home/ada/project/two"}, []string{"…one", "…two"}},
		{[]string{"/home/ada/project/one", "", "/home/ada/project/two"}, []string{"…one", "", "…two"}},
		{[]string{"the same long long value", "the same long long value"}, []string{"the same long long value", "the same long long value"}},
		{[]string{"/home/äda/project/ä", "/home/äda/project/ö"}, []string{"…ä", "…ö"}},
		{[]string{"", ""}, []string{"", ""}},
	} {
		if got := shorten(c.in, 12, "…"); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want string
	}{
		{"loss", 12, "loss"},
		{"test/precision_3", 12, "test/pr…on_3"},
		{"test/precision_3", 16, "test/precision_3"},
		{"precision", 5, "…sion"},
		{"漢字漢字漢字漢字", 9, "漢…字漢字"},
	} {
		got := middle(c.text, c.w, "…")
		if got != c.want || cell.Width(got) > c.w {
			t.Errorf("%q in %d: %q, want %q", c.text, c.w, got, c.want)
		}
	}
}

func TestStarted(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 31, 0, 0, time.UTC)
	for at, want := range map[time.Time]string{
		now.Add(-time.Minute): "12:30:00", now.Add(-24 * time.Hour): "23 Nov", now.AddDate(-1, 0, 0): "Nov 2025",
		now.In(time.FixedZone("", 3600)): "12:31:00",
	} {
		if got := started(at, now); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	words := []string{"flightdeck", "train", "digits", "--lr=0.1", "--width", "64", "--resume"}
	for _, c := range []struct{ name, value, want string }{
		{"lr", "0.2", "[flightdeck train digits --lr=0.2 --width 64 --resume]"},
		{"width", "32", "[flightdeck train digits --lr=0.1 --width 32 --resume]"},
		{"seed", "3", "[flightdeck train digits --lr=0.1 --width 64 --resume --seed 3]"},
		{"resume", "x", "[flightdeck train digits --lr=0.1 --width 64 --resume --resume x]"},
	} {
		if got := fmt.Sprint(withFlag(words, c.name, c.value)); got != c.want {
			t.Errorf("%s %s: %s", c.name, c.value, got)
		}
	}
}

// A run whose metrics no other has shows its own, and a metric that is asked for
// by name shows all the same.
func TestTheSelectedRunShowsItsOwnMetrics(t *testing.T) {
	run := func(id string, metrics ...string) *backends.Run {
		r := &backends.Run{ID: id, Name: id}
		for _, m := range metrics {
			r.Metrics = append(r.Metrics, backends.Metric{Key: m, Value: 1})
		}
		return r
	}
	a, b, c := run("a", "acc", "val_loss"), run("b", "acc", "val_loss"), run("c", "grad", "loss")
	v := NewCurves(NewDesk(nil, nil, nil, nil))
	plots := func(selected, own *backends.Run, want ...string) {
		t.Helper()
		v.shown = lines{runs: []*backends.Run{a, b, c}, selected: runKeyOf(selected), own: own}
		if got, _ := v.choose(); !slices.Equal(got, want) {
			t.Errorf("%s is selected: %v, want %v", selected.ID, got, want)
		}
	}
	plots(a, a, "val_loss", "acc")
	plots(b, b, "val_loss", "acc")
	v.metric = "val_loss"
	plots(c, c, "loss", "grad")
	if len(v.offered) != 2 {
		t.Errorf("%v are gone through, want those of the run", v.offered)
	}
	if !v.alone {
		t.Error("the runs that have nothing to do with it are drawn")
	}
	plots(a, a, "val_loss", "acc")
	plots(c, nil, "val_loss", "acc") // it is one of a comparison
	v.metric, v.asked = "acc", runKeyOf(c)
	plots(c, c, "acc", "val_loss")
}
