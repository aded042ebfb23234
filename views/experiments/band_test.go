package experiments

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"flightdeck/backends"
	"flightdeck/tui/widget/chart/pyramid"
)

func line(points ...float64) *pyramid.Pyramid {
	p := &pyramid.Pyramid{}
	for i := 0; i < len(points); i += 2 {
		p.Append(points[i], points[i+1])
	}
	return p
}

func samples(p *pyramid.Pyramid) string {
	x, y := p.Samples(0)
	return fmt.Sprint(x, y)
}

func TestBand(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name         string
		curves       []*pyramid.Pyramid
		grows        []bool
		mean, lo, hi string
	}{
		{"equal steps", []*pyramid.Pyramid{line(1, 1, 2, 2), line(1, 3, 2, 6)}, []bool{false, false}, "[1 2] [2 4]", "[1 2] [1 2]", "[1 2] [3 6]"},
		{"one between", []*pyramid.Pyramid{line(0, 0, 4, 8), line(2, 0)}, []bool{false, false}, "[0 2 4] [0 2 8]", "[0 2 4] [0 0 8]", "[0 2 4] [0 4 8]"},
		{"one that ended", []*pyramid.Pyramid{line(1, 1), line(1, 3, 2, 3)}, []bool{false, true}, "[1 2] [2 3]", "[1 2] [1 3]", "[1 2] [3 3]"},
		{"one that lags", []*pyramid.Pyramid{line(1, 1), line(1, 3, 2, 3)}, []bool{true, false}, "[1] [2]", "[1] [1]", "[1] [3]"},
		{"one that has not begun", []*pyramid.Pyramid{line(), line(1, 3)}, []bool{true, true}, "[1] [3]", "[1] [3]", "[1] [3]"},
		{"a resume", []*pyramid.Pyramid{line(1, 1, 2, 2, 1, 9, 2, 9, 3, 5), line(1, 1, 2, 2, 3, 3)}, []bool{false, false}, "[1 2 3] [1 2 4]", "[1 2 3] [1 2 3]", "[1 2 3] [1 2 5]"},
		{"not finite", []*pyramid.Pyramid{line(1, nan, 2, 2), line(1, 4, 2, 4)}, []bool{false, false}, "[1 2] [4 3]", "[1 2] [4 2]", "[1 2] [4 4]"},
		{"nothing", nil, nil, "[] []", "[] []", "[] []"},
	} {
		var b band
		for b.grow(c.curves, c.grows) {
		}
		if got := []string{samples(b.mean), samples(b.lo), samples(b.hi)}; !slices.Equal(got, []string{c.mean, c.lo, c.hi}) {
			t.Errorf("%s: %v, want %s %s %s", c.name, got, c.mean, c.lo, c.hi)
		}
	}
}

// However its curves grow, a band becomes what it would be if they had been there
// at once.
func TestBandGrowsAsIfAnew(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for range 200 {
		curves := make([]*pyramid.Pyramid, 1+r.IntN(5))
		x := make([]float64, len(curves))
		for i := range curves {
			curves[i] = &pyramid.Pyramid{}
		}
		grows := slices.Repeat([]bool{true}, len(curves))
		var grown band
		for range 60 {
			i := r.IntN(len(curves))
			x[i] += float64(r.IntN(3))
			curves[i].Append(x[i], float64(r.IntN(9)))
			grown.grow(curves, grows)
		}
		clear(grows)
		for grown.grow(curves, grows) {
		}
		var anew band
		for anew.grow(curves, grows) {
		}
		if samples(grown.mean) != samples(anew.mean) || samples(grown.lo) != samples(anew.lo) || samples(grown.hi) != samples(anew.hi) {
			t.Fatalf("grown: %s\nanew:  %s", samples(grown.mean), samples(anew.mean))
		}
	}
}

func TestClusters(t *testing.T) {
	run := func(id string, loss float64, params ...string) *backends.Run {
		r := &backends.Run{ID: id, Backend: "local", Metrics: []backends.Metric{{Key: "loss", Value: loss}}, Tags: []backends.Tag{{Key: "team", Value: id[:1]}}}
		for i := 0; i < len(params); i += 2 {
			r.Params = append(r.Params, backends.Param{Key: params[i], Value: params[i+1]})
		}
		return r
	}
	runs := []*backends.Run{run("a1", 1, "lr", "0.1", "seed", "1"), run("a2", 3, "lr", "0.1", "seed", "2"), run("b1", math.NaN(), "lr", "1", "seed", "1"), run("b2", 5, "seed", "3")}
	for by, want := range map[string]string{
		bySeeds:     "lr 0.1:2 lr 1:1 lr none:1 ",
		"params.lr": "lr 0.1:2 lr 1:1 without lr:1 ",
		"tags.team": "team a:2 team b:2 ",
		"source":    "local:4 ",
	} {
		g := grouping{by: by}
		g.take(runs, []string{"lr", "seed"})
		got := ""
		for _, c := range g.clusters {
			got += fmt.Sprintf("%s:%d ", c.name, len(c.runs))
		}
		if got != want {
			t.Errorf("by %s: %q, want %q", by, got, want)
		}
		first := g.clusters[0]
		runs2 := slices.Clone(runs)
		runs2[3] = run("b2", 6, "seed", "3")
		g.take(runs2, []string{"lr", "seed"})
		if same := g.clusters[0] == first; same == (by == "source") {
			t.Errorf("by %s: the first cluster stays is %v", by, same)
		}
	}
	g := grouping{by: "tags.team"}
	g.take(runs, nil)
	if s := g.clusters[0].of("loss"); s.n != 2 || s.mean != 2 || math.Abs(s.spread-math.Sqrt2) > 1e-15 || s.least != 1 || s.largest != 3 {
		t.Errorf("team a is %+v", s)
	}
	if s := g.clusters[1].of("loss"); s.n != 1 || s.mean != 5 || s.spread != 0 {
		t.Errorf("NaN counts: %+v", s)
	}
	if b := g.clusters[1].best("loss"); b.ID != "b2" {
		t.Errorf("the best is %s", b.ID)
	}
	for name, want := range map[string]bool{"seed": true, "random_state": true, "split_seed": true, "seed_torch": true, "seedling": false, "lr": false} {
		if isSeed(name) != want {
			t.Errorf("%s is a seed: %v", name, !want)
		}
	}
}

func BenchmarkGroup10000(b *testing.B) {
	v, all, f := many(b)
	groupBy(v, "params.lr")
	v.Render(f)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		all = changed1(all, i*37%len(all))
		b.StartTimer()
		v.take(all)
		v.Render(f)
	}
}

func BenchmarkBand(b *testing.B) {
	curves := make([]*pyramid.Pyramid, 32)
	for i := range curves {
		curves[i] = &pyramid.Pyramid{}
		for x := range 4000 {
			curves[i].Append(float64(x), float64(x*i%97))
		}
	}
	grows := make([]bool, len(curves))
	for b.Loop() {
		var m band
		m.grow(curves, grows)
	}
}
