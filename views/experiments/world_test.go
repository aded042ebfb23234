package experiments_test

import (
	"context"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
	"flightdeck/views/experiments"
)

// world is the tab of one client, alone in an App, over one backend.
type world struct {
	*tuitest.Harness
	app *tui.App
	b   *fake.Backend
	tab tui.Tab
}

// open shows the tab on a screen of w×h cells. It must be called in a bubble,
// whose clock it puts to the time at which the fake backend stands.
func open(t *testing.T, b *fake.Backend, w, h int, change ...func(*tui.Config)) *world {
	t.Helper()
	<-time.After(time.Until(fake.Now()))
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	hb := hub.New(ctx, hub.Options{})
	hb.Attach(b)
	desk := experiments.NewDesk(hb, tail.NewShelf(tail.Options{Dir: t.TempDir()}), []backends.Backend{b}, training())
	desk.Remembers(func(ctx context.Context, tab, name string) error {
		return b.UseView(backends.WithGrant(ctx, backends.Grant{Actor: "ada", Role: backends.Owner}), tab, name)
	})
	tab := experiments.Tab(desk)
	cfg := tui.Config{
		Context: ctx, Workspace: "digits-lab", Theme: "dark", Role: backends.Owner, Tabs: []tui.Tab{tab},
		Now: func() time.Time { return time.Now().UTC() }, Retry: hb.Retry, Health: hb.Health, Changed: hb.Subscribe(ctx),
		Apply: func(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
			r, err := b.Apply(backends.WithGrant(ctx, backends.Grant{Actor: "ada", Role: backends.Owner}), p, report)
			hb.Poke(b.Name(), "")
			return r, err
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	x := &world{app: tui.New(cfg), b: b, tab: tab}
	x.Harness = tuitest.New(t, x.app, w, h)
	x.Advance(time.Second) // the curves and details have followed
	return x
}

// training is a trainer of two models with different params.
func training() *experiments.Training {
	return &experiments.Training{
		Models: []string{"digits", "sentiment"},
		Params: func(model string) []experiments.TrainParam {
			if model == "sentiment" {
				return []experiments.TrainParam{{Name: "lr", Default: "0.3", Min: 1e-9, Max: 1000}, {Name: "ngrams", Default: "2", Min: 1, Max: 5, Integer: true}}
			}
			return []experiments.TrainParam{
				{Name: "lr", Default: "0.05", Help: "learning rate", Min: 1e-9, Max: 1000},
				{Name: "width", Default: "64", Help: "units of a hidden layer", Min: 1, Max: 4096, Integer: true},
				{Name: "optimizer", Default: "sgd", Options: []string{"sgd", "adam"}},
				{Name: "split-seed", Default: "7", Min: 0, Max: 1 << 53, Integer: true},
				{Name: "throttle", Default: "0s", Help: "wait so long after each epoch"},
			}
		},
		Command: func(model string, values map[string]string) []string {
			return []string{"flightdeck", "train", model, "--lr", values["lr"]}
		},
	}
}

// rest waits until curves and details have followed the selection.
func (x *world) rest() *world {
	x.Advance(200 * time.Millisecond)
	return x
}

// applied is the last plan that was carried out.
func (x *world) applied(t *testing.T) backends.Plan {
	t.Helper()
	all := x.b.Applied()
	if len(all) == 0 {
		t.Fatalf("nothing was applied; the screen is\n%s", x.Text())
	}
	return all[len(all)-1]
}

// systemRuns is eight runs that were sampled by their supervisors.
func systemRuns() *fake.Backend {
	b := fake.Runs(8)
	all, err := b.Runs(context.Background(), backends.RunFilter{})
	if err != nil {
		panic(err)
	}
	for _, r := range all {
		for i := range 20 {
			at := r.Start.Add(time.Duration(i) * time.Second / 2).UnixMilli()
			if err := b.Log(r.ID,
				backends.Metric{Key: "system/cpu_utilization_percentage", Value: 80 + float64(i%5), Step: int64(i), Time: at},
				backends.Metric{Key: "system/system_memory_usage_megabytes", Value: 38.5 + float64(i), Step: int64(i), Time: at}); err != nil {
				panic(err)
			}
		}
	}
	return b
}

// Press and Type are the harness's, and give the world back.
func (x *world) Press(names ...string) *world {
	x.Harness.Press(names...)
	return x
}

func (x *world) Type(text string) *world {
	x.Harness.Type(text)
	return x
}
