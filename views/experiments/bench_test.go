package experiments

import (
	"context"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/theme"
)

// many is a table of 10,000 runs with 50 metrics each, drawn once.
func many(b *testing.B) (v *Runs, all []*backends.Run, f tui.Frame) {
	all = lab(10_000, 50)
	d := NewDesk(hub.New(b.Context(), hub.Options{}), nil, nil, nil)
	v = NewRuns(d)
	v.Open(b.Context())
	f = tui.Frame{Theme: theme.New(theme.Dark(), false), W: 160, H: 14, Focused: true, Now: time.Now()}
	v.take(all)
	v.Render(f)
	return v, all, f
}

// changed is a snapshot in which one run is another one.
func changed1(all []*backends.Run, i int) []*backends.Run {
	next := slices.Clone(all)
	r := *next[i]
	r.Metrics = slices.Clone(r.Metrics)
	r.Metrics[len(r.Metrics)-2].Value += 0.0001
	next[i] = &r
	return next
}

func BenchmarkRefreshOneOf10000(b *testing.B) {
	v, all, f := many(b)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		all = changed1(all, i*37%len(all))
		b.StartTimer()
		v.take(all)
		v.Render(f)
	}
}

func BenchmarkRefreshOneOf10000Marked(b *testing.B) {
	v, all, f := many(b)
	v.Key(tea.KeyPressMsg{Code: 'a', Mod: tea.ModCtrl})
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		all = changed1(all, i*37%len(all))
		b.StartTimer()
		v.take(all)
		v.Render(f)
	}
}

func BenchmarkFirst10000(b *testing.B) {
	all := lab(10_000, 50)
	for b.Loop() {
		v := NewRuns(NewDesk(hub.New(context.Background(), hub.Options{}), nil, nil, nil))
		v.take(all)
	}
}

func benchKey(b *testing.B, v *Runs, f tui.Frame) {
	down := tea.KeyPressMsg{Code: tea.KeyDown}
	for b.Loop() {
		v.Key(down)
		v.Title()
		v.Actions()
		v.Render(f)
	}
}

func BenchmarkKeyIn10000(b *testing.B) {
	v, _, f := many(b)
	benchKey(b, v, f)
}

func BenchmarkKeyIn10000Marked(b *testing.B) {
	v, _, f := many(b)
	v.Key(tea.KeyPressMsg{Code: 'a', Mod: tea.ModCtrl})
	benchKey(b, v, f)
}

func benchFilter(b *testing.B, query string) {
	v, _, f := many(b)
	v.filter.Start()
	v.Render(f)
	for b.Loop() {
		v.filter.Set("")
		v.Paste(query)
		v.Render(f)
	}
}

func BenchmarkFilter10000(b *testing.B)     { benchFilter(b, "metrics.val_acc > 0.9 and params.lr < 0.01") }
func BenchmarkFilterText10000(b *testing.B) { benchFilter(b, "run 77") }

// A key in the filter when a new snapshot has come since the last one.
func BenchmarkFilterNewSnapshot10000(b *testing.B) {
	v, all, f := many(b)
	v.filter.Start()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		all = changed1(all, i*37%len(all))
		v.take(all)
		v.filter.Set("")
		b.StartTimer()
		v.Paste("metrics.val_acc > 0.9")
		v.Render(f)
	}
}

// A new snapshot of ten thousand runs in the picture of all of them.
func benchFace(b *testing.B, face func(d *Desk) tui.View) {
	v, all, f := many(b)
	f.H = 24
	c := face(v.desk)
	c.Open(b.Context())
	c.Refresh()
	c.Render(f)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		all = changed1(all, i*37%len(all))
		v.take(all)
		c.Refresh()
		f.Now = f.Now.Add(settle)
		b.StartTimer()
		c.Render(f)
	}
}

func BenchmarkParallel10000(b *testing.B) {
	benchFace(b, func(d *Desk) tui.View { return NewParallel(d) })
}

func BenchmarkScatter10000(b *testing.B) {
	benchFace(b, func(d *Desk) tui.View { return NewScatter(d) })
}
