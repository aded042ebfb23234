package track

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// loggedRoutes are those of service.proto that deal with logged models.
func loggedRoutes() []route {
	const one = "/mlflow/logged-models/{model_id}"
	return []route{
		{http.MethodPost, "/mlflow/runs/outputs", (*api).logOutputs},
		{http.MethodPost, "/mlflow/logged-models", (*api).createLogged},
		{http.MethodPost, "/mlflow/logged-models/search", (*api).searchLogged},
		{http.MethodGet, one, (*api).getLogged},
		{http.MethodPatch, one, (*api).finishLogged},
		{http.MethodDelete, one, (*api).deleteLogged},
		{http.MethodPatch, one + "/tags", (*api).setLoggedTags},
		{http.MethodDelete, one + "/tags/{tag_key...}", (*api).deleteLoggedTag},
		{http.MethodPost, one + "/params", (*api).logLoggedParams},
		{http.MethodGet, one + "/artifacts/directories", (*api).listLogged},
	}
}

type (
	modelMetric struct {
		Key     string    `json:"key"`
		Value   wireFloat `json:"value"`
		Time    int64     `json:"timestamp"`
		Step    int64     `json:"step"`
		Dataset string    `json:"dataset_name,omitempty"`
		Digest  string    `json:"dataset_digest,omitempty"`
		Model   string    `json:"model_id"`
		Run     string    `json:"run_id"`
	}
	loggedInfo struct {
		ID         string         `json:"model_id"`
		Experiment string         `json:"experiment_id"`
		Name       string         `json:"name"`
		Created    int64          `json:"creation_timestamp_ms"`
		Updated    int64          `json:"last_updated_timestamp_ms"`
		Artifacts  string         `json:"artifact_uri"`
		Status     string         `json:"status"`
		Type       string         `json:"model_type"`
		Run        string         `json:"source_run_id"`
		Message    string         `json:"status_message,omitempty"`
		Tags       []backends.Tag `json:"tags,omitempty"`
	}
	loggedData struct {
		Params  []backends.Param `json:"params,omitempty"`
		Metrics []modelMetric    `json:"metrics,omitempty"`
	}
	wireLogged struct {
		Info loggedInfo `json:"info"`
		Data loggedData `json:"data"`
	}
	loggedAnswer struct {
		Model wireLogged `json:"model"`
	}
)

// loggedPlace is where a client puts and finds the files of a logged model.
func (a *api) loggedPlace(m *backends.LoggedModel) string {
	root := m.Location
	if root == "" {
		root = location(m.Experiment)
	}
	return strings.TrimSuffix(root, "/") + "/models/" + m.ID + "/artifacts"
}

// loggedStatus is a status in the words of the wire.
func loggedStatus(s backends.LoggedModelStatus) string {
	switch s {
	case backends.LoggedPending:
		return "LOGGED_MODEL_PENDING"
	case backends.LoggedReady:
		return "LOGGED_MODEL_READY"
	case backends.LoggedFailed:
		return "LOGGED_MODEL_UPLOAD_FAILED"
	}
	return "LOGGED_MODEL_STATUS_UNSPECIFIED"
}

func (a *api) wireLogged(m *backends.LoggedModel) wireLogged {
	w := wireLogged{Info: loggedInfo{
		ID: m.ID, Experiment: m.Experiment, Name: m.Name, Created: m.Created.UnixMilli(), Updated: m.Updated.UnixMilli(),
		Artifacts: a.loggedPlace(m), Status: loggedStatus(m.Status), Type: m.Type, Run: m.Run, Message: m.Message, Tags: m.Tags,
	}, Data: loggedData{Params: m.Params}}
	for _, p := range m.Metrics {
		w.Data.Metrics = append(w.Data.Metrics, modelMetric{p.Key, wireFloat(p.Value), p.Time, p.Step, p.Dataset, p.Digest, p.Model, p.Run})
	}
	return w
}

func (a *api) answerLogged(m *backends.LoggedModel, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return loggedAnswer{a.wireLogged(m)}, nil
}

// pairsOf are params or tags without a check of their keys, as MLflow has it here.
func pairsOf[P backends.Param | backends.Tag](f *fields, name string) (list []P) {
	f.read(name, &list)
	return list
}

func (a *api) createLogged(ctx context.Context, in *fields) (any, error) {
	nm := store.NewLoggedModel{
		Experiment: in.experiment(), Name: in.text("name"), Type: in.text("model_type"), Run: in.text("source_run_id"),
		Params: pairsOf[backends.Param](in, "params"), Tags: pairsOf[backends.Tag](in, "tags"),
	}
	if in.err != nil {
		return nil, in.err
	}
	return a.answerLogged(a.st.CreateLoggedModel(ctx, nm))
}

func (a *api) getLogged(ctx context.Context, in *fields) (any, error) {
	return a.answerLogged(a.st.LoggedModel(ctx, in.text("model_id"), strings.EqualFold(in.text("allow_deleted"), "true")))
}

func (a *api) deleteLogged(ctx context.Context, in *fields) (any, error) {
	return empty{}, a.st.DeleteLoggedModel(ctx, in.text("model_id"))
}

func (a *api) deleteLoggedTag(ctx context.Context, in *fields) (any, error) {
	return empty{}, a.st.DeleteLoggedTag(ctx, in.text("model_id"), in.text("tag_key"))
}

func (a *api) finishLogged(ctx context.Context, in *fields) (any, error) {
	id, status := in.text("model_id"), in.loggedStatus("status")
	if m, ok := in.sent.member("model_id"); ok { // what the path has counts for nothing
		id = m.text
	}
	if in.err != nil {
		return nil, in.err
	}
	return a.answerLogged(a.st.FinishLoggedModel(ctx, id, status))
}

// loggedStatus is the status that a word of the wire means; none is unspecified.
func (f *fields) loggedStatus(name string) backends.LoggedModelStatus {
	sent := f.text(name)
	for _, s := range []backends.LoggedModelStatus{backends.LoggedPending, backends.LoggedReady, backends.LoggedFailed} {
		if sent == loggedStatus(s) {
			return s
		}
	}
	return backends.LoggedUnspecified
}

func (a *api) setLoggedTags(ctx context.Context, in *fields) (any, error) {
	tags := pairsOf[backends.Tag](in, "tags")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.SetLoggedTags(ctx, in.text("model_id"), tags)
}

func (a *api) logLoggedParams(ctx context.Context, in *fields) (any, error) {
	id, params := in.text("model_id"), pairsOf[backends.Param](in, "params")
	if in.err != nil {
		return nil, in.err
	}
	return empty{}, a.st.LogLoggedParams(ctx, id, params)
}

func (a *api) logOutputs(ctx context.Context, in *fields) (any, error) {
	id := in.run()
	var models []struct {
		ID   string  `json:"model_id"`
		Step wireInt `json:"step"`
	}
	in.read("models", &models)
	if in.err != nil {
		return nil, in.err
	}
	uses := make([]backends.ModelUse, len(models))
	for i, m := range models {
		uses[i] = backends.ModelUse{Model: m.ID, Step: int64(m.Step), Output: true}
	}
	return empty{}, a.st.LogOutputs(ctx, id, uses)
}

// logModelInputs is the part of log-inputs about logged models.
func (a *api) logModelInputs(ctx context.Context, run string, in *fields) error {
	var models []struct {
		ID string `json:"model_id"`
	}
	in.read("models", &models)
	if in.err != nil || len(models) == 0 {
		return in.err
	}
	ids := make([]string, len(models))
	for i, m := range models {
		ids[i] = m.ID
	}
	return a.st.LogModelInputs(ctx, run, ids)
}

// loggedFile is a file or a folder in the listing of one.
type loggedFile struct {
	Path string `json:"path"`
	Dir  bool   `json:"is_dir"`
	Size *int64 `json:"file_size,omitempty"` // of a file
}

// listLogged lists a folder of a logged model, not what is below its folders.
func (a *api) listLogged(ctx context.Context, in *fields) (any, error) {
	dir := unescaped(in.text("artifact_directory_path"), url.QueryUnescape)
	if in.err != nil {
		return nil, in.err
	}
	if slices.Contains(strings.Split(dir, "/"), "..") || strings.ContainsAny(dir, "#\\") || strings.HasPrefix(dir, "/") {
		return nil, refuse("Invalid path")
	}
	dir = strings.Trim(dir, "/")
	m, err := a.st.LoggedModel(ctx, in.text("model_id"), false)
	if err != nil {
		return nil, err
	}
	root := strings.TrimPrefix(a.loggedPlace(m), location("")) // as the artifact proxy knows it
	files, err := a.st.FilesIn(ctx, path.Join(root, dir))
	if err != nil {
		return nil, err
	}
	var out []loggedFile
	for _, f := range files {
		name, below, isDir := strings.Cut(strings.TrimPrefix(f.Path, path.Join(root, dir)+"/"), "/")
		name, isDir = path.Join(dir, name), isDir && below != ""
		if n := len(out); n > 0 && out[n-1].Path == name {
			continue
		}
		e := loggedFile{Path: name, Dir: isDir}
		if !isDir {
			e.Size = &f.Size
		}
		out = append(out, e)
	}
	return struct {
		Root  string       `json:"root_uri"`
		Files []loggedFile `json:"files,omitempty"`
	}{a.loggedPlace(m), out}, nil
}
