package track

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/query"
)

// maxPage is the most experiments or runs of one answer.
const maxPage = 50_000

// positive is max_results as MLflow's stores check it.
func (f *fields) positive(none int64) int64 {
	n, ok := f.integer("max_results")
	if !ok {
		n = none
	}
	switch {
	case n < 1:
		f.fail("Invalid value %d for parameter 'max_results' supplied. It must be a positive integer", n)
	case n > maxPage:
		f.fail("Invalid value %d for parameter 'max_results' supplied. It must be at most %d", n, maxPage)
	}
	return n
}

// viewType is which stages are asked for.
func (f *fields) viewType(name string) func(deleted bool) bool {
	switch f.enum(name, "ACTIVE_ONLY", "DELETED_ONLY", "ALL") {
	case "DELETED_ONLY":
		return func(deleted bool) bool { return deleted }
	case "ALL":
		return func(bool) bool { return true }
	}
	return func(deleted bool) bool { return !deleted }
}

func (a *api) searchExperiments(ctx context.Context, in *fields) (any, error) {
	size, order, filter := in.positive(0), in.texts("order_by"), in.text("filter")
	token, shown := in.text("page_token"), in.viewType("view_type")
	if in.err != nil {
		return nil, in.err
	}
	clauses, err := query.ParseMLflowExperiments(filter)
	if err != nil {
		return nil, err
	}
	less, err := experimentOrder(order)
	if err != nil {
		return nil, err
	}
	all, err := a.st.ExperimentNames(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e backends.Experiment) bool { return !shown(e.Deleted) || !experimentHolds(clauses, e) })
	slices.SortStableFunc(all, less)
	found, next, err := page(all, token, size)
	if err != nil {
		return nil, err
	}
	out := struct {
		Experiments []wireExperiment `json:"experiments,omitempty"`
		Next        string           `json:"next_page_token,omitempty"`
	}{Next: next}
	for _, e := range found {
		out.Experiments = append(out.Experiments, wireExperimentOf(e))
	}
	return out, nil
}

func experimentHolds(clauses []query.Clause, e backends.Experiment) bool {
	for i := range clauses {
		c := &clauses[i]
		holds := false
		switch {
		case c.Entity == query.Tags:
			at := slices.IndexFunc(e.Tags, func(t backends.Tag) bool { return t.Key == c.Key })
			switch c.Op {
			case "IS NULL":
				holds = at < 0
			case "IS NOT NULL":
				holds = at >= 0
			default:
				holds = at >= 0 && c.Holds(e.Tags[at].Value)
			}
		case c.Key == "name":
			holds = c.Holds(e.Name)
		case c.Key == "experiment_id":
			holds = c.Holds(e.ID)
		case c.Key == "creation_time":
			holds = c.HoldsNumber(float64(e.Created.UnixMilli()))
		default:
			holds = c.HoldsNumber(float64(e.Updated.UnixMilli()))
		}
		if !holds {
			return false
		}
	}
	return true
}

// experimentOrder is the newest first unless clauses say otherwise.
func experimentOrder(clauses []string) (func(a, b backends.Experiment) int, error) {
	if len(clauses) == 0 {
		clauses = []string{"creation_time DESC", "experiment_id ASC"}
	}
	var by []func(a, b backends.Experiment) int
	hasID := false
	for _, clause := range clauses {
		key, desc, err := query.ParseOrderExperiments(clause)
		if err != nil {
			return nil, err
		}
		var less func(a, b backends.Experiment) int
		switch key {
		case "name":
			less = func(a, b backends.Experiment) int { return strings.Compare(a.Name, b.Name) }
		case "creation_time":
			less = func(a, b backends.Experiment) int { return a.Created.Compare(b.Created) }
		case "last_update_time":
			less = func(a, b backends.Experiment) int { return a.Updated.Compare(b.Updated) }
		default:
			hasID, less = true, byNumber
		}
		by = append(by, directed(less, desc))
	}
	if !hasID {
		by = append(by, directed(byNumber, true))
	}
	return chain(by), nil
}

func byNumber(a, b backends.Experiment) int {
	x, _ := strconv.ParseInt(a.ID, 10, 64)
	y, _ := strconv.ParseInt(b.ID, 10, 64)
	return cmp.Compare(x, y)
}

// maxSummaries bounds what search-datasets lists.
const (
	maxSummaries      = 1000
	maxDatasetParents = 20
)

func (a *api) searchDatasets(ctx context.Context, in *fields) (any, error) {
	ids := in.texts("experiment_ids")
	switch {
	case in.err != nil:
		return nil, in.err
	case len(ids) == 0:
		return nil, refuse("SearchDatasets request must specify at least one experiment_id.")
	case len(ids) > maxDatasetParents:
		return nil, refuse("SearchDatasets request cannot specify more than %d experiment_ids. Received %d experiment_ids.", maxDatasetParents, len(ids))
	}
	found, err := a.st.InputsOf(ctx, ids, maxSummaries)
	if err != nil {
		return nil, err
	}
	type summary struct {
		Experiment string `json:"experiment_id"`
		Name       string `json:"name"`
		Digest     string `json:"digest"`
		Context    string `json:"context,omitempty"`
	}
	var out struct {
		Summaries []summary `json:"dataset_summaries,omitempty"`
	}
	for exp, sets := range found {
		for _, d := range sets {
			out.Summaries = append(out.Summaries, summary{exp, d.Name, d.Digest, d.Context})
		}
	}
	slices.SortFunc(out.Summaries, func(a, b summary) int {
		return cmp.Or(cmp.Compare(a.Experiment, b.Experiment), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Context, b.Context))
	})
	return out, nil
}
