package experiments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell/celltest"
)

// bench is the three views of one client without a shell.
type bench struct {
	desk   *Desk
	runs   *Runs
	curves *Curves
	charts *Charts
	detail *Detail
	close  func()
}

// newBench opens the views; it must be called in a bubble when b is used through
// the hub.
func newBench(tb testing.TB, b backends.Backend) *bench {
	ctx, cancel := context.WithCancel(context.Background())
	d := NewDesk(hub.New(ctx, hub.Options{}), tail.NewShelf(tail.Options{Dir: tb.TempDir()}), []backends.Backend{b}, nil)
	t := Tab(d)
	x := &bench{desk: d, runs: t.Panes[0].(*Runs), curves: t.Panes[1].(*Charts).curves, charts: t.Panes[1].(*Charts), detail: t.Panes[2].(*Detail), close: cancel}
	for _, v := range x.views() {
		v.Open(ctx)
	}
	return x
}

func (x *bench) views() []tui.View { return []tui.View{x.runs, x.charts, x.detail} }

func (x *bench) refresh() {
	for range 3 { // the topic, then what it made the others watch
		synctest.Wait()
		for _, v := range x.views() {
			v.Refresh()
		}
	}
}

// Every view, in every state that it has, is exactly the cells that it is given.
func TestExactCells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fake.Runs(8)
		x := newBench(t, b)
		defer x.close()
		x.refresh()
		each := func(name string, v tui.View) { exact(t, name, v) }
		for i, page := range x.detail.names {
			x.detail.turn(i)
			x.refresh()
			each("one run: "+page, x.detail)
			x.detail.Key(tea.KeyPressMsg{Code: tea.KeyDown})
		}
		for range 3 {
			x.runs.table.Key(tea.KeyPressMsg{Code: tea.KeySpace, Text: " "})
			x.runs.table.Key(tea.KeyPressMsg{Code: tea.KeyDown})
		}
		x.runs.publish()
		x.refresh()
		x.detail.setTab("Diff")
		x.refresh()
		each("diff of three", x.detail)
		x.detail.pages[1].(*diff).equal = true
		each("all of a diff", x.detail)
		x.detail.setTab("Files")
		x.refresh()
		x.detail.page().(*files).enter()
		x.refresh()
		each("a file", x.detail)

		each("runs", x.runs)
		each("curves", x.curves)
		x.curves.Key(tea.KeyPressMsg{Code: tea.KeyRight})
		each("crosshair", x.curves)
		x.curves.toggleLog()
		each("other axis", x.curves)
		x.runs.filter.Start()
		x.runs.Paste("metrics.val_acc > 0.9 and qx")
		each("filter", x.runs)
		x.runs.Key(tea.KeyPressMsg{Code: tea.KeyBackspace})
		x.runs.Key(tea.KeyPressMsg{Code: tea.KeyBackspace})
		each("completions", x.runs)
		x.runs.Key(tea.KeyPressMsg{Code: tea.KeyEscape})
		x.runs.arrange()
		each("chooser", x.runs)
		for i := range x.charts.faces {
			x.charts.SetTab(i)
			x.refresh()
			each("charts", x.charts)
			x.charts.Key(tea.KeyPressMsg{Code: tea.KeyUp})
			x.charts.Key(tea.KeyPressMsg{Code: tea.KeyRight})
			each("charts after keys", x.charts)
		}
		x.charts.parallel.arrange()
		each("axes", x.charts)
		x.runs.chooser = nil
		b.Dead(errors.New("no answer\x1b[2J from a peer with a long name"))
		<-time.After(time.Minute)
		x.refresh()
		each("last good rows", x.runs)
	})
	for name, b := range map[string]*fake.Backend{"empty": fake.New("local", fake.State{}), "dead": fake.Runs(1), "slow": fake.Runs(1)} {
		synctest.Test(t, func(t *testing.T) {
			switch name {
			case "dead":
				b.Dead(errors.New("connection refused"))
			case "slow":
				b.Slow(time.Minute)
			}
			x := newBench(t, b)
			defer x.close()
			x.refresh()
			for _, v := range x.views() {
				exact(t, name, v)
			}
		})
	}
}

func exact(t *testing.T, name string, v tui.View) {
	t.Helper()
	now := time.Now()
	draw := func(look string, th *theme.Theme, w, h int) {
		t.Helper()
		drawn := v.Render(tui.Frame{Theme: th, W: w, H: h, Focused: w%2 == 0, Now: now})
		var bad strings.Builder
		celltest.Size(&report{TB: t, b: &bad}, drawn, w, h)
		if bad.Len() > 0 {
			t.Fatalf("%s, %s: %s", name, look, bad.String())
		}
	}
	for look, th := range celltest.Themes() {
		for _, size := range [][2]int{{200, 60}, {80, 24}, {40, 10}, {23, 7}, {1, 1}} {
			draw(look, th, size[0], size[1])
		}
		if look == "dark" {
			for w := 1; w < 60; w += 2 {
				for h := 1; h < 18; h++ {
					draw(look, th, w, h)
				}
			}
		}
	}
}

// The pages of a run that logged histograms, images and texts.
func TestExactCellsOfMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fake.Runs(2)
		b.Change(func(s *fake.State) {
			hist := backends.Histogram{Step: 3, Left: []float64{0, 1}, Right: []float64{1, 4}, Count: []float64{5, 2}}
			s.Media = map[string][]fake.Logged{s.Runs[0].ID: {
				{Kind: backends.MediaHistogram, Key: "a key \x1b[2J of a layer with a long name", Histograms: []backends.Histogram{hist, hist}},
				{Kind: backends.MediaText, Key: "text", Items: []fake.Item{{Data: []byte("many words \x1b]0;evil\x07 that are wrapped\nand lines")}}},
				{Kind: backends.MediaAudio, Key: "sound", Items: []fake.Item{{Data: make([]byte, 99)}}},
			}}
		})
		x := newBench(t, b)
		defer x.close()
		x.refresh()
		for _, page := range []string{"Histograms", "Media"} {
			x.detail.setTab(page)
			x.refresh()
			exact(t, page, x.detail)
		}
	})
}

// report collects what a check finds.
type report struct {
	testing.TB
	b *strings.Builder
}

func (r *report) Errorf(format string, args ...any) { fmt.Fprintf(r.b, format, args...) }
func (r *report) Helper()                           {}
