package folder

import (
	"cmp"
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"flightdeck/backends"
)

// Options are a Backend's.
type Options struct {
	// Except is the formats whose places are not listed here, although they hold
	// files of this format too.
	Except []Format
	// Grace is how long after its last growth a run whose end nobody wrote down still
	// counts as running. 0 is a minute.
	Grace time.Duration
	Now   func() time.Time
	// Readers is how many runs are read at once. 0 is up to four.
	Readers int
}

// What a listing waits for: the tree, then the details of its newest runs. What is
// not there by then comes with the next one.
const (
	waitTree    = 400 * time.Millisecond
	waitDetails = 250 * time.Millisecond
	mostOpen    = 128 // readers of runs that grow; the others' are closed once they were read
)

// Backend is the runs of one format in one tree. It is a RunLister,
// ExperimentLister, HistoryReader, ArtifactLister, ArtifactOpener, MediaLister,
// HistogramReader, MediaReader and Notifier, and it changes nothing.
//
// It reads when it is asked, and goes on in the background until what it found is
// read: newest first, some at once, each run once and then only what was added.
type Backend struct {
	name   string
	tree   *Tree
	format Format
	number int
	except []int
	o      Options

	mu      sync.Mutex
	runs    map[string]*run
	order   []*run // as the tree gave them
	places  uint64 // of the tree, when order was made
	files   uint64 // of the tree, when the stamps were taken
	waiting []*run // to be read, the newest last
	busy    int    // that are being read
	open    int    // readers that are kept
	idle    chan struct{}
	pokes   map[chan string]bool
}

// Open makes a backend of what f finds in the tree. Nothing is read before it is
// asked.
func Open(name string, tree *Tree, f Format, o Options) *Backend {
	if o.Grace == 0 {
		o.Grace = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Readers == 0 {
		o.Readers = min(4, max(2, runtime.GOMAXPROCS(0)))
	}
	b := &Backend{name: name, tree: tree, format: f, number: tree.register(f), o: o, runs: map[string]*run{}, pokes: map[chan string]bool{}}
	for _, e := range o.Except {
		b.except = append(b.except, tree.register(e))
	}
	return b
}

// Name is the backend's name, which the source column shows.
func (b *Backend) Name() string { return b.name }

// Kind is the format's.
func (b *Backend) Kind() string { return b.format.Kind() }

// Root is the folder that it looks into.
func (b *Backend) Root() string { return b.tree.Root() }

// Quiet implements backends.Quieter: no run of the format was found so far.
func (b *Backend) Quiet() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.order) == 0
}

// Notes is what of the tree was left out, and why.
func (b *Backend) Notes() []Note { return b.tree.Notes() }

// sync takes over what the tree knows: runs that came, went or grew. It says
// whether anything did.
func (b *Backend) sync() bool {
	places, files := b.tree.counts()
	b.mu.Lock()
	defer b.mu.Unlock()
	if places == b.places && files == b.files {
		return false
	}
	changed := false
	if places != b.places {
		found, stamps := b.tree.placesOf(b.number, b.except)
		changed = b.become(found, stamps)
	} else {
		all := make([]*Place, len(b.order))
		for i, r := range b.order {
			all[i] = &r.place
		}
		for i, s := range b.tree.stamps(all) {
			changed = b.order[i].grew(s) || changed
		}
	}
	b.places, b.files = places, files
	b.enqueue()
	return changed
}

// become makes the runs those of the places; the lock is held.
func (b *Backend) become(found []Place, stamps []stamp) (changed bool) {
	gone := len(b.order)
	b.order = b.order[:0:0]
	for i, p := range found {
		r := b.runs[p.ID]
		if r == nil {
			r = newRun(b, p)
			b.runs[p.ID] = r
			changed = true
		} else {
			gone--
		}
		changed = r.moveTo(p) || changed
		changed = r.grew(stamps[i]) || changed
		b.order = append(b.order, r)
	}
	if gone == 0 {
		return changed
	}
	kept := make(map[*run]bool, len(b.order))
	for _, r := range b.order {
		kept[r] = true
	}
	for id, r := range b.runs {
		if !kept[r] {
			delete(b.runs, id)
			r.gone = true // whoever reads it now closes it
			if !r.reading {
				b.release(r)
			}
		}
	}
	return true
}

// enqueue lists what is to be read; the lock is held.
func (b *Backend) enqueue() {
	b.waiting = b.waiting[:0]
	for _, r := range b.order {
		if r.stale() && !r.reading {
			b.waiting = append(b.waiting, r)
		}
	}
	slices.SortFunc(b.waiting, func(x, y *run) int { return cmp.Compare(x.now.newest, y.now.newest) })
}

// Runs lists the runs, newest first. The first answer comes within a second
// whatever the size of the tree, and may then lack runs and details that later ones
// have.
func (b *Backend) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	if f.Deleted || f.Job != "" {
		return nil, ctx.Err()
	}
	if !b.watched() { // else whoever watches looks, at its pace
		b.tree.look(ctx, b.tree.o.Pace/4, waitTree)
	}
	b.sync()
	b.await(ctx, waitDetails)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := b.snapshot()
	if f.Experiment == "" {
		return all, nil
	}
	return slices.DeleteFunc(all, func(r *backends.Run) bool { return r.Experiment != f.Experiment }), nil
}

// watched says that Notify keeps the backend up to date.
func (b *Backend) watched() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pokes) > 0 && b.tree.whole()
}

// Settle reads everything that is there: the next Runs is complete.
func (b *Backend) Settle(ctx context.Context) error {
	if err := b.tree.settle(ctx); err != nil {
		return err
	}
	b.sync()
	for {
		b.await(ctx, time.Hour)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.tree.ctx.Err(); err != nil {
			return err
		}
		b.mu.Lock()
		done := b.busy == 0 && len(b.waiting) == 0
		b.mu.Unlock()
		if done {
			return nil
		}
	}
}

// snapshot is all runs as they are known now, newest first.
func (b *Backend) snapshot() []*backends.Run {
	b.mu.Lock()
	order := slices.Clone(b.order)
	quiet := make([]bool, len(order))
	for i, r := range order {
		quiet[i] = !r.lively(b.o.Now(), b.o.Grace)
	}
	b.mu.Unlock()
	out := make([]*backends.Run, len(order))
	for i, r := range order {
		out[i] = r.snapshot(quiet[i])
	}
	slices.SortFunc(out, func(x, y *backends.Run) int {
		return cmp.Or(y.Start.Compare(x.Start), compareNatural(y.ID, x.ID), cmp.Compare(y.ID, x.ID))
	})
	return out
}

// Experiments lists what groups the runs, by name.
func (b *Backend) Experiments(ctx context.Context) ([]backends.Experiment, error) {
	all, err := b.Runs(ctx, backends.RunFilter{})
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	var out []backends.Experiment
	for _, r := range all {
		i, ok := at[r.Experiment]
		if !ok {
			i = len(out)
			at[r.Experiment] = i
			out = append(out, backends.Experiment{ID: r.Experiment, Name: r.ExpName, Created: r.Start, Updated: r.Start})
		}
		e := &out[i]
		e.RunCount++
		if r.Start.Before(e.Created) {
			e.Created = r.Start
		}
		for _, at := range []time.Time{r.Start, r.End} {
			if at.After(e.Updated) {
				e.Updated = at
			}
		}
	}
	slices.SortFunc(out, func(x, y backends.Experiment) int { return compareNatural(x.Name, y.Name) })
	return out, nil
}

// experiment is how a place's group is called.
func (b *Backend) experiment(p *Place) string {
	return cmp.Or(p.Experiment, filepath.Base(b.tree.Root()))
}
