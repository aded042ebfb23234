package experiments_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

func TestFilterNarrowsAndIsNamedInTheTitle(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("down", "down").rest()
		before := x.row("dapper-lynx")
		x.Press("/").Type("metrics.val_acc > 0.9 and params.width = 64")
		if !strings.Contains(x.Line(1), "2 of 8") {
			t.Errorf("while typing, the title says %q", x.Line(1))
		}
		if !strings.Contains(x.Text(), "dapper-lynx Summary") {
			t.Errorf("the details left the run that is selected:\n%s", x.Text())
		}
		x.Press("enter")
		if l := x.Line(1); !strings.Contains(l, "/ metrics.val_acc > 0.9 and params.width = 64") || !strings.Contains(l, "2 of 8") {
			t.Errorf("the title says %q", l)
		}
		if got := x.row("dapper-lynx"); got != before {
			t.Errorf("the selected row was %q and is %q", before, got)
		}
		x.Press("esc")
		if l := x.Line(1); !strings.Contains(l, "8 of 8") || strings.Contains(l, "/ ") {
			t.Errorf("after esc the title says %q", l)
		}
	})
}

// While the filter is typed, neither the table nor the charts jump.
func TestNothingMovesWhileTyping(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		before := x.row("idle-newt")
		_, at := x.Find("idle-newt")
		x.Press("/")
		if _, y := x.Find("idle-newt"); y != at || x.row("idle-newt") != before {
			t.Errorf("opening the filter moved a row from %d to %d", at, y)
		}
		x.Type("zzz").rest() // matches nothing
		if l := x.Line(1); !strings.Contains(l, "0 of 8") {
			t.Errorf("the title says %q", l)
		}
		if text := x.Text(); !strings.Contains(text, "brisk-otter Summary") || !strings.Contains(text, "val_loss by step") {
			t.Errorf("with nothing that matches, details and curves are gone:\n%s", text)
		}
		// What is not on the screen cannot be changed by accident.
		x.Press("enter")
		x.Press("X").rest()
		if n := len(x.b.Applied()); n != 0 || !strings.Contains(x.Text(), "no run is selected") {
			t.Errorf("%d plans were applied to a run that the filter hides:\n%s", n, x.Text())
		}
		x.Press("esc", "/", "esc")
		if !strings.Contains(x.Line(1), "8 of 8") {
			t.Errorf("esc does not take the filter back: %q", x.Line(1))
		}
	})
}

func TestWhatTheFilterFoundStaysSelected(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("/").Type("gecko").Press("enter", "esc")
		if !x.selected("fleet-gecko") {
			t.Errorf("without the filter another run is selected:\n%s", x.Text())
		}
		x.Press("/").Type("heron").Press("esc")
		if !x.selected("fleet-gecko") {
			t.Errorf("a filter that was given up moved the selection:\n%s", x.Text())
		}
	})
}

func TestFilterCompletes(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("/").Type("metrics.val_a")
		if !strings.Contains(x.Text(), "metrics.val_acc") {
			t.Fatalf("no completion is offered:\n%s", x.Text())
		}
		x.Press("tab").Type(" > 0.962")
		if l := x.Line(2); !strings.Contains(l, "/ metrics.val_acc > 0.962") {
			t.Errorf("the line is %q", l)
		}
		if l := x.Line(1); !strings.Contains(l, "4 of 8") {
			t.Errorf("the title says %q", l)
		}
		x.Press("esc", "/").Type("tags.")
		if !strings.Contains(x.Text(), "tags.team") {
			t.Errorf("tags are not offered:\n%s", x.Text())
		}
	})
}

func TestAWrongFilterPointsAtItsColumnAndStaysOpen(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("/").Type("state = finished and qx < 1")
		lines := strings.Split(x.Text(), "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "▴ column") })
		if at < 0 {
			t.Fatalf("nothing points at the mistake:\n%s", x.Text())
		}
		col := ansi.StringWidth(lines[at][:strings.Index(lines[at], "▴")])
		if rest := ansi.Cut(lines[2], col, 200); !strings.HasPrefix(rest, "qx") {
			t.Errorf("the sign points at %q:\n%s\n%s", rest, lines[2], lines[at])
		}
		if c := x.View().Cursor; c == nil || c.Y != 2 || c.X != 1+len("/ state = finished and qx < 1") {
			t.Errorf("the cursor is at %v", c)
		}
		x.Press("enter")
		if !strings.Contains(x.Line(2), "qx < 1") {
			t.Errorf("enter accepted what cannot be understood:\n%s", x.Text())
		}
		x.Press("esc")
		if l := x.Line(1); !strings.Contains(l, "8 of 8") {
			t.Errorf("after esc the title says %q", l)
		}
	})
}

func TestAFilterIsAppliedToWhatComes(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("/").Paste("tags.team = vision and state = running")
		x.Press("enter")
		if l := x.Line(1); !strings.Contains(l, "1 of 8") {
			t.Fatalf("the title says %q", l)
		}
		x.b.Change(func(s *fake.State) {
			r := *s.Runs[2] // dapper-lynx, of vision, goes on
			r.Status = backends.RunRunning
			s.Runs = slices.Concat(s.Runs[:2], []*backends.Run{&r}, s.Runs[3:])
		})
		x.rest()
		if l := x.Line(1); !strings.Contains(l, "2 of 8") || x.row("dapper-lynx") == "" {
			t.Errorf("a run that matches now does not show; the title says %q", l)
		}
	})
}
