package chart_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart"
)

func TestColumns(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		in   []float64
		w    int
		want string
	}{
		{[]float64{1, 2, 3, 4}, 2, "[1.5 3.5]"},
		{[]float64{1, 2}, 5, "[1 2]"},
		{[]float64{nan, nan, 3, nan}, 2, "[NaN 3]"},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, 1, "[1.7976931348623157e+308]"},
		{nil, 3, "[]"},
		{[]float64{1}, 0, "[]"},
	} {
		if got := fmt.Sprint(chart.Columns(c.in, c.w)); got != c.want {
			t.Errorf("Columns(%v, %d) = %s, want %s", c.in, c.w, got, c.want)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		th   string
		in   []float64
		w    int
		want string
	}{
		{"dark", []float64{0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█"},
		{"dark", []float64{0, 7}, 4, "▁█  "},
		{"dark", []float64{0, math.NaN(), 7}, 3, "▁▲█"},
		{"dark", []float64{5, 5, 5}, 3, "▅▅▅"},
		{"ascii", []float64{0, 1, 2, 3, 4, 5, 6, 7}, 8, "_.-=+*%#"},
		{"dark", nil, 3, "   "},
	} {
		if got := chart.Sparkline(themed(c.th), c.in, c.w); got != c.want {
			t.Errorf("Sparkline(%v) = %q, want %q", c.in, got, c.want)
		}
	}
}

func importance() chart.Bars {
	return chart.Bars{Lead: true, Bars: []chart.Bar{
		{Label: "lr", Value: 0.61, Text: "0.61"},
		{Label: "width", Value: 0.22, Text: "0.22"},
		{Label: "l2", Value: 0.11, Text: "0.11"},
		{Label: "batch", Value: 0.0004},
		{Label: "epochs", Value: math.NaN()},
	}}
}

func bell() chart.Histogram {
	var v []float64
	for i := range 999 {
		p := (float64(i) + 0.5) / 999
		v = append(v, math.Log(p/(1-p)))
	}
	h, _ := chart.Count(append(v, math.NaN()), 40)
	return h
}

func machine() chart.Heat {
	t := chart.Heat{Lo: 0, Hi: 100, Unit: "%", Oldest: "-5m", Newest: "now", Caution: 95}
	for g := range 6 {
		s := chart.Strip{Label: fmt.Sprint("gpu ", g)}
		for i := range 200 {
			s.Values = append(s.Values, 50+50*math.Sin(float64(i)/float64(15+5*g)))
		}
		if g == 2 {
			s.Values[120] = math.NaN()
		}
		t.Strips = append(t.Strips, s)
	}
	return t
}

func TestOthersGolden(t *testing.T) {
	for _, th := range []string{"dark", "ascii"} {
		var b strings.Builder
		for _, z := range [][2]int{{60, 7}, {40, 4}, {10, 3}, {1, 1}} {
			for name, text := range map[int]string{
				0: importance().Render(themed(th), z[0], z[1]),
				1: bell().Render(themed(th), z[0], z[1]),
				2: machine().Render(themed(th), z[0], z[1]),
			} {
				exact(t, fmt.Sprint(name, z), ansi.Strip(text), z[0], z[1])
			}
			for _, text := range []string{
				importance().Render(themed(th), z[0], z[1]),
				bell().Render(themed(th), z[0], z[1]),
				machine().Render(themed(th), z[0], z[1]),
			} {
				fmt.Fprintf(&b, "%d×%d\n", z[0], z[1])
				for line := range strings.SplitSeq(ansi.Strip(text), "\n") {
					b.WriteString("|" + line + "|\n")
				}
			}
		}
		golden(t, "others-"+th, b.String())
	}
}

func TestCountPutsEveryValueInABin(t *testing.T) {
	h, odd := chart.Count([]float64{0, 1, 2, 3, math.NaN(), math.Inf(1)}, 4)
	if fmt.Sprint(h.Edges, h.Counts, odd) != "[0 0.75 1.5 2.25 3] [1 1 1 1] 2" {
		t.Error(h.Edges, h.Counts, odd)
	}
	if h, odd := chart.Count(nil, 4); len(h.Counts) != 0 || odd != 0 {
		t.Error(h, odd)
	}
}

func FuzzOthers(f *testing.F) {
	f.Add(1.0, 2.0, math.NaN(), 30, 5)
	f.Add(math.MaxFloat64, -math.MaxFloat64, math.Inf(1), 12, 3)
	f.Add(5e-324, 0.0, -5e-324, 3, 1)
	f.Fuzz(func(t *testing.T, a, b, c float64, w, h int) {
		w, h = 1+int(uint(w)%100), 1+int(uint(h)%12)
		v := []float64{a, b, c, a, c}
		th := themed("mono")
		if n := cell.Width(chart.Sparkline(th, v, w)); n != w {
			t.Errorf("sparkline of %d cells, want %d", n, w)
		}
		exact(t, "bars", chart.Bars{Bars: []chart.Bar{{Label: "a", Value: a}, {Label: "b", Value: b}}, Max: c}.Render(th, w, h), w, h)
		hist, odd := chart.Count(v, 7)
		exact(t, "histogram", hist.Render(th, w, h), w, h)
		sum := float64(odd)
		for _, n := range hist.Counts {
			sum += n
		}
		if sum != float64(len(v)) {
			t.Errorf("%v values counted of %d", sum, len(v))
		}
		exact(t, "heat", chart.Heat{Strips: []chart.Strip{{Label: "x", Values: v}}, Lo: a, Hi: b, Caution: c}.Render(th, w, h), w, h)
	})
}
