package store

import (
	"encoding/binary"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

// seal moves a run's tail and the groups that are just being added into chunks, one
// key after the other. A key's last chunk that is still short is made longer, so
// that a metric logged once an epoch beside one logged each step does not end up in
// a thousand chunks.
func (t *tx) seal(r *row, latest []last, groups []*group) error {
	pending := map[int64]*backends.Points{}
	add := func(key int64) *backends.Points {
		p := pending[key]
		if p == nil {
			p = &backends.Points{}
			pending[key] = p
		}
		return p
	}
	if r.batches > 0 {
		err := t.eachBatch(r.n, func(b []byte) error {
			return eachGroup(b, func(key int64, c *cursor) { readPoints(c, add(key)) })
		})
		if err != nil {
			return t.db.damagedRun(r.id, "unsealed metrics", err)
		}
		if err := t.exec("DELETE FROM tail WHERE id >= ? AND id < ?", r.n<<tailShift, (r.n+1)<<tailShift); err != nil {
			return err
		}
		r.batches = 0
	}
	for _, g := range groups {
		p := add(g.key)
		p.Step, p.Time, p.Value = append(p.Step, g.Step...), append(p.Time, g.Time...), append(p.Value, g.Value...)
	}
	for i := range latest {
		latest[i].tail = 0
		if p := pending[latest[i].key]; p != nil {
			if err := t.sealKey(r, latest[i].key, *p); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachBatch reads a run's tail in order; b is valid only during the call.
func (c *conn) eachBatch(run int64, f func(b []byte) error) error {
	var buf []byte
	return c.each("SELECT data FROM tail WHERE id >= ? AND id < ? ORDER BY id", func(s *sqlite.Stmt) error {
		n := s.ColumnLen(0)
		if n > cap(buf) {
			buf = make([]byte, 2*n)
		}
		s.ColumnBytes(0, buf[:n])
		return f(buf[:n])
	}, run<<tailShift, (run+1)<<tailShift)
}

func (t *tx) sealKey(r *row, key int64, p backends.Points) error {
	first, short := int64(0), int64(0)
	var data []byte
	err := t.each("SELECT id, first, points, iif(points < ?, data, NULL) FROM chunks WHERE run = ? AND key = ? ORDER BY first DESC LIMIT 1",
		func(s *sqlite.Stmt) error {
			first = s.ColumnInt64(1) + s.ColumnInt64(2)
			if !s.ColumnIsNull(3) {
				short, first, data = s.ColumnInt64(0), s.ColumnInt64(1), columnBytes(s, 3)
			}
			return nil
		}, int64(sealAt), r.n, key)
	if err != nil {
		return err
	}
	if short > 0 {
		var before backends.Points
		if err := decodeChunk(data, &before); err != nil {
			return t.db.damagedRun(r.id, "metrics", err)
		}
		p.Step, p.Time, p.Value = append(before.Step, p.Step...), append(before.Time, p.Time...), append(before.Value, p.Value...)
		if err := t.exec("DELETE FROM chunks WHERE id = ?", short); err != nil {
			return err
		}
	}
	for p.Len() > 0 {
		n := p.Len()
		if n > chunkMax {
			n = min(chunkMax, n-sealAt) // the rest is long enough too
		}
		head := backends.Points{Step: p.Step[:n], Time: p.Time[:n], Value: p.Value[:n]}
		s := spanOf(head)
		err := t.exec("INSERT INTO chunks (run, key, first, points, min_step, max_step, min_time, max_time, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.n, key, first, int64(n), s.minStep, s.maxStep, s.minTime, s.maxTime, sealBlob(appendPoints(nil, head)))
		if err != nil {
			return err
		}
		first += int64(n)
		p = p.From(n)
	}
	return nil
}
