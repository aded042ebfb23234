package store

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"weak"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// histories remembers which histories are in use, without keeping them: one that
// no client looks at any more is freed. The last few are kept for those who look
// away and back.
type histories struct {
	mu     sync.Mutex
	known  map[historyKey]*history
	recent [32]*backends.History
	next   int
}

type historyKey struct{ run, key string }

type history struct {
	mu  sync.Mutex // held while it is brought up to date
	h   weak.Pointer[backends.History]
	rev int64 // of the store when it was
}

// History is the history of one metric in the order in which it was logged. Calls
// for the same run and key give the same *History as long as anyone holds it, and
// each brings it up to date by reading only what is new.
func (m *metrics) History(ctx context.Context, run, key string) (*backends.History, error) {
	hs := &m.shared
	k := historyKey{run, key}
	hs.mu.Lock()
	e := hs.known[k]
	if e == nil {
		if hs.known == nil {
			hs.known = map[historyKey]*history{}
		}
		e = &history{}
		hs.known[k] = e
	}
	hs.mu.Unlock()

	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.h.Value()
	if h == nil {
		h = &backends.History{Key: key}
		e.h, e.rev = weak.Make(h), 0
		runtime.AddCleanup(h, hs.forget, k)
	}
	if err := m.read(ctx, func(c *conn) error { return m.update(c, e, h, run) }); err != nil {
		return nil, err
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if !slices.Contains(hs.recent[:], h) {
		hs.recent[hs.next%len(hs.recent)] = h
		hs.next++
	}
	return h, nil
}

// forget drops the entry of a history that was freed, unless there is a new one.
func (hs *histories) forget(k historyKey) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if e := hs.known[k]; e != nil && e.mu.TryLock() {
		if e.h.Value() == nil {
			delete(hs.known, k)
		}
		e.mu.Unlock()
	}
}

// update appends what the history lacks.
func (m *metrics) update(c *conn, e *history, h *backends.History, run string) error {
	n, rev := int64(0), int64(0)
	err := c.each("SELECT n, rev FROM runs WHERE id = ?", func(s *sqlite.Stmt) error {
		n, rev = s.ColumnInt64(0), s.ColumnInt64(1)
		return nil
	}, run)
	if err != nil {
		return err
	}
	if n == 0 {
		return missing("Run with id=%s not found", run)
	}
	if e.rev == rev {
		return nil
	}
	if _, err := m.names.load(c); err != nil {
		return err
	}
	m.names.mu.Lock()
	key, ok := m.names.byName[h.Key]
	m.names.mu.Unlock()
	if ok {
		p, err := c.pointsFrom(n, key, h.Len())
		if err != nil {
			return m.damagedRun(run, "metric "+h.Key, err)
		}
		if p.Len() > 0 {
			h.Append(p)
		}
	}
	e.rev = rev
	return nil
}

// pointsFrom reads a key's points from number from on.
func (c *conn) pointsFrom(run, key int64, from int) (p backends.Points, err error) {
	sealed, err := c.int("SELECT first + points FROM chunks WHERE run = ? AND key = ? ORDER BY first DESC LIMIT 1", run, key)
	if err != nil {
		return p, err
	}
	grow(&p, int(sealed)-from)
	skip, next := from-int(sealed), int64(-1)
	err = c.each("SELECT first, points, data FROM chunks WHERE run = ? AND key = ? AND first + points > ? ORDER BY first", func(s *sqlite.Stmt) error {
		if next < 0 {
			skip = from - s.ColumnInt(0)
		} else if s.ColumnInt64(0) != next {
			return errGap
		}
		next = s.ColumnInt64(0) + s.ColumnInt64(1)
		return decodeChunk(columnBytes(s, 2), &p)
	}, run, key, int64(from))
	if err != nil {
		return p, err
	}
	err = c.eachBatch(run, func(b []byte) error {
		return eachGroup(b, func(k int64, c *cursor) {
			if k == key {
				readPoints(c, &p)
			}
		})
	})
	if err != nil {
		return p, err
	}
	if skip < 0 || skip > p.Len() {
		return backends.Points{}, errGap
	}
	return p.From(skip), nil
}

// grow makes room for n more points and a chunk that began before them.
func grow(p *backends.Points, n int) {
	if n <= 0 || n > 1<<28 {
		return
	}
	n += chunkMax
	p.Step, p.Time, p.Value = make([]int64, 0, n), make([]int64, 0, n), make([]float64, 0, n)
}

var errGap = errors.New("points are missing")

// MetricKeys lists the keys under which a run has points, sorted.
func (m *metrics) MetricKeys(ctx context.Context, run string) ([]string, error) {
	var keys []string
	found := false
	err := m.read(ctx, func(c *conn) error {
		names, err := m.names.load(c)
		if err != nil {
			return err
		}
		return c.each("SELECT latest FROM runs WHERE id = ?", func(s *sqlite.Stmt) error {
			found = true
			ls, err := unpackMetrics(columnBytes(s, 0), names, nil)
			for _, l := range ls {
				keys = append(keys, l.Key)
			}
			if err != nil {
				return m.damagedRun(run, "latest metrics", err)
			}
			return nil
		}, run)
	})
	if err == nil && !found {
		err = missing("Run with id=%s not found", run)
	}
	return keys, err
}
