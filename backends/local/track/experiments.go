package track

import (
	"context"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

type wireExperiment struct {
	ID        string         `json:"experiment_id"`
	Name      string         `json:"name"`
	Location  string         `json:"artifact_location"`
	Stage     string         `json:"lifecycle_stage"`
	Updated   int64          `json:"last_update_time"`
	Created   int64          `json:"creation_time"`
	Tags      []backends.Tag `json:"tags,omitempty"`
	Workspace string         `json:"workspace"`
}

// location is where clients put artifacts: here, without saying on which host.
func location(experiment string) string { return "mlflow-artifacts:/" + experiment }

func stage(deleted bool) string {
	if deleted {
		return "deleted"
	}
	return "active"
}

type experimentAnswer struct {
	Experiment wireExperiment `json:"experiment"`
}

func (a *api) createExperiment(ctx context.Context, in *fields) (any, error) {
	name, tags := in.required("name"), in.tags("tags")
	if in.err != nil {
		return nil, in.err
	}
	id, err := a.st.CreateExperiment(ctx, name, tags)
	return struct {
		ID string `json:"experiment_id"`
	}{id}, err
}

func (a *api) getExperiment(ctx context.Context, in *fields) (any, error) {
	id := in.required("experiment_id")
	if in.err != nil {
		return nil, in.err
	}
	return a.experiment(ctx, "No Experiment with id="+id+" exists", func(e backends.Experiment) bool { return e.ID == id })
}

func (a *api) getExperimentByName(ctx context.Context, in *fields) (any, error) {
	name := in.required("experiment_name")
	if in.err != nil {
		return nil, in.err
	}
	return a.experiment(ctx, "Could not find experiment with name '"+name+"'", func(e backends.Experiment) bool { return e.Name == name })
}

func (a *api) experiment(ctx context.Context, none string, is func(backends.Experiment) bool) (any, error) {
	all, err := a.st.Experiments(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if is(e) {
			return experimentAnswer{wireExperiment{
				ID: e.ID, Name: e.Name, Location: location(e.ID), Stage: stage(e.Deleted),
				Updated: e.Updated.UnixMilli(), Created: e.Created.UnixMilli(), Tags: e.Tags, Workspace: "default",
			}}, nil
		}
	}
	return nil, &apiError{store.DoesNotExist, none}
}
