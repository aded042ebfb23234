package track

import (
	"bytes"
	"context"
	"encoding/json"

	"flightdeck/backends"
)

// What runs say of logged models beside their own business.

// loggedPoint is a metric as log-metric and log-batch have it.
type loggedPoint struct {
	Key     string    `json:"key"`
	Value   wireFloat `json:"value"`
	Time    wireInt   `json:"timestamp"`
	Step    wireInt   `json:"step"`
	Model   string    `json:"model_id"`
	Dataset string    `json:"dataset_name"`
	Digest  string    `json:"dataset_digest"`
}

// checkModelMetrics refuses a point that says half of its data set. It is called
// before anything of the batch is stored.
func checkModelMetrics(metrics json.RawMessage) error {
	if !bytes.Contains(metrics, []byte(`"dataset_`)) {
		return nil
	}
	var list []loggedPoint
	if err := json.Unmarshal(metrics, &list); err != nil {
		return err
	}
	for _, p := range list {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

func (p loggedPoint) check() error {
	if (p.Dataset == "") != (p.Digest == "") {
		return refuse("Both dataset_name and dataset_digest must be provided if one is provided")
	}
	return nil
}

// logModelMetrics notes those of a batch's metrics that measure a logged model, after
// the batch itself was stored, as MLflow does. Most batches have none, and cost a look
// for the word.
func (a *api) logModelMetrics(ctx context.Context, run string, metrics json.RawMessage) error {
	if !bytes.Contains(metrics, []byte(`"model_id"`)) {
		return nil
	}
	var list []loggedPoint
	if err := json.Unmarshal(metrics, &list); err != nil {
		return err
	}
	var points []backends.ModelMetric
	for _, p := range list {
		if p.Model != "" {
			points = append(points, p.metric())
		}
	}
	if len(points) == 0 {
		return nil
	}
	return a.st.LogModelMetrics(ctx, run, points)
}

// logModelMetric is the same for the one metric of log-metric, before that is stored.
func (a *api) logModelMetric(ctx context.Context, run string, in *fields) error {
	p := loggedPoint{Model: in.text("model_id"), Dataset: in.text("dataset_name"), Digest: in.text("dataset_digest")}
	if in.err != nil {
		return in.err
	}
	if err := p.check(); err != nil || p.Model == "" {
		return err
	}
	p.Key = in.text("key")
	in.read("value", &p.Value)
	in.read("timestamp", &p.Time)
	in.read("step", &p.Step)
	if in.err != nil {
		return in.err
	}
	return a.st.LogModelMetrics(ctx, run, []backends.ModelMetric{p.metric()})
}

func (p loggedPoint) metric() backends.ModelMetric {
	return backends.ModelMetric{
		Metric: backends.Metric{Key: p.Key, Value: float64(p.Value), Time: int64(p.Time), Step: int64(p.Step)},
		Model:  p.Model, Dataset: p.Dataset, Digest: p.Digest,
	}
}
