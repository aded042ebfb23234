// Package track speaks MLflow's tracking API over a store, on MLflow's own paths,
// so that an unmodified MLflow client logs into it; and it is a small client of
// that API for the built-in trainer.
//
// Served so far is what a training script needs to log a run. Everything else
// answers 404 ENDPOINT_NOT_FOUND, which MLflow's clients understand. An endpoint
// is one line in routes and one function.
//
// All of it acts under the grant in Options, whoever calls: the token says who may.
// Answers have the shape and the words of MLflow 3.17.2. An answer that is not 200
// carries error_code and message; a client retries 429 and 5xx for minutes, so
// those are given only where trying again helps.
//
// Requests may be sent twice: points that are there are dropped, a param of the
// same value is fine, tags and status overwrite.
package track

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// Options say for whom the endpoint is.
type Options struct {
	Token string         // that requests must bear; "" asks for none
	Grant backends.Grant // under which all writes are made
	Job   string         // whose runs these are: the tag flightdeck.job
	OnRun func(id string)
}

// maxBody bounds a JSON request: a hundred params and a hundred tags of the greatest
// length fit, escaped, and a supervisor stays small.
const maxBody = 4 << 20

// Handler serves the API. OnRun is called with every run that was made, before the
// client hears of it.
func Handler(st *store.Store, o Options) http.Handler {
	a := &api{st: st, o: o}
	table := map[string]endpoint{}
	for _, r := range routes() {
		for _, prefix := range [...]string{"/api/2.0", "/ajax-api/2.0"} { // the web UI uses the second
			table[r.method+" "+prefix+r.path] = r.do
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/health" {
			_, _ = w.Write([]byte("OK"))
			return
		}
		if !a.authorized(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, &apiError{unauthenticated, "You are not authenticated: send this endpoint's token as \"Authorization: Bearer …\" (MLFLOW_TRACKING_TOKEN)."})
			return
		}
		ctx := backends.WithGrant(r.Context(), o.Grant)
		if name, ok := artifactPath(r.URL.Path); ok && r.Method == http.MethodPut {
			a.putArtifact(ctx, w, r, name)
			return
		}
		do, ok := table[r.Method+" "+r.URL.Path]
		if !ok {
			writeError(w, &apiError{endpointNotFound, r.Method + " " + r.URL.Path + " is not served here"})
			return
		}
		in, err := readFields(w, r)
		if err == nil {
			var out any
			if out, err = do(a, ctx, in); err == nil {
				writeJSON(w, out)
				return
			}
		}
		writeError(w, err)
	})
}

type api struct {
	st *store.Store
	o  Options

	told sync.Map // ids of runs that OnRun was called with
}

// announce calls OnRun once for a run; again after a restart, because the one
// before may have been killed between making the run and saying so.
func (a *api) announce(id string) {
	if _, old := a.told.LoadOrStore(id, true); !old && a.o.OnRun != nil {
		a.o.OnRun(id)
	}
}

// endpoint answers one request. Its answer is written as JSON.
type endpoint func(a *api, ctx context.Context, in *fields) (any, error)

type route struct {
	method, path string
	do           endpoint
}

// routes is what is served, in the order of MLflow's service.proto.
func routes() []route {
	return []route{
		{http.MethodPost, "/mlflow/experiments/create", (*api).createExperiment},
		{http.MethodGet, "/mlflow/experiments/get", (*api).getExperiment},
		{http.MethodGet, "/mlflow/experiments/get-by-name", (*api).getExperimentByName},
		{http.MethodPost, "/mlflow/runs/create", (*api).createRun},
		{http.MethodPost, "/mlflow/runs/update", (*api).updateRun},
		{http.MethodGet, "/mlflow/runs/get", (*api).getRun},
		{http.MethodPost, "/mlflow/runs/log-metric", (*api).logMetric},
		{http.MethodPost, "/mlflow/runs/log-parameter", (*api).logParam},
		{http.MethodPost, "/mlflow/runs/set-tag", (*api).setTag},
		{http.MethodPost, "/mlflow/runs/log-batch", (*api).logBatch},
		{http.MethodPost, "/mlflow/runs/log-inputs", (*api).logInputs},
	}
}

// authorized compares in constant time, of the length too.
func (a *api) authorized(r *http.Request) bool {
	if a.o.Token == "" {
		return true
	}
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	x, y := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(a.o.Token))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}
