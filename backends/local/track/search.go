package track

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/query"
	"flightdeck/backends/query/of"
)

// runSearch is what runs/search is asked.
type runSearch struct {
	experiments []string
	filter      query.Expr
	shown       func(deleted bool) bool
	order       []query.OrderBy
	offset      int64
	size        int64
}

// runsPage is how many runs an answer has when the request does not say.
const runsPage = 1000

func (a *api) searchRuns(ctx context.Context, in *fields) (any, error) {
	q, err := in.runSearch()
	if err != nil {
		return nil, err
	}
	rows, err := a.find(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, next := q.cut(rows)
	uses := map[string][]backends.ModelUse{}
	if len(rows) > 0 {
		ids := make([]string, len(rows))
		for i := range rows {
			ids[i] = rows[i].run.ID
		}
		if uses, err = a.st.ModelUses(ctx, ids...); err != nil {
			return nil, err
		}
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { writeRuns(w, rows, uses, next) }), nil
}

// runSearch reads and checks a search in the order in which MLflow does.
func (f *fields) runSearch() (q runSearch, err error) {
	q.experiments = f.list("experiment_ids")
	filter := f.text("filter")
	q.size = f.pageSize(maxPage, runsPage)
	order := f.list("order_by")
	q.shown = f.viewType("run_view_type")
	if q.size < 1 {
		f.fail("Invalid value %d for parameter 'max_results' supplied. It must be a positive integer", q.size)
	}
	token := f.text("page_token")
	if f.err != nil {
		return q, f.err
	}
	if q.filter, err = query.ParseMLflow(filter); err != nil {
		return q, err
	}
	if q.order, err = runOrder(order); err != nil {
		return q, err
	}
	if q.offset, err = pageOffset(token); err != nil {
		return q, err
	}
	for i, id := range q.experiments {
		n, err := strconv.ParseInt(strings.TrimSpace(id), 10, 64)
		if err != nil {
			return q, refuse("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", id)
		}
		q.experiments[i] = strconv.FormatInt(n, 10)
	}
	slices.Sort(q.experiments)
	q.experiments = slices.Compact(q.experiments)
	return q, nil
}

// list is a repeated text, which must be a list.
func (f *fields) list(name string) []string {
	if raw := f.m[name]; len(raw) > 0 && raw[0] != '[' && f.http.Method != http.MethodGet && string(raw) != "null" {
		f.wrong(name, raw)
		return nil
	}
	return f.texts(name)
}

func runOrder(clauses []string) ([]query.OrderBy, error) {
	var order []query.OrderBy
	for _, clause := range clauses {
		o, err := query.ParseOrderBy(clause)
		if err != nil {
			return nil, err
		}
		if o.Field.Entity == query.Dataset {
			return nil, refuse("Invalid identifier type 'dataset'")
		}
		if slices.ContainsFunc(order, func(x query.OrderBy) bool { return x.Field == o.Field }) {
			return nil, orderedTwice(clauses)
		}
		order = append(order, o)
	}
	return order, nil
}

// runRow is a run that was found, with what it is ordered by.
type runRow struct {
	run  *backends.Run
	keys []query.OrderKey
}

// find is the runs of a search, in its order. A job's endpoint reads them from disk
// and keeps what was found; a server has the listing in memory.
func (a *api) find(ctx context.Context, q runSearch) ([]runRow, error) {
	s := &of.Run{Now: time.Now()}
	var rows []runRow
	look := func(r *backends.Run) {
		if !q.shown(r.Deleted) {
			return
		}
		if s.Run = r; !q.filter.Match(s) {
			return
		}
		row := runRow{run: r}
		if len(q.order) > 0 {
			row.keys = make([]query.OrderKey, len(q.order))
			for i, o := range q.order {
				row.keys[i] = o.Key(s)
			}
		}
		rows = append(rows, row)
	}
	if a.o.Job != "" {
		err := a.st.EachRun(ctx, q.experiments, func(r *backends.Run) error {
			look(r)
			if limit := 2 * (q.offset + q.size + 1); int64(len(rows)) >= max(limit, 1024) && limit > 0 { // no more are ever asked for
				slices.SortFunc(rows, q.compare)
				clear(rows[limit/2:])
				rows = rows[:limit/2]
			}
			return nil
		})
		slices.SortFunc(rows, q.compare)
		return rows, err
	}
	all, err := a.st.AllRuns(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if _, ok := slices.BinarySearch(q.experiments, r.Experiment); ok {
			look(r)
		}
	}
	slices.SortFunc(rows, q.compare)
	return rows, nil
}

// compare is by the order asked for, then the newest first, then by id.
func (q *runSearch) compare(a, b runRow) int {
	started := false
	for i, o := range q.order {
		if c := o.CompareKeys(a.keys[i], b.keys[i]); c != 0 {
			return c
		}
		started = started || o.Field == query.Field{Entity: query.Attribute, Key: "start_time"}
	}
	if !started {
		if c := b.run.Start.Compare(a.run.Start); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.run.ID, b.run.ID)
}

// cut is the page of a search, and the token of the next.
func (q *runSearch) cut(rows []runRow) ([]runRow, string) {
	rows = rows[min(max(q.offset, 0), int64(len(rows))):]
	if int64(len(rows)) <= q.size {
		return rows, ""
	}
	return rows[:q.size], pageToken(q.offset + q.size)
}

// flushAt is how much of a long answer is written at once.
const flushAt = 64 << 10

func writeRuns(w http.ResponseWriter, rows []runRow, uses map[string][]backends.ModelUse, next string) {
	w.Header().Set("Content-Type", "application/json")
	b := append(make([]byte, 0, flushAt+flushAt/4), '{')
	for i := range rows {
		b = appendFirst(b, i, 1, `"runs":[`)
		u := slices.DeleteFunc(slices.Clone(uses[rows[i].run.ID]), func(u backends.ModelUse) bool { return !u.Output }) // as MLflow
		b = appendRun(b, rows[i].run, u, true)
		if len(b) >= flushAt {
			if _, err := w.Write(b); err != nil {
				return
			}
			b = b[:0]
		}
	}
	b = appendEnd(b, len(rows))
	if next != "" {
		b = appendText(append(b, `,"next_page_token":`...), next)
	}
	_, _ = w.Write(append(b, '}'))
}
