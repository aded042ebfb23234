package track

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// modelRoutes are the endpoints of registered and of logged models.
func modelRoutes() []route { return slices.Concat(registryRoutes(), loggedRoutes()) }

// registryRoutes are those of MLflow's model_registry.proto.
func registryRoutes() []route {
	return []route{
		{http.MethodPost, "/mlflow/registered-models/create", (*api).createModel},
		{http.MethodPost, "/mlflow/registered-models/rename", (*api).renameModel},
		{http.MethodPatch, "/mlflow/registered-models/update", (*api).updateModel},
		{http.MethodDelete, "/mlflow/registered-models/delete", (*api).deleteModel},
		{http.MethodGet, "/mlflow/registered-models/get", (*api).getModel},
		{http.MethodGet, "/mlflow/registered-models/search", (*api).searchModels},
		{http.MethodPost, "/mlflow/registered-models/get-latest-versions", (*api).latestVersions},
		{http.MethodGet, "/mlflow/registered-models/get-latest-versions", (*api).latestVersions},
		{http.MethodPost, "/mlflow/registered-models/set-tag", (*api).setModelTag},
		{http.MethodDelete, "/mlflow/registered-models/delete-tag", (*api).deleteModelTag},
		{http.MethodPost, "/mlflow/registered-models/alias", (*api).setAlias},
		{http.MethodDelete, "/mlflow/registered-models/alias", (*api).deleteAlias},
		{http.MethodGet, "/mlflow/registered-models/alias", (*api).getAlias},
		{http.MethodPost, "/mlflow/model-versions/create", (*api).createVersion},
		{http.MethodPatch, "/mlflow/model-versions/update", (*api).updateVersion},
		{http.MethodPost, "/mlflow/model-versions/transition-stage", (*api).setStage},
		{http.MethodDelete, "/mlflow/model-versions/delete", (*api).deleteVersion},
		{http.MethodGet, "/mlflow/model-versions/get", (*api).getVersion},
		{http.MethodGet, "/mlflow/model-versions/search", (*api).searchVersions},
		{http.MethodGet, "/mlflow/model-versions/get-download-uri", (*api).downloadURI},
		{http.MethodPost, "/mlflow/model-versions/set-tag", (*api).setVersionTag},
		{http.MethodDelete, "/mlflow/model-versions/delete-tag", (*api).deleteVersionTag},
	}
}

type (
	wireAlias struct {
		Alias   string `json:"alias"`
		Version string `json:"version"`
	}
	wireModel struct {
		Name        string         `json:"name"`
		Created     int64          `json:"creation_timestamp"`
		Updated     int64          `json:"last_updated_timestamp"`
		Description string         `json:"description,omitempty"`
		Latest      []wireVersion  `json:"latest_versions,omitempty"`
		Tags        []backends.Tag `json:"tags,omitempty"`
		Aliases     []wireAlias    `json:"aliases,omitempty"`
	}
	modelAnswer struct {
		Model wireModel `json:"registered_model"`
	}
)

func wireModelOf(m backends.RegisteredModel) wireModel {
	w := wireModel{Name: m.Name, Created: m.Created.UnixMilli(), Updated: m.Updated.UnixMilli(), Description: m.Description, Tags: m.Tags}
	for _, v := range store.LatestVersions(m) {
		v.Aliases = nil // MLflow leaves them out here
		w.Latest = append(w.Latest, wireVersionOf(v))
	}
	for _, a := range slices.Sorted(maps.Keys(m.Aliases)) {
		w.Aliases = append(w.Aliases, wireAlias{a, m.Aliases[a]})
	}
	return w
}

// looseTags are tags whose keys the store checks: MLflow does not say here which of
// them has none.
func (f *fields) looseTags(name string) (tags []backends.Tag) {
	f.read(name, &tags)
	return tags
}

// texts is a repeated text. In a query one that was given once is a text.
func (f *fields) texts(name string) (list []string) {
	if raw := f.m[name]; len(raw) > 0 && raw[0] == '"' {
		return []string{f.text(name)}
	}
	f.read(name, &list)
	return list
}

func (a *api) createModel(ctx context.Context, in *fields) (any, error) {
	name, tags, text := in.required("name"), in.looseTags("tags"), in.text("description")
	if in.err != nil {
		return nil, in.err
	}
	if err := a.st.CreateModel(ctx, name, text, tags); err != nil {
		return nil, err
	}
	return a.model(ctx, name)
}

func (a *api) model(ctx context.Context, name string) (any, error) {
	m, err := a.st.Model(ctx, name)
	if err != nil {
		return nil, err
	}
	return modelAnswer{wireModelOf(m)}, nil
}

func (a *api) getModel(ctx context.Context, in *fields) (any, error) {
	name := in.required("name")
	if in.err != nil {
		return nil, in.err
	}
	return a.model(ctx, name)
}

func (a *api) renameModel(ctx context.Context, in *fields) (any, error) {
	name, to := in.required("name"), in.required("new_name")
	if in.err != nil {
		return nil, in.err
	}
	if err := a.st.RenameModel(ctx, name, to); err != nil {
		return nil, err
	}
	return a.model(ctx, to)
}

func (a *api) updateModel(ctx context.Context, in *fields) (any, error) {
	name, text := in.required("name"), in.text("description")
	if in.err != nil {
		return nil, in.err
	}
	if err := a.st.DescribeModel(ctx, name, text); err != nil {
		return nil, err
	}
	return a.model(ctx, name)
}

func (a *api) deleteModel(ctx context.Context, in *fields) (any, error) {
	name := in.required("name")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.DeleteModel(ctx, name)
}

func (a *api) latestVersions(ctx context.Context, in *fields) (any, error) {
	name, stages := in.required("name"), in.list("stages")
	if in.err != nil {
		return nil, in.err
	}
	m, err := a.st.Model(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(stages) == 0 {
		stages = store.Stages()
	}
	for i, s := range stages {
		if stages[i], err = store.Stage(s); err != nil {
			return nil, err
		}
	}
	var out []wireVersion
	for _, v := range store.LatestVersions(m) {
		if slices.Contains(stages, v.Stage) {
			out = append(out, wireVersionOf(v))
		}
	}
	return struct {
		Versions []wireVersion `json:"model_versions,omitempty"`
	}{out}, nil
}

func (a *api) setModelTag(ctx context.Context, in *fields) (any, error) {
	name, t := in.required("name"), backends.Tag{Key: in.required("key"), Value: in.text("value")}
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.SetModelTag(ctx, name, "", t)
}

func (a *api) deleteModelTag(ctx context.Context, in *fields) (any, error) {
	name, key := in.required("name"), in.required("key")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.DeleteModelTag(ctx, name, "", key)
}

func (a *api) setAlias(ctx context.Context, in *fields) (any, error) {
	name, alias, version := in.required("name"), in.required("alias"), in.required("version")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.SetAlias(ctx, name, alias, version)
}

func (a *api) deleteAlias(ctx context.Context, in *fields) (any, error) {
	name, alias := in.required("name"), in.required("alias")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.DeleteAlias(ctx, name, alias)
}

func (a *api) getAlias(ctx context.Context, in *fields) (any, error) {
	name, alias := in.required("name"), in.required("alias")
	if in.err != nil {
		return nil, in.err
	}
	v, err := a.st.AliasedVersion(ctx, name, alias)
	if err != nil {
		return nil, err
	}
	return versionAnswer{wireVersionOf(v)}, nil
}
