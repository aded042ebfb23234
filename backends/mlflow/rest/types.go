package rest

import (
	"time"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// Experiment is an experiment on the wire.
type Experiment struct {
	ID       string         `json:"experiment_id"`
	Name     string         `json:"name"`
	Location string         `json:"artifact_location"`
	Stage    string         `json:"lifecycle_stage"`
	Created  Int            `json:"creation_time"`
	Updated  Int            `json:"last_update_time"`
	Tags     []backends.Tag `json:"tags"`
}

// RunInfo is the part of a run on the wire that describes it.
type RunInfo struct {
	ID         string `json:"run_id"`
	UUID       string `json:"run_uuid"` // what versions before 1.0 called it
	Name       string `json:"run_name"`
	Experiment string `json:"experiment_id"`
	User       string `json:"user_id"`
	Status     string `json:"status"`
	Start      Int    `json:"start_time"`
	End        Int    `json:"end_time"`
	Artifacts  string `json:"artifact_uri"`
	Stage      string `json:"lifecycle_stage"`
}

// Metric is one point on the wire.
type Metric struct {
	Key   string `json:"key"`
	Value Float  `json:"value"`
	Time  Int    `json:"timestamp"`
	Step  Int    `json:"step"`
}

// DatasetInput is a data set that a run read, on the wire.
type DatasetInput struct {
	Tags    []backends.Tag `json:"tags,omitempty"`
	Dataset struct {
		Name       string `json:"name"`
		Digest     string `json:"digest"`
		SourceType string `json:"source_type"`
		Source     string `json:"source"`
		Schema     string `json:"schema,omitempty"`
		Profile    string `json:"profile,omitempty"`
	} `json:"dataset"`
}

// Run is a run on the wire.
type Run struct {
	Info RunInfo `json:"info"`
	Data struct {
		Metrics []Metric         `json:"metrics"`
		Params  []backends.Param `json:"params"`
		Tags    []backends.Tag   `json:"tags"`
	} `json:"data"`
	Inputs struct {
		Datasets []DatasetInput `json:"dataset_inputs"`
	} `json:"inputs"`
}

func moment(ms Int) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

// Entity is the run as the rest of Flightdeck knows it.
func (w *Run) Entity(backend, experiment string) *backends.Run {
	i := w.Info
	r := &backends.Run{
		ID: i.ID, Name: i.Name, Experiment: i.Experiment, ExpName: experiment, Backend: backend, Status: entity.Status(i.Status),
		Deleted: i.Stage == "deleted", Start: moment(i.Start), End: moment(i.End), User: i.User, Params: w.Data.Params, Tags: w.Data.Tags,
		Artifacts: i.Artifacts,
	}
	if r.ID == "" {
		r.ID = i.UUID
	}
	if len(w.Data.Metrics) > 0 {
		r.Metrics = make([]backends.Metric, len(w.Data.Metrics))
	}
	for n, m := range w.Data.Metrics {
		r.Metrics[n] = backends.Metric{Key: m.Key, Value: entity.Stored(float64(m.Value)), Step: int64(m.Step), Time: int64(m.Time)}
	}
	for _, d := range w.Inputs.Datasets {
		in := backends.Dataset{
			Name: d.Dataset.Name, Digest: d.Dataset.Digest, SourceType: d.Dataset.SourceType, Source: d.Dataset.Source,
			Schema: d.Dataset.Schema, Profile: d.Dataset.Profile,
		}
		entity.Use(&in, d.Tags)
		r.Inputs = append(r.Inputs, in)
	}
	entity.Finish(r)
	return r
}

// Entity is the experiment as the rest of Flightdeck knows it, without its count.
func (e Experiment) Entity() backends.Experiment {
	return backends.Experiment{ID: e.ID, Name: e.Name, Deleted: e.Stage == "deleted", Created: moment(e.Created), Updated: moment(e.Updated), Tags: e.Tags, Location: e.Location}
}

// model and version are the registry's on the wire.
type (
	model struct {
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Created     Int            `json:"creation_timestamp"`
		Updated     Int            `json:"last_updated_timestamp"`
		Tags        []backends.Tag `json:"tags"`
		Aliases     []struct {
			Alias   string `json:"alias"`
			Version string `json:"version"`
		} `json:"aliases"`
	}
	version struct {
		Name        string         `json:"name"`
		Version     string         `json:"version"`
		Description string         `json:"description"`
		Run         string         `json:"run_id"`
		Source      string         `json:"source"`
		Created     Int            `json:"creation_timestamp"`
		Updated     Int            `json:"last_updated_timestamp"`
		Stage       string         `json:"current_stage"`
		RunLink     string         `json:"run_link"`
		Logged      string         `json:"model_id"`
		Tags        []backends.Tag `json:"tags"`
	}
)
