package chart_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/pyramid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func themed(name string) *theme.Theme {
	switch name {
	case "ascii":
		return theme.New(theme.Dark(), true)
	case "mono-ascii":
		return theme.New(theme.Mono(), true)
	}
	p, _ := theme.ByName(name, true)
	return theme.New(p, false)
}

// runs is a handful of training runs: most fall at their own pace, one diverges.
func runs() []chart.Series {
	var out []chart.Series
	for i, r := range []struct {
		name       string
		start      float64
		pace       float64
		floor      float64
		last       int
		divergesAt int
	}{
		{"brisk-otter", 1.5, 95, 0.10, 760, 0},
		{"calm-heron", 2.0, 110, 0.115, 910, 0},
		{"dapper-lynx", 1.7, 105, 0.12, 1125, 0},
		{"eager-finch", 1.9, 130, 0.13, 1125, 0},
		{"fleet-gecko", 1.95, 155, 0.15, 600, 0},
		{"gentle-ibis", 1.9, 190, 0.2, 1125, 0},
		{"hasty-mole", 1.2, 60, 0, 150, 110},
	} {
		noise := rand.New(rand.NewPCG(uint64(i), 9))
		p := &pyramid.Pyramid{}
		for step := 0; step <= r.last; step += 5 {
			t := float64(step)
			y := r.floor + (r.start-r.floor)*math.Exp(-t/r.pace) + 0.012*noise.NormFloat64()
			if r.divergesAt > 0 {
				y = 1.2 + 0.8*math.Pow(t/float64(r.divergesAt), 3)
				if step >= r.divergesAt {
					y = math.NaN()
				}
			}
			p.Append(t, y)
		}
		out = append(out, chart.Series{Key: r.name, Name: r.name, Color: i, Data: p, Selected: i == 0})
	}
	return out
}

func losses() *chart.Chart {
	c := chart.New(keys.Default())
	c.Opt = chart.Options{X: axis.Integer, XName: "step"}
	c.SetSeries(runs())
	return c
}

// latency is the metrics tab's chart: a threshold, a rollout's steps, an incident.
func latency() *chart.Chart {
	c := chart.New(keys.Default())
	c.Opt = chart.Options{X: axis.Clock, Unit: "ms"}
	const noon = 1785585660.0 // 2026-08-01 12:01:00 UTC
	old, young := &pyramid.Pyramid{}, &pyramid.Pyramid{}
	noise := rand.New(rand.NewPCG(4, 4))
	for s := 0.0; s < 1800; s += 15 {
		old.Append(noon+s, 39.5+1.2*noise.NormFloat64())
		if s > 600 {
			y := 41.5 + 1.5*noise.NormFloat64()
			if s > 1330 && s < 1400 {
				y += 14
			}
			young.Append(noon+s, y)
		}
	}
	c.SetSeries([]chart.Series{{Key: "v12", Name: "revision=v12", Color: 7, Data: old}, {Key: "v13", Name: "revision=v13", Data: young, Selected: true}})
	c.SetLimits(chart.Limit{Y: 57, Label: "SLO 57 ms"})
	c.SetMarks(chart.Mark{X: noon + 610, Label: "v13 5 %"}, chart.Mark{X: noon + 960, Label: "25 %"}, chart.Mark{X: noon + 1335, Label: "slow", Caution: true})
	return c
}

func crossed() *chart.Chart {
	c := losses()
	c.SetCrosshair(700, true)
	return c
}

func smooth() *chart.Chart {
	c := losses()
	c.Opt.Smooth, c.Opt.Raw, c.Opt.LogY = 0.6, true, true
	return c
}

func empty() *chart.Chart { return chart.New(keys.Default()) }

func values(ys ...float64) *chart.Chart {
	p := &pyramid.Pyramid{}
	for i, y := range ys {
		p.Append(float64(i), y)
	}
	c := chart.New(keys.Default())
	c.Opt.X = axis.Integer
	c.SetSeries([]chart.Series{{Key: "a", Name: "a", Data: p}})
	return c
}

// golden compares text with a file, or writes the file.
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

// exact checks that text is w×h cells.
func exact(t *testing.T, what, text string, w, h int) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(lines) != h {
		t.Errorf("%s: %d lines, want %d", what, len(lines), h)
	}
	for i, l := range lines {
		if n := cell.Width(l); n != w {
			t.Errorf("%s: line %d is %d cells, want %d: %q", what, i, n, w, l)
		}
	}
}

func TestGolden(t *testing.T) {
	sizes := [][2]int{{92, 17}, {80, 12}, {40, 10}, {10, 3}, {1, 1}}
	for _, c := range []struct {
		name string
		make func() *chart.Chart
	}{{"losses", losses}, {"crosshair", crossed}, {"smooth-log", smooth}, {"latency", latency}, {"empty", empty}} {
		for _, th := range []string{"dark", "mono", "ascii"} {
			var b strings.Builder
			for _, z := range sizes {
				text := ansi.Strip(c.make().Render(themed(th), z[0], z[1]))
				exact(t, c.name+" "+th, text, z[0], z[1])
				fmt.Fprintf(&b, "%d×%d\n", z[0], z[1])
				for line := range strings.SplitSeq(text, "\n") {
					b.WriteString("|" + line + "|\n")
				}
			}
			golden(t, c.name+"-"+th, b.String())
		}
	}
	for _, th := range []string{"dark", "light", "mono"} {
		golden(t, "styled-"+th, fmt.Sprintf("%q\n", strings.Split(crossed().Render(themed(th), 60, 12), "\n")))
	}
}

func TestEverySizeIsExact(t *testing.T) {
	for _, make := range []func() *chart.Chart{losses, crossed, smooth, latency, empty} {
		c := make()
		for _, th := range []*theme.Theme{themed("dark"), themed("ascii"), themed("mono")} {
			for w := 1; w <= 60; w += 1 + w/12 {
				for h := 1; h <= 20; h += 1 + h/8 {
					exact(t, fmt.Sprintf("%d×%d", w, h), c.Render(th, w, h), w, h)
				}
			}
		}
	}
}
