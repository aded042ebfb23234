package track

import (
	"context"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

type (
	wireVersion struct {
		Name        string         `json:"name"`
		Version     string         `json:"version"`
		Created     int64          `json:"creation_timestamp"`
		Updated     int64          `json:"last_updated_timestamp"`
		Stage       string         `json:"current_stage"`
		Description *string        `json:"description,omitempty"`
		Source      string         `json:"source"`
		Run         string         `json:"run_id"`
		Status      string         `json:"status"`
		Tags        []backends.Tag `json:"tags,omitempty"`
		RunLink     string         `json:"run_link"`
		Aliases     []string       `json:"aliases,omitempty"`
	}
	versionAnswer struct {
		Version wireVersion `json:"model_version"`
	}
)

func wireVersionOf(v backends.ModelVersion) wireVersion {
	w := wireVersion{
		Name: v.Model, Version: v.Version, Created: v.Created.UnixMilli(), Updated: v.Updated.UnixMilli(), Stage: v.Stage,
		Source: sourceOf(v), Run: v.Run, Status: "READY", Tags: v.Tags, RunLink: v.RunLink, Aliases: v.Aliases,
	}
	if !v.NoText {
		w.Description = &v.Description
	}
	return w
}

// sourceOf is the version's source as a URI: what was registered here, and not by
// this API, names a file of its run.
func sourceOf(v backends.ModelVersion) string {
	if v.Run == "" || parseURI(v.Source).scheme != "" || strings.HasPrefix(v.Source, "/") {
		return v.Source
	}
	return strings.TrimSuffix("runs:/"+v.Run+"/"+v.Source, "/.")
}

// placeOf is where a client finds the version's files.
func placeOf(v backends.ModelVersion) string {
	if v.Place != "" {
		return v.Place
	}
	return sourceOf(v)
}

func (a *api) getVersion(ctx context.Context, in *fields) (any, error) {
	name, version := in.required("name"), in.required("version")
	if in.err != nil {
		return nil, in.err
	}
	return answerVersion(a.st.Version(ctx, name, version))
}

func answerVersion(v backends.ModelVersion, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return versionAnswer{wireVersionOf(v)}, nil
}

func (a *api) updateVersion(ctx context.Context, in *fields) (any, error) {
	name, version := in.required("name"), in.required("version")
	var text *string
	in.read("description", &text)
	if in.err != nil {
		return nil, in.err
	}
	return answerVersion(a.st.DescribeVersion(ctx, name, version, text))
}

func (a *api) setStage(ctx context.Context, in *fields) (any, error) {
	name, version, stage := in.required("name"), in.required("version"), in.required("stage")
	archive := false
	in.read("archive_existing_versions", &archive)
	if in.err != nil {
		return nil, in.err
	}
	return answerVersion(a.st.SetStage(ctx, name, version, stage, archive))
}

func (a *api) deleteVersion(ctx context.Context, in *fields) (any, error) {
	name, version := in.required("name"), in.required("version")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.DeleteVersion(ctx, name, version)
}

func (a *api) downloadURI(ctx context.Context, in *fields) (any, error) {
	name, version := in.text("name"), in.text("version")
	if in.err != nil {
		return nil, in.err
	}
	v, err := a.st.Version(ctx, name, version)
	if err != nil {
		return nil, err
	}
	return struct {
		URI string `json:"artifact_uri"`
	}{placeOf(v)}, nil
}

func (a *api) setVersionTag(ctx context.Context, in *fields) (any, error) {
	name, version := in.required("name"), in.required("version")
	t := backends.Tag{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.SetModelTag(ctx, name, version, t)
}

func (a *api) deleteVersionTag(ctx context.Context, in *fields) (any, error) {
	name, version, key := in.required("name"), in.required("version"), in.required("key")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.DeleteModelTag(ctx, name, version, key)
}

func (a *api) createVersion(ctx context.Context, in *fields) (any, error) {
	nv := store.NewVersion{
		Model: in.required("name"), Source: in.required("source"), Run: in.text("run_id"), Tags: in.looseTags("tags"),
		RunLink: in.text("run_link"), Description: in.text("description"), Logged: in.text("model_id"),
	}
	if in.err != nil {
		return nil, in.err
	}
	if isPrompt(nv.Tags) {
		if nv.Source != "dummy-source" && nv.Source != "prompt-template" {
			return nil, refuse("Invalid prompt source: '%s'. Prompt sources must use an MLflow placeholder.", nv.Source)
		}
		return answerVersion(a.st.RegisterVersion(ctx, nv))
	}
	if err := a.checkSource(ctx, in, &nv); err != nil {
		return nil, err
	}
	v, err := a.st.RegisterVersion(ctx, nv)
	if err == nil && nv.Logged != "" {
		err = a.noteVersion(ctx, nv.Logged, v)
	}
	return answerVersion(v, err)
}

func isPrompt(tags []backends.Tag) bool {
	is := false
	for _, t := range tags { // the last of a key counts
		if t.Key == store.TagPrompt {
			is = strings.EqualFold(t.Value, "true")
		}
	}
	return is
}

// tagVersions is the tag of a logged model in which MLflow lists its versions.
const tagVersions = "mlflow.modelVersions"

// noteVersion adds the version to that list, in the form in which Python writes it.
func (a *api) noteVersion(ctx context.Context, logged string, v backends.ModelVersion) error {
	m, err := a.st.LoggedModel(ctx, logged, false)
	if err != nil {
		return err
	}
	entry := `{"name": ` + store.PyText(v.Model) + `, "version": ` + v.Version + `}`
	list := "[" + entry + "]"
	for _, t := range m.Tags {
		if old, ok := strings.CutSuffix(strings.TrimSpace(t.Value), "]"); t.Key == tagVersions && ok && strings.Contains(old, "{") && !strings.Contains(old, entry) {
			list = old + ", " + entry + "]"
		}
	}
	return a.st.SetLoggedTags(ctx, logged, []backends.Tag{{Key: tagVersions, Value: list}})
}
