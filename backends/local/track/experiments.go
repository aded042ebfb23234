package track

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

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
	place, err := absolute(place)
	if err != nil {
		return nil, err
	}
	id, err := a.st.CreateExperimentAt(ctx, name, place, tags)
	return struct {
		ID string `json:"experiment_id"`
	}{id}, err
}

// absolute is a place as MLflow keeps it: a path without a scheme begins at the
// folder where the server runs.
func absolute(place string) (string, error) {
	if place == "" || strings.HasPrefix(place, "/") || parseURI(place).scheme != "" {
		return place, nil
	}
	at, err := filepath.Abs(".")
	if err != nil {
		return "", fmt.Errorf("artifact location %s: %w", place, err)
	}
	var parts []string
	for part := range strings.SplitSeq(unescaped(place, url.PathUnescape), "/") {
		if part != "" && part != "." { // and ".." stays, see pathlib
			parts = append(parts, part)
		}
	}
	return strings.Join(append([]string{filepath.ToSlash(at)}, parts...), "/"), nil
}

func (a *api) getExperiment(ctx context.Context, in *fields) (any, error) {
	id := in.experiment()
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
	id := in.experiment()
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.DeleteExperiment(ctx, id))
}

func (a *api) restoreExperiment(ctx context.Context, in *fields) (any, error) {
	id := in.experiment()
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.RestoreExperiment(ctx, id))
}

func (a *api) updateExperiment(ctx context.Context, in *fields) (any, error) {
	id, name := in.experiment(), in.required("new_name")
	if in.err != nil {
		return nil, in.err
	}
	if name == "" {
		return done(nil)
	}
	return done(a.st.RenameExperiment(ctx, id, name))
}

func (a *api) setExperimentTag(ctx context.Context, in *fields) (any, error) {
	id, t := in.experiment(), backends.Tag{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.SetExperimentTag(ctx, id, t))
}

func (a *api) deleteExperimentTag(ctx context.Context, in *fields) (any, error) {
	id, key := in.experiment(), in.required("key")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.DeleteExperimentTag(ctx, id, key))
}
