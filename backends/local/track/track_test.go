package track

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

func mustURL(path string) *url.URL { return &url.URL{Path: path} }

// ask sends one request and returns the status and the answer on one line.
func ask(h http.Handler, method, path, body string, header ...string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.Join(strings.Fields(w.Body.String()), " ")
}

const api2 = "/api/2.0/mlflow/"

func TestWhoMayAsk(t *testing.T) {
	h := Handler(newStore(t), Options{Token: "secret", Grant: backends.Grant{Role: backends.Operator}})
	for auth, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer secret2": 401, "Bearer ": 401, "Basic secret": 401, "secret": 401, "Bearer secret": 200, "bearer secret": 200} {
		code, body := ask(h, "POST", api2+"experiments/create", `{"name":"`+fmt.Sprint("e", len(auth), auth[:min(len(auth), 1)])+`"}`, "Authorization", auth)
		if code != want || code == 401 && !strings.Contains(body, `"error_code": "UNAUTHENTICATED"`) {
			t.Errorf("%q: %d %s", auth, code, body)
		}
	}
	if code, body := ask(h, "GET", "/health", ""); code != 200 || body != "OK" {
		t.Error(code, body)
	}
	viewer := Handler(newStore(t), Options{Grant: backends.Grant{Role: backends.Viewer}})
	if code, body := ask(viewer, "POST", api2+"experiments/create", `{"name":"x"}`); code != 403 || !strings.Contains(body, "PERMISSION_DENIED") {
		t.Error(code, body)
	}
}

func TestAnswersToBadRequests(t *testing.T) {
	st := newStore(t)
	r, err := st.CreateRun(operator(t), store.NewRun{})
	ok(t, err)
	h := Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}, MaxBody: maxBody})
	const docs = " See the API docs for more information about request parameters."
	many := func(n int, one string) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	metric := `{"key":"a","value":1,"timestamp":1}`
	for _, c := range []struct {
		method, path, body string
		status             int
		code, message      string
	}{
		{"POST", "runs/nope", `{}`, 404, "ENDPOINT_NOT_FOUND", ""},
		{"GET", "runs/create", ``, 405, "METHOD_NOT_ALLOWED", ""},
		{"POST", "runs/log-metric", `[]`, 400, "BAD_REQUEST", ""},
		{"POST", "runs/log-metric", `{`, 400, store.InvalidParameter, "Missing value for required parameter 'run_id'." + docs},
		{"POST", "runs/log-metric", `"{\"run_id\": 1}"`, 400, store.InvalidParameter, `Invalid value 1 for parameter 'run_id' supplied:  Hint: Value was of type 'int'.` + docs},
		{"POST", "runs/log-metric", `{"key":"a","value":1,"timestamp":1}`, 400, store.InvalidParameter, "Missing value for required parameter 'run_id'." + docs},
		{"POST", "runs/log-metric", `{"run_id":"$","value":1,"timestamp":1}`, 400, store.InvalidParameter, "Missing value for required parameter 'key'." + docs},
		{"POST", "runs/log-metric", `{"run_id":"$","key":"a","timestamp":1}`, 400, store.InvalidParameter, "Missing value for required parameter 'value'." + docs},
		{"POST", "runs/log-metric", `{"run_id":"$","key":"a","value":1}`, 400, store.InvalidParameter, "Missing value for required parameter 'timestamp'." + docs},
		{"POST", "runs/log-metric", `{"run_id":"$","key":"a","value":"x","timestamp":1}`, 400, store.InvalidParameter, `Invalid value "x" for parameter 'value' supplied:  Hint: Value was of type 'str'.` + docs},
		{"POST", "runs/log-metric", `{"run_id":"$","key":"a","value":1,"timestamp":"soon"}`, 400, store.InvalidParameter, `Invalid value "soon" for parameter 'timestamp' supplied:  Hint: Value was of type 'str'.` + docs},
		{"POST", "runs/log-metric", `{"run_id":"$","key":5,"value":1,"timestamp":1}`, 400, store.InvalidParameter, `Invalid value 5 for parameter 'key' supplied:  Hint: Value was of type 'int'.` + docs},
		{"POST", "runs/update", `{"run_id":"$","status":99}`, 400, store.InvalidParameter, `Invalid value 99 for parameter 'status' supplied:  Hint: Value was of type 'int'.` + docs},
		{"POST", "runs/create", `{"experiment_id":"77"}`, 404, store.DoesNotExist, "No Experiment with id=77 exists"},
		{"POST", "runs/create", `{"run_name":"a","tags":[{"key":"mlflow.runName","value":"b"}]}`, 400, store.InvalidParameter, "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='a', mlflow.runName='b')."},
		{"GET", "experiments/get-by-name?experiment_name=none", ``, 404, store.DoesNotExist, "Could not find experiment with name 'none'"},
		{"GET", "runs/get?run_id=" + r.ID[:8], ``, 404, store.DoesNotExist, "Run with id=" + r.ID[:8] + " not found"},
		{"POST", "runs/log-batch", `{"run_id":"$","metrics":[` + metric + `,{"key":"a","timestamp":1}]}`, 400, store.InvalidParameter, "Missing value for required parameter 'metrics[1].value'." + docs},
		{"POST", "runs/log-batch", `{"run_id":"$","params":[{"value":"1"}]}`, 400, store.InvalidParameter, "Missing value for required parameter 'params[0].key'." + docs},
		{"POST", "runs/log-batch", `{"run_id":"$","metrics":` + many(1001, metric) + `}`, 400, store.InvalidParameter, "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics across multiple requests and try again."},
		{"POST", "runs/log-batch", `{"run_id":"$","tags":` + many(101, `{"key":"a","value":"1"}`) + `}`, 400, store.InvalidParameter, "A batch logging request can contain at most 100 tags. Got 101 tags. Please split up tags across multiple requests and try again."},
		{"POST", "runs/log-batch", `{"run_id":"$","metrics":` + many(1000, metric) + `,"tags":[{"key":"a"}]}`, 400, store.InvalidParameter, "A batch logging request can contain at most 1000 metrics, params, and tags. Got 1001 metrics, params, and tags. Please split up metrics, params, and tags across multiple requests and try again."},
		{"POST", "runs/log-batch", `{"run_id":"$","tags":[{"key":"a","value":"` + strings.Repeat("x", maxBody) + `"}]}`, 400, store.InvalidParameter, ""},
		{"POST", "runs/log-inputs", `{"run_id":"$","datasets":[{"dataset":{"name":"d"}}]}`, 400, store.InvalidParameter, "Missing value for required parameter 'datasets[0].dataset.digest'." + docs},
	} {
		status, body := ask(h, c.method, api2+c.path, strings.ReplaceAll(c.body, "$", r.ID))
		if status != c.status || !strings.Contains(body, `"error_code": "`+c.code+`"`) || !strings.Contains(body, strings.Trim(strings.Join(strings.Fields(show(c.message)), " "), `"`)) {
			t.Errorf("%s %.80s: %d %.300s\nwant %d %s: %s", c.path, c.body, status, body, c.status, c.code, c.message)
		}
	}
	if status, body := ask(h, "POST", api2+"runs/log-metric", "{}", "Content-Type", "text/plain"); status != 400 {
		t.Error(status, body)
	}
}

func TestRunsOfAJob(t *testing.T) {
	st := newStore(t)
	var made []string
	h := Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}, Job: "j1", OnRun: func(id string) { made = append(made, id) }})
	create := func() {
		code, body := ask(h, "POST", "/ajax-api/2.0/mlflow/runs/create", `{"experiment_id":"0","run_id":"0123456789abcdef0123456789abcdef","start_time":"1795440927447"}`)
		if code != 200 || !strings.Contains(body, "0123456789abcdef0123456789abcdef") {
			t.Fatal(code, body)
		}
	}
	create()
	create() // the answer was lost
	runs, err := st.Runs(t.Context(), backends.RunFilter{Job: "j1"})
	ok(t, err)
	if len(runs) != 1 || len(made) != 1 || runs[0].Tag(backends.TagJob) != "j1" || runs[0].Start.UnixMilli() != 1795440927447 || runs[0].Name == "" {
		t.Fatalf("%+v, announced %v", runs, made)
	}
	other := Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}, Job: "j2"})
	if code, body := ask(other, "POST", api2+"runs/create", `{"run_id":"0123456789abcdef0123456789abcdef"}`); code != 400 {
		t.Errorf("another job's run: %d %s", code, body)
	}
}

func TestArtifactPaths(t *testing.T) {
	st := newStore(t)
	run, err := st.CreateRun(operator(t), store.NewRun{})
	ok(t, err)
	h := Handler(st, Options{Token: "s", Grant: backends.Grant{Role: backends.Operator}})
	at := "/api/2.0/mlflow-artifacts/artifacts/"
	for path, want := range map[string]int{
		"0/" + run.ID + "/artifacts/a/b%20c.txt":         200,
		"0/" + run.ID + "/artifacts/%2e%2e/x":            400,
		"0/" + run.ID + "/artifacts/%252e%252e/x":        400,
		"0/" + run.ID + "/artifacts/a/../../x":           400,
		"0/" + run.ID + "/artifacts/d//e":                200, // as a file system has it
		"0/" + run.ID + "/artifacts/nul%00":              200, // escaped
		"0/" + run.ID + "/artifacts/a%5Cb":               400,
		"0/" + run.ID + "/artifacts/a%23b":               400,
		"0/" + run.ID + "/artifacts/":                    400,
		"0/" + run.ID + "/artifacts":                     400,
		"/etc/passwd":                                    400,
		"C%3A/x":                                         400,
		"0/" + run.ID + "/x":                             200, // no run's
		"1/" + run.ID + "/artifacts/x":                   200,
		"0/ffffffffffffffffffffffffffffffff/artifacts/x": 200,
	} {
		if code, body := ask(h, "PUT", at+path, "content", "Authorization", "Bearer s"); code != want || want == 200 && body != "" {
			t.Errorf("%s: %d %s, want %d", path, code, body, want)
		}
	}
	if code, _ := ask(h, "PUT", at+"0/"+run.ID+"/artifacts/y", "content"); code != 401 {
		t.Errorf("without the token: %d", code)
	}
	as, err := st.Artifacts(t.Context(), run.ID)
	ok(t, err)
	if len(as) != 3 || as[0].Path != "a/b c.txt" || as[1].Path != "d/e" || as[2].Path != "nul%00" {
		t.Fatalf("%+v", as)
	}
	loose, err := st.FilesIn(t.Context(), "")
	ok(t, err)
	if len(loose) != 3 || loose[0].Path != "0/"+run.ID+"/x" {
		t.Fatalf("%+v", loose)
	}
	f, err := st.OpenArtifact(t.Context(), run.ID, "a/b c.txt")
	ok(t, err)
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "content" {
		t.Fatal(string(b), err)
	}
}

// TestWhatAClientTriesAgain: only what trying again can mend is 429 or 5xx.
func TestWhatAClientTriesAgain(t *testing.T) {
	for code, again := range map[string]bool{
		store.InvalidParameter: false, store.AlreadyExists: false, store.DoesNotExist: false, permissionDenied: false,
		unauthenticated: false, endpointNotFound: false, badRequest: false, exhausted: true, unavailable: true,
	} {
		if got := retryable(kindOf(code).status); got != again {
			t.Errorf("%s: %v", code, got)
		}
	}
	for err, code := range map[error]string{
		fmt.Errorf("x: %w", store.ErrFull):        exhausted,
		fmt.Errorf("x: %w", store.ErrBusy):        unavailable,
		fmt.Errorf("x: %w", backends.ErrReadOnly): permissionDenied,
		errors.New("x"):                           internal,
		error(&store.DamagedError{}):              dataLoss,
	} {
		if e := classify(err); e.code != code {
			t.Errorf("%v: %s, want %s", err, e.code, code)
		}
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	st := newStore(t)
	srv := httptest.NewServer(Handler(st, Options{Token: "s", Grant: backends.Grant{Role: backends.Operator}}))
	defer srv.Close()
	c := Client{URL: srv.URL, Token: "s"}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			id, err := c.CreateRun(granted(t), NewRun{Experiment: "shared"})
			if err == nil {
				err = c.LogBatch(granted(t), id, []backends.Metric{{Key: "a", Value: 1, Time: 1}})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	es, err := st.Experiments(t.Context())
	ok(t, err)
	if len(es) != 2 || es[1].RunCount != 6 {
		t.Fatalf("%+v", es)
	}
}
