package ridge_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/widget/cell/celltest"
	"flightdeck/tui/widget/chart/ridge"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// weights is a bell that gets wider and wanders off, in buckets that do too.
func weights(n int) []ridge.Hist {
	out := make([]ridge.Hist, n)
	for i := range out {
		h := ridge.Hist{Step: int64(i * 50)}
		mid, wide := 0.4*float64(i)/float64(n), 0.1+0.4*float64(i)/float64(n)
		for b := range 30 {
			l := mid + wide*(float64(b)-15)/5
			r := l + wide/5
			h.Left, h.Right = append(h.Left, l), append(h.Right, r)
			z := (l + r - 2*mid) / 2 / wide
			h.Count = append(h.Count, math.Round(1000*math.Exp(-z*z/2)))
		}
		out[i] = h
	}
	return out
}

func plot(n int, ridges bool) *ridge.Plot {
	p := &ridge.Plot{Ridges: ridges, Color: 1}
	p.Set(weights(n))
	p.Scrub(n / 3)
	return p
}

func TestGolden(t *testing.T) {
	for name, p := range map[string]*ridge.Plot{"heat": plot(50, false), "ridges": plot(50, true), "few": plot(3, false), "one": plot(1, true), "none": {}} {
		for look, th := range celltest.Themes() {
			var b strings.Builder
			for _, z := range [][2]int{{70, 26}, {40, 12}, {23, 6}, {1, 1}} {
				text := p.Render(th, z[0], z[1])
				celltest.Size(t, text, z[0], z[1])
				fmt.Fprintf(&b, "%d×%d\n", z[0], z[1])
				for line := range strings.SplitSeq(ansi.Strip(text), "\n") {
					b.WriteString("|" + line + "|\n")
				}
			}
			if look == "dark" || look == "ascii" {
				golden(t, name+"-"+look, b.String())
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got\n%s", name, got)
	}
}

func TestBinsKeepEveryValue(t *testing.T) {
	for _, h := range weights(9) {
		lo, hi, ok := ridge.Range([]ridge.Hist{h})
		if !ok {
			t.Fatal("there is no range")
		}
		for _, n := range []int{1, 7, 30, 200} {
			bins := make([]float64, n)
			h.Bins(lo, hi, bins)
			sum := 0.0
			for _, v := range bins {
				sum += v
			}
			if math.Abs(sum-h.Total()) > 1e-6*h.Total() {
				t.Errorf("step %d in %d bins: %v values of %v", h.Step, n, sum, h.Total())
			}
		}
	}
	// A bucket over two bins is shared by how much it covers of each.
	h := ridge.Hist{Left: []float64{0.5, 3}, Right: []float64{1.5, 3}, Count: []float64{8, 2}}
	bins := make([]float64, 4)
	h.Bins(0, 4, bins)
	if got := fmt.Sprint(bins); got != "[4 4 0 2]" {
		t.Errorf("shared as %s", got)
	}
	if m := h.Mean(); math.Abs(m-(1*8+3*2)/10.0) > 1e-12 {
		t.Errorf("the mean is %v", m)
	}
}

func TestEdgesBeyondAllNumbers(t *testing.T) {
	h := []ridge.Hist{{Left: []float64{-math.MaxFloat64, 0, 1}, Right: []float64{0, 1, math.Inf(1)}, Count: []float64{3, 5, 2}}}
	if lo, hi, ok := ridge.Range(h); !ok || lo != 0 || hi != 1 {
		t.Errorf("the range is %v to %v", lo, hi)
	}
	if n := h[0].Total(); n != 10 {
		t.Errorf("%v values of 10", n)
	}
}

func TestScrubbing(t *testing.T) {
	p := plot(50, false)
	for _, c := range [][2]int{{-5, 0}, {7, 7}, {500, 49}} {
		if p.Scrub(c[0]); p.At() != c[1] {
			t.Errorf("to %d is at %d", c[0], p.At())
		}
	}
	p.Set(weights(60)) // it stood on the newest, and goes along
	if p.At() != 59 {
		t.Errorf("new steps: at %d of 60", p.At())
	}
	p.Scrub(10)
	p.Set(weights(70))
	if h, _ := p.Read(); h.Step != 500 {
		t.Errorf("the step that is read became %d", h.Step)
	}
	p.Render(celltest.Themes()["dark"], 60, 20)
	if !p.Hit(59, 3) || p.At() != 69 {
		t.Errorf("a click on the last column reads step %d of 70", p.At())
	}
	if p.Hit(59, 19) {
		t.Error("a click below the picture is taken")
	}
}

func FuzzRidge(f *testing.F) {
	f.Add(0.0, 1.0, 5.0, -1.0, 40, 20, true)
	f.Add(-math.MaxFloat64, math.Inf(1), math.NaN(), 1e300, 3, 2, false)
	f.Add(5e-324, 5e-324, 1e308, 1e299, 100, 30, true)
	f.Fuzz(func(t *testing.T, a, b, n, c float64, w, h int, ridges bool) {
		w, h = 1+int(uint(w)%120), 1+int(uint(h)%40)
		p := &ridge.Plot{Ridges: ridges}
		p.Set([]ridge.Hist{
			{Step: 1, Left: []float64{a, b}, Right: []float64{b, c}, Count: []float64{n, 1}},
			{Step: 2, Left: []float64{c}, Right: []float64{a, b}, Count: []float64{n, n, n}},
			{Step: 9},
		})
		celltest.Size(t, p.Render(celltest.Themes()["dark"], w, h), w, h)
		p.Hit(w/2, h/2)
		celltest.Size(t, p.Render(celltest.Themes()["ascii"], w, h), w, h)
	})
}

func BenchmarkHeat10000Steps(b *testing.B) {
	p := plot(10_000, false)
	th := celltest.Themes()["dark"]
	for i := 0; b.Loop(); i++ {
		p.Scrub(i % 10_000)
		p.Render(th, 160, 40)
	}
}
