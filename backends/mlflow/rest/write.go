package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// Limits of one request: mlflow/utils/validation.py.
const (
	MaxMetrics = 1000
	MaxPairs   = 100 // params, and tags
	maxBatch   = 900_000
)

// NewRun is a run to make.
type NewRun struct {
	Experiment string         `json:"experiment_id"`
	Name       string         `json:"run_name,omitempty"`
	User       string         `json:"user_id,omitempty"`
	Start      int64          `json:"start_time"` // milliseconds since 1970
	Tags       []backends.Tag `json:"tags"`
}

// CreateExperiment makes an experiment and returns its id.
func (c *Client) CreateExperiment(ctx context.Context, name string, tags []backends.Tag) (string, error) {
	var a struct {
		ID string `json:"experiment_id"`
	}
	err := c.change(ctx, "experiments/create", map[string]any{"name": name, "tags": tags}, &a)
	return a.ID, err
}

// ExperimentByName is the experiment of that name, deleted or not.
func (c *Client) ExperimentByName(ctx context.Context, name string) (Experiment, error) {
	var a struct {
		Experiment Experiment `json:"experiment"`
	}
	err := c.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &a)
	return a.Experiment, err
}

// CreateRun makes a run. A try whose answer was lost may have made one too: whoever
// cannot have two looks for it by a tag first.
func (c *Client) CreateRun(ctx context.Context, nr NewRun) (*Run, error) {
	var a struct {
		Run Run `json:"run"`
	}
	err := c.change(ctx, "runs/create", nr, &a)
	return &a.Run, err
}

// Batch is what one log-batch holds.
type Batch struct {
	Metrics []Metric         `json:"metrics,omitempty"`
	Params  []backends.Param `json:"params,omitempty"`
	Tags    []backends.Tag   `json:"tags,omitempty"`
}

// LogBatch logs one batch, in halves while it is too big for one request.
func (c *Client) LogBatch(ctx context.Context, run string, b Batch) error {
	body, err := json.Marshal(struct {
		Run string `json:"run_id"`
		Batch
	}{run, b})
	if err != nil {
		return fmt.Errorf("log batch: %w", err)
	}
	if n := len(b.Metrics) + len(b.Params) + len(b.Tags); len(body) > maxBatch && n > 1 {
		m, p, t := (len(b.Metrics)+1)/2, (len(b.Params)+1)/2, (len(b.Tags)+1)/2
		if len(b.Metrics) <= 1 && len(b.Params) <= 1 && len(b.Tags) <= 1 {
			m, p, t = len(b.Metrics), 0, 0
		}
		if err := c.LogBatch(ctx, run, Batch{b.Metrics[:m], b.Params[:p], b.Tags[:t]}); err != nil {
			return err
		}
		return c.LogBatch(ctx, run, Batch{b.Metrics[m:], b.Params[p:], b.Tags[t:]})
	}
	return c.do(ctx, request{method: http.MethodPost, path: api + "runs/log-batch", kind: "application/json", body: again(body), size: int64(len(body))})
}

// LogInputs logs the data sets that the run reads.
func (c *Client) LogInputs(ctx context.Context, run string, data []backends.Dataset) error {
	ins := make([]DatasetInput, len(data))
	for i, d := range data {
		w := &ins[i]
		w.Dataset.Name, w.Dataset.Digest, w.Dataset.Schema, w.Dataset.Profile = d.Name, d.Digest, d.Schema, d.Profile
		w.Dataset.SourceType, w.Dataset.Source = d.SourceType, d.Source
		if w.Dataset.SourceType == "" { // MLflow wants one
			w.Dataset.SourceType = "local"
		}
		if w.Dataset.Source == "" {
			w.Dataset.Source = "{}"
		}
		w.Tags = d.Tags
		if d.Context != "" {
			w.Tags = append([]backends.Tag{{Key: entity.TagContext, Value: d.Context}}, d.Tags...)
		}
	}
	return c.change(ctx, "runs/log-inputs", map[string]any{"run_id": run, "datasets": ins}, nil)
}

// UpdateRun sets a run's status, and its end when that is not zero.
func (c *Client) UpdateRun(ctx context.Context, run string, status backends.RunStatus, end time.Time) error {
	body := map[string]any{"run_id": run, "status": status}
	if !end.IsZero() {
		body["end_time"] = end.UnixMilli()
	}
	return c.change(ctx, "runs/update", body, nil)
}

// DeleteRun moves a run to the deleted stage.
func (c *Client) DeleteRun(ctx context.Context, run string) error {
	return c.change(ctx, "runs/delete", map[string]string{"run_id": run}, nil)
}

// maxPosted bounds a file that a server takes whose artifacts it does not serve
// itself: mlflow/server/handlers.py, upload_artifact_handler.
const maxPosted = 10 << 20

// ErrNoPlace is a file that the server has no way to take.
var ErrNoPlace = errors.New("the server does not take it")

// PutArtifact stores a file of a run whose artifact URI is given. open is called for
// each try.
func (c *Client) PutArtifact(ctx context.Context, run, uri, name string, size int64, open func() (io.Reader, error)) error {
	if place, ok := strings.CutPrefix(uri, "mlflow-artifacts:"); ok {
		if rest, host := strings.CutPrefix(place, "//"); host { // mlflow-artifacts://host/path
			if _, place, ok = strings.Cut(rest, "/"); !ok {
				place = ""
			}
		}
		path := strings.Trim(place, "/") + "/" + name
		return c.do(ctx, request{
			method: http.MethodPut, path: "/api/2.0/mlflow-artifacts/artifacts/" + escape(path), kind: "application/octet-stream", body: open, size: size,
		})
	}
	switch {
	case size == 0:
		return fmt.Errorf("artifact %s: %w: it is empty, and the server keeps artifacts at %s", name, ErrNoPlace, uri)
	case size > maxPosted:
		return fmt.Errorf("artifact %s: %w: it has %d bytes, and the server, which keeps artifacts at %s, takes 10 MB", name, ErrNoPlace, size, uri)
	}
	q := url.Values{"run_uuid": {run}, "path": {name}}
	return c.do(ctx, request{
		method: http.MethodPost, path: "/ajax-api/2.0/mlflow/upload-artifact?" + q.Encode(), kind: "application/octet-stream", body: open, size: size,
	})
}

// escape escapes each part of a path.
func escape(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// CreateModel registers a name; one that is registered already is fine.
func (c *Client) CreateModel(ctx context.Context, name, description string, tags []backends.Tag) error {
	err := c.change(ctx, "registered-models/create", map[string]any{"name": name, "description": description, "tags": tags}, nil)
	if Code(err) == AlreadyExists {
		return nil
	}
	return err
}

// CreateVersion makes a version of a model from a run's artifact and returns its
// number.
func (c *Client) CreateVersion(ctx context.Context, v backends.ModelVersion, source string) (string, error) {
	var a struct {
		Version version `json:"model_version"`
	}
	err := c.change(ctx, "model-versions/create", map[string]any{
		"name": v.Model, "source": source, "run_id": v.Run, "description": v.Description, "tags": v.Tags,
	}, &a)
	return a.Version.Version, err
}

// SetAlias points an alias at a version.
func (c *Client) SetAlias(ctx context.Context, model, alias, version string) error {
	return c.change(ctx, "registered-models/alias", map[string]string{"name": model, "alias": alias, "version": version}, nil)
}
