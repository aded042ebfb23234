package chart_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/keys"
	"flightdeck/tui/widget/chart"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/pyramid"
)

func press(name string) tea.KeyPressMsg {
	mod := tea.KeyMod(0)
	if rest, ok := strings.CutPrefix(name, "shift+"); ok {
		name, mod = rest, tea.ModShift
	}
	code := map[string]rune{
		"left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
		"esc": tea.KeyEscape, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	}[name]
	if code == 0 {
		return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
	}
	return tea.KeyPressMsg{Code: code, Mod: mod}
}

func screen(c *chart.Chart) string { return ansi.Strip(c.Render(themed("dark"), 92, 17)) }

func TestSpecialSeries(t *testing.T) {
	for _, c := range []struct {
		name string
		make *chart.Chart
		want []string
	}{
		{"empty", empty(), []string{"no points yet"}},
		{"single", values(0.5), []string{"0.5000", "⣤"}},
		{"constant", values(0.1, 0.1, 0.1, 0.1, 0.1, 0.1), []string{"  0.1000 ⠉⠉⠉⠉"}},
		{"noise of the last digit", values(0.1, 0.1+1e-17, 0.1, 0.1-2e-17), []string{"  0.1000 "}},
		{"only NaN", values(math.NaN(), math.NaN()), []string{"▲ NaN"}},
		{"infinite", values(1, math.Inf(1), 2, math.Inf(-1), 3), []string{"▲ +Inf", "▲ -Inf"}},
	} {
		text := screen(c.make)
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.name, want, text)
			}
		}
	}
	var rows []int
	for i, l := range strings.Split(screen(values(3, 3, 3, 3, 3)), "\n") {
		if strings.Contains(l, "⣀⣀⣀") || strings.Contains(l, "⠉⠉⠉") {
			rows = append(rows, i)
		}
	}
	if len(rows) != 1 || rows[0] != 7 && rows[0] != 8 {
		t.Errorf("a constant series has dots in the rows %v, want one in the middle", rows)
	}
}

// A chart writes its values as the table beside it does.
func TestValuesSeenElsewhereChooseTheConvention(t *testing.T) {
	c := values(0.03, 0.02)
	if text := screen(c); !strings.Contains(text, "0.02") || strings.Contains(text, "0.0200") {
		t.Errorf("alone:\n%s", text)
	}
	c.Opt.Values.Add(2.3)
	if text := screen(c); !strings.Contains(text, "0.0200") {
		t.Errorf("beside 2.3:\n%s", text)
	}
}

func TestNewPointChangesFewCells(t *testing.T) {
	p := &pyramid.Pyramid{}
	c := chart.New(keys.Default())
	c.Opt = chart.Options{X: axis.Integer, Smooth: 0.6, Raw: true}
	c.SetSeries([]chart.Series{{Key: "a", Name: "a", Data: p, Selected: true}})
	noise := rand.New(rand.NewPCG(2, 2))
	var before []rune
	redrawn, most, worst := 0, 0, 0
	for step := range 5000 {
		p.Append(float64(step), 2*math.Exp(-float64(step)/800)+0.02*noise.NormFloat64())
		now := []rune(screen(c))
		changed := 0
		for i := range min(len(before), len(now)) {
			if before[i] != now[i] {
				changed++
			}
		}
		if changed > 60 {
			redrawn++
			worst = max(worst, changed)
		} else {
			most = max(most, changed)
		}
		before = now
	}
	if redrawn > 100 || worst > 700 {
		t.Errorf("%d of 5000 points redrew the chart, up to %d cells", redrawn, worst)
	}
	t.Logf("%d of 5000 points redrew the chart (up to %d cells), all others changed at most %d", redrawn, worst, most)
}

func TestFrameIsKept(t *testing.T) {
	c, th := crossed(), themed("dark")
	first := c.Render(th, 92, 17)
	if n := testing.AllocsPerRun(100, func() { c.Render(th, 92, 17) }); n != 0 {
		t.Errorf("an unchanged chart costs %v allocations", n)
	}
	c.SetCrosshair(300, true)
	moved := c.Render(th, 92, 17)
	if moved == first {
		t.Error("the crosshair moved and the frame did not change")
	}
	c.Opt.LogY = true
	if c.Render(th, 92, 17) == moved {
		t.Error("the axis changed and the frame did not")
	}
	if c.Render(themed("light"), 92, 17) == c.Render(th, 92, 17) {
		t.Error("the theme changed and the frame did not")
	}
}

func TestCrosshairStepsFromSampleToSample(t *testing.T) {
	c := values(1, 2, math.NaN(), 4, 5)
	screen(c)
	var at []string
	for _, k := range []string{"left", "left", "left", "left", "left", "left", "right", "end", "home"} {
		if !c.Key(press(k)) {
			t.Fatalf("%s was not taken", k)
		}
		x, on := c.Crosshair()
		at = append(at, fmt.Sprint(x, on))
		screen(c)
	}
	want := "4 true 3 true 2 true 1 true 0 true 0 true 1 true 4 true 0 true"
	if got := strings.Join(at, " "); got != want {
		t.Errorf("crosshair went %q, want %q", got, want)
	}
	c.SetCrosshair(2, true)
	if text := screen(c); !strings.Contains(text, "━ a  NaN") {
		t.Errorf("NaN is not read:\n%s", text)
	}
	if !c.Key(press("esc")) || c.Key(press("esc")) {
		t.Error("esc hides the crosshair once, and then is someone else's")
	}
}

func TestZoomPanFit(t *testing.T) {
	c := losses()
	whole := screen(c)
	c.SetCrosshair(300, true)
	screen(c)
	c.Key(press("+"))
	c.Key(press("esc"))
	near := screen(c)
	if near == whole || !c.Zoomed() {
		t.Fatal("+ did not zoom")
	}
	c.Key(press("shift+right"))
	if screen(c) == near {
		t.Error("shift+right did not pan")
	}
	for range 30 {
		c.Key(press("shift+left"))
		screen(c)
	}
	if text := screen(c); !strings.Contains(text, " 0 ") {
		t.Errorf("panning left does not end at the first sample:\n%s", text)
	}
	c.Key(press("-"))
	if c.Zoomed() {
		screen(c)
		c.Key(press("-"))
	}
	if got := screen(c); got != whole {
		t.Errorf("zooming out does not end at the whole:\n%s", got)
	}
	for range 200 { // into the last digits
		c.Key(press("+"))
		exact(t, "zoomed in", c.Render(themed("dark"), 92, 17), 92, 17)
	}
	c.Fit()
	if screen(c) != whole {
		t.Error("fit does not show the whole")
	}
}

func TestZoomedChartStandsStillWhileDataGrow(t *testing.T) {
	c := values(1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4)
	series := []chart.Series{{Data: &pyramid.Pyramid{}}}
	for i := range 12 {
		series[0].Data.Append(float64(i), float64(i%5))
	}
	c.SetSeries(series)
	c.SetCrosshair(4, true)
	screen(c)
	c.Key(press("+"))
	c.Key(press("esc"))
	before := screen(c)
	series[0].Data.Append(12, 3)
	if screen(c) != before {
		t.Error("a sample out of sight changed a zoomed chart")
	}
	c.Fit()
	if screen(c) == before {
		t.Error("fit does not follow the newest")
	}
}

func TestMouse(t *testing.T) {
	c := losses()
	whole := screen(c)
	if !c.Mouse(tea.MouseMotionMsg{}, 40, 8) {
		t.Fatal("a mouse over the plot was not taken")
	}
	if _, on := c.Crosshair(); !on || !strings.Contains(screen(c), "step ") {
		t.Error("the crosshair does not follow the mouse")
	}
	if !c.Mouse(tea.MouseMotionMsg{}, 1, 16) || screen(c) != whole {
		t.Error("the crosshair stays when the mouse leaves the plot")
	}
	c.Mouse(tea.MouseWheelMsg{Button: tea.MouseWheelUp}, 40, 8)
	if screen(c) == whole {
		t.Error("the wheel does not zoom")
	}
	c.Mouse(tea.MouseClickMsg{Button: tea.MouseRight}, 40, 8)
	if screen(c) != whole {
		t.Error("the right button does not fit")
	}
	c.Mouse(tea.MouseClickMsg{Button: tea.MouseLeft}, 20, 4)
	c.Mouse(tea.MouseMotionMsg{Button: tea.MouseLeft}, 60, 12)
	if box := screen(c); strings.Count(box, "│") < 16 || strings.Count(box, "─") < 60 {
		t.Errorf("no box while dragging:\n%s", box)
	}
	c.Mouse(tea.MouseReleaseMsg{Button: tea.MouseLeft}, 60, 12)
	if screen(c) == whole || !c.Zoomed() {
		t.Error("the box does not zoom")
	}
	c.Fit()
	screen(c)
	c.Mouse(tea.MouseClickMsg{Button: tea.MouseLeft}, 20, 4)
	c.Mouse(tea.MouseReleaseMsg{Button: tea.MouseLeft}, 20, 4)
	c.Mouse(tea.MouseMotionMsg{}, 0, 16)
	if _, on := c.Crosshair(); !on || c.Zoomed() {
		t.Error("a click does not pin the crosshair")
	}
}

func TestNamesFromOutsideAreSafe(t *testing.T) {
	p := &pyramid.Pyramid{}
	p.AppendAll([]float64{0, 1, 2}, []float64{1, 2, 3})
	c := chart.New(keys.Default())
	c.SetSeries([]chart.Series{{Name: "\x1b[31mred\x07\n\x9b2J漢字👩‍💻", Data: p}})
	c.SetLimits(chart.Limit{Y: 2.5, Label: "\x1b]0;title\x07limit"})
	c.SetMarks(chart.Mark{X: 1, Label: "mark\x1b[2J"})
	c.SetCrosshair(1, true)
	text := c.Render(themed("mono"), 80, 20)
	exact(t, "names", text, 80, 20)
	for _, r := range ansi.Strip(text) {
		if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0) {
			t.Errorf("control character %q on the screen", r)
		}
	}
	if strings.Contains(text, "\x1b[2J") || strings.Contains(text, "\x1b]") {
		t.Error("a control sequence reached the screen")
	}
}

func FuzzChart(f *testing.F) {
	f.Add(uint64(1), 0.0, 1.0, 2.0, uint8(0), 40, 10)
	f.Add(uint64(2), math.NaN(), math.Inf(1), math.Inf(-1), uint8(255), 92, 17)
	f.Add(uint64(3), math.MaxFloat64, -math.MaxFloat64, 5e-324, uint8(3), 80, 12)
	f.Add(uint64(4), -1.0, 0.0, -1e-300, uint8(6), 30, 5)
	f.Fuzz(func(t *testing.T, seed uint64, a, b, d float64, how uint8, w, h int) {
		w, h = 1+int(uint(w)%120), 1+int(uint(h)%30)
		r := rand.New(rand.NewPCG(seed, 1))
		pick := []float64{a, b, d, a * r.Float64(), b + 1, 0, 1}
		p := &pyramid.Pyramid{Path: how&1 > 0}
		for range r.IntN(200) {
			p.Append(pick[r.IntN(len(pick))]+float64(r.IntN(50)), pick[r.IntN(len(pick))])
		}
		c := chart.New(keys.Default())
		c.Opt = chart.Options{X: axis.Kind(how % 4), LogX: how&2 > 0, LogY: how&4 > 0, Raw: how&16 > 0, Pad: a, Tail: max(b, 0), Unit: "ms"}
		if how&8 > 0 {
			c.Opt.Smooth = r.Float64()
		}
		c.SetSeries([]chart.Series{{Name: "x", Data: p, Color: int(how) - 9}, {Name: "no data"}})
		c.SetLimits(chart.Limit{Y: d, Label: "limit"})
		c.SetMarks(chart.Mark{X: a, Label: "mark"})
		th := themed([]string{"dark", "mono", "ascii"}[how%3])
		exact(t, "first", c.Render(th, w, h), w, h)
		for _, k := range []string{"left", "left", "+", "shift+left", "pgup", "+", "+", "end", "shift+right", "-", "home"} {
			c.Key(press(k))
			exact(t, k, c.Render(th, w, h), w, h)
		}
		c.Mouse(tea.MouseClickMsg{Button: tea.MouseLeft}, w/2, h/4)
		c.Mouse(tea.MouseReleaseMsg{}, w/2, h/4)
		c.Mouse(tea.MouseMotionMsg{}, w/3, h/2)
		exact(t, "mouse", c.Render(th, w, h), w, h)
	})
}

func BenchmarkRenderTenRunsOf100k(b *testing.B) {
	c := chart.New(keys.Default())
	var series []chart.Series
	for i := range 10 {
		p := &pyramid.Pyramid{}
		noise := rand.New(rand.NewPCG(uint64(i), 3))
		for s := range 100_000 {
			p.Append(float64(s), math.Exp(-float64(s)/30_000)+0.05*noise.NormFloat64())
		}
		series = append(series, chart.Series{Name: fmt.Sprint("run ", i), Color: i, Data: p})
	}
	c.Opt.X = axis.Integer
	c.SetSeries(series)
	th, x := themed("dark"), 0.0
	b.ReportAllocs()
	for b.Loop() {
		c.SetCrosshair(x, true)
		c.Render(th, 200, 50)
		x++
	}
}
