package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// NewRun is a run to make. All of it may be left out.
type NewRun struct {
	ID           string // 32 hex digits; random when empty
	ExperimentID string // it must exist and not be deleted
	Experiment   string // its name, when there is no ExperimentID; made when it does not exist; "" is Default
	Name         string // a random one when neither this nor a tag says it
	User         string
	Start        time.Time // now when zero
	Parent       string    // the id of the run that this one is nested in
	Job          string
	Tags         []backends.Tag
	Params       []backends.Param
}

// CreateRun makes a run, whose status is RUNNING. A run of that id that exists
// already is an *Error.
func (r *runs) CreateRun(ctx context.Context, nr NewRun) (*backends.Run, error) {
	if err := nr.check(); err != nil {
		return nil, err
	}
	var made *backends.Run
	err := r.write(ctx, "create run", func(t *tx) error {
		exp, err := t.experimentOf(nr)
		if err != nil {
			return err
		}
		w, err := t.insertRun(nr, exp)
		if err != nil {
			return err
		}
		sc, err := r.scanner(t.conn)
		if err != nil {
			return err
		}
		return t.each("SELECT "+rowColumns+" FROM runs WHERE n = ?", func(s *sqlite.Stmt) error {
			made = sc.run(s)
			return nil
		}, w.n)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// check also works out the name, which the argument and the tag must agree on.
func (nr *NewRun) check() error {
	if nr.ID == "" {
		nr.ID = newID()
	} else if len(nr.ID) != 32 || strings.Trim(nr.ID, "0123456789abcdef") != "" {
		return invalidValue("run_id", nr.ID, "")
	}
	nr.Tags, nr.Params = slices.Clone(nr.Tags), slices.Clone(nr.Params)
	for i := range nr.Tags {
		t := &nr.Tags[i] // MLflow checks neither keys nor lengths here
		if t.Key != backends.TagName {
			continue
		}
		if nr.Name != "" && t.Value != "" && t.Value != nr.Name {
			return invalid("Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='%s', mlflow.runName='%s').", nr.Name, t.Value)
		}
		if nr.Name == "" {
			nr.Name = t.Value
		}
	}
	for i := range nr.Params {
		if err := checkParam(&nr.Params[i], ""); err != nil {
			return err
		}
	}
	return nil
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

func (t *tx) insertRun(nr NewRun, exp int64) (*row, error) {
	if n, err := t.int("SELECT n FROM runs WHERE id = ?", nr.ID); err != nil || n > 0 {
		if err == nil {
			err = &Error{AlreadyExists, fmt.Sprintf("Run with id=%s already exists", nr.ID)}
		}
		return nil, err
	}
	w := &row{id: nr.ID, experiment: exp, status: backends.RunRunning, start: millis(nr.Start), user: nr.User, name: nr.Name}
	if w.start == 0 {
		w.start = t.now
	}
	if w.name == "" {
		name, err := t.freeName()
		if err != nil {
			return nil, err
		}
		w.name = name
	}
	for _, tag := range nr.Tags {
		w.setTag(tag)
	}
	w.setTag(backends.Tag{Key: backends.TagName, Value: w.name})
	if nr.Parent != "" {
		w.setTag(backends.Tag{Key: backends.TagParent, Value: nr.Parent})
	}
	if nr.Job != "" {
		w.setTag(backends.Tag{Key: backends.TagJob, Value: nr.Job})
	}
	if err := w.addParams(nr.Params); err != nil {
		return nil, err
	}
	err := t.exec("INSERT INTO runs (id, rev, experiment, status, started, name, user, job, latest, params, tags, inputs) VALUES (?, ?, ?, '', 0, '', '', '', x'', x'', x'', x'')", w.id, t.rev, exp)
	if err != nil {
		return nil, err
	}
	w.n = t.LastInsertRowID()
	w.latest = []byte{}
	return w, t.save(w)
}

// freeName is a random name that no run has, as far as a few tries go.
func (t *tx) freeName() (string, error) {
	name := ""
	for range 8 {
		name = RandomName()
		n, err := t.int("SELECT count(*) FROM runs WHERE name = ?", name)
		if err != nil || n == 0 {
			return name, err
		}
	}
	n, err := t.int("SELECT max(n) FROM runs")
	return name + "-" + strconv.FormatInt(n+1, 10), err
}

// RunUpdate changes a run; what is zero stays.
type RunUpdate struct {
	Status backends.RunStatus
	End    time.Time // when Status ends the run; now when zero
	// Exact is MLflow's way: the end becomes Ending, whatever the status is, and stays
	// when that is nil.
	Exact  bool
	Ending *time.Time
	Name   string
	Exit   string // of the job: "exit 1"
}

// UpdateRun changes a run's status, end, name or exit. A run that goes on has no
// end, so RUNNING takes it away.
func (r *runs) UpdateRun(ctx context.Context, id string, up RunUpdate) error {
	switch up.Status {
	case "", backends.RunScheduled, backends.RunRunning, backends.RunFinished, backends.RunFailed, backends.RunKilled:
	default:
		return invalidValue("status", up.Status, "")
	}
	return r.change(ctx, "update run", id, func(w *row) error {
		if up.Exact {
			up.end(w)
		} else if up.Status != "" {
			w.status, w.end = up.Status, endOf(up.Status, up.End, r.o.Now())
		} else if !up.End.IsZero() {
			w.end = millis(up.End)
		}
		if up.Name != "" {
			w.setTag(backends.Tag{Key: backends.TagName, Value: up.Name})
		}
		if up.Exit != "" {
			w.setTag(backends.Tag{Key: backends.TagExit, Value: up.Exit})
		}
		return nil
	})
}

// end sets the status and the end as they were sent.
func (up *RunUpdate) end(w *row) {
	if up.Status != "" {
		w.status = up.Status
	}
	if up.Ending != nil {
		w.end = millis(*up.Ending)
	}
}

// change is a write to one active run.
func (r *runs) change(ctx context.Context, what, id string, f func(*row) error) error {
	return r.write(ctx, what, func(t *tx) error {
		w, err := t.active(id)
		if err != nil {
			return err
		}
		w.changed = true
		if err := f(w); err != nil {
			return err
		}
		return t.save(w)
	})
}

// SetTags sets tags of a run, over older ones of the same keys. The tag
// mlflow.runName is the run's name.
func (r *runs) SetTags(ctx context.Context, id string, tags []backends.Tag) error {
	tags = slices.Clone(tags)
	for i := range tags {
		if err := checkTag(&tags[i], ""); err != nil {
			return err
		}
	}
	return r.change(ctx, "set tags", id, func(w *row) error {
		for _, t := range tags {
			w.setTag(t)
		}
		return nil
	})
}

// DeleteTags removes tags of a run; one that is not there is an *Error, and then
// none is removed.
func (r *runs) DeleteTags(ctx context.Context, id string, keys []string) error {
	return r.change(ctx, "delete tags", id, func(w *row) error {
		for _, k := range keys {
			i := findPair(w.tags, k)
			if i == len(w.tags) || w.tags[i].Key != k {
				return missing("No tag with name: %s in run with id %s", k, id)
			}
			w.tags = append(w.tags[:i], w.tags[i+1:]...)
		}
		return nil
	})
}

// LogInputs adds the data sets that a run read; one with the same name, digest and
// context is there already, and keeps its tags.
func (r *runs) LogInputs(ctx context.Context, id string, inputs []backends.Dataset) error {
	return r.change(ctx, "log inputs", id, func(w *row) error {
	next:
		for _, in := range inputs {
			for _, have := range w.inputs {
				if have.Name == in.Name && have.Digest == in.Digest && have.Context == in.Context {
					continue next
				}
			}
			w.inputs = append(w.inputs, in)
		}
		return nil
	})
}
