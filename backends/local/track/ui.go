package track

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
)

// What MLflow's web UI asks beside the API. Where it asks about what is not here,
// traces and gateways, it gets the answer of a server that has none of them.

// version is that of the MLflow server as which this one answers.
const version = "3.17.2"

func uiRoutes() []route {
	out := []route{
		{http.MethodGet, "/version", text("text/html; charset=utf-8", version)},
		{http.MethodGet, "/mlflow/server-info", text("application/json", serverInfo)},
		{http.MethodGet, "/mlflow/users/current", (*api).nobody},
		{http.MethodGet, "/mlflow/gateway-proxy", text("application/json", `{"endpoints":[]}`)},
		{http.MethodPost, "/mlflow/gateway-proxy", text("application/json", `{"endpoints":[]}`)},
		{http.MethodGet, "/mlflow/ui-telemetry", text("application/json", `{"disable_ui_events":[],"disable_ui_telemetry":true,"ui_rollout_percentage":0}`)},
		{http.MethodPost, "/mlflow/ui-telemetry", text("application/json", `{"status":"disabled"}`)},
		{http.MethodGet, "/mlflow/assistant/config", text("application/json", `{"providers":{},"projects":{},"remote_access_allowed":false}`)},
		{http.MethodGet, "/mlflow/assistant/providers", text("application/json", `{"providers":[]}`)},
		{http.MethodPost, "/mlflow/traces/metrics", (*api).noTraces},
		{http.MethodPost, "/mlflow/traces/search", text("application/json", "{}")},
		{http.MethodGet, "/mlflow/traces", text("application/json", "{}")},
		{http.MethodPost, "/mlflow/upload-artifact", (*api).uploadArtifact},
		{http.MethodGet, "/get-artifact", (*api).getRunArtifact},
		{http.MethodGet, "/model-versions/get-artifact", (*api).getVersionArtifact},
		{http.MethodPost, "/graphql", (*api).graphQL},
	}
	for _, prefix := range []string{"/api/2.0", "/ajax-api/2.0"} { // under these too, as newer UIs ask
		out = append(out,
			route{http.MethodGet, prefix + "/get-artifact", (*api).getRunArtifact},
			route{http.MethodGet, prefix + "/mlflow/get-artifact", (*api).getRunArtifact},
			route{http.MethodGet, prefix + "/mlflow/model-versions/get-artifact", (*api).getVersionArtifact},
			route{http.MethodPost, prefix + "/mlflow/graphql", (*api).graphQL},
		)
	}
	return out
}

const serverInfo = `{"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false,"multipart_uploads_enabled":false,` +
	`"multipart_downloads_enabled":false,"presigned_upload_run_id_supported":true,"presigned_upload_model_id_supported":true,"features_enabled":{"gateway":true}}`

// text is an endpoint that always says the same.
func text(kind, body string) endpoint {
	return func(*api, context.Context, *fields) (any, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte(body))
		}), nil
	}
}

// nobody is how a server without accounts answers; the UI expects a page.
func (a *api) nobody(context.Context, *fields) (any, error) {
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>This server has no accounts.</p>\n"))
	}), nil
}

func (a *api) noTraces(_ context.Context, in *fields) (any, error) {
	if len(in.list("experiment_ids")) == 0 {
		in.missing("experiment_ids")
	}
	if in.err != nil {
		return nil, in.err
	}
	return done(nil)
}

func (a *api) getRunArtifact(ctx context.Context, in *fields) (any, error) {
	id := in.text("run_id")
	if id == "" {
		id = in.text("run_uuid")
	}
	if !in.has("path") {
		return nil, &apiError{badRequest, "The request must say a path."}
	}
	name, err := safePath(in.text("path"))
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = "None"
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	root, _ := strings.CutPrefix(artifactsOf(r), "mlflow-artifacts:/")
	return a.send(ctx, spot{run: r.ID, name: name, whole: path.Join(root, name)})
}

func (a *api) getVersionArtifact(ctx context.Context, in *fields) (any, error) {
	if !in.has("path") {
		return nil, &apiError{badRequest, "The request must say a path."}
	}
	name, err := safePath(in.text("path"))
	if err != nil {
		return nil, err
	}
	v, err := a.st.Version(ctx, in.text("name"), in.text("version"))
	if err != nil {
		return nil, err
	}
	root, here := strings.CutPrefix(placeOf(v), "mlflow-artifacts:")
	if !here {
		return nil, refuse("The files of this version are not kept here: %s", placeOf(v))
	}
	s, err := a.spot(ctx, path.Join(strings.TrimLeft(root, "/"), name), false)
	if err != nil {
		return nil, err
	}
	return a.send(ctx, s)
}

// maxUIUpload is MLflow's, for what its UI and log_image upload.
const maxUIUpload = 10 << 20

func (a *api) uploadArtifact(ctx context.Context, in *fields) (any, error) {
	q := in.http.URL.Query()
	id, p := q.Get("run_uuid"), q.Get("path")
	switch {
	case id == "":
		return nil, refuse("Request must specify run_uuid.")
	case p == "":
		return nil, refuse("Request must specify path.")
	}
	name, err := safePath(p)
	if err != nil {
		return nil, err
	}
	if in.http.ContentLength > maxUIUpload {
		return nil, refuse("Artifact size is too large. Max size is 10MB.")
	}
	body := bufio.NewReader(&limited{in.http.Body, maxUIUpload})
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		return nil, refuse("Request must specify data.")
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := a.st.PutArtifact(ctx, r.ID, name, body); err != nil {
		return nil, err
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/json") }), nil
}

// limited fails where io.LimitReader would say that the file ends.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return 0, refuse("Artifact size is too large. Max size is 10MB.")
	}
	return n, err
}
