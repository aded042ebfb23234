package track

import (
	"context"
	"fmt"

	"flightdeck/backends"
)

// MLflow's limits of one batch.
const (
	maxMetrics  = 1000
	maxPairs    = 100 // params, and tags
	maxEntities = 1000
)

func (a *api) logMetric(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	m := backends.Metric{Key: in.required("key")}
	var v wireFloat
	if !in.read("value", &v) {
		in.missing("value")
	}
	at, ok := in.integer("timestamp")
	if !ok {
		in.missing("timestamp")
	}
	m.Value, m.Time = float64(v), at
	m.Step, _ = in.integer("step")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.LogMetric(ctx, id, m)
}

func (a *api) logParam(ctx context.Context, in *fields) (any, error) {
	id, p := in.run(), backends.Param{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.LogParam(ctx, id, p)
}

func (a *api) setTag(ctx context.Context, in *fields) (any, error) {
	id, t := in.run(), backends.Tag{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.SetTags(ctx, id, []backends.Tag{t})
}

func (a *api) logBatch(ctx context.Context, in *fields) (any, error) {
	id, metrics, tags := in.run(), in.metrics("metrics"), in.tags("tags")
	var params []backends.Param
	in.read("params", &params)
	for i, p := range params {
		if p.Key == "" {
			in.missing(fmt.Sprintf("params[%d].key", i))
		}
	}
	in.atMost("metrics", maxMetrics, len(metrics))
	in.atMost("params", maxPairs, len(params))
	in.atMost("tags", maxPairs, len(tags))
	in.atMost("metrics, params, and tags", maxEntities, len(metrics)+len(params)+len(tags))
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.LogBatch(ctx, id, metrics, params, tags)
}

func (f *fields) metrics(name string) []backends.Metric {
	var ms []wireMetric
	f.read(name, &ms)
	out := make([]backends.Metric, 0, len(ms))
	for i, m := range ms {
		switch {
		case m.Key == nil || *m.Key == "":
			f.missing(fmt.Sprintf("%s[%d].key", name, i))
		case m.Value == nil:
			f.missing(fmt.Sprintf("%s[%d].value", name, i))
		case m.Time == nil:
			f.missing(fmt.Sprintf("%s[%d].timestamp", name, i))
		}
		if f.err != nil {
			return nil
		}
		p := backends.Metric{Key: *m.Key, Value: float64(*m.Value), Time: int64(*m.Time)}
		if m.Step != nil {
			p.Step = int64(*m.Step)
		}
		out = append(out, p)
	}
	return out
}

func (f *fields) atMost(what string, limit, n int) {
	if n > limit {
		f.fail("A batch logging request can contain at most %d %s. Got %d %s. Please split up %s across multiple requests and try again.", limit, what, n, what, what)
	}
}

// Limits of what MLflow keeps of a data set.
const (
	maxDatasetName   = 500
	maxDatasetSource = 65535
	maxDatasetSchema = 1_048_575
)

func (a *api) logInputs(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	var inputs []datasetInput
	in.read("datasets", &inputs)
	var out []backends.Dataset
	for i, d := range inputs {
		s := backends.Dataset{
			Name: d.Dataset.Name, Digest: d.Dataset.Digest, SourceType: d.Dataset.SourceType, Source: d.Dataset.Source,
			Schema: d.Dataset.Schema, Profile: d.Dataset.Profile,
		}
		for _, t := range d.Tags {
			if t.Key == tagContext {
				s.Context = t.Value
			}
		}
		switch {
		case s.Name == "":
			in.missing(fmt.Sprintf("datasets[%d].dataset.name", i))
		case s.Digest == "":
			in.missing(fmt.Sprintf("datasets[%d].dataset.digest", i))
		case len(s.Name) > maxDatasetName:
			in.fail("'name' exceeds the maximum length of %d characters", maxDatasetName)
		case len(s.Source) > maxDatasetSource:
			in.fail("'source' exceeds the maximum length of %d characters", maxDatasetSource)
		case len(s.Schema) > maxDatasetSchema:
			in.fail("'schema' exceeds the maximum length of %d characters", maxDatasetSchema)
		}
		out = append(out, s)
	}
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.LogInputs(ctx, id, out)
}
