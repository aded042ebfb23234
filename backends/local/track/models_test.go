package track

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// talker asks one server.
type talker struct {
	t *testing.T
	h http.Handler
}

func (k talker) ask(status int, method, path, body string) map[string]any {
	k.t.Helper()
	r := httptest.NewRequest(method, "/api/2.0/mlflow/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	k.h.ServeHTTP(w, r)
	var v map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != status {
		k.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	return v
}

func modelServer(t *testing.T) (*store.Store, talker, context.Context) {
	st := newStore(t)
	grant := backends.Grant{Actor: "test", Role: backends.Owner}
	return st, talker{t, Handler(st, Options{Grant: grant})}, backends.WithGrant(t.Context(), grant)
}

// A version that was registered here is one for MLflow's clients, and the reverse.
func TestVersionsOfBothKinds(t *testing.T) {
	st, k, ctx := modelServer(t)
	run, err := st.CreateRun(ctx, store.NewRun{})
	ok(t, err)
	for _, folder := range []string{"model", "."} {
		_, err = st.CreateVersion(ctx, "digits", run.ID, folder)
		ok(t, err)
	}
	for version, want := range map[string]string{"1": "runs:/" + run.ID + "/model", "2": "runs:/" + run.ID} {
		v := k.ask(200, "GET", "model-versions/get?name=digits&version="+version, "")["model_version"].(map[string]any)
		if v["source"] != want || v["run_id"] != run.ID || v["current_stage"] != "None" || v["status"] != "READY" {
			t.Errorf("%v, want source %s", v, want)
		}
		if got := k.ask(200, "GET", "model-versions/get-download-uri?name=digits&version="+version, "")["artifact_uri"]; got != want {
			t.Errorf("%v, want %s", got, want)
		}
	}

	logged := k.ask(200, "POST", "logged-models", `{"experiment_id": "0", "name": "net", "source_run_id": "`+run.ID+`"}`)
	id := logged["model"].(map[string]any)["info"].(map[string]any)["model_id"].(string)
	for _, source := range []string{"models:/" + id, "mlflow-artifacts:/0/models/" + id + "/artifacts"} {
		k.ask(200, "POST", "model-versions/create", `{"name": "digits", "source": "`+source+`", "model_id": "`+id+`"}`)
	}
	k.ask(200, "POST", "model-versions/create", `{"name": "digits", "source": "runs:/`+run.ID+`/m", "run_id": "`+run.ID+`"}`)
	models, err := st.Models(ctx)
	ok(t, err)
	if len(models) != 1 || len(models[0].Versions) != 5 {
		t.Fatalf("%+v", models)
	}
	for _, v := range models[0].Versions {
		if v.Run != run.ID {
			t.Errorf("version %s is of run %q, want %s", v.Version, v.Run, run.ID)
		}
	}
	if v := models[0].Versions[2]; v.Logged != id || v.Place != "mlflow-artifacts:/0/models/"+id+"/artifacts" {
		t.Errorf("%+v", v)
	}
}

// MLflow stores a batch first and then what it says of models.
func TestMetricsOfModels(t *testing.T) {
	st, k, ctx := modelServer(t)
	run, err := st.CreateRun(ctx, store.NewRun{})
	ok(t, err)
	batch := func(status int, metric string) {
		t.Helper()
		k.ask(status, "POST", "runs/log-batch", `{"run_id": "`+run.ID+`", "metrics": [`+metric+`]}`)
	}
	batch(400, `{"key": "a", "value": 1, "timestamp": 1, "step": 0, "model_id": "m-none"}`)
	batch(400, `{"key": "b", "value": 1, "timestamp": 1, "step": 0, "dataset_name": "d"}`)
	k.ask(400, "POST", "runs/log-metric", `{"run_id": "`+run.ID+`", "key": "c", "value": 1, "timestamp": 1, "model_id": "m-none"}`)
	r, err := st.Run(ctx, run.ID)
	ok(t, err)
	if len(r.Metrics) != 1 || r.Metrics[0].Key != "a" {
		t.Fatalf("%+v", r.Metrics)
	}
}

func FuzzModelSource(f *testing.F) {
	for _, s := range []string{
		"runs:/0123/model", "models:/m-0123", "models:/name@alias", "models:/name/1", "s3://b/%2e%2e/x", "mlflow-artifacts:/0/r/artifacts",
		"mlflow-artifacts://h:1/x", "http://h/api/2.0/mlflow-artifacts/artifacts/x", "file:///etc/passwd", "/a/../b", "s3:/b/a%00", "weird", "%", "::", "a:?#",
	} {
		f.Add(s)
	}
	const root = "mlflow-artifacts:/0/0123/artifacts"
	f.Fuzz(func(t *testing.T, s string) {
		parseModelRef(s)
		if proxied(s) && straight(s) == nil && within(s, root) { // then it leads nowhere else
			p := path.Clean(strings.Join(parseURI(s).parts(), "/"))
			if p != "0/0123/artifacts" && !strings.HasPrefix(p, "0/0123/artifacts/") {
				t.Fatalf("%q is taken for a part of %s", s, root)
			}
		}
	})
}

func FuzzPageToken(f *testing.F) {
	for _, s := range []string{"", "abc", `{"offset": 5}`, `{"offset": "x", "a": [1, null, true, {"b": 1.5}]}`, "[]", "\xff'\"", `{"offset": 1e400}`} {
		f.Add(s)
		f.Add(base64.StdEncoding.EncodeToString([]byte(s)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := pageOffset(s)
		some, got := cutPage(make([]int, 10), n, n)
		if len(some) > 10 || got > 10 {
			t.Fatal(len(some), got)
		}
		if err == nil && n > 0 {
			if back, err := pageOffset(pageToken(n)); back != n || err != nil {
				t.Fatal(n, back, err)
			}
		}
		_, _ = loggedSearch{}.offset(s)
	})
}
