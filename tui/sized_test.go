package tui_test

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// sized is a list that wants no more rows than it has.
type sized struct {
	*list
	rows int
}

func (s sized) Rows(int) int { return s.rows }

// below is the row of the screen on which the pane under the main one begins.
func below(h *tuitest.Harness) int {
	_, y := h.Find("val_loss")
	return y
}

func TestMainPaneIsNoLargerThanItsView(t *testing.T) {
	for _, c := range []struct{ rows, h, want int }{
		{10, 42, 12}, // the header, the rule and ten rows
		{3, 42, 11},  // a quarter of the forty below the header stays
		{100, 42, 17},
	} {
		t.Run(fmt.Sprintf("%d rows on %d", c.rows, c.h), func(t *testing.T) {
			tuitest.Run(t, func(t *testing.T) {
				w := newWorld(func(cfg *tui.Config) {
					panes := cfg.Tabs[0].Panes
					panes[0] = sized{panes[0].(*list), c.rows}
				})
				h := tuitest.New(t, w.app, 160, c.h)
				if got := below(h); got != c.want {
					t.Errorf("the pane below begins at row %d, want %d", got, c.want)
				}
				// What the user drags stays as it was dragged.
				cx := strings.Index(h.Line(c.want), "val_loss") + 60
				h.Drag(cx, c.want, cx, c.want+3)
				if got := below(h); got != c.want+3 {
					t.Errorf("dragged to row %d it is at %d", c.want+3, got)
				}
			})
		})
	}
}
