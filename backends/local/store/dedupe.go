package store

import (
	"fmt"
	"math"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// point is what makes two points of a key the same; the value by its bits, so that
// a NaN is equal to itself.
type point struct {
	step, time int64
	bits       uint64
}

// dropKnown removes from the groups the points that the run has already, and those
// that a group has twice. Most batches go on where the one before ended, which
// latest tells without reading anything.
func (t *tx) dropKnown(r *row, latest []last, groups []*group) error {
	suspects := map[int64]map[point]bool{}
	var box span
	for _, g := range groups {
		if !rising(g.Step) {
			g.dropTwice()
		}
		i, ok := findLast(latest, g.name)
		if !ok || g.span.minStep > latest[i].step || g.span.minTime > latest[i].maxTime {
			continue
		}
		if len(suspects) == 0 {
			box = g.span
		}
		box.join(g.span)
		known := map[point]bool{}
		for j := range g.Value {
			known[g.point(j)] = false
		}
		suspects[latest[i].key] = known
		if err := t.findInChunks(r, latest[i].key, g.span, known); err != nil {
			return err
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	if err := t.findInTail(r, box, suspects); err != nil {
		return err
	}
	for _, g := range groups {
		if i, ok := findLast(latest, g.name); ok {
			if known := suspects[latest[i].key]; known != nil {
				g.keep(func(j int) bool { return !known[g.point(j)] })
			}
		}
	}
	return nil
}

func (g *group) point(i int) point {
	return point{g.Step[i], g.Time[i], math.Float64bits(g.Value[i])}
}

func rising(v []int64) bool {
	for i := 1; i < len(v); i++ {
		if v[i] <= v[i-1] {
			return false
		}
	}
	return true
}

func (g *group) dropTwice() {
	seen := make(map[point]bool, g.Len())
	g.keep(func(i int) bool {
		p := g.point(i)
		old := seen[p]
		seen[p] = true
		return !old
	})
}

// keep drops the points for which f says false.
func (g *group) keep(f func(i int) bool) {
	n := 0
	for i := range g.Value {
		if f(i) {
			g.Step[n], g.Time[n], g.Value[n] = g.Step[i], g.Time[i], g.Value[i]
			n++
		}
	}
	if n < g.Len() {
		g.Points = backends.Points{Step: g.Step[:n], Time: g.Time[:n], Value: g.Value[:n]}
		g.span = spanOf(g.Points)
	}
}

const overlaps = "max_step >= ? AND min_step <= ? AND max_time >= ? AND min_time <= ?"

// findInChunks sets known to true for the points that a sealed chunk holds.
func (t *tx) findInChunks(r *row, key int64, s span, known map[point]bool) error {
	return t.each("SELECT data FROM chunks WHERE run = ? AND key = ? AND "+overlaps, func(st *sqlite.Stmt) error {
		var p backends.Points
		if err := decodeChunk(columnBytes(st, 0), &p); err != nil {
			return t.db.damagedRun(r.id, "metrics", err)
		}
		mark(known, p)
		return nil
	}, r.n, key, s.minStep, s.maxStep, s.minTime, s.maxTime)
}

func (t *tx) findInTail(r *row, s span, suspects map[int64]map[point]bool) error {
	return t.each("SELECT data FROM tail WHERE id >= ? AND id < ? AND "+overlaps, func(st *sqlite.Stmt) error {
		err := eachGroup(columnBytes(st, 0), func(key int64, c *cursor) {
			if known := suspects[key]; known != nil {
				var p backends.Points
				readPoints(c, &p)
				mark(known, p)
			}
		})
		if err != nil {
			return t.db.damagedRun(r.id, "unsealed metrics", err)
		}
		return nil
	}, r.n<<tailShift, (r.n+1)<<tailShift, s.minStep, s.maxStep, s.minTime, s.maxTime)
}

func mark(known map[point]bool, p backends.Points) {
	for i, v := range p.Value {
		at := point{p.Step[i], p.Time[i], math.Float64bits(v)}
		if _, ok := known[at]; ok {
			known[at] = true
		}
	}
}

func (d *db) damagedRun(run, what string, err error) error {
	return d.damaged(fmt.Errorf("run %s: %s: %w", run, what, err))
}
