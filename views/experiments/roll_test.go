package experiments

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

// lab makes n runs with metrics metrics each, sorted as a backend's are.
func lab(n, metrics int) []*backends.Run {
	out := make([]*backends.Run, n)
	for i := range out {
		out[i] = labRun(i, metrics)
	}
	return out
}

func labRun(i, metrics int) *backends.Run {
	r := &backends.Run{ID: fmt.Sprintf("%032x", i), Name: fmt.Sprintf("run-%d", i), ExpName: "lab", Backend: "local", Status: backends.RunFinished, Job: "j"}
	if i%50 == 0 {
		r.Status = backends.RunRunning
	}
	r.Params = []backends.Param{{Key: "batch", Value: "32"}, {Key: "epochs", Value: "10"}, {Key: "lr", Value: fmt.Sprintf("%.4g", 0.001*float64(1+i%90))}}
	for k := range metrics - 2 {
		r.Metrics = append(r.Metrics, backends.Metric{Key: fmt.Sprintf("m%03d", k), Value: float64(i*k%997) / 997})
	}
	if metrics > 1 {
		r.Metrics = append(r.Metrics, backends.Metric{Key: "val_acc", Value: float64(i%1000) / 1000}, backends.Metric{Key: "val_loss", Value: 1 + float64(i%77)})
	}
	return r
}

// However the runs come, go, change and move, the roll counts what a new roll of
// the last snapshot would.
func TestRollCountsAsIfAnew(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var l roll
	now := lab(40, 6)
	next := 40
	for step := range 400 {
		now = slices.Clone(now)
		switch rnd.IntN(6) {
		case 0: // one is new
			now = slices.Insert(now, rnd.IntN(len(now)+1), labRun(next, rnd.IntN(8)))
			next++
		case 1: // one is gone
			if len(now) > 1 {
				at := rnd.IntN(len(now))
				now = slices.Delete(now, at, at+1)
			}
		case 2: // some changed
			for range 1 + rnd.IntN(5) {
				at := rnd.IntN(len(now))
				r := *now[at]
				r.Status, r.ExpName = backends.RunKilled, []string{"lab", "other"}[rnd.IntN(2)]
				r.Metrics = append(slices.Clone(r.Metrics), backends.Metric{Key: "z" + fmt.Sprint(rnd.IntN(3)), Value: 1})
				now[at] = &r
			}
		case 3: // all moved
			rnd.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
		case 4: // many of them new
			for i := range now {
				if rnd.IntN(2) == 0 {
					now[i] = labRun(next, 4)
					next++
				}
			}
		case 5: // a whole page more
			now = slices.Concat(lab(300, 3), now[:min(len(now), 20)])
			for i := range 300 {
				now[i] = labRun(next, 3)
				next++
			}
		}
		changed, _, fresh := l.set(now)
		var anew roll
		anew.set(now)
		if !changed {
			t.Fatalf("step %d: nothing is said to have changed", step)
		}
		for _, r := range fresh {
			if !slices.Contains(now, r) {
				t.Fatalf("step %d: %s is fresh and not in the snapshot", step, r.Name)
			}
		}
		same := maps.Equal(l.byKey, anew.byKey) && l.active == anew.active && maps.Equal(l.experiments, anew.experiments) && l.tally.logged == anew.tally.logged
		if !same || !maps.Equal(counts(l.tally.metrics), counts(anew.tally.metrics)) || !maps.Equal(counts(l.tally.params), counts(anew.tally.params)) {
			t.Fatalf("step %d: %d runs, %d active, %v; anew %d, %d, %v", step, len(l.byKey), l.active, l.experiments, len(anew.byKey), anew.active, anew.experiments)
		}
	}
	if changed, _, _ := l.set(now); changed {
		t.Error("the same snapshot again counts as another one")
	}
}

func counts(c keyCounts) map[string]int {
	out := map[string]int{}
	for k, n := range c.by {
		if n.n != 0 {
			out[k] = n.n
		}
	}
	return out
}

func TestColumnsAreTheTelling(t *testing.T) {
	run := func(i int, params, metrics map[string]float64) *backends.Run {
		r := &backends.Run{ID: fmt.Sprint(i), Backend: "local"}
		for _, k := range slices.Sorted(maps.Keys(params)) {
			r.Params = append(r.Params, backends.Param{Key: k, Value: fmt.Sprint(params[k])})
		}
		for _, k := range slices.Sorted(maps.Keys(metrics)) {
			r.Metrics = append(r.Metrics, backends.Metric{Key: k, Value: metrics[k]})
		}
		return r
	}
	type m = map[string]float64
	for _, c := range []struct {
		name string
		runs []*backends.Run
		want []string
	}{
		{"validation first, what varies, not the seed before the rest", []*backends.Run{
			run(1, m{"lr": .1, "width": 64, "l2": 1, "seed": 1}, m{"loss": 1, "val_loss": 1, "val_acc": 1, "epoch": 3, "system/cpu": 4, "test/f1": 1}),
			run(2, m{"lr": .2, "width": 64, "l2": 2, "seed": 2}, m{"loss": 1, "val_loss": 1, "val_acc": 1}),
		}, []string{"metrics.val_acc", "metrics.val_loss", "metrics.loss", "params.lr", "params.l2", "params.seed"}},
		{"a rate that is logged is a param", []*backends.Run{run(1, m{"lr": .1}, m{"lr": .1, "val_acc": 1})}, []string{"metrics.val_acc", "params.lr"}},
		{"what few have comes last", slices.Concat(
			[]*backends.Run{run(0, nil, m{"val_aaa": 1})},
			[]*backends.Run{run(1, nil, m{"acc": 1}), run(2, nil, m{"acc": 1}), run(3, nil, m{"acc": 1}), run(4, nil, m{"acc": 1}), run(5, nil, m{"acc": 1})},
		), []string{"metrics.acc"}},
		{"nothing", []*backends.Run{run(1, nil, nil)}, nil},
	} {
		var l roll
		l.set(c.runs)
		if got := l.tally.shape(&l.tally, &standing{}).on; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A column's convention does not go back when the run that needed it is gone.
func TestFiguresStay(t *testing.T) {
	var l roll
	all := lab(3, 2)
	small := *all[0]
	small.Metrics = []backends.Metric{{Key: "val_acc", Value: 1e7}}
	l.set(slices.Concat(all, []*backends.Run{&small}))
	d := &Desk{roll: l}
	before := d.figures("val_acc")
	d.roll.set(all)
	if now := d.figures("val_acc"); before != cell.Significant || now != before {
		t.Errorf("figures %d became %d", before, now)
	}
	if f := d.figures("unheard"); f != cell.Four {
		t.Errorf("an unknown metric is written as %d", f)
	}
}

func TestAlerts(t *testing.T) {
	ok := &backends.Run{ID: "1", Backend: "local", Status: backends.RunRunning}
	old := &backends.Run{ID: "2", Backend: "local", Status: backends.RunFailed}
	var l roll
	var a alerts
	set := func(runs ...*backends.Run) {
		_, gone, fresh := l.set(runs)
		a.learn(gone, fresh)
	}
	set()
	set(ok, old)
	if len(a.unseen) != 0 {
		t.Fatalf("what failed before is news: %v", a.unseen)
	}
	failed, tagged := *ok, *old
	failed.Status = backends.RunFailed
	set(&failed, &tagged)
	if len(a.unseen) != 1 {
		t.Fatalf("one failed, another was only tagged: %v", a.unseen)
	}
	diverged := &backends.Run{ID: "3", Backend: "local", Status: backends.RunFailed, Diverged: "NaN"}
	set(diverged, &failed, &tagged)
	v := &Runs{desk: &Desk{alerts: a}}
	if w, c := v.Alerts(); w != 1 || c != 1 {
		t.Errorf("%d warnings, %d cautions", w, c)
	}
	a.seen(&failed)
	set(&failed, &tagged) // the diverged one is deleted
	if w, c := v.Alerts(); w != 0 || c != 0 {
		t.Errorf("%d warnings, %d cautions after a look and a deletion", w, c)
	}
}

// A column does not come and go while the share of runs that have it does.
func TestAShareIsKeptForAWhile(t *testing.T) {
	var s shares
	k := &keyCount{key: "acc"}
	keys := keyCounts{by: map[string]*keyCount{"acc": k}}
	for i, c := range []struct{ has, of, want int }{
		{1, 1, usual},
		{1, 2, usual},
		{2, 5, usual},
		{3, 8, some},
		{2, 5, some},
		{4, 8, usual},
		{1, 4, some},
		{1, 5, seldom},
		{1, 4, seldom},
		{1, 3, some},
		{0, 3, none},
	} {
		k.n = c.has
		if got := s.learn([]*keyCount{k}, &keys, c.of)["acc"]; got != c.want {
			t.Errorf("step %d: %d of %d runs is %d, want %d", i, c.has, c.of, got, c.want)
		}
	}
}
