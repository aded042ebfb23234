package track

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/query"
)

type (
	datasetFilter struct {
		Name   string `json:"dataset_name"`
		Digest string `json:"dataset_digest"`
	}
	loggedOrder struct {
		Field     string `json:"field_name"`
		Ascending *bool  `json:"ascending"`
		Name      string `json:"dataset_name"`
		Digest    string `json:"dataset_digest"`
	}
	loggedSearch struct {
		experiments []string
		filter      string
		datasets    []datasetFilter
		order       []loggedOrder
	}
)

// loggedPage is how many models a page has when nobody says: what the message's
// definition says, and what MLflow takes for 0.
const (
	loggedPage     = 50
	loggedPageZero = 100
)

func (a *api) searchLogged(ctx context.Context, in *fields) (any, error) {
	s := loggedSearch{experiments: in.list("experiment_ids"), filter: in.text("filter")}
	if !in.has("experiment_ids") {
		in.missing("experiment_ids")
	}
	in.read("datasets", &s.datasets)
	size, ok := in.integer("max_results")
	in.read("order_by", &s.order)
	token := in.text("page_token")
	if in.err != nil {
		return nil, in.err
	}
	switch {
	case !ok:
		size = loggedPage
	case size == 0:
		size = loggedPageZero
	}
	offset, err := s.offset(token)
	if err != nil {
		return nil, err
	}
	all, err := a.foundLogged(ctx, s)
	if err != nil {
		return nil, err
	}
	found, got := cutPage(all, offset, size)
	next := ""
	if got > size {
		next = s.token(offset + size)
	}
	var out []wireLogged
	for _, m := range found {
		out = append(out, a.wireLogged(m))
	}
	return struct {
		Models []wireLogged `json:"models,omitempty"`
		Next   string       `json:"next_page_token,omitempty"`
	}{out, next}, nil
}

func (a *api) foundLogged(ctx context.Context, s loggedSearch) ([]*backends.LoggedModel, error) {
	for _, d := range s.datasets {
		if d.Name == "" {
			return nil, refuse("`dataset_name` in the `datasets` clause must be specified.")
		}
	}
	clauses, err := query.ParseMLflowLogged(s.filter)
	if err != nil {
		return nil, spoken(err)
	}
	by, err := loggedOrders(s.order)
	if err != nil {
		return nil, err
	}
	var all []*backends.LoggedModel
	seen := map[string]bool{}
	for _, id := range s.experiments {
		if seen[id] {
			continue
		}
		seen[id] = true
		some, err := a.st.LoggedModels(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	all = slices.DeleteFunc(all, func(m *backends.LoggedModel) bool { return !a.matchesLogged(m, clauses, s.datasets) })
	slices.SortStableFunc(all, chain(by))
	return all, nil
}

// on reports whether the point was measured on one of the data sets; without a digest
// MLflow means those that have none.
func on(p backends.ModelMetric, sets []datasetFilter) bool {
	return len(sets) == 0 || slices.Contains(sets, datasetFilter{p.Dataset, p.Digest})
}

func (a *api) matchesLogged(m *backends.LoggedModel, clauses []query.Clause, sets []datasetFilter) bool {
	measured := false
	for i := range clauses {
		c := &clauses[i]
		ok := false
		switch c.Entity {
		case query.Metrics:
			measured = true
			ok = slices.ContainsFunc(m.Metrics, func(p backends.ModelMetric) bool {
				return p.Key == c.Key && on(p, sets) && c.HoldsNumber(p.Value)
			})
		case query.Params:
			ok = slices.ContainsFunc(m.Params, func(p backends.Param) bool { return p.Key == c.Key && c.Holds(p.Value) })
		case query.Tags:
			ok = slices.ContainsFunc(m.Tags, func(t backends.Tag) bool { return t.Key == c.Key && c.Holds(t.Value) })
		default:
			text, n := a.loggedAttr(m, c.Key)
			ok = c.Holds(text)
			if text == "" && strings.HasSuffix(c.Key, "_timestamp_ms") {
				ok = c.HoldsNumber(n)
			}
		}
		if !ok {
			return false
		}
	}
	return measured || len(sets) == 0 || slices.ContainsFunc(m.Metrics, func(p backends.ModelMetric) bool { return on(p, sets) })
}

// loggedAttr is an attribute by its column: a text, or a number for times.
func (a *api) loggedAttr(m *backends.LoggedModel, column string) (string, float64) {
	switch column {
	case "model_id":
		return m.ID, 0
	case "name":
		return m.Name, 0
	case "experiment_id":
		return m.Experiment, 0
	case "artifact_location":
		return a.loggedPlace(m), 0
	case "creation_timestamp_ms":
		return "", float64(m.Created.UnixMilli())
	case "last_updated_timestamp_ms":
		return "", float64(m.Updated.UnixMilli())
	case "status":
		return strconv.Itoa(loggedNumber(m.Status)), 0
	case "lifecycle_stage":
		return stage(m.Deleted), 0
	case "model_type":
		return m.Type, 0
	case "source_run_id":
		return m.Run, 0
	}
	return m.Message, 0
}

// loggedNumber is the number by which MLflow keeps a status.
func loggedNumber(s backends.LoggedModelStatus) int {
	switch s {
	case backends.LoggedPending:
		return 1
	case backends.LoggedReady:
		return 2
	case backends.LoggedFailed:
		return 3
	}
	return 0
}
