package store

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// Problem is one thing that Check found wrong.
type Problem struct {
	Kind   string `json:"kind"` // "database", "run", "metrics", "model", "artifact", "orphan" …
	Object string `json:"object"`
	What   string `json:"what"`
	Fix    string `json:"fix,omitempty"`
}

func (p Problem) String() string {
	s := p.Kind + " " + p.Object + ": " + p.What
	if p.Fix != "" {
		s += "; " + p.Fix
	}
	return s
}

// checkSQLite is the first of the doctor's steps, checkOrphans its last.
const (
	checkSQLite = iota
	checkRuns
	checkChunks
	checkFiles
	checkOrphans
	checkSteps
)

// Check looks at everything and changes nothing: SQLite's own checks; that all
// packed values unpack, counts agree and latest values are the latest; that every
// artifact is there and is what its digest says; and what lies about that nothing
// names. report may be nil. An error means that the check itself could not go on.
func (s *Store) Check(ctx context.Context, report func(backends.Progress)) ([]Problem, error) {
	k := &checker{Store: s, report: report}
	if k.report == nil {
		k.report = func(backends.Progress) {}
	}
	err := s.read(ctx, func(c *conn) error {
		k.c = c
		for step, f := range [checkSteps]func(context.Context) error{k.sqlite, k.rows, k.chunks, k.files, k.orphans} {
			k.step = step
			if err := f(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	var damaged *DamagedError
	if errors.As(err, &damaged) { // SQLite itself stumbled: that is what was looked for
		k.add("database", "store.db", damaged.Error(), "")
		err = nil
	}
	return k.found, err
}

type checker struct {
	*Store
	c      *conn
	step   int
	report func(backends.Progress)
	found  []Problem
}

func (k *checker) add(kind, object, what, fix string) {
	const most = 1000
	if len(k.found) < most {
		k.found = append(k.found, Problem{kind, object, what, fix})
	}
}

// progress counts a step as a hundred parts of the whole.
func (k *checker) progress(done, total int64, note string) {
	part := int64(100)
	if total > 0 {
		part = done * 100 / total
	}
	k.report(backends.Progress{Done: int64(k.step)*100 + part, Total: checkSteps * 100, Unit: "parts", Note: note})
}

func (k *checker) sqlite(context.Context) error {
	k.progress(0, 1, "database")
	err := k.c.each("PRAGMA integrity_check(100)", func(s *sqlite.Stmt) error {
		if msg := s.ColumnText(0); msg != "ok" {
			k.add("database", "store.db", msg, "keep the file; SQLite's shell reads what is left with .recover")
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = k.c.each("PRAGMA foreign_key_check", func(s *sqlite.Stmt) error {
		k.add("database", "store.db", fmt.Sprintf("row %s of %s names a row of %s that is not there", s.ColumnText(1), s.ColumnText(0), s.ColumnText(2)), "")
		return nil
	})
	if err != nil {
		return err
	}
	return k.models()
}

// rows unpacks every run and compares what it says of its metrics with them.
func (k *checker) rows(ctx context.Context) error {
	names, err := k.names.load(k.c)
	if err != nil {
		return err
	}
	total, err := k.c.int("SELECT count(*) FROM runs")
	if err != nil {
		return err
	}
	done := int64(0)
	return k.c.each("SELECT "+rowColumns+" FROM runs ORDER BY n", func(s *sqlite.Stmt) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := s.ColumnText(colID)
		k.progress(done, total, "runs")
		done++
		latest, err := unpackLatest(columnBytes(s, colLatest), names)
		_, errParams := unpackPairs[backends.Param](s.ColumnText(colParams), nil)
		_, errTags := unpackPairs[backends.Tag](s.ColumnText(colTags), nil)
		_, errInputs := unpackInputs(s.ColumnText(colInputs))
		what := [...]string{"latest metrics", "params", "tags", "inputs"}
		for i, err := range [...]error{err, errParams, errTags, errInputs} {
			if err != nil {
				k.add("run", id, what[i]+": "+err.Error(), "the rest of the run can be read")
			}
		}
		if err != nil {
			return nil
		}
		return k.latest(s.ColumnInt64(colN), id, latest, s.ColumnInt64(colBatches))
	})
}

// tally is the latest of each key as the points have it.
type tally map[int64]*last

func (have tally) see(key int64, p backends.Points, tail bool) {
	for i, v := range p.Value {
		l := have[key]
		if l == nil {
			l = &last{key: key, step: p.Step[i], time: p.Time[i], value: v}
			have[key] = l
		} else if l.after(p.Step[i], p.Time[i], v) {
			l.step, l.time, l.value = p.Step[i], p.Time[i], v
		}
		if tail {
			l.tail++
		}
	}
}

// latest works out a run's latest values from its points, key by key.
func (k *checker) latest(n int64, id string, latest []last, batches int64) error {
	have := tally{}
	err := k.c.each("SELECT key, data FROM chunks WHERE run = ?", func(s *sqlite.Stmt) error {
		var p backends.Points
		if err := decodeChunk(columnBytes(s, 1), &p); err != nil {
			return errStop // said by chunks
		}
		have.see(s.ColumnInt64(0), p, false)
		return nil
	}, n)
	if errors.Is(err, errStop) {
		return nil
	}
	if err != nil {
		return err
	}
	rows := int64(0)
	err = k.c.eachBatch(n, func(b []byte) error {
		rows++
		return eachGroup(b, func(key int64, c *cursor) {
			var p backends.Points
			readPoints(c, &p)
			have.see(key, p, true)
		})
	})
	if errors.Is(err, errChecksum) || errors.Is(err, errShort) || errors.Is(err, errColumns) {
		k.add("metrics", id, "unsealed points: "+err.Error(), "the other points can be read")
		return nil
	}
	if err != nil {
		return err
	}
	if rows != batches {
		k.add("metrics", id, fmt.Sprintf("%d unsealed batches, and the run counts %d", rows, batches), "")
	}
	k.compare(id, latest, have)
	return nil
}

var errStop = errors.New("no more")

func (k *checker) compare(id string, latest []last, have tally) {
	for i := range latest {
		l := &latest[i]
		h := have[l.key]
		delete(have, l.key)
		switch {
		case h == nil:
			k.add("metrics", id, l.name+" has a latest value and no points", "")
		case h.after(l.step, l.time, l.value) || l.after(h.step, h.time, h.value):
			k.add("metrics", id, fmt.Sprintf("latest %s is %v at step %d, and the points say %v at step %d", l.name, l.value, l.step, h.value, h.step), "")
		case h.tail != l.tail:
			k.add("metrics", id, fmt.Sprintf("%s has %d unsealed points, and the run counts %d", l.name, h.tail, l.tail), "")
		}
	}
	for key := range have {
		k.add("metrics", id, fmt.Sprintf("points of metric number %d and no latest value", key), "")
	}
}

// chunks checks each chunk against its own row and the chunk before.
func (k *checker) chunks(ctx context.Context) error {
	total, err := k.c.int("SELECT count(*) FROM chunks")
	if err != nil {
		return err
	}
	var run, key, next, done int64
	return k.c.each(`SELECT runs.id, run, key, first, points, min_step, max_step, min_time, max_time, data
		FROM chunks LEFT JOIN runs ON runs.n = run ORDER BY run, key, first`, func(s *sqlite.Stmt) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		k.progress(done, total, "metrics")
		done++
		id, first, n := s.ColumnText(0), s.ColumnInt64(3), s.ColumnInt64(4)
		if s.ColumnInt64(1) != run || s.ColumnInt64(2) != key {
			run, key, next = s.ColumnInt64(1), s.ColumnInt64(2), 0
		}
		if first != next {
			k.add("metrics", id, fmt.Sprintf("a chunk begins at point %d where %d was due", first, next), "")
		}
		next = first + n
		var p backends.Points
		err := decodeChunk(columnBytes(s, 9), &p)
		box := span{s.ColumnInt64(5), s.ColumnInt64(6), s.ColumnInt64(7), s.ColumnInt64(8)}
		switch {
		case err != nil:
			k.add("metrics", id, fmt.Sprintf("points %d to %d: %v", first, first+n-1, err), "the other points can be read")
		case int64(p.Len()) != n:
			k.add("metrics", id, fmt.Sprintf("a chunk has %d points and counts %d", p.Len(), n), "")
		case spanOf(p) != box:
			k.add("metrics", id, fmt.Sprintf("the range of points %d to %d is wrong", first, first+n-1), "")
		}
		return nil
	})
}
