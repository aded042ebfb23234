package track

import (
	"context"

	"flightdeck/backends"
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

func wireExperimentOf(e backends.Experiment) wireExperiment {
	at := e.Location
	if at == "" {
		at = location(e.ID)
	}
	return wireExperiment{
		ID: e.ID, Name: e.Name, Location: at, Stage: stage(e.Deleted),
		Updated: e.Updated.UnixMilli(), Created: e.Created.UnixMilli(), Tags: e.Tags, Workspace: "default",
	}
}

func (a *api) createExperiment(ctx context.Context, in *fields) (any, error) {
	name, place := in.required("name"), in.text("artifact_location")
	var tags []backends.Tag
	in.read("tags", &tags)
	if in.err != nil {
		return nil, in.err
	}
	id, err := a.st.CreateExperimentAt(ctx, name, place, tags)
	return struct {
		ID string `json:"experiment_id"`
	}{id}, err
}

func (a *api) getExperiment(ctx context.Context, in *fields) (any, error) {
	id := in.required("experiment_id")
	if in.err != nil {
		return nil, in.err
	}
	e, err := a.st.Experiment(ctx, id)
	return experimentAnswer{wireExperimentOf(e)}, err
}

func (a *api) getExperimentByName(ctx context.Context, in *fields) (any, error) {
	name := in.required("experiment_name")
	if in.err != nil {
		return nil, in.err
	}
	e, err := a.st.ExperimentNamed(ctx, name)
	return experimentAnswer{wireExperimentOf(e)}, err
}

func (a *api) deleteExperiment(ctx context.Context, in *fields) (any, error) {
	id := in.required("experiment_id")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.DeleteExperiment(ctx, id))
}

func (a *api) restoreExperiment(ctx context.Context, in *fields) (any, error) {
	id := in.required("experiment_id")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.RestoreExperiment(ctx, id))
}

func (a *api) updateExperiment(ctx context.Context, in *fields) (any, error) {
	id, name := in.required("experiment_id"), in.required("new_name")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.RenameExperiment(ctx, id, name))
}

func (a *api) setExperimentTag(ctx context.Context, in *fields) (any, error) {
	id, t := in.required("experiment_id"), backends.Tag{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.SetExperimentTag(ctx, id, t))
}

func (a *api) deleteExperimentTag(ctx context.Context, in *fields) (any, error) {
	id, key := in.required("experiment_id"), in.required("key")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.DeleteExperimentTag(ctx, id, key))
}
