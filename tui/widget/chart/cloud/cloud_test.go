package cloud_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell/celltest"
	"flightdeck/tui/widget/chart/cloud"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sweep is n trials of a search: lr over decades, a width out of four, an optimizer
// in words, and how well each did.
func sweep(n int) []cloud.Dim {
	r := rand.New(rand.NewPCG(3, 4))
	lr, width, acc, opt := make([]float64, n), make([]float64, n), make([]float64, n), make([]string, n)
	for i := range n {
		lr[i] = math.Pow(10, -4+3*r.Float64())
		width[i] = []float64{16, 64, 128, 256}[r.IntN(4)]
		opt[i] = []string{"adam", "sgd", ""}[min(r.IntN(9), 2)*i%3%3]
		acc[i] = 0.97 - 0.04*math.Pow(math.Log10(lr[i]/0.01), 2) + 0.01*r.Float64()
	}
	if n > 3 {
		acc[3] = math.NaN()
	}
	return []cloud.Dim{
		{Key: "lr", Name: "lr", Values: lr, Log: true},
		{Key: "width", Name: "width", Values: width},
		cloud.Of("opt", "optimizer", opt),
		{Key: "acc", Name: "val_acc", Values: acc},
	}
}

func parallel(n int) *cloud.Parallel {
	p := cloud.NewParallel(keys.Default())
	d := sweep(n)
	p.Set(d, d[3], true)
	p.Pick([]cloud.Pick{{At: 1, Color: 1}, {At: 0, Color: 0, Selected: true}, {At: 2, Color: 2, Dashed: true}})
	return p
}

func brushed(n int) *cloud.Parallel {
	p := parallel(n)
	p.SetBrush("acc", cloud.Brush{Lo: 0.95, Hi: 1})
	return p
}

func scatter(n int) *cloud.Scatter {
	s := cloud.NewScatter(keys.Default())
	d := sweep(n)
	s.Set(d[0], d[3], func(i int) string { return fmt.Sprint("trial ", i) }, func(i int) int { return i })
	s.Pick([]cloud.Pick{{At: 0, Selected: true}, {At: 1, Color: 1}, {At: 2, Color: 2, Dashed: true}})
	return s
}

func crossed(n int) *cloud.Scatter {
	s := scatter(n)
	s.SetCrosshair(5)
	return s
}

// pictures are both widgets in each state that looks different.
func pictures() map[string]func(th *theme.Theme, w, h int) string {
	p, b, none := parallel(24), brushed(300), cloud.NewParallel(keys.Default())
	s, c, many := scatter(24), crossed(24), scatter(2000)
	empty := cloud.NewScatter(keys.Default())
	return map[string]func(*theme.Theme, int, int) string{
		"parallel": func(th *theme.Theme, w, h int) string { return p.Render(th, w, h, true) },
		"brushed":  func(th *theme.Theme, w, h int) string { return b.Render(th, w, h, false) },
		"noaxes":   func(th *theme.Theme, w, h int) string { return none.Render(th, w, h, true) },
		"scatter":  s.Render, "crosshair": c.Render, "many": many.Render, "nopoints": empty.Render,
	}
}

func TestGolden(t *testing.T) {
	for name, draw := range pictures() {
		for look, th := range celltest.Themes() {
			var b strings.Builder
			for _, z := range [][2]int{{96, 16}, {60, 10}, {23, 5}, {1, 1}} {
				text := draw(th, z[0], z[1])
				celltest.Size(t, text, z[0], z[1])
				fmt.Fprintf(&b, "%d×%d\n", z[0], z[1])
				for line := range strings.SplitSeq(ansi.Strip(text), "\n") {
					b.WriteString("|" + line + "|\n")
				}
			}
			if look == "dark" || look == "ascii" || look == "mono" {
				golden(t, name+"-"+look, b.String())
			}
		}
	}
	golden(t, "styled", fmt.Sprintf("%q\n", strings.Split(brushed(300).Render(celltest.Themes()["dark"], 60, 10, true), "\n")))
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

func TestEverySizeIsExact(t *testing.T) {
	for _, draw := range pictures() {
		for _, th := range celltest.Themes() {
			for w := 1; w <= 60; w += 1 + w/9 {
				for h := 1; h <= 20; h += 1 + h/6 {
					celltest.Size(t, draw(th, w, h), w, h)
				}
			}
		}
	}
}

func press(code rune, mod tea.KeyMod) tea.KeyPressMsg { return tea.KeyPressMsg{Code: code, Mod: mod} }

func TestBrushingLeavesIn(t *testing.T) {
	p := parallel(200)
	th := celltest.Themes()["dark"]
	p.Render(th, 96, 16, true)
	if n := len(p.Inside()); n != 200 {
		t.Fatalf("without a brush %d of 200 are in", n)
	}
	acc := sweep(200)[3].Values
	p.SetBrush("acc", cloud.Brush{Lo: 1, Hi: 0.95})
	want := 0
	for i, v := range acc {
		if v >= 0.95 {
			want++
		}
		if p.In(i) != (v >= 0.95) {
			t.Errorf("trial %d with %v: in is %v", i, v, p.In(i))
		}
	}
	if n := len(p.Inside()); n != want || want == 0 {
		t.Errorf("%d are in, want %d", n, want)
	}
	p.Key(press(tea.KeyEnd, 0))
	if d, _ := p.Axis(); d.Key != "acc" {
		t.Fatalf("end is at axis %s", d.Key)
	}
	p.Key(press(tea.KeyEscape, 0))
	if p.Brushes() {
		t.Error("back does not let go of the brush")
	}
	if p.Key(press(tea.KeyEscape, 0)) {
		t.Error("back without a brush is taken")
	}
}

func TestBrushByKeysStaysOnItsAxis(t *testing.T) {
	p := parallel(50)
	p.Key(press(tea.KeyUp, 0))
	b, ok := p.Brush("lr")
	if !ok || b.Hi < 0.0999 || b.Lo < 0.01 {
		t.Fatalf("up brushes %v", b)
	}
	for range 40 {
		p.Key(press(tea.KeyDown, 0))
	}
	low, _ := p.Brush("lr")
	if low.Lo < 0.9e-4 || low.Hi < low.Lo || low.Hi/low.Lo < 0.9*b.Hi/b.Lo {
		t.Errorf("moved down the brush is %v, it was %v", low, b)
	}
	p.Key(tea.KeyPressMsg{Code: '+', Text: "+"})
	if n, _ := p.Brush("lr"); n.Hi/n.Lo >= low.Hi/low.Lo {
		t.Errorf("more does not make %v narrower: %v", low, n)
	}
	for range 40 {
		p.Key(tea.KeyPressMsg{Code: '+', Text: "+"})
	}
	if n, _ := p.Brush("lr"); !(n.Hi > n.Lo) {
		t.Errorf("the brush vanished: %v", n)
	}
	for range 60 {
		p.Key(tea.KeyPressMsg{Code: '-', Text: "-"})
	}
	if n := len(p.Inside()); n != 50 {
		t.Errorf("a brush over the whole axis leaves %d of 50 in", n)
	}
}

func TestBrushByMouse(t *testing.T) {
	p := parallel(50)
	lines := strings.Split(ansi.Strip(p.Render(celltest.Themes()["dark"], 96, 16, true)), "\n")
	x := strings.Index(strings.ReplaceAll(lines[0], "val_acc", "#######"), "#") + 3
	p.Mouse(tea.MouseClickMsg{Button: tea.MouseLeft}, x, 1)
	p.Mouse(tea.MouseMotionMsg{Button: tea.MouseLeft}, x, 4)
	if _, ok := p.Brush("acc"); ok {
		t.Error("the brush is there before the button is let go")
	}
	p.Mouse(tea.MouseReleaseMsg{Button: tea.MouseLeft}, x, 4)
	b, ok := p.Brush("acc")
	in := len(p.Inside())
	if !ok || in == 0 || in == 50 {
		t.Fatalf("a stroke over the best quarter brushes %v, %d of 50 in", b, in)
	}
	p.Mouse(tea.MouseClickMsg{Button: tea.MouseRight}, x, 9)
	if p.Brushes() {
		t.Error("the right button does not let go")
	}
}

func TestALineIsHit(t *testing.T) {
	p := cloud.NewParallel(keys.Default())
	d := []cloud.Dim{{Key: "a", Name: "a", Values: []float64{0, 10, 0}}, {Key: "b", Name: "b", Values: []float64{0, 10, 5}}}
	p.Set(d, d[1], true)
	p.Render(celltest.Themes()["dark"], 60, 12, true)
	for y, want := range map[int]int{1: 1, 11: 0} {
		if i, ok := p.Hit(40, y); !ok || i != want {
			t.Errorf("at row %d the line %d is hit (%v), want %d", y, i, ok, want)
		}
	}
}

func TestCrosshairGoesFromThingToThing(t *testing.T) {
	s := cloud.NewScatter(keys.Default())
	x := cloud.Dim{Key: "x", Name: "x", Values: []float64{3, 1, 2, 2, math.NaN()}}
	y := cloud.Dim{Key: "y", Name: "y", Values: []float64{1, 3, 2, 5, 1}}
	s.Set(x, y, func(i int) string { return fmt.Sprint("run ", i) }, func(i int) int { return i })
	th := celltest.Themes()["dark"]
	s.Render(th, 60, 12)
	walk := func(code rune) (seen []int) {
		for range 5 {
			s.Key(press(code, 0))
			i, _ := s.Crosshair()
			seen = append(seen, i)
		}
		return seen
	}
	s.Key(press(tea.KeyHome, 0))
	if got := fmt.Sprint(walk(tea.KeyRight)); got != "[2 3 0 0 0]" {
		t.Errorf("to the right: %s", got)
	}
	if got := fmt.Sprint(walk(tea.KeyUp)); got != "[2 1 3 3 3]" {
		t.Errorf("upwards: %s", got)
	}
	if text := ansi.Strip(s.Render(th, 60, 12)); !strings.Contains(text, "run 3") || !strings.Contains(text, "y 5") {
		t.Errorf("the crosshair does not name its thing:\n%s", text)
	}
	if n := s.Placed(); n != 4 {
		t.Errorf("%d have a place", n)
	}
	s.Key(press(tea.KeyEscape, 0))
	if _, on := s.Crosshair(); on {
		t.Error("back leaves the crosshair on")
	}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{
		{[]string{"1", "", "0.5"}, "[1 NaN 0.5] []"},
		{[]string{"sgd", "adam", "", "sgd"}, "[1 0 NaN 1] [adam sgd]"},
		{[]string{"1", "x"}, "[0 1] [1 x]"},
		{nil, "[] []"},
	} {
		d := cloud.Of("k", "k", c.in)
		if got := fmt.Sprint(d.Values, d.Words); got != c.want {
			t.Errorf("%v is %s, want %s", c.in, got, c.want)
		}
	}
}

func FuzzCloud(f *testing.F) {
	f.Add(1.0, 2.0, math.NaN(), 0.5, 60, 12, true)
	f.Add(-math.MaxFloat64, math.MaxFloat64, math.Inf(1), 5e-324, 30, 3, true)
	f.Add(0.0, 0.0, 0.0, 0.0, 1, 1, false)
	f.Fuzz(func(t *testing.T, a, b, c, e float64, w, h int, log bool) {
		w, h = 1+int(uint(w)%120), 1+int(uint(h)%30)
		d := []cloud.Dim{
			{Key: "a", Name: "a", Values: []float64{a, b, c, e}, Log: log},
			{Key: "b", Name: "b\x1b[2J", Values: []float64{e, c, b, a}},
			cloud.Of("c", "c", []string{"x", "\x1b]0;y\x07", "", "x"}),
		}
		th := celltest.Themes()["dark"]
		p := cloud.NewParallel(keys.Default())
		p.Set(d, d[0], log)
		p.SetBrush("a", cloud.Brush{Lo: a, Hi: e})
		celltest.Size(t, p.Render(th, w, h, true), w, h)
		for _, k := range []tea.KeyPressMsg{press(tea.KeyUp, 0), {Code: '+', Text: "+"}, press(tea.KeyRight, 0), press(tea.KeyDown, 0)} {
			p.Key(k)
			celltest.Size(t, p.Render(th, w, h, true), w, h)
		}
		s := cloud.NewScatter(keys.Default())
		s.Set(d[0], d[1], func(int) string { return "\x1b[2Jname" }, func(i int) int { return i })
		s.Render(th, w, h)
		s.Key(press(tea.KeyRight, 0))
		s.Key(press(tea.KeyRight, 0))
		celltest.Size(t, s.Render(th, w, h), w, h)
	})
}

func BenchmarkParallel10000(b *testing.B) {
	p := cloud.NewParallel(keys.Default())
	d := append(sweep(10_000), sweep(10_000)...)
	for i := range d {
		d[i].Key = fmt.Sprint(i)
	}
	th := celltest.Themes()["dark"]
	for b.Loop() {
		p.Set(d, d[3], true)
		p.Render(th, 160, 24, true)
	}
}

func BenchmarkParallelBrush10000(b *testing.B) {
	p := parallel(10_000)
	th := celltest.Themes()["dark"]
	p.Render(th, 160, 24, true)
	p.Key(press(tea.KeyUp, 0))
	for b.Loop() {
		p.Key(press(tea.KeyDown, 0))
		p.Key(press(tea.KeyUp, 0))
		p.Render(th, 160, 24, true)
	}
}

func BenchmarkParallelSelect10000(b *testing.B) {
	p := parallel(10_000)
	th := celltest.Themes()["dark"]
	for i := 0; b.Loop(); i++ {
		p.Pick([]cloud.Pick{{At: i % 10_000, Selected: true}})
		p.Render(th, 160, 24, true)
	}
}

func BenchmarkScatter10000(b *testing.B) {
	s := scatter(10_000)
	d := sweep(10_000)
	th := celltest.Themes()["dark"]
	for b.Loop() {
		s.Set(d[0], d[3], func(int) string { return "" }, func(i int) int { return i })
		s.Render(th, 160, 24)
	}
}
