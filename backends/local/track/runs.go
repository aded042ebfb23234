package track

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

type runInfo struct {
	UUID       string             `json:"run_uuid"`
	Experiment string             `json:"experiment_id"`
	Name       string             `json:"run_name"`
	User       string             `json:"user_id"`
	Status     backends.RunStatus `json:"status"`
	Start      int64              `json:"start_time"`
	End        int64              `json:"end_time,omitempty"`
	Artifacts  string             `json:"artifact_uri"`
	Stage      string             `json:"lifecycle_stage"`
	ID         string             `json:"run_id"`
}

type (
	lastMetric struct {
		Key   string    `json:"key"`
		Value wireFloat `json:"value"`
		Time  int64     `json:"timestamp"`
		Step  int64     `json:"step"`
	}
	runData struct {
		Metrics []lastMetric     `json:"metrics,omitempty"`
		Params  []backends.Param `json:"params,omitempty"`
		Tags    []backends.Tag   `json:"tags,omitempty"`
	}
	wireDataset struct {
		Name       string `json:"name"`
		Digest     string `json:"digest"`
		SourceType string `json:"source_type"`
		Source     string `json:"source"`
		Schema     string `json:"schema,omitempty"`
		Profile    string `json:"profile,omitempty"`
	}
	datasetInput struct {
		Tags    []backends.Tag `json:"tags,omitempty"`
		Dataset wireDataset    `json:"dataset"`
	}
	runInputs struct {
		Datasets []datasetInput `json:"dataset_inputs,omitempty"`
	}
	wireRun struct {
		Info    runInfo   `json:"info"`
		Data    runData   `json:"data"`
		Inputs  runInputs `json:"inputs"`
		Outputs *empty    `json:"outputs,omitempty"`
	}
	runAnswer struct {
		Run wireRun `json:"run"`
	}
)

func infoOf(r *backends.Run) runInfo {
	i := runInfo{
		UUID: r.ID, Experiment: r.Experiment, Name: r.Name, User: r.User, Status: r.Status, Start: r.Start.UnixMilli(),
		Artifacts: location(r.Experiment) + "/" + r.ID + "/artifacts", Stage: stage(r.Deleted), ID: r.ID,
	}
	if !r.End.IsZero() {
		i.End = r.End.UnixMilli()
	}
	return i
}

// tagContext is the input tag in which MLflow says what a data set was for.
const tagContext = "mlflow.data.context"

func wireOf(r *backends.Run) wireRun {
	w := wireRun{Info: infoOf(r), Data: runData{Params: r.Params, Tags: r.Tags}}
	for _, m := range r.Metrics {
		w.Data.Metrics = append(w.Data.Metrics, lastMetric{m.Key, wireFloat(m.Value), m.Time, m.Step})
	}
	for _, d := range r.Inputs {
		in := datasetInput{Dataset: wireDataset{d.Name, d.Digest, d.SourceType, d.Source, d.Schema, d.Profile}}
		if d.Context != "" {
			in.Tags = []backends.Tag{{Key: tagContext, Value: d.Context}}
		}
		w.Inputs.Datasets = append(w.Inputs.Datasets, in)
	}
	return w
}

// createRun takes a run_id too, which MLflow's API has not: with one, our own
// client can ask again when an answer was lost and get the run that was made.
func (a *api) createRun(ctx context.Context, in *fields) (any, error) {
	start, _ := in.integer("start_time")
	nr := store.NewRun{
		ID: in.text("run_id"), ExperimentID: in.text("experiment_id"), Name: in.text("run_name"), User: in.text("user_id"),
		Start: momentOf(start), Tags: in.tags("tags"), Job: a.o.Job,
	}
	if in.err != nil {
		return nil, in.err
	}
	if nr.ExperimentID == "" {
		nr.ExperimentID = "0"
	}
	r, err := a.st.CreateRun(ctx, nr)
	var refused *store.Error
	if errors.As(err, &refused) && refused.Code == store.AlreadyExists {
		if r, err = a.run(ctx, nr.ID); err != nil || r.Job != a.o.Job {
			return nil, refused
		}
		a.announce(r.ID)
		return runAnswer{wireOf(r)}, nil
	}
	if err != nil {
		return nil, err
	}
	a.announce(r.ID)
	return runAnswer{wireOf(r)}, nil
}

// run is the run of exactly that id; the store also knows it by less.
func (a *api) run(ctx context.Context, id string) (*backends.Run, error) {
	r, err := a.st.Run(ctx, id)
	if err == nil && r.ID != id || errors.Is(err, backends.ErrNotFound) {
		return nil, &apiError{store.DoesNotExist, fmt.Sprintf("Run with id=%s not found", id)}
	}
	return r, err
}

func (a *api) getRun(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	if in.err != nil {
		return nil, in.err
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	w := wireOf(r)
	w.Outputs = &empty{}
	return runAnswer{w}, nil
}

func (a *api) updateRun(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	up := store.RunUpdate{Status: in.status(), Name: in.text("run_name")}
	if end, ok := in.integer("end_time"); ok {
		up.End = momentOf(end)
	}
	if in.err != nil {
		return nil, in.err
	}
	if err := a.st.UpdateRun(ctx, id, up); err != nil {
		return nil, err
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	return struct {
		Info runInfo `json:"run_info"`
	}{infoOf(r)}, nil
}

// status is an enum: its name or its number.
func (f *fields) status() backends.RunStatus {
	names := [...]backends.RunStatus{"", backends.RunRunning, backends.RunScheduled, backends.RunFinished, backends.RunFailed, backends.RunKilled}
	raw := string(f.m["status"])
	if raw == "" || raw == "null" {
		return ""
	}
	for i, n := range names[1:] {
		if raw == strconv.Quote(string(n)) || raw == strconv.Itoa(i+1) {
			return n
		}
	}
	f.fail("Invalid value %s for parameter 'status' supplied:  Hint: Value was of type '%s'.%s", raw, pythonType([]byte(raw)), seeDocs)
	return ""
}
