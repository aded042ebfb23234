package database

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// listing is the runs as they were last read. A change of the database is followed
// by a look at the rows of the table of runs, and at all of what is active or looks
// changed; what a finished run was given since (a tag) is found by reading all again,
// less often the longer that takes.
type listing struct {
	version int64     // of the data, when runs were read; 0 for never
	all     time.Time // when everything may be read again
	missing bool      // the last reading was not of everything
	runs    []*backends.Run
	byID    map[string]*backends.Run
}

const (
	allAtLeast = 2 * time.Second // between two readings of everything
	allShare   = 20              // it takes at most this part of the time
)

func (l *listing) update(c *conn, backend string, now time.Time) error {
	v, err := c.dataVersion()
	due := !now.Before(l.all)
	if err != nil || l.version != 0 && v == l.version && !(l.missing && due) {
		return err
	}
	whole := l.version == 0 || due
	began := time.Now()
	rows, err := runRows(c, backend)
	if err != nil {
		return err
	}
	var some []*backends.Run
	for _, r := range rows {
		if old := l.byID[r.ID]; whole || old == nil || r.Active() || !sameRow(old, r) {
			some = append(some, r)
		}
	}
	if err := details(c, some, whole || len(some) > 200); err != nil {
		return err
	}
	fresh := map[string]bool{}
	for _, r := range some {
		fresh[r.ID] = true
		entity.Finish(r)
	}
	byID := make(map[string]*backends.Run, len(rows))
	runs := make([]*backends.Run, len(rows))
	for i, r := range rows {
		runs[i] = l.byID[r.ID]
		if fresh[r.ID] {
			runs[i] = entity.Keep(l.byID[r.ID], r)
		}
		byID[r.ID] = runs[i]
	}
	entity.Sort(runs)
	l.runs, l.byID, l.version = runs, byID, v
	l.missing = !whole
	if whole {
		l.all = now.Add(max(allAtLeast, allShare*time.Since(began)))
	}
	return nil
}

// sameRow compares what the table of runs itself says.
func sameRow(a, b *backends.Run) bool {
	return a.Name == cmp.Or(b.Name, a.Name) && a.Status == b.Status && a.Deleted == b.Deleted && a.Start.Equal(b.Start) && a.End.Equal(b.End) &&
		a.Experiment == b.Experiment && a.ExpName == b.ExpName
}

func moment(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func experiments(c *conn) (out []backends.Experiment, err error) {
	err = c.each("SELECT "+c.schema.pick("experiments", "experiment_id", "name", "lifecycle_stage", "creation_time", "last_update_time", "artifact_location")+" FROM experiments ORDER BY experiment_id", func(s *sqlite.Stmt) error {
		out = append(out, backends.Experiment{
			ID: s.ColumnText(0), Name: s.ColumnText(1), Deleted: s.ColumnText(2) == "deleted", Created: moment(s.ColumnInt64(3)), Updated: moment(s.ColumnInt64(4)),
			Location: s.ColumnText(5),
		})
		return nil
	})
	if err != nil || !c.schema.has("experiment_tags") {
		return out, err
	}
	tags := map[string][]backends.Tag{}
	err = c.each(`SELECT experiment_id, "key", value FROM experiment_tags ORDER BY "key"`, func(s *sqlite.Stmt) error {
		tags[s.ColumnText(0)] = append(tags[s.ColumnText(0)], backends.Tag{Key: s.ColumnText(1), Value: s.ColumnText(2)})
		return nil
	})
	for i := range out {
		out[i].Tags = tags[out[i].ID]
	}
	return out, err
}

// runRows is the table of runs alone.
func runRows(c *conn, backend string) (out []*backends.Run, err error) {
	exps, err := experiments(c)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, e := range exps {
		names[e.ID] = e.Name
	}
	err = c.each("SELECT "+c.schema.pick("runs", "run_uuid", "name", "experiment_id", "status", "lifecycle_stage", "start_time", "end_time", "user_id", "artifact_uri")+" FROM runs", func(s *sqlite.Stmt) error {
		r := &backends.Run{
			ID: s.ColumnText(0), Name: s.ColumnText(1), Experiment: s.ColumnText(2), Status: entity.Status(s.ColumnText(3)), Deleted: s.ColumnText(4) == "deleted",
			Start: moment(s.ColumnInt64(5)), End: moment(s.ColumnInt64(6)), User: s.ColumnText(7), Artifacts: s.ColumnText(8), Backend: backend,
		}
		r.ExpName = names[r.Experiment]
		out = append(out, r)
		return nil
	})
	return out, err
}

// details fills in what other tables say of these runs: by a reading of the whole
// tables, or run by run through their indexes.
func details(c *conn, runs []*backends.Run, whole bool) error {
	byID := make(map[string]*backends.Run, len(runs))
	for _, r := range runs {
		byID[r.ID] = r
	}
	read := func(table, query, by string, f func(r *backends.Run, s *sqlite.Stmt)) error {
		if !c.schema.has(table) {
			return nil
		}
		row := func(s *sqlite.Stmt) error {
			if r := byID[s.ColumnText(0)]; r != nil {
				f(r, s)
			}
			return nil
		}
		if whole {
			return c.each(query, row)
		}
		for _, r := range runs {
			if err := c.each(query+" WHERE "+by+" = ?", row, r.ID); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read("params", `SELECT run_uuid, "key", value FROM params`, "run_uuid", func(r *backends.Run, s *sqlite.Stmt) {
		r.Params = append(r.Params, backends.Param{Key: s.ColumnText(1), Value: s.ColumnText(2)})
	}); err != nil {
		return err
	}
	if err := read("tags", `SELECT run_uuid, "key", value FROM tags`, "run_uuid", func(r *backends.Run, s *sqlite.Stmt) {
		r.Tags = append(r.Tags, backends.Tag{Key: s.ColumnText(1), Value: s.ColumnText(2)})
	}); err != nil {
		return err
	}
	last := "latest_metrics"
	if err := read(last, "SELECT "+c.schema.pick(last, "run_uuid", "key", "value", "timestamp", "step", "is_nan")+" FROM "+last, "run_uuid", func(r *backends.Run, s *sqlite.Stmt) {
		r.Metrics = append(r.Metrics, backends.Metric{Key: s.ColumnText(1), Value: value(s.ColumnFloat(2), s.ColumnInt64(5) != 0), Time: s.ColumnInt64(3), Step: s.ColumnInt64(4)})
	}); err != nil {
		return err
	}
	return inputs(c, read)
}

// inputs fills in the data sets that runs read.
func inputs(c *conn, read func(table, query, by string, f func(*backends.Run, *sqlite.Stmt)) error) error {
	if !c.schema.has("datasets") || !c.schema.has("inputs") {
		return nil
	}
	tags := map[string][]backends.Tag{}
	if c.schema.has("input_tags") {
		if err := c.each("SELECT input_uuid, name, value FROM input_tags", func(s *sqlite.Stmt) error {
			tags[s.ColumnText(0)] = append(tags[s.ColumnText(0)], backends.Tag{Key: s.ColumnText(1), Value: s.ColumnText(2)})
			return nil
		}); err != nil {
			return err
		}
	}
	query := "SELECT inputs.destination_id, inputs.input_uuid, " +
		c.schema.pick("datasets", "name", "digest", "dataset_source_type", "dataset_source", "dataset_schema", "dataset_profile") +
		" FROM inputs JOIN datasets ON inputs.source_type = 'DATASET' AND inputs.destination_type = 'RUN' AND datasets.dataset_uuid = inputs.source_id"
	err := read("inputs", query, "inputs.destination_id", func(r *backends.Run, s *sqlite.Stmt) {
		in := backends.Dataset{
			Name: s.ColumnText(2), Digest: s.ColumnText(3), SourceType: s.ColumnText(4), Source: s.ColumnText(5), Schema: s.ColumnText(6), Profile: s.ColumnText(7),
		}
		entity.Use(&in, tags[s.ColumnText(1)])
		r.Inputs = append(r.Inputs, in)
		slices.SortFunc(r.Inputs, func(a, b backends.Dataset) int { return strings.Compare(a.Name+a.Digest, b.Name+b.Digest) })
	})
	return err
}

// value is a metric's value. NaN is stored as 0 with a mark. Source:
// mlflow/store/tracking/sqlalchemy_store.py.
func value(v float64, nan bool) float64 {
	if nan {
		return math.NaN()
	}
	return entity.Stored(v)
}
