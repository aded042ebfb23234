package axis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/tui/widget/chart/axis"
)

func texts(ticks []axis.Tick) string {
	var out []string
	for _, t := range ticks {
		out = append(out, t.Text)
	}
	return strings.Join(out, " ")
}

func TestLabels(t *testing.T) {
	at := float64(time.Date(2026, 8, 1, 12, 1, 0, 0, time.UTC).Unix())
	for _, c := range []struct {
		name string
		got  []axis.Tick
		want string
	}{
		{"halves", axis.Linear(0, 2, 5, false), "0.00 0.50 1.00 1.50 2.00"},
		{"quarters of a thousand", axis.Linear(0, 1125, 5, true), "0 250 500 750 1000"},
		{"small", axis.Linear(0, 1e-4, 5, false), "0 2.5e-5 5e-5 7.5e-5 1e-4"},
		{"thousands", axis.Linear(0, 1e6, 5, true), "0 250k 500k 750k 1000k"},
		{"millions", axis.Linear(0, 1e9, 5, true), "0 250M 500M 750M 1000M"},
		{"across zero", axis.Linear(-1, 1, 5, false), "-1.00 -0.50 0.00 0.50 1.00"},
		{"only whole", axis.Linear(0, 3, 9, true), "0 1 2 3"},
		{"whole, many", axis.Linear(0, 10, 5, true), "0 5 10"},
		{"decades", axis.Log(1e-4, 1, 5), "1e-4 1e-3 1e-2 1e-1 1e0"},
		{"plain decades", axis.Log(0.01, 10, 5), "0.01 0.1 1 10"},
		{"second decades", axis.Log(1e-8, 1, 5), "1e-8 1e-6 1e-4 1e-2 1e0"},
		{"one two five", axis.Log(0.1, 2, 5), "0.1 0.2 0.5 1 2"},
		{"one three", axis.Log(0.05, 5, 5), "0.1 0.3 1 3"},
		{"inside a decade", axis.Log(2, 3, 5), "2.00 2.25 2.50 2.75 3.00"},
		{"clock", axis.Clock.Ticks(at, at+1800, 5, time.UTC), "12:10 12:20 12:30"},
		{"days", axis.Clock.Ticks(at, at+86400*4, 5, time.UTC), "Aug 2 Aug 3 Aug 4 Aug 5"},
		{"elapsed", axis.Elapsed.Ticks(0, 7200, 5, nil), "0:00 30:00 1h00 1h30 2h00"},
		{"nothing", axis.Linear(1, 1, 5, false), ""},
		{"backwards", axis.Linear(2, 1, 5, false), ""},
	} {
		if got := texts(c.got); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// check is what holds for every axis: few labels, rising, inside.
func check(t *testing.T, what string, ticks []axis.Tick, lo, hi float64, want int) {
	t.Helper()
	if len(ticks) > want {
		t.Errorf("%s: %d labels, asked for %d", what, len(ticks), want)
	}
	for i, k := range ticks {
		if k.V < lo || k.V > hi || k.Text == "" {
			t.Errorf("%s: label %q at %v outside [%v, %v]", what, k.Text, k.V, lo, hi)
		}
		if i > 0 && (k.V <= ticks[i-1].V || k.Text == ticks[i-1].Text) {
			t.Errorf("%s: %q after %q does not rise", what, k.Text, ticks[i-1].Text)
		}
	}
}

// round says whether a number in a text is 1, 2, 2.5 or 5 times a power of ten,
// times an integer: for labels, whose distance must be.
func round(d float64) bool {
	s := strconv.FormatFloat(d, 'e', 6, 64)
	m, _, _ := strings.Cut(s, "e")
	return m == "1.000000" || m == "2.000000" || m == "2.500000" || m == "5.000000"
}

func TestLinearIsRoundRisingInside(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		lo := (r.Float64() - 0.5) * math.Pow(10, 20*r.Float64()-10)
		hi := lo + math.Abs(lo)*math.Pow(10, 6*r.Float64()-4)
		want := 2 + r.IntN(6)
		what := fmt.Sprintf("[%v, %v] %d", lo, hi, want)
		ticks := axis.Linear(lo, hi, want, false)
		check(t, what, ticks, lo, hi, want)
		for i := 1; i < len(ticks); i++ {
			if d := ticks[i].V - ticks[i-1].V; !round(d) {
				t.Errorf("%s: labels are %v apart", what, d)
			}
		}
		a, b, named := axis.Round(lo, hi, want)
		if a > lo || b < hi {
			t.Errorf("%s: bounds [%v, %v] cut it", what, a, b)
		}
		check(t, what, named, a, b, max(want, 3))
		if len(named) < 2 || named[0].V != a || named[len(named)-1].V != b {
			t.Errorf("%s: bounds [%v, %v] are not labelled: %v", what, a, b, named)
		}
	}
}

func TestGrowMovesSeldom(t *testing.T) {
	for _, k := range []axis.Kind{axis.Number, axis.Integer, axis.Clock, axis.Elapsed} {
		moves, last := 0, 0.0
		for n := range 100_000 {
			a, b := k.Grow(0, float64(n), 5)
			if b < float64(n) || a > 0 {
				t.Fatalf("kind %d: [%v, %v] does not hold %d", k, a, b, n)
			}
			if b != last {
				moves, last = moves+1, b
			}
			if n > 200 && b > 1.35*float64(n) {
				t.Fatalf("kind %d: %v for %d leaves too much empty", k, b, n)
			}
		}
		if moves > 110 {
			t.Errorf("kind %d: the axis moved %d times on the way to 100,000", k, moves)
		}
	}
}

func FuzzAxis(f *testing.F) {
	f.Add(0.0, 1.0, 5)
	f.Add(-math.MaxFloat64, math.MaxFloat64, 5)
	f.Add(5e-324, 1e-323, 4)
	f.Add(1.0, math.Nextafter(1, 2), 5)
	f.Add(math.NaN(), math.Inf(1), 3)
	f.Add(1e300, 1.0000001e300, 2)
	f.Fuzz(func(t *testing.T, lo, hi float64, want int) {
		want = 1 + int(uint(want)%9)
		for _, k := range []axis.Kind{axis.Number, axis.Integer, axis.Clock, axis.Elapsed} {
			check(t, fmt.Sprintf("kind %d [%v, %v]", k, lo, hi), k.Ticks(lo, hi, want, nil), lo, hi, want)
			k.Text(lo, nil)
			if lo <= hi {
				if a, b := k.Grow(lo, hi, want); math.IsNaN(a) || math.IsNaN(b) {
					t.Errorf("kind %d: Grow(%v, %v) is [%v, %v]", k, lo, hi, a, b)
				}
			}
		}
		if lo < hi && !math.IsInf(lo, 0) && !math.IsInf(hi, 0) {
			if a, b, _ := axis.Round(lo, hi, want); !(a <= lo && b >= hi) {
				t.Errorf("Round(%v, %v) is [%v, %v]", lo, hi, a, b)
			}
			if lo > 0 {
				check(t, fmt.Sprintf("log [%v, %v]", lo, hi), axis.Log(lo, hi, want), lo, hi, want)
				if a, b := axis.RoundLog(lo, hi); !(a <= lo*(1+1e-9) && b >= hi*(1-1e-9) && a > 0) {
					t.Errorf("RoundLog(%v, %v) is [%v, %v]", lo, hi, a, b)
				}
			}
		}
	})
}
