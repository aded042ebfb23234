package tui_test

import (
	"fmt"
	"testing"

	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

func TestLayouts(t *testing.T) {
	layouts := map[string]tui.Layout{"stack": tui.Stack(), "beside": tui.Beside(), "quad": tui.Quad(), "full": tui.Full()}
	for key, l := range layouts {
		for _, size := range [][2]int{{200, 60}, {160, 45}, {80, 24}, {40, 10}, {1, 1}} {
			for _, th := range []string{"dark", "mono"} {
				name := fmt.Sprintf("layout/%s_%dx%d", key, size[0], size[1])
				t.Run(name+"_"+th, func(t *testing.T) {
					tuitest.Run(t, func(t *testing.T) {
						w := newWorld(func(c *tui.Config) {
							c.Theme = th
							c.Tabs[0].Layout = l
						})
						h := tuitest.New(t, w.app, size[0], size[1])
						h.Golden(name) // colour changes no text
						if size[0] == 160 {
							h.GoldenStyled(fmt.Sprintf("layout/%s_%dx%d_%s", key, size[0], size[1], th))
						}
					})
				})
			}
		}
	}
}
