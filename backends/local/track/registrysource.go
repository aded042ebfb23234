package track

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// The source of a model version comes from outside and is given to whoever loads the
// version, so it must lie in the run or the logged model that it is said to be of.
// The checks and their words are those of mlflow/server/handlers.py.

func refuse(format string, args ...any) error {
	return &apiError{store.InvalidParameter, fmt.Sprintf(format, args...)}
}

func wrongSource(source, field string) error {
	return refuse("Invalid model version source: '%s'. The %s request parameter must identify the resource that contains the source.", source, field)
}

// checkSource checks what a version is to be made of and fills in its run, its
// logged model and the place of its files.
func (a *api) checkSource(ctx context.Context, in *fields, nv *store.NewVersion) error {
	u := parseURI(nv.Source)
	if remote(u) {
		return refuse("'source' cannot use the '%[1]s' scheme: the '%[1]s' scheme addresses a host other than the tracking server's configured artifact storage,"+
			" so the server would connect to the host named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it.", u.scheme)
	}
	ref := modelRef{}
	if u.scheme == "models" {
		if u.host != "" {
			return refuse("Invalid model version source: '%s'. Registered model sources must use the active model registry.", nv.Source)
		}
		var ok bool
		if ref, ok = parseModelRef(nv.Source); !ok {
			return wrongSource(nv.Source, "model_id")
		}
		if ref.id == "" {
			if err := a.inherit(ctx, in, nv, ref); err != nil {
				return err
			}
		}
	}
	var err error
	if nv.Logged != "" {
		err = a.inLogged(ctx, *nv, ref)
	} else {
		err = a.inRun(ctx, *nv, ref)
	}
	if err != nil {
		return err
	}
	return a.lineage(ctx, nv, ref)
}

// lineage says where the files of a logged model lie, and of which run it is.
func (a *api) lineage(ctx context.Context, nv *store.NewVersion, ref modelRef) error {
	if nv.Logged == "" && ref.id == "" {
		return nil
	}
	id := ref.id
	if id == "" {
		id = nv.Logged
	}
	m, err := a.st.LoggedModel(ctx, id, false)
	switch {
	case err != nil && ref.id != "":
		return &apiError{internal, fmt.Sprintf("Unable to fetch model from model URI source artifact location '%s'.Error: %v", nv.Source, err)}
	case err != nil:
		return err
	}
	if ref.id != "" {
		nv.Place = a.loggedPlace(m)
	}
	if nv.Run == "" {
		nv.Run = m.Run
	}
	return nil
}

// inherit follows a source that names another version, whose run it takes over.
func (a *api) inherit(ctx context.Context, in *fields, nv *store.NewVersion, ref modelRef) error {
	m, err := a.st.Model(ctx, ref.name)
	if err != nil {
		return err
	}
	if isPrompt(m.Tags) {
		return refuse("Invalid model version source: '%s'. Prompt versions cannot be used as model version sources.", nv.Source)
	}
	v, err := a.resolve(ctx, m, ref)
	if err != nil {
		return err
	}
	_, saysRun := in.m["run_id"]
	if saysRun && nv.Run != v.Run || nv.Logged != "" {
		return refuse("Invalid model version source: '%s'. The run_id and model_id request parameters must match the referenced model version.", nv.Source)
	}
	nv.Source, nv.Run, nv.Place = "models:/"+v.Model+"/"+v.Version, v.Run, placeOf(v)
	return nil
}

// resolve finds the version that a reference means.
func (a *api) resolve(ctx context.Context, m backends.RegisteredModel, ref modelRef) (backends.ModelVersion, error) {
	switch {
	case ref.version != "":
		return a.st.Version(ctx, m.Name, ref.version)
	case ref.alias != "":
		return a.st.AliasedVersion(ctx, m.Name, ref.alias)
	}
	latest := store.LatestVersions(m) // the lowest number first
	for _, v := range slices.Backward(latest) {
		if ref.stage == "" || strings.EqualFold(v.Stage, ref.stage) {
			return v, nil
		}
	}
	said := ""
	if ref.stage != "" {
		if _, err := store.Stage(ref.stage); err != nil {
			return backends.ModelVersion{}, err
		}
		said = " and stage '" + ref.stage + "'"
	}
	return backends.ModelVersion{}, &apiError{internal, fmt.Sprintf("No versions of model with name '%s'%s found", m.Name, said)}
}

func (a *api) inRun(ctx context.Context, nv store.NewVersion, ref modelRef) error {
	u := parseURI(nv.Source)
	if u.local() {
		return a.inFolder(ctx, nv, "run_id")
	}
	if err := straight(nv.Source); err != nil {
		return err
	}
	switch {
	case u.scheme == "runs":
		id, _, _ := strings.Cut(strings.TrimPrefix(u.path, "/"), "/")
		if u.host != "" || nv.Run == "" || id != nv.Run {
			return wrongSource(nv.Source, "run_id")
		}
	case ref.id != "":
		return wrongSource(nv.Source, "model_id")
	case proxied(nv.Source):
		root, err := a.rootOf(ctx, nv.Run, "run_id")
		if err != nil {
			return err
		}
		if !within(nv.Source, root) {
			return wrongSource(nv.Source, "run_id")
		}
	}
	return nil
}

func (a *api) inLogged(ctx context.Context, nv store.NewVersion, ref modelRef) error {
	u := parseURI(nv.Source)
	if u.local() {
		return a.inFolder(ctx, nv, "model_id")
	}
	if err := straight(nv.Source); err != nil {
		return err
	}
	switch {
	case ref.id != "" && ref.id != nv.Logged, u.scheme == "runs":
		return wrongSource(nv.Source, "model_id")
	case proxied(nv.Source):
		root, err := a.rootOf(ctx, nv.Logged, "model_id")
		if err != nil {
			return err
		}
		if !within(nv.Source, root) {
			return wrongSource(nv.Source, "model_id")
		}
	}
	return nil
}

// rootOf is where the files of a run or of a logged model lie, "" when there is none.
func (a *api) rootOf(ctx context.Context, id, field string) (string, error) {
	if id == "" {
		return "", nil
	}
	var root string
	var err error
	if field == "run_id" {
		var r *backends.Run
		if r, err = a.run(ctx, id); err == nil {
			root = artifactsOf(r)
		}
	} else {
		var m *backends.LoggedModel
		if m, err = a.st.LoggedModel(ctx, id, false); err == nil {
			root = a.loggedPlace(m)
		}
	}
	if e := (*apiError)(nil); err != nil && (errors.Is(err, backends.ErrNotFound) || errors.As(err, &e) && e.code == store.DoesNotExist) {
		return "", nil
	}
	return root, err
}

// inFolder is for a path of this machine: those are given out only from a run's own
// folder, if it has one.
func (a *api) inFolder(ctx context.Context, nv store.NewVersion, field string) error {
	id := nv.Run
	if field == "model_id" {
		id = nv.Logged
	}
	source := nv.Source
	if id != "" {
		root, err := a.rootOf(ctx, id, field)
		if err != nil {
			return err
		}
		if root == "" {
			return wrongSource(nv.Source, field)
		}
		if source, err = filepath.Abs(parseURI(nv.Source).path); err != nil {
			return err
		}
		if u := parseURI(root); u.local() && within(source, u.path) {
			return nil
		}
	}
	return refuse("Invalid model version source: '%s'. To use a local path as a model version source, the %[2]s request parameter has to be specified"+
		" and the local path has to be contained within the artifact directory of the run specified by the %[2]s.", source, field)
}
