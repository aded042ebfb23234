package experiments_test

import (
	"fmt"
	"testing"

	"flightdeck/backends/fake"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

var sizes = [...][2]int{{200, 60}, {160, 45}, {80, 24}, {40, 10}, {1, 1}}

// The whole tab. Colour changes no text, so dark and light share a golden.
func TestScreens(t *testing.T) {
	for _, size := range sizes {
		for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
			t.Run(fmt.Sprintf("%dx%d_%s", size[0], size[1], look), func(t *testing.T) {
				tuitest.Run(t, func(t *testing.T) {
					x := open(t, fake.Runs(8), size[0], size[1], func(c *tui.Config) {
						if c.Theme = look; look == "ascii" {
							c.Theme, c.ASCII = "mono", true
						}
					})
					x.Golden(fmt.Sprintf("tab/%dx%d%s", size[0], size[1], as))
				})
			})
		}
	}
}

// Each page of the details, beside the others and alone.
func TestPages(t *testing.T) {
	for i, page := range []string{"summary", "diff", "log", "system", "files"} {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s_%dx%d", page, size[0], size[1]), func(t *testing.T) {
				tuitest.Run(t, func(t *testing.T) {
					x := open(t, systemRuns(), size[0], size[1])
					x.Press("space", "down", "space", "down", "down", "down", "down", "space")
					x.Press("shift+tab")
					for range i {
						x.Press("]")
					}
					if size[0] < 160 {
						x.Press("z")
					}
					x.rest()
					x.Golden(fmt.Sprintf("page/%s_%dx%d", page, size[0], size[1]))
				})
			})
		}
	}
}
