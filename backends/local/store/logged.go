package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// logged is the part of the store that deals with logged models. What runs measure
// and make of them is in loggeduse.go.
type logged struct{ *db }

// NewLoggedModel is a logged model to make.
type NewLoggedModel struct {
	Experiment      string // it must exist and not be deleted
	Name, Type, Run string // a random name when it is empty; Run is believed
	Params          []backends.Param
	Tags            []backends.Tag
}

func checkLoggedName(name string) error {
	if strings.ContainsAny(name, `/:.%"'`) {
		return invalid(`Invalid model name (%s) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%%', '"', "'")`, pyString(name))
	}
	return nil
}

// CreateLoggedModel makes a logged model, whose status is pending.
func (l logged) CreateLoggedModel(ctx context.Context, nm NewLoggedModel) (*backends.LoggedModel, error) {
	if err := checkLoggedName(nm.Name); err != nil {
		return nil, err
	}
	if nm.Name == "" {
		nm.Name = RandomName()
	}
	w := loggedRow{id: "m-" + newID(), name: nm.Name}
	for _, p := range nm.Params {
		if err := w.addParam(p); err != nil {
			return nil, err
		}
	}
	for _, t := range nm.Tags {
		if _, ok := pairValue(w.tags, t.Key); ok {
			return nil, &Error{badRequest, fmt.Sprintf("Tag with key=%s is given twice", pyString(t.Key))}
		}
		w.tags = setPair(w.tags, t)
	}
	var made *backends.LoggedModel
	err := l.write(ctx, "create logged model", func(t *tx) error {
		exp, err := t.experiment(nm.Experiment)
		if err != nil {
			return err
		}
		t.touch(ofModels)
		err = t.exec(`INSERT INTO logged_models (id, experiment, run, name, type, status, message, created, updated, params, tags)
			VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?)`,
			w.id, exp, nm.Run, nm.Name, nm.Type, loggedPending, t.now, t.now, packPairs(w.params), packPairs(w.tags))
		if err == nil {
			made, err = l.one(t.conn, w.id)
		}
		return err
	})
	return made, err
}

// The numbers of the statuses.
const (
	loggedPending = 1
	loggedCount   = 4
)

func loggedStatuses() [loggedCount]backends.LoggedModelStatus {
	return [...]backends.LoggedModelStatus{backends.LoggedUnspecified, backends.LoggedPending, backends.LoggedReady, backends.LoggedFailed}
}

func noLogged(id string) error { return missing("Logged model with ID '%s' not found.", id) }

// LoggedModel is one logged model with all that was measured of it. A deleted one is
// not there unless deleted is set.
func (l logged) LoggedModel(ctx context.Context, id string, deleted bool) (m *backends.LoggedModel, err error) {
	err = l.read(ctx, func(c *conn) error {
		m, err = l.one(c, id)
		return err
	})
	if err == nil && (m == nil || m.Deleted && !deleted) {
		return nil, noLogged(id)
	}
	return m, err
}

// one is nil when there is none.
func (l logged) one(c *conn, id string) (*backends.LoggedModel, error) {
	ms, err := l.list(c, "logged_models.id = ?", id)
	if err != nil || len(ms) == 0 {
		return nil, err
	}
	return ms[0], nil
}

// LoggedModels lists the logged models of an experiment, of all when it is empty,
// newest first and without the deleted ones.
func (l logged) LoggedModels(ctx context.Context, experiment string) (out []*backends.LoggedModel, err error) {
	err = l.read(ctx, func(c *conn) error {
		where, args := "logged_models.deleted = 0", []any(nil)
		if experiment != "" {
			n, err := strconv.ParseInt(experiment, 10, 64)
			if err != nil {
				return invalid("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", experiment)
			}
			where, args = where+" AND logged_models.experiment = ?", []any{n}
		}
		out, err = l.list(c, where, args...)
		return err
	})
	return out, err
}

// list reads the models for which the condition holds, newest first.
func (l logged) list(c *conn, where string, args ...any) ([]*backends.LoggedModel, error) {
	var out []*backends.LoggedModel
	byN := map[int64]*backends.LoggedModel{}
	err := c.each(`SELECT n, logged_models.id, experiment, run, logged_models.name, type, status, message, logged_models.deleted, logged_models.created,
		logged_models.updated, params, logged_models.tags, location FROM logged_models JOIN experiments ON experiments.id = experiment WHERE `+where+
		" ORDER BY logged_models.created DESC, logged_models.id", func(s *sqlite.Stmt) error {
		params, errParams := unpackPairs[backends.Param](s.ColumnText(11), nil)
		tags, errTags := unpackPairs[backends.Tag](s.ColumnText(12), nil)
		if err := errors.Join(errParams, errTags); err != nil {
			return l.damaged(fmt.Errorf("logged model %s: %w", s.ColumnText(1), err))
		}
		m := &backends.LoggedModel{
			ID: s.ColumnText(1), Experiment: s.ColumnText(2), Run: s.ColumnText(3), Name: s.ColumnText(4), Type: s.ColumnText(5),
			Status: loggedStatuses()[uint(s.ColumnInt(6))%loggedCount], Message: s.ColumnText(7), Deleted: s.ColumnBool(8),
			Created: moment(s.ColumnInt64(9)), Updated: moment(s.ColumnInt64(10)), Params: params, Tags: tags, Backend: "local",
			Location: s.ColumnText(13),
		}
		out = append(out, m)
		byN[s.ColumnInt64(0)] = m
		return nil
	}, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out, l.metrics(c, byN, where, args...)
}

// loggedRow is a logged model as a writer holds it.
type loggedRow struct {
	n, experiment int64
	id, name      string
	params        []backends.Param
	tags          []backends.Tag
}

// addParam refuses a key that is there: MLflow has a row for each and cannot have two.
func (w *loggedRow) addParam(p backends.Param) error {
	if _, ok := pairValue(w.params, p.Key); ok {
		return &Error{badRequest, fmt.Sprintf("Param with key=%s is already logged for model ID=%s", pyString(p.Key), pyString(w.id))}
	}
	w.params = setPair(w.params, p)
	return nil
}

// badRequest is how MLflow answers what its database refuses.
const badRequest = "BAD_REQUEST"

// changeLogged is a write to one logged model; MLflow lets deleted ones change too.
func (l logged) changeLogged(ctx context.Context, what, id string, f func(*tx, *loggedRow) error) error {
	return l.write(ctx, what, func(t *tx) error {
		w := loggedRow{id: id}
		err := t.each("SELECT n, experiment, params, tags FROM logged_models WHERE id = ?", func(s *sqlite.Stmt) (err error) {
			w.n, w.experiment = s.ColumnInt64(0), s.ColumnInt64(1)
			var errs [2]error
			w.params, errs[0] = unpackPairs[backends.Param](s.ColumnText(2), nil)
			w.tags, errs[1] = unpackPairs[backends.Tag](s.ColumnText(3), nil)
			if err := errors.Join(errs[:]...); err != nil {
				return l.damaged(fmt.Errorf("logged model %s: %w", id, err))
			}
			return nil
		}, id)
		if err != nil {
			return err
		}
		if w.n == 0 {
			return noLogged(id)
		}
		if err := f(t, &w); err != nil {
			return err
		}
		t.touch(ofModels)
		return t.exec("UPDATE logged_models SET params = ?, tags = ? WHERE n = ?", packPairs(w.params), packPairs(w.tags), w.n)
	})
}

// FinishLoggedModel says that a model is ready, or that it failed.
func (l logged) FinishLoggedModel(ctx context.Context, id string, status backends.LoggedModelStatus) (m *backends.LoggedModel, err error) {
	all := loggedStatuses()
	n := slices.Index(all[:], status)
	if n < 0 {
		return nil, invalid("Unknown model status: %s", status)
	}
	err = l.changeLogged(ctx, "finish logged model", id, func(t *tx, w *loggedRow) error {
		err := t.exec("UPDATE logged_models SET status = ?, updated = ? WHERE n = ?", n, t.now, w.n)
		if err == nil {
			m, err = l.one(t.conn, id)
		}
		return err
	})
	return m, err
}

// DeleteLoggedModel moves a model to the deleted stage. Its files and what was
// measured of it stay.
func (l logged) DeleteLoggedModel(ctx context.Context, id string) error {
	return l.changeLogged(ctx, "delete logged model", id, func(t *tx, w *loggedRow) error {
		return t.exec("UPDATE logged_models SET deleted = 1, updated = ? WHERE n = ?", t.now, w.n)
	})
}

// LogLoggedParams adds params to a model; a key that is there already is an *Error.
func (l logged) LogLoggedParams(ctx context.Context, id string, params []backends.Param) error {
	return l.changeLogged(ctx, "log params of logged model", id, func(_ *tx, w *loggedRow) error {
		for _, p := range params {
			if err := w.addParam(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetLoggedTags sets tags of a model, over older ones of the same keys.
func (l logged) SetLoggedTags(ctx context.Context, id string, tags []backends.Tag) error {
	return l.changeLogged(ctx, "set tags of logged model", id, func(_ *tx, w *loggedRow) error {
		for _, t := range tags {
			w.tags = setPair(w.tags, t)
		}
		return nil
	})
}

// DeleteLoggedTag removes a tag of a model; one that is not there is an *Error.
func (l logged) DeleteLoggedTag(ctx context.Context, id, key string) error {
	return l.changeLogged(ctx, "delete tag of logged model", id, func(_ *tx, w *loggedRow) error {
		i := findPair(w.tags, key)
		if i == len(w.tags) || w.tags[i].Key != key {
			return missing("No tag with key %s found for model with ID %s.", pyString(key), pyString(id))
		}
		w.tags = append(w.tags[:i], w.tags[i+1:]...)
		return nil
	})
}
