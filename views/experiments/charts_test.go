package experiments_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// looks is a theme and glyphs each, and what their screens are called where these
// differ.
func looks(look string) func(*tui.Config) {
	return func(c *tui.Config) {
		if c.Theme = look; look == "ascii" {
			c.Theme, c.ASCII = "mono", true
		}
	}
}

// Each kind of chart in each look, beside the others.
func TestChartKinds(t *testing.T) {
	for _, kind := range []struct {
		name string
		keys []string
	}{
		{"parallel", []string{"tab", "]"}},
		{"brushed", []string{"tab", "]", "right", "right", "right", "up", "+"}},
		{"axes", []string{"tab", "]", "v", "down", "down", "down"}},
		{"scatter", []string{"tab", "[", "right", "right"}},
	} {
		for _, size := range sizes {
			for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
				t.Run(fmt.Sprintf("%s_%dx%d_%s", kind.name, size[0], size[1], look), func(t *testing.T) {
					tuitest.Run(t, func(t *testing.T) {
						x := open(t, fake.Runs(8), size[0], size[1], looks(look))
						x.Press(kind.keys...).rest()
						x.Golden(fmt.Sprintf("charts/%s_%dx%d%s", kind.name, size[0], size[1], as))
					})
				})
			}
		}
	}
}

func TestTheBrushBecomesTheFilter(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("tab", "]").rest()
		if !strings.Contains(x.Text(), "8 runs ─") {
			t.Fatalf("the parallel axes are not there:\n%s", x.Text())
		}
		x.Press("/") // nothing is brushed: said, not done
		if strings.Contains(x.Line(1), "/ ") {
			t.Errorf("without a brush there is a filter: %q", x.Line(1))
		}
		x.Press("end", "up").rest()
		if !strings.Contains(x.Text(), "of 8 in the brush") {
			t.Fatalf("the brush does not count:\n%s", x.Text())
		}
		x.Press("space").rest()
		if !strings.Contains(x.Line(1), "marked") {
			t.Errorf("space marks no runs: %q", x.Line(1))
		}
		x.Press("/").rest()
		if l := x.Line(1); !strings.Contains(l, "/ metrics.val_acc >= 0.") || !strings.Contains(l, " of 8") || strings.Contains(l, "8 of 8") {
			t.Errorf("the brush is not the filter: %q", l)
		}
		if x.row("hasty-mole") != "" || x.row("brisk-otter") == "" {
			t.Errorf("the filter leaves other runs:\n%s", x.Text())
		}
	})
}

func TestWordsAreAnAxis(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Change(func(s *fake.State) {
			for i, r := range s.Runs {
				c := *r
				c.Params = append(append([]backends.Param{}, r.Params[:5]...), backends.Param{Key: "solver", Value: []string{"adam", "s g d", "rmsprop"}[i%3]}, r.Params[5])
				s.Runs[i] = &c
			}
		})
		x := open(t, b, 160, 45)
		x.Press("tab", "]").rest()
		for _, want := range []string{"solver", "adam │", "rmsprop │", "s g d │"} {
			if !strings.Contains(x.Text(), want) {
				t.Errorf("the axis lacks %q:\n%s", want, x.Text())
			}
		}
		for range 6 {
			x.Press("up", "/").rest()
			if strings.Contains(x.Line(1), `params.solver in ("s g d")`) {
				return
			}
			x.Press("shift+tab", "esc", "tab").rest()
			x.Press("right")
		}
		t.Errorf("a brush over a word is not a filter by it:\n%s", x.Text())
	})
}

func TestScatterNamesAndGoesToARun(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("tab", "[").rest()
		if _, y := x.Find("val_acc over lr"); !strings.Contains(x.Line(y), "log x, 7 of 8 runs") {
			t.Fatalf("the rule says %q", x.Line(y))
		}
		x.Press("home")
		if !strings.Contains(x.Text(), "lr 0.001") || strings.Count(x.Text(), "gentle-ibis") < 2 {
			t.Errorf("the crosshair does not name the run with the least lr:\n%s", x.Text())
		}
		x.Press("enter").rest()
		if !x.selected("gentle-ibis") || !strings.Contains(x.Text(), "gentle-ibis Summary") {
			t.Errorf("enter does not go to the run:\n%s", x.Text())
		}
		x.Press("shift+tab", "a", "L")
		if _, y := x.Find("val_acc over"); strings.Contains(x.Line(y), "over lr") || !strings.Contains(x.Line(y), "log") {
			t.Errorf("a and L change nothing: %q", x.Line(y))
		}
	})
}

func TestTheMousePicksAPoint(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("tab", "[").rest()
		lines := strings.Split(x.Text(), "\n")
		for y := 14; y < 44; y++ {
			if at := strings.Index(lines[y], "●"); at > 0 {
				cx := len([]rune(lines[y][:at]))
				x.Send(tea.MouseMotionMsg{X: cx, Y: y})
				x.Click(cx, y)
				x.rest()
				break
			}
		}
		if strings.Contains(x.Text(), "brisk-otter Summary") {
			t.Errorf("a click on a point selects nothing:\n%s", x.Text())
		}
	})
}
