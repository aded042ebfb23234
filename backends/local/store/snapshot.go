package store

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// runs is the part of the store that deals with runs.
type runs struct {
	*db
	snap snapshots
}

// snapshots is the listing as it was last asked for. What it holds is never
// written to: a newer listing is a new slice with the same pointers in it, but for
// the runs that changed.
type snapshots struct {
	mu    sync.Mutex
	rev   int64
	rows  []listed        // newest first
	all   []*backends.Run // rows, once asked for
	views map[backends.RunFilter][]*backends.Run
	jobs  map[string][]listed // small listings, made without reading all runs
}

// Rest lets go of what reading faster takes: the listing, and the readers with their
// pages. The next listing is read whole, and its runs are other pointers.
func (r *runs) Rest() {
	r.snap.mu.Lock()
	r.snap.rev, r.snap.rows, r.snap.all, r.snap.views, r.snap.jobs = 0, nil, nil, nil, nil
	r.snap.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.idle {
		c.Close()
	}
	r.idle = nil
}

type listed struct {
	n   int64
	run *backends.Run
}

// newest orders by start, then by making.
func newest(a, b listed) int {
	return cmp.Or(b.run.Start.Compare(a.run.Start), cmp.Compare(b.n, a.n))
}

// Runs lists runs, newest first. The slice and the runs are shared and never
// change; a run that did not change since an earlier call is the same pointer.
func (r *runs) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	r.snap.mu.Lock()
	defer r.snap.mu.Unlock()
	if f.Job != "" && r.snap.rows == nil {
		return r.jobRuns(ctx, f)
	}
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	view, ok := r.snap.views[f]
	if !ok && r.snap.views != nil {
		for _, l := range r.snap.rows {
			if matches(l.run, f) {
				view = append(view, l.run)
			}
		}
		r.snap.views[f] = view
	}
	return view, nil
}

func matches(r *backends.Run, f backends.RunFilter) bool {
	return r.Deleted == f.Deleted && (f.Experiment == "" || r.Experiment == f.Experiment) && (f.Job == "" || r.Job == f.Job)
}

// jobRuns lists one job's runs for a process that wants no others, such as a
// supervisor, which has no room for all of them.
func (r *runs) jobRuns(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	old := r.snap.jobs[f.Job]
	var now []listed
	err := r.read(ctx, func(c *conn) error {
		sc, err := r.scanner(c)
		if err != nil {
			return err
		}
		return c.each("SELECT "+rowColumns+" FROM runs WHERE job = ?", func(s *sqlite.Stmt) error {
			n, rev := s.ColumnInt64(colN), uint64(s.ColumnInt64(colRev))
			i := slices.IndexFunc(old, func(l listed) bool { return l.n == n && l.run.Rev == rev })
			if i >= 0 {
				now = append(now, old[i])
			} else {
				now = append(now, listed{n, sc.run(s)})
			}
			return nil
		}, f.Job)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(now, newest)
	if r.snap.jobs == nil {
		r.snap.jobs = map[string][]listed{}
	}
	r.snap.jobs[f.Job] = now
	var out []*backends.Run
	for _, l := range now {
		if matches(l.run, f) {
			out = append(out, l.run)
		}
	}
	return out, nil
}

// refresh brings the listing up to date: all of it the first time, later only the
// runs whose rev is above the listing's.
func (r *runs) refresh(ctx context.Context) error {
	sn := &r.snap
	return r.read(ctx, func(c *conn) error {
		revs, err := c.topicRevs()
		if err != nil || revs.rev == sn.rev && sn.rows != nil {
			return err
		}
		if max(revs.runs, revs.metrics) <= sn.rev && sn.rows != nil {
			sn.rev = revs.rev
			return nil
		}
		sc, err := r.scanner(c)
		if err != nil {
			return err
		}
		if sn.rows == nil {
			if err := r.all(c, sc); err != nil {
				return err
			}
		} else if err := sn.patch(c, sc); err != nil {
			return err
		}
		sn.rev = revs.rev
		sn.all = nil
		sn.views = map[backends.RunFilter][]*backends.Run{}
		return nil
	})
}

// all reads every run. One goroutine asks SQLite, which two connections only slow
// down; the rows are made into runs by whoever has time, a part of them at once.
func (r *runs) all(c *conn, sc *scanner) error {
	const part = 256
	total, err := c.int("SELECT count(*) FROM runs")
	if err != nil {
		return err
	}
	workers := min(runtime.GOMAXPROCS(0)-1, int(total)/part)
	rows := make([]listed, 0, total)
	work, free := make(chan []raw), make(chan []raw, workers+1)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		free <- make([]raw, 0, part)
		wg.Go(func() {
			sc := sc.bulk()
			for ws := range work {
				out := sc.list(nil, ws)
				mu.Lock()
				rows = append(rows, out...)
				mu.Unlock()
				free <- ws[:0]
			}
		})
	}
	mine, ws, here := sc.bulk(), make([]raw, 0, part), []listed{}
	err = c.each("SELECT "+rowColumns+" FROM runs", func(s *sqlite.Stmt) error {
		ws = ws[:len(ws)+1]
		ws[len(ws)-1].read(s)
		if len(ws) < part {
			return nil
		}
		select {
		case work <- ws: // to one that waits
			ws = <-free
		default:
			here, ws = mine.list(here, ws), ws[:0]
		}
		return nil
	})
	here = mine.list(here, ws)
	close(work)
	wg.Wait()
	if err != nil {
		return err
	}
	rows = append(rows, here...)
	slices.SortFunc(rows, newest)
	r.snap.rows, r.snap.jobs = rows, nil
	return nil
}

func (sc *scanner) list(to []listed, ws []raw) []listed {
	for i := range ws {
		to = append(to, listed{ws[i].n, sc.make(&ws[i])})
	}
	return to
}

// patch makes a new listing out of the one before and what changed since.
func (sn *snapshots) patch(c *conn, sc *scanner) error {
	changed := map[int64]*backends.Run{}
	err := c.each("SELECT "+rowColumns+" FROM runs WHERE rev > ?", func(s *sqlite.Stmt) error {
		changed[s.ColumnInt64(colN)] = sc.run(s)
		return nil
	}, sn.rev)
	if err != nil {
		return err
	}
	err = c.each("SELECT n FROM purged WHERE rev > ?", func(s *sqlite.Stmt) error {
		changed[s.ColumnInt64(0)] = nil
		return nil
	}, sn.rev)
	if err != nil || len(changed) == 0 {
		return err
	}
	rows := make([]listed, 0, len(sn.rows)+len(changed))
	var moved []listed
	for _, l := range sn.rows {
		now, ok := changed[l.n]
		switch {
		case !ok:
			rows = append(rows, l)
		case now != nil && now.Start.Equal(l.run.Start):
			rows = append(rows, listed{l.n, now})
			delete(changed, l.n)
		}
	}
	for n, now := range changed {
		if now != nil {
			moved = append(moved, listed{n, now})
		}
	}
	for _, l := range moved { // few: new runs, most often at the top
		i, _ := slices.BinarySearchFunc(rows, l, newest)
		rows = slices.Insert(rows, i, l)
	}
	sn.rows = rows
	return nil
}

// Run finds one run: by its id, by a beginning that only one id has, or by its
// name, the newest of that name first. The error is backends.ErrNotFound, or says
// which runs it could have been.
func (r *runs) Run(ctx context.Context, name string) (*backends.Run, error) {
	var found []*backends.Run
	err := r.read(ctx, func(c *conn) error {
		sc, err := r.scanner(c)
		if err != nil {
			return err
		}
		add := func(s *sqlite.Stmt) error { found = append(found, sc.run(s)); return nil }
		const sel = "SELECT " + rowColumns + " FROM runs WHERE "
		if err := c.each(sel+"id = ?", add, name); err != nil || len(found) > 0 {
			return err
		}
		if err := c.each(sel+"name = ? ORDER BY deleted, started DESC, n DESC LIMIT 1", add, name); err != nil || len(found) > 0 {
			return err
		}
		if name == "" || strings.Trim(name, "0123456789abcdef") != "" {
			return nil
		}
		return c.each(sel+"id >= ?1 AND id < ?1 || 'g' LIMIT 2", add, name)
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, missing("Run with id=%s not found", name)
	case len(found) > 1:
		return nil, invalid("%s begins the id of more than one run, %s and %s among them: write more of it", name, found[0].ID, found[1].ID)
	}
	return found[0], nil
}
