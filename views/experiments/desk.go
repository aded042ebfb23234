// Package experiments is the experiments tab: the table of runs, the curves of
// those that were chosen, and the details of the one under the cursor.
//
// The three views of a client share its Desk: all runs (roll.go), which of them is
// selected, which are marked and pinned, and the colour of each. They never talk to
// each other; they watch the desk's topic, and the hub's answers. Only Runs writes
// to the desk.
//
// What is expensive waits: curves and details follow the selection after 80 ms of
// quiet, by the clock of the frames. What is big is counted as it changes: a
// snapshot of ten thousand runs of which one is new costs one run, and a glance at
// each of the others.
//
// A room of the tab is one file: the table's columns, its filter, its forms; each
// page of the details; each kind of chart (curves.go, parallel.go, scatter.go, which
// charts.go shows one of). What runs have in common makes clusters (cluster.go), for
// which the table (groups.go) has a mean and the curves a band (band.go). How all of
// it is arranged can be saved under a name (views.go, savedview.go).
package experiments

import (
	"cmp"
	"context"
	"slices"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/tui/widget/cell"
)

// settle is how long the selection must rest before curves and details follow it:
// a key that is held down costs nothing but the table.
const settle = 80 * time.Millisecond

// Chosen is what one client points at.
type Chosen struct {
	Run      *backends.Run   // under the cursor; nil when there are none
	Marked   []*backends.Run // in the order in which they were marked
	Pinned   []*backends.Run // those whose curves stay, in the order in which they were pinned
	Groups   []*cluster      // whose curves show while the runs are grouped; Run is the best of Group
	Group    *cluster        // under the cursor
	Listing  int             // another one for each snapshot and filter: Desk.listed answers differently
	Baseline *backends.Run   // what the others are measured against; nil when there is none
	Top      []*backends.Run // the first of the table, whose curves show while none is marked or pinned
}

// Compare is the runs that a diff is about: the marked ones, else the pinned ones
// and the selected. The first is what the others are measured against: the
// baseline, where there is one.
func (c Chosen) Compare() []*backends.Run {
	if len(c.Marked) > 1 && c.Baseline == nil {
		return c.Marked // as they are: there may be ten thousand
	}
	if len(c.Marked) > 1 {
		return distinct(slices.Concat(one(c.Baseline), c.Marked[:min(len(c.Marked), most)]))
	}
	return distinct(slices.Concat(one(c.Baseline), c.Pinned, c.Marked, one(c.Run)))
}

// distinct is the runs without nil and without those that stand there already.
func distinct(runs []*backends.Run) []*backends.Run {
	seen := make(map[string]bool, len(runs))
	out := make([]*backends.Run, 0, len(runs))
	for _, r := range runs {
		if r != nil && !seen[runKeyOf(r)] {
			seen[runKeyOf(r)] = true
			out = append(out, r)
		}
	}
	return out
}

// runKeyOf identifies a run among all of all backends.
func runKeyOf(r *backends.Run) string { return r.Backend + "/" + r.ID }

// sameRuns says whether two lists name the same runs, whatever these have logged
// since.
func sameRuns(a, b []*backends.Run) bool {
	return slices.EqualFunc(a, b, func(x, y *backends.Run) bool { return x == y || x.ID == y.ID && x.Backend == y.Backend })
}

// one is a list of the run, and empty without one.
func one(r *backends.Run) []*backends.Run {
	if r == nil {
		return nil
	}
	return []*backends.Run{r}
}

// Desk is what the views of one client's experiments tab share.
type Desk struct {
	hub     *hub.Hub
	shelf   *tail.Shelf
	sources []backends.Backend
	chosen  *hub.Topic[Chosen]
	roll    roll
	alerts  alerts
	colours map[string]int
	now     time.Time // of the newest frame of any of the three: the clock that Refresh may read
	detail  *Detail   // of this client; the table reveals it
	charts  *Charts   // of this client: a saved view arranges it too
	use     func(ctx context.Context, tab, name string) error
	runs    *Runs     // of this client: the only one that writes to the desk; others ask it to
	train   *Training // what the form for a new run offers; nil where nothing is built in
}

// Training is how the tab starts the built-in trainer: the models it has and what
// can be set for each, given by whoever wires the tab.
type Training struct {
	Models []string
	Params func(model string) []TrainParam
	// Command is the command line that trains.
	Command func(model string, values map[string]string) []string
}

// TrainParam is one hyper-parameter of the built-in trainer.
type TrainParam struct {
	Name, Default, Help string
	Min, Max            float64
	Integer             bool
	Options             []string
}

// NewDesk makes the desk of one client over the backends that list runs.
func NewDesk(h *hub.Hub, shelf *tail.Shelf, sources []backends.Backend, train *Training) *Desk {
	return &Desk{hub: h, shelf: shelf, sources: sources, chosen: hub.NewTopic(Chosen{}), colours: map[string]int{}, train: train}
}

// colour is the run's series colour: given once, by the order of their starts, and
// kept as long as the client runs.
func (d *Desk) colour(r *backends.Run) int { return d.colours[runKeyOf(r)] }

// figures is the convention in which a metric's values are written.
func (d *Desk) figures(metric string) cell.Figures {
	r := d.roll.tally.values(metric)
	return r.Figures()
}

// learn takes a snapshot over, and says whether it is another one.
func (d *Desk) learn(runs []*backends.Run) bool {
	changed, gone, fresh := d.roll.set(runs)
	d.alerts.learn(gone, fresh)
	fresh = slices.DeleteFunc(fresh, func(r *backends.Run) bool { _, known := d.colours[runKeyOf(r)]; return known })
	slices.SortFunc(fresh, func(a, b *backends.Run) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	for _, r := range fresh {
		d.colours[runKeyOf(r)] = len(d.colours)
	}
	return changed
}

// source is the backend that a run came from, as whatever capability T is.
func source[T any](d *Desk, name string) (T, bool) {
	var zero T
	for _, b := range d.sources {
		if b.Name() == name {
			t, ok := b.(T)
			return t, ok
		}
	}
	return zero, false
}

// watch is hub.Watch for a run: a capability C of its own backend, or of the place
// that a job's run was followed from. nil when neither can do that.
func watch[C, T any](ctx context.Context, d *Desk, poke chan struct{}, r *backends.Run, topic, args string, fetch func(context.Context, C) (T, error)) *hub.Handle[T] {
	b, ok := source[C](d, r.Backend)
	if !ok {
		x, some := backends.ExhibitsOf(d.sources, r)
		if b, ok = any(x).(C); !ok || !some {
			return nil
		}
	}
	return hub.Watch(ctx, d.hub, poke, hub.Key{Backend: r.Backend, Capability: topic, Args: args}, func(ctx context.Context) (T, error) { return fetch(ctx, b) })
}

// history watches one metric of a run.
func (d *Desk) history(ctx context.Context, poke chan struct{}, r *backends.Run, metric string) *hub.Handle[*backends.History] {
	ref := r.Ref()
	return watch(ctx, d, poke, r, backends.TopicMetrics, ref.ID+"/"+metric, func(ctx context.Context, b backends.HistoryReader) (*backends.History, error) {
		return b.History(ctx, ref, metric)
	})
}

// provenance watches where a run comes from.
func (d *Desk) provenance(ctx context.Context, poke chan struct{}, r *backends.Run) *hub.Handle[backends.Provenance] {
	ref := r.Ref()
	return watch(ctx, d, poke, r, "provenance", ref.ID, func(ctx context.Context, b backends.ProvenanceReader) (backends.Provenance, error) {
		return b.Provenance(ctx, ref)
	})
}
