package track

import (
	"context"
	"unicode"
	"unicode/utf8"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// MLflow's limits of one batch.
const (
	maxMetrics  = 1000
	maxPairs    = 100 // params, and tags
	maxEntities = 1000
)

type wireMetric struct {
	Key   string    `json:"key"`
	Value wireFloat `json:"value"`
	Time  wireInt   `json:"timestamp"`
	Step  wireInt   `json:"step"`
}

func (a *api) logMetric(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	m := backends.Metric{Key: in.required("key")}
	var v wireFloat
	in.read("value", &v)
	at, _ := in.integer("timestamp")
	m.Value, m.Time = float64(v), at
	m.Step, _ = in.integer("step")
	if in.err != nil {
		return nil, in.err
	}
	if err := a.logModelMetric(ctx, id, in); err != nil {
		return nil, err
	}
	a.heard(id, m)
	return done(a.st.LogMetric(ctx, id, m))
}

func (a *api) heard(run string, ms ...backends.Metric) {
	if a.o.OnMetrics != nil && len(ms) > 0 {
		a.o.OnMetrics(run, ms)
	}
}

func (a *api) logParam(ctx context.Context, in *fields) (any, error) {
	id, p := in.run(), backends.Param{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.LogParam(ctx, id, p))
}

func (a *api) setTag(ctx context.Context, in *fields) (any, error) {
	id, t := in.run(), backends.Tag{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.SetTags(ctx, id, []backends.Tag{t}))
}

func (a *api) deleteTag(ctx context.Context, in *fields) (any, error) {
	id, key := in.run(), in.required("key")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.DeleteTags(ctx, id, []string{key}))
}

func (a *api) logBatch(ctx context.Context, in *fields) (any, error) {
	b, ok := parseBatch(in.raw)
	if !ok {
		if err := in.parse(); err != nil {
			return nil, err
		}
		b = in.batch()
	}
	in.checkRun(b.run)
	in.atMost("metrics", maxMetrics, len(b.metrics))
	in.atMost("params", maxPairs, len(b.params))
	in.atMost("tags", maxPairs, len(b.tags))
	in.atMost("metrics, params, and tags", maxEntities, len(b.metrics)+len(b.params)+len(b.tags))
	if in.err != nil {
		return nil, in.err
	}
	if err := checkModelMetrics(in.m["metrics"]); err != nil {
		return nil, err
	}
	a.heard(b.run, b.metrics...)
	if err := a.st.LogBatch(ctx, b.run, b.metrics, b.params, b.tags); err != nil {
		return nil, err
	}
	return done(a.logModelMetrics(ctx, b.run, in.m["metrics"]))
}

// batch reads a batch member by member. What a metric has not is zero.
func (f *fields) batch() (b batch) {
	b.run = f.text("run_id")
	var ms []wireMetric
	f.read("metrics", &ms)
	b.metrics = make([]backends.Metric, 0, len(ms))
	for _, m := range ms {
		b.metrics = append(b.metrics, backends.Metric{Key: m.Key, Value: float64(m.Value), Time: int64(m.Time), Step: int64(m.Step)})
	}
	f.read("params", &b.params)
	f.read("tags", &b.tags)
	return b
}

// checkRun refuses what cannot be a run's id. MLflow does so only here and there.
func (f *fields) checkRun(id string) {
	if f.err == nil && !runLike(id) {
		f.fail("Invalid value %s for parameter 'run_id' supplied.", store.PyText(id))
	}
}

// runLike is MLflow's ^[a-zA-Z0-9][\w\-]{0,255}$.
func runLike(id string) bool {
	for i, r := range id {
		ascii := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !ascii && (i == 0 || r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsNumber(r)) {
			return false
		}
	}
	return id != "" && (len(id) <= 256 || utf8.RuneCountInString(id) <= 256)
}

func (f *fields) atMost(what string, limit, n int) {
	if n > limit {
		f.fail("A batch logging request can contain at most %d %s. Got %d %s. Please split up %s across multiple requests and try again.", limit, what, n, what, what)
	}
}
