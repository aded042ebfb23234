package experiments_test

import (
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

// The source stands in the table only while there is more than one.
func TestSourcesHaveAColumn(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		if strings.Contains(x.Line(2), "source") {
			t.Errorf("one source has a column: %q", x.Line(2))
		}
		x.b.Change(func(s *fake.State) {
			r := *s.Runs[4]
			r.Backend = "tensorboard"
			s.Runs[4] = &r
		})
		x.rest()
		if !strings.Contains(x.Line(2), "source") || !strings.HasSuffix(strings.TrimRight(x.row("fleet-gecko"), " "), "tensorboard") {
			t.Errorf("two sources have no column:\n%s", x.Text())
		}
		x.Golden("sources/160x45")
		x.Resize(80, 24)
		x.rest()
		x.Golden("sources/80x24")
		x.Press("v")
		x.Press("esc", "c").rest()
		if !strings.Contains(x.Text(), "source") || !strings.Contains(x.Text(), "2 groups") {
			t.Errorf("the runs cannot be grouped by source:\n%s", x.Text())
		}
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		if len(all) != 8 {
			t.Errorf("%d runs", len(all))
		}
	})
}
