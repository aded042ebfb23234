package backends

import (
	"context"
	"time"
)

// LoggedModelStatus is how far the logging of a model has come, as MLflow's client
// spells it.
type LoggedModelStatus string

// The statuses of a logged model. Files may still come while it is pending.
const (
	LoggedUnspecified LoggedModelStatus = "UNSPECIFIED"
	LoggedPending     LoggedModelStatus = "PENDING"
	LoggedReady       LoggedModelStatus = "READY"
	LoggedFailed      LoggedModelStatus = "FAILED"
)

// LoggedModel is a model that a training logged, as MLflow 3 has them: it belongs to
// an experiment, has files of its own beside those of runs, and any number of runs
// make it, read it and measure it. Registered models have versions of it.
type LoggedModel struct {
	ID         string            `json:"model_id"` // "m-" and 32 hex digits
	Name       string            `json:"name"`     // many may have the same
	Experiment string            `json:"experiment_id"`
	Run        string            `json:"source_run_id,omitempty"` // that made it
	Type       string            `json:"model_type,omitempty"`
	Status     LoggedModelStatus `json:"status"`
	Message    string            `json:"status_message,omitempty"`
	Deleted    bool              `json:"deleted,omitempty"`
	Created    time.Time         `json:"created"`
	Updated    time.Time         `json:"updated"`
	Params     []Param           `json:"params,omitempty"`  // sorted by key
	Tags       []Tag             `json:"tags,omitempty"`    // sorted by key
	Metrics    []ModelMetric     `json:"metrics,omitempty"` // all points, by key, time and step
	Backend    string            `json:"source"`
	Location   string            `json:"-"` // of the experiment's files, a URI; "" is where the backend keeps them
}

// ModelMetric is a point that a run measured of a logged model, on a data set when
// Dataset is not empty.
type ModelMetric struct {
	Metric
	Model   string `json:"model_id"`
	Run     string `json:"run_id"`
	Dataset string `json:"dataset_name,omitempty"`
	Digest  string `json:"dataset_digest,omitempty"`
}

// ModelUse says that a run read a logged model, or made it.
type ModelUse struct {
	Model  string `json:"model_id"`
	Step   int64  `json:"step"` // of an output
	Output bool   `json:"output"`
}

// LoggedModelLister lists the logged models of an experiment, of all when it is
// empty, newest first and without the deleted ones.
type LoggedModelLister interface {
	LoggedModels(ctx context.Context, experiment string) ([]*LoggedModel, error)
}
