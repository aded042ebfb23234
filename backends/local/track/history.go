package track

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"

	"flightdeck/backends"
)

// MLflow's limits of the three ways to read points.
const (
	maxBulk         = 25_000
	maxBulkRuns     = 100
	maxIntervalRuns = 100
	maxInterval     = 2500
)

// history is the points of one metric, by time, then step, then value. Without
// max_results it is all of them.
func (a *api) history(ctx context.Context, in *fields) (any, error) {
	run, key, token := in.run(), in.required("metric_key"), in.text("page_token")
	var n wireInt
	paged := in.has("max_results") && n.UnmarshalJSON(in.m["max_results"]) == nil // MLflow leaves a wrong one out
	size := int64(n)
	if paged && size <= 0 {
		in.fail("Invalid value %d for parameter 'max_results' supplied. It must be a positive integer.", size)
	}
	if in.err != nil {
		return nil, in.err
	}
	offset, err := pageOffset(token)
	if err != nil {
		return nil, err
	}
	p, err := a.paged(ctx, run, key, offset)
	if err != nil {
		return nil, err
	}
	p, next := p.From(int(min(max(offset, 0), int64(p.Len())))), ""
	if paged && int64(p.Len()) > size {
		p, next = head(p, int(size)), pageToken(offset+size)
	} else {
		a.turned.keep(nil)
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { writePoints(w, []series{{key: key, p: p}}, next) }), nil
}

func head(p backends.Points, n int) backends.Points {
	return backends.Points{Step: p.Step[:n], Time: p.Time[:n], Value: p.Value[:n]}
}

// points are a metric's in MLflow's order, which is nearly always that of logging.
func (a *api) points(ctx context.Context, run, key string) (backends.Points, error) {
	p, err := a.st.Points(ctx, run, key)
	return byTime(p), err
}

func byTime(p backends.Points) backends.Points {
	in := true
	for i := 1; i < p.Len() && in; i++ {
		in = p.Time[i-1] < p.Time[i] || timeOrder(p, i-1, i) <= 0
	}
	if in {
		return p
	}
	at := make([]int, p.Len())
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, j int) int { return timeOrder(p, i, j) })
	return pick(p, at)
}

func timeOrder(p backends.Points, i, j int) int {
	return cmp.Or(cmp.Compare(p.Time[i], p.Time[j]), cmp.Compare(p.Step[i], p.Step[j]), cmp.Compare(kept(p.Value[i]), kept(p.Value[j])))
}

// kept is the value as MLflow's SQL store keeps it, which orders NaN as zero.
func kept(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return 0
	case math.IsInf(v, 0):
		return math.Copysign(math.MaxFloat64, v)
	}
	return v
}

func pick(p backends.Points, at []int) backends.Points {
	out := backends.Points{Step: make([]int64, len(at)), Time: make([]int64, len(at)), Value: make([]float64, len(at))}
	for i, j := range at {
		out.Step[i], out.Time[i], out.Value[i] = p.Step[j], p.Time[j], p.Value[j]
	}
	return out
}

// historyBulk is the points of one metric of many runs, for the web UI.
func (a *api) historyBulk(ctx context.Context, in *fields) (any, error) {
	runs, key := in.texts("run_id"), in.text("metric_key")
	switch {
	case len(runs) == 0:
		return nil, refuse("GetMetricHistoryBulk request must specify at least one run_id.")
	case len(runs) > maxBulkRuns:
		return nil, refuse("GetMetricHistoryBulk request cannot specify more than %d run_ids. Received %d run_ids.", maxBulkRuns, len(runs))
	case !in.has("metric_key"):
		return nil, refuse("GetMetricHistoryBulk request must specify a metric_key.")
	}
	left := maxBulk
	if n, ok := in.integer("max_results"); ok {
		left = int(min(max(n, 0), maxBulk))
	}
	if in.err != nil {
		return nil, in.err
	}
	runs = slices.Compact(slices.Sorted(slices.Values(runs)))
	var all []series
	for _, run := range runs {
		p, err := a.points(ctx, run, key)
		if err != nil {
			return nil, err
		}
		p = head(p, min(p.Len(), left))
		left -= p.Len()
		all = append(all, series{key, run, p})
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { writeSeries(w, all, "", true) }), nil
}

// historyInterval is a few points of one metric of many runs, evenly taken from a
// range of steps, for the web UI's charts.
func (a *api) historyInterval(ctx context.Context, in *fields) (any, error) {
	runs := in.texts("run_ids")
	switch {
	case len(runs) == 0:
		in.missing("run_ids")
	case len(runs) > maxIntervalRuns:
		in.fail("GetMetricHistoryBulkInterval request must specify at most %d run_ids. Received %d run_ids.%s", maxIntervalRuns, len(runs), seeDocs)
	}
	key := in.required("metric_key")
	from, hasFrom := in.integer("start_step")
	to, hasTo := in.integer("end_step")
	n, ok := in.integer("max_results")
	if !ok {
		n = maxInterval
	} else if n < 1 || n > maxInterval {
		in.fail("max_results must be between 1 and %d.%s", maxInterval, seeDocs)
	}
	switch {
	case in.err != nil:
		return nil, in.err
	case hasFrom != hasTo:
		return nil, refuse("If either start step or end step are specified, both must be specified.")
	case hasFrom && from > to:
		return nil, refuse("end_step must be greater than start_step. Found start_step=%d and end_step=%d.", from, to)
	case !hasFrom:
		from, to = math.MinInt64, math.MaxInt64
	}
	var all []series
	for _, run := range runs {
		p, err := a.st.Points(ctx, run, key)
		if err != nil {
			return nil, err
		}
		all = append(all, series{key, run, sample(p, from, to, int(n))})
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { writePoints(w, all, "") }), nil
}

// sample takes at most n points, as SQL's NTILE divides them: the first of each of n
// equal parts, and the last of all.
func sample(p backends.Points, from, to int64, n int) backends.Points {
	var at []int
	for i, step := range p.Step {
		if step >= from && step <= to {
			at = append(at, i)
		}
	}
	slices.SortStableFunc(at, func(i, j int) int {
		c := cmp.Or(cmp.Compare(p.Step[i], p.Step[j]), cmp.Compare(p.Time[i], p.Time[j]), cmp.Compare(kept(p.Value[i]), kept(p.Value[j])))
		if c == 0 && math.IsNaN(p.Value[i]) != math.IsNaN(p.Value[j]) {
			c = -1
			if math.IsNaN(p.Value[i]) {
				c = 1
			}
		}
		return c
	})
	if total := len(at); total > n {
		part, longer := total/n, total%n
		taken := make([]int, 0, n)
		for i, pos := 0, 0; i < n; i++ {
			taken = append(taken, at[pos])
			pos += part
			if i < longer {
				pos++
			}
		}
		taken[n-1] = at[total-1]
		at = taken
	}
	return pick(p, at)
}

// series is points of one run; run is "" where the answer does not say it.
type series struct {
	key, run string
	p        backends.Points
}

// writePoints is writeSeries of a message of MLflow's, which leaves out what is empty.
func writePoints(w http.ResponseWriter, all []series, next string) {
	writeSeries(w, all, next, false)
}

// writeSeries writes by hand: the answer is a hundred thousand numbers.
func writeSeries(w http.ResponseWriter, all []series, next string, empty bool) {
	w.Header().Set("Content-Type", "application/json")
	b := append(make([]byte, 0, flushAt+flushAt/4), '{')
	n := 0
	for _, s := range all {
		start := append(appendText([]byte(`{"key":`), s.key), `,"value":`...)
		end := []byte{'}'}
		if s.run != "" {
			end = append(appendText([]byte(`,"run_id":`), s.run), '}')
		}
		for i := range s.p.Value {
			b = appendFirst(b, n, 1, `"metrics":[`)
			n++
			b = appendPoint(append(b, start...), s.p.Value[i], s.p.Time[i], s.p.Step[i])
			b = append(b, end...)
			if len(b) >= flushAt {
				if _, err := w.Write(b); err != nil {
					return
				}
				b = b[:0]
			}
		}
	}
	if b = appendEnd(b, n); n == 0 && empty {
		b = append(b, `"metrics":[]`...)
	}
	if next != "" {
		b = appendText(append(b, `,"next_page_token":`...), next)
	}
	_, _ = w.Write(append(b, '}'))
}
