package mlruns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"flightdeck/backends"
)

// tree is what was seen of the folder. One goroutine at a time uses it.
type tree struct {
	backend     string
	root        string
	experiments map[string]*experiment // by folder
	pending     []*run                 // whose details are to be read
	next        time.Time              // of the next look
	sweep       time.Time              // when all details are read again: a tag that is overwritten leaves no trace in its folder
	turn        int                    // which of many active runs are read again now
}

type experiment struct {
	id, dir string
	backend string
	trashed bool
	meta    stamp
	e       backends.Experiment
	runs    map[string]*run // by id, which is the folder's name
}

// run is one run's folder. Its details are read by one goroutine at a time.
type run struct {
	exp      *experiment
	id, dir  string
	meta     stamp
	base     backends.Run // what meta.yaml says
	queued   bool
	detailed bool
	metrics  map[string]*tail
	shown    *backends.Run
}

// stamp tells one state of a file from another.
type stamp struct {
	size int64
	time time.Time
}

func stampOf(path string) (stamp, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return stamp{}, err
	}
	if !fi.Mode().IsRegular() {
		return stamp{}, fs.ErrNotExist
	}
	return stamp{fi.Size(), fi.ModTime()}, nil
}

const (
	lookAtLeast  = 250 * time.Millisecond // between two looks over the folder
	sweepAtLeast = 30 * time.Second
	costShare    = 20 // a look or a sweep takes at most this part of the time
	bundle       = 128
	manyActive   = 100 // active runs that are read again in one look; the others have their turn later
)

// step looks over the folder when that is due, else it reads details. It reports
// whether a listing would say something new.
func (t *tree) step(ctx context.Context, now time.Time) (changed bool, err error) {
	if len(t.pending) > 0 && !t.next.IsZero() {
		return t.details(ctx), nil
	}
	if now.Before(t.next) {
		return false, nil
	}
	began := time.Now()
	changed, err = t.look(ctx)
	cost := time.Since(began)
	t.next = now.Add(max(lookAtLeast, costShare*cost))
	if err == nil && !now.Before(t.sweep) {
		t.sweep = now.Add(max(sweepAtLeast, costShare*cost*10))
		t.each(t.queue)
	}
	return changed, err
}

func (t *tree) each(f func(*run)) {
	for _, e := range t.experiments {
		for _, r := range e.runs {
			f(r)
		}
	}
}

func (t *tree) queue(r *run) {
	if !r.queued {
		r.queued = true
		t.pending = append(t.pending, r)
	}
}

func (t *tree) find(id string) *run {
	for _, e := range t.experiments {
		if r := e.runs[id]; r != nil {
			return r
		}
	}
	return nil
}

// runID is what MLflow lets be a run's id: mlflow/utils/validation.py.
func runID() func(string) bool {
	return regexp.MustCompile(`^[a-zA-Z0-9][\w\-]{0,255}$`).MatchString
}

// trash is where FileStore puts deleted experiments.
const trash = ".trash"

// look reads the names in the folder, and the meta.yaml of what is new or changed.
func (t *tree) look(ctx context.Context) (changed bool, err error) {
	seen := map[string]bool{}
	for _, parent := range []string{t.root, filepath.Join(t.root, trash)} {
		entries, err := os.ReadDir(parent)
		if parent != t.root && err != nil {
			continue // there need not be one
		}
		if err != nil {
			return false, fmt.Errorf("read the runs in %s: %w", t.root, err)
		}
		for _, d := range entries {
			if !d.IsDir() || strings.HasPrefix(d.Name(), ".") || d.Name() == registryFolder {
				continue
			}
			dir := filepath.Join(parent, d.Name())
			e := t.experiment(dir, d.Name(), parent != t.root, &changed)
			if e == nil {
				continue
			}
			seen[dir] = true
			if t.runs(ctx, e) {
				changed = true
			}
			if ctx.Err() != nil {
				return changed, ctx.Err()
			}
		}
	}
	for dir := range t.experiments {
		if !seen[dir] {
			delete(t.experiments, dir)
			changed = true
		}
	}
	t.queueActive()
	return changed, nil
}

// queueActive has the runs that may still log read again, all or some of them.
func (t *tree) queueActive() {
	var active []*run
	t.each(func(r *run) {
		if r.base.Active() && r.detailed {
			active = append(active, r)
		}
	})
	slices.SortFunc(active, func(a, b *run) int { return b.base.Start.Compare(a.base.Start) })
	for i, r := range active {
		if i < manyActive/2 || i%max(1, len(active)/manyActive) == t.turn%max(1, len(active)/manyActive) {
			t.queue(r)
		}
	}
	t.turn++
}

// experiment brings the experiment of a folder up to date; nil for a folder that is
// none.
func (t *tree) experiment(dir, id string, trashed bool, changed *bool) *experiment {
	at, err := stampOf(filepath.Join(dir, "meta.yaml"))
	if err != nil {
		return nil
	}
	e := t.experiments[dir]
	if e == nil {
		e = &experiment{id: id, dir: dir, backend: t.backend, trashed: trashed, runs: map[string]*run{}}
		t.experiments[dir] = e
	}
	if e.meta == at {
		return e
	}
	f, _, err := readMeta(dir)
	if err != nil && e.e.ID == "" {
		f = fields{"name": id} // its runs are there all the same
	} else if err != nil {
		return e
	}
	e.meta, *changed = at, true
	e.e = backends.Experiment{
		ID: id, Name: f["name"], Deleted: trashed || f["lifecycle_stage"] == "deleted",
		Created: f.time("creation_time"), Updated: f.time("last_update_time"),
		Location: f["artifact_location"],
	}
	walk(filepath.Join(dir, "tags"), func(key, path string) {
		if b, err := readSmall(path, maxValue); err == nil {
			e.e.Tags = append(e.e.Tags, backends.Tag{Key: key, Value: text(b)})
		}
	})
	slices.SortFunc(e.e.Tags, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
	for _, r := range e.runs {
		r.base.ExpName, r.base.Deleted = e.e.Name, r.base.Deleted || e.e.Deleted
		t.queue(r)
	}
	return e
}

// runs brings the runs of an experiment up to date, as far as meta.yaml goes.
func (t *tree) runs(ctx context.Context, e *experiment) (changed bool) {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return false
	}
	is, seen := runID(), make(map[string]bool, len(entries))
	var again []*run
	var stamps []stamp
	for _, d := range entries {
		id := d.Name()
		if !d.IsDir() || !is(id) || id == "tags" || id == "datasets" || id == "traces" || id == "models" {
			continue
		}
		r := e.runs[id]
		if r == nil {
			r = &run{exp: e, id: id, dir: filepath.Join(e.dir, id), metrics: map[string]*tail{}}
		}
		at, err := stampOf(filepath.Join(r.dir, "meta.yaml"))
		if err != nil {
			continue
		}
		seen[id] = true
		if at != r.meta {
			again, stamps = append(again, r), append(stamps, at)
		}
	}
	inParallel(ctx, again, (*run).readMeta)
	for i, r := range again {
		if r.base.ID == "" { // half written, or damage: the next look tries again
			delete(seen, r.id)
			continue
		}
		r.meta, e.runs[r.id], changed = stamps[i], r, true
		t.queue(r)
	}
	for id := range e.runs {
		if !seen[id] {
			delete(e.runs, id)
			changed = true
		}
	}
	return changed
}

// inParallel calls f for each, on a few goroutines: most of the time is the file
// system's.
func inParallel(ctx context.Context, all []*run, f func(*run)) {
	var wg sync.WaitGroup
	n := min(len(all), 2*runtime.GOMAXPROCS(0))
	for w := range n {
		wg.Go(func() {
			for i := w; i < len(all) && ctx.Err() == nil; i += n {
				f(all[i])
			}
		})
	}
	wg.Wait()
}

// details reads the details of a bundle of runs, the newest first.
func (t *tree) details(ctx context.Context) (changed bool) {
	if n := len(t.pending); n > bundle {
		slices.SortFunc(t.pending, func(a, b *run) int { return a.base.Start.Compare(b.base.Start) })
	}
	n := min(bundle, len(t.pending))
	some := t.pending[len(t.pending)-n:]
	before := make([]*backends.Run, n)
	for i, r := range some {
		before[i] = r.shown
	}
	inParallel(ctx, some, (*run).readDetails)
	if ctx.Err() != nil {
		return false
	}
	for i, r := range some {
		r.queued = false
		changed = changed || r.shown != before[i]
	}
	t.pending = t.pending[:len(t.pending)-n]
	return changed || len(t.pending) == 0
}

// listing is all that the tree holds, as callers may keep it.
func (t *tree) listing() (runs []*backends.Run, exps []backends.Experiment) {
	for _, e := range t.experiments {
		x := e.e
		for _, r := range e.runs {
			if r.shown == nil {
				continue
			}
			runs = append(runs, r.shown)
			if !r.shown.Deleted {
				x.RunCount++
			}
		}
		exps = append(exps, x)
	}
	slices.SortFunc(exps, func(a, b backends.Experiment) int { return strings.Compare(a.ID, b.ID) })
	return runs, exps
}

// walk calls f for every regular file below dir, whose key is its path from there.
// Links are left out, and so is what lies too deep.
func walk(dir string, f func(key, path string)) {
	const deepest, most = 16, 100_000
	n := 0
	var visit func(dir, prefix string, depth int)
	visit = func(dir, prefix string, depth int) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return // it is not there, or went: nothing to say
		}
		for _, d := range entries {
			switch path := dir + string(filepath.Separator) + d.Name(); {
			case d.IsDir() && depth < deepest:
				visit(path, prefix+d.Name()+"/", depth+1)
			case d.Type().IsRegular() && n < most:
				n++
				f(prefix+d.Name(), path)
			}
		}
	}
	visit(dir, "", 0)
}

func isLink(path string) bool {
	fi, err := os.Lstat(path)
	return err == nil && fi.Mode()&fs.ModeSymlink != 0
}

// isFolderError is that a part of the path is a file.
func isFolderError(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}
