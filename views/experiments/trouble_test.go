package experiments_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"flightdeck/backends/fake"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

var errRefused = errors.New("dial unix /run/flightdeck.sock: connection refused")

// golden is Golden without what depends on the chance in the hub's back-off.
func (x *world) golden(t *testing.T, name string) {
	t.Helper()
	chance := regexp.MustCompile(`\d+ tries · again at \d\d:\d\d:\d\d`)
	tuitest.Golden(t, name+".txt", chance.ReplaceAllString(x.Text(), "N tries · again at HH:MM:SS")+"\n")
}

func TestDeadFromTheStart(t *testing.T) {
	for name, size := range map[string][2]int{"120x34": {120, 34}, "80x24": {80, 24}, "40x10": {40, 10}, "1x1": {1, 1}} {
		t.Run(name, func(t *testing.T) {
			tuitest.Run(t, func(t *testing.T) {
				b := fake.Runs(8)
				b.Dead(errRefused)
				x := open(t, b, size[0], size[1])
				x.golden(t, "trouble/dead_"+name)
				if size[0] < 80 {
					return
				}
				x.Press("y")
				if x.Clipboard != "flightdeck doctor" {
					t.Errorf("y copied %q", x.Clipboard)
				}
				tries := b.Calls("runs")
				b.Dead(nil)
				x.Press("R").rest()
				if b.Calls("runs") == tries || !strings.Contains(x.Line(1), "8 of 8") {
					t.Errorf("R did not ask again:\n%s", x.Text())
				}
			})
		})
	}
}

func TestLastGoodRowsStay(t *testing.T) {
	for name, size := range map[string][2]int{"160x45": {160, 45}, "80x24": {80, 24}, "40x10": {40, 10}} {
		t.Run(name, func(t *testing.T) {
			tuitest.Run(t, func(t *testing.T) {
				x := open(t, fake.Runs(8), size[0], size[1])
				x.b.Dead(errRefused)
				x.Advance(3 * time.Minute)
				x.golden(t, "trouble/stale_"+name)
				x.b.Dead(nil)
				x.Press("R").rest()
				if l := x.Line(1); !strings.Contains(l, "8 of 8") {
					t.Errorf("alive again, the title says %q", l)
				}
			})
		})
	}
}

func TestSlowIsSaid(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Slow(8 * time.Second)
		x := open(t, b, 160, 45) // and a second
		x.Advance(100 * time.Millisecond)
		if text := x.Text(); !strings.Contains(text, "local is slow to answer: asked for its runs at 12:31:00") || !strings.Contains(x.Line(1), "reading") {
			t.Errorf("nothing says what is waited for:\n%s", text)
		}
		x.Golden("trouble/slow_160x45")
		x.Advance(8 * time.Second)
		if l := x.Line(1); !strings.Contains(l, "8 of 8") {
			t.Errorf("after the answer the title says %q", l)
		}
	})
}

func TestAMomentOfReadingIsNotSaid(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Slow(1500 * time.Millisecond)
		x := open(t, b, 160, 45, func(c *tui.Config) {})
		if !strings.Contains(x.Line(1), "reading") {
			t.Errorf("the title says %q", x.Line(1))
		}
		x.Advance(time.Second)
		if strings.Contains(x.Text(), "slow to answer") {
			t.Errorf("an answer that came is still awaited:\n%s", x.Text())
		}
	})
}

func TestEmpty(t *testing.T) {
	for name, size := range map[string][2]int{"100x24": {100, 24}, "80x24": {80, 24}, "40x10": {40, 10}, "1x1": {1, 1}} {
		t.Run(name, func(t *testing.T) {
			tuitest.Run(t, func(t *testing.T) {
				x := open(t, fake.New("local", fake.State{}), size[0], size[1])
				x.Golden("empty/" + name)
				x.Press("y")
				if x.Clipboard != "export MLFLOW_TRACKING_URI=http://127.0.0.1:5000" {
					t.Errorf("copied %q", x.Clipboard)
				}
			})
		})
	}
}

func TestIdleDrawsNothing(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Advance(time.Second)
		n := x.Updates
		x.Advance(20 * time.Second)
		if x.Updates != n {
			t.Errorf("%d messages in 20 s in which nothing happened", x.Updates-n)
		}
	})
}

// Nothing moves by itself: not the pictures of all runs, not the bands, not the
// media, and not with a baseline.
func TestIdleDrawsNothingAnywhere(t *testing.T) {
	for name, keys := range map[string][]string{
		"parallel": {"tab", "]", "up"}, "scatter": {"tab", "[", "right"}, "groups": {"c", "down", "enter"}, "baseline": {"b", "D", "down"},
		"histograms": {"enter", "z", "]", "]", "]", "]"}, "media": {"enter", "z", "]", "]", "]", "]", "]"}, "views": {"V"}, "menu": {"c"},
	} {
		t.Run(name, func(t *testing.T) {
			tuitest.Run(t, func(t *testing.T) {
				x := open(t, withMedia(t), 160, 45)
				x.Press(keys...).rest()
				x.Advance(time.Second)
				n := x.Updates
				x.Advance(20 * time.Second)
				if x.Updates != n {
					t.Errorf("%d messages in 20 s in which nothing happened", x.Updates-n)
				}
			})
		})
	}
}
