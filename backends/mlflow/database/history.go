package database

import (
	"context"
	"fmt"
	"math"
	"slices"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

type historyKey struct{ run, key string }

// follower is how far one metric was read. Rows of the table are only ever added, and
// their rowid rises in the order of the logging.
type follower struct {
	h    *backends.History
	last int64 // rowid of the last point, 0 for none
	at   point
}

type point struct {
	step, time int64
	bits       uint64
}

// page bounds one statement: while it runs, nobody can write.
const page = 50_000

// History is the points of one metric, in the order in which they were logged.
func (d *Database) History(ctx context.Context, ref backends.Ref, key string) (*backends.History, error) {
	if _, _, err := d.run(ctx, ref.ID); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	k := historyKey{ref.ID, key}
	f := d.histories[k]
	if f == nil {
		f = &follower{h: &backends.History{Key: key}}
		d.histories[k] = f
	}
	for {
		n := 0
		err := d.read(ctx, func(c *conn) (err error) {
			n, err = f.more(c, k)
			return err
		})
		if err != nil {
			return nil, err
		}
		if n < page {
			return f.h, nil
		}
	}
}

// more appends one page of what is new.
func (f *follower) more(c *conn, k historyKey) (n int, err error) {
	if !c.schema.has("metrics") {
		return 0, nil
	}
	if f.last > 0 {
		there, err := f.there(c, k)
		if err != nil {
			return 0, err
		}
		if !there { // a migration that makes the table anew numbers its rows anew
			f.h, f.last = &backends.History{Key: k.key}, 0
		}
	}
	var p backends.Points
	// The run's index ends in the rowid; that of the key would read every run's points.
	query := fmt.Sprintf(`SELECT rowid, %s FROM metrics WHERE run_uuid = ? AND +"key" = ? AND rowid > ? ORDER BY rowid LIMIT %d`,
		c.schema.pick("metrics", "step", "timestamp", "value", "is_nan"), page)
	if slices.Contains(c.schema["metrics"], "rowid") {
		return 0, fmt.Errorf("the table of metrics has a column of its own called rowid")
	}
	err = c.each(query, func(s *sqlite.Stmt) error {
		v := value(s.ColumnFloat(3), s.ColumnInt64(4) != 0)
		p.Step, p.Time, p.Value = append(p.Step, s.ColumnInt64(1)), append(p.Time, s.ColumnInt64(2)), append(p.Value, v)
		f.last, f.at = s.ColumnInt64(0), point{s.ColumnInt64(1), s.ColumnInt64(2), math.Float64bits(v)}
		return nil
	}, k.run, k.key, f.last)
	if p.Len() > 0 {
		f.h.Append(p)
	}
	return p.Len(), err
}

// there reports whether the last row that was read still is what it was.
func (f *follower) there(c *conn, k historyKey) (same bool, err error) {
	err = c.each("SELECT "+c.schema.pick("metrics", "step", "timestamp", "value", "is_nan")+` FROM metrics WHERE rowid = ? AND run_uuid = ? AND "key" = ?`, func(s *sqlite.Stmt) error {
		same = f.at == point{s.ColumnInt64(0), s.ColumnInt64(1), math.Float64bits(value(s.ColumnFloat(2), s.ColumnInt64(3) != 0))}
		return nil
	}, f.last, k.run, k.key)
	return same, err
}
