package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// row is a run as a writer holds it. params, tags and latest are unpacked when they
// are first asked for and packed again only when they changed.
type row struct {
	n          int64
	id         string
	experiment int64
	deleted    bool
	status     backends.RunStatus
	start, end int64
	name, user string
	batches    int64

	latest  []byte
	params  []backends.Param
	tags    []backends.Tag
	inputs  []backends.Dataset
	changed bool // anything but latest and batches
}

// tagDamaged is on a run of which a part could not be read.
const tagDamaged = "flightdeck.damaged"

const rowColumns = "n, id, rev, experiment, deleted, status, started, ended, name, user, batches, latest, params, tags, inputs"

// The columns of rowColumns by number.
const (
	colN = iota
	colID
	colRev
	colExperiment
	colDeleted
	colStatus
	colStarted
	colEnded
	colName
	colUser
	colBatches
	colLatest
	colParams
	colTags
	colInputs
)

// row loads a run for writing.
func (t *tx) row(id string) (*row, error) {
	var r *row
	err := t.each("SELECT "+rowColumns+" FROM runs WHERE id = ?", func(s *sqlite.Stmt) (err error) {
		r = &row{
			n: s.ColumnInt64(colN), id: id, experiment: s.ColumnInt64(colExperiment), deleted: s.ColumnBool(colDeleted),
			status: backends.RunStatus(s.ColumnText(colStatus)), start: s.ColumnInt64(colStarted), end: s.ColumnInt64(colEnded),
			name: s.ColumnText(colName), user: s.ColumnText(colUser), batches: s.ColumnInt64(colBatches),
			latest: columnBytes(s, colLatest),
		}
		var errs [3]error
		r.params, errs[0] = unpackPairs[backends.Param](s.ColumnText(colParams), nil)
		r.tags, errs[1] = unpackPairs[backends.Tag](s.ColumnText(colTags), nil)
		r.inputs, errs[2] = unpackInputs(s.ColumnText(colInputs))
		if err := errors.Join(errs[:]...); err != nil {
			return t.db.damaged(fmt.Errorf("run %s: %w", id, err))
		}
		return nil
	}, id)
	if err == nil && r == nil {
		err = missing("Run with id=%s not found", id)
	}
	return r, err
}

// active is row for a write that MLflow allows only to runs that are not deleted.
func (t *tx) active(id string) (*row, error) {
	r, err := t.row(id)
	if err == nil && r.deleted {
		err = invalid("The run %s must be in the 'active' state. Current state is deleted.", id)
	}
	return r, err
}

// save writes the run back. Its name, and the job for the index, follow the tags.
func (t *tx) save(r *row) error {
	if !r.changed {
		return t.exec("UPDATE runs SET rev = ?, batches = ?, latest = ? WHERE n = ?", t.rev, r.batches, r.latest, r.n)
	}
	t.touch(ofRuns)
	job, _ := pairValue(r.tags, backends.TagJob)
	return t.exec(`UPDATE runs SET rev = ?, batches = ?, latest = ?, deleted = ?, status = ?, started = ?, ended = ?,
		name = ?, user = ?, job = ?, params = ?, tags = ?, inputs = ? WHERE n = ?`,
		t.rev, r.batches, r.latest, r.deleted, string(r.status), r.start, r.end,
		r.name, r.user, job, packPairs(r.params), packPairs(r.tags), packInputs(r.inputs), r.n)
}

func (r *row) setTag(t backends.Tag) {
	r.tags = setPair(r.tags, t)
	if t.Key == backends.TagName {
		r.name = t.Value
	}
	r.changed = true
}

func packInputs(in []backends.Dataset) []byte {
	if len(in) == 0 {
		return []byte{}
	}
	b, err := json.Marshal(in) // strings only: it cannot fail
	if err != nil {
		panic(err)
	}
	return sealBlob(b)
}

func unpackInputs(s string) (in []backends.Dataset, err error) {
	if s == "" {
		return nil, nil
	}
	b, err := unseal([]byte(s))
	if err != nil {
		return nil, err
	}
	return in, json.Unmarshal(b, &in)
}

func columnBytes(s *sqlite.Stmt, col int) []byte {
	b := make([]byte, s.ColumnLen(col))
	s.ColumnBytes(col, b)
	return b
}

// raw is a row as SQLite gives it. Making a run of it costs three times as much and
// needs no connection, so that several can be made at once.
type raw struct {
	n, rev, experiment, start, end int64
	deleted                        bool
	id, name, user                 string
	status                         backends.RunStatus
	latest                         []byte
	params, tags, inputs           string
}

// read takes a row over, into the same memory as the one before.
func (w *raw) read(s *sqlite.Stmt) {
	latest := slices.Grow(w.latest[:0], s.ColumnLen(colLatest))[:s.ColumnLen(colLatest)]
	s.ColumnBytes(colLatest, latest)
	*w = raw{
		n: s.ColumnInt64(colN), rev: s.ColumnInt64(colRev), experiment: s.ColumnInt64(colExperiment),
		start: s.ColumnInt64(colStarted), end: s.ColumnInt64(colEnded), deleted: s.ColumnBool(colDeleted),
		id: s.ColumnText(colID), name: s.ColumnText(colName), user: s.ColumnText(colUser), status: status(s.ColumnText(colStatus)),
		latest: latest, params: s.ColumnText(colParams), tags: s.ColumnText(colTags), inputs: s.ColumnText(colInputs),
	}
}

// scanner turns rows into runs. One that makes many has slabs to cut from.
type scanner struct {
	names nameList
	exps  map[int64]expRef

	metrics *[]backends.Metric
	params  *[]backends.Param
	tags    *[]backends.Tag
}

// expRef is what a run says of its experiment.
type expRef struct{ name, location string }

// bulk is a scanner that cuts its slices from shared blocks, for one goroutine.
func (sc *scanner) bulk() *scanner {
	return &scanner{names: sc.names, exps: sc.exps, metrics: new([]backends.Metric), params: new([]backends.Param), tags: new([]backends.Tag)}
}

// run reads one row of rowColumns.
func (sc *scanner) run(s *sqlite.Stmt) *backends.Run {
	var w raw
	w.read(s)
	return sc.make(&w)
}

// make turns a row into a run. A part that is damaged is left out and named in a
// tag, so that one bad page does not hide ten thousand runs.
func (sc *scanner) make(w *raw) *backends.Run {
	exp := sc.exps[w.experiment]
	r := &backends.Run{
		ID: w.id, Name: w.name, Experiment: strconv.FormatInt(w.experiment, 10), ExpName: exp.name, Backend: "local",
		Status: w.status, Deleted: w.deleted, Start: moment(w.start), End: moment(w.end), User: w.user, Rev: uint64(w.rev),
	}
	if exp.location != "" {
		r.Artifacts = strings.TrimSuffix(exp.location, "/") + "/" + w.id + "/artifacts"
	}
	var bad string
	note := func(what string, err error) {
		if err != nil {
			bad += what + ": " + err.Error() + "; "
		}
	}
	var err error
	r.Metrics, err = unpackMetrics(w.latest, sc.names, sc.metrics)
	note("metrics", err)
	r.Params, err = unpackPairs(w.params, sc.params)
	note("params", err)
	r.Tags, err = unpackPairs(w.tags, sc.tags)
	note("tags", err)
	r.Inputs, err = unpackInputs(w.inputs)
	note("inputs", err)
	if bad != "" {
		r.Tags = setPair(append([]backends.Tag(nil), r.Tags...), backends.Tag{Key: tagDamaged, Value: bad[:len(bad)-2]})
	}
	r.Parent, r.Job = r.Tag(backends.TagParent), r.Tag(backends.TagJob)
	r.Exit, r.Diverged = r.Tag(backends.TagExit), r.Tag(backends.TagDiverged)
	return r
}

// status avoids a string of its own for each of ten thousand runs.
func status(s string) backends.RunStatus {
	for _, known := range [...]backends.RunStatus{backends.RunFinished, backends.RunRunning, backends.RunFailed, backends.RunKilled, backends.RunScheduled} {
		if string(known) == s {
			return known
		}
	}
	return backends.RunStatus(s)
}

// scanner prepares to read runs in c's transaction.
func (d *db) scanner(c *conn) (*scanner, error) {
	sc := &scanner{exps: map[int64]expRef{}}
	var err error
	if sc.names, err = d.names.load(c); err != nil {
		return nil, err
	}
	err = c.each("SELECT id, name, location FROM experiments", func(s *sqlite.Stmt) error {
		sc.exps[s.ColumnInt64(0)] = expRef{s.ColumnText(1), s.ColumnText(2)}
		return nil
	})
	return sc, err
}

// end of a run that goes on: there is none yet.
func endOf(st backends.RunStatus, end, now time.Time) int64 {
	switch {
	case st == backends.RunRunning || st == backends.RunScheduled:
		return 0
	case end.IsZero():
		return millis(now)
	}
	return millis(end)
}
