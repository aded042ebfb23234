// Package track speaks MLflow's tracking API over a store, on MLflow's own paths,
// so that an unmodified MLflow client logs into it and MLflow's web UI shows it; and
// it is a small client of that API for the built-in trainer.
//
// An endpoint is one line in routes.go and one function, which reads its request
// through fields (request.go) and returns what is written as JSON. Where there is
// much to write (runs, points) it is written by hand (runjson.go, history.go), and a
// batch of points is read so too (batch.go). Files pass through proxy.go without ever
// being in memory. What MLflow's web UI asks beside the API is in ui.go and
// graphql.go. Registered and logged models are in registry*.go and logged*.go. All
// else answers 404 ENDPOINT_NOT_FOUND, which MLflow's clients understand.
//
// All of it acts under the grant in Options, whoever calls: the token says who may.
// Answers have the shape and the words of MLflow 3.17.2 over an SQL store. An answer
// that is not 200 carries error_code and message; a client retries 429 and 5xx for
// minutes, so those are given only where trying again helps, or where MLflow gives
// them too.
//
// Requests may be sent twice: points that are there are dropped, a param of the
// same value is fine, tags and status overwrite.
package track

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
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
	// Job is whose runs these are: the tag flightdeck.job. A job's endpoint has little
	// memory, so that it searches on disk.
	Job   string
	OnRun func(id string)
	// OnMetrics is told what a client logs, before it is written. It must not keep ms.
	OnMetrics func(run string, ms []backends.Metric)
	// MaxBody bounds a request that is read into memory; 0 is 4 MiB for a job's endpoint
	// and 64 MiB for a server. One of data sets
	// may have four times as much. What MLflow's limits allow fits.
	MaxBody int64
}

// maxBody bounds a JSON request: a hundred params and a hundred tags of the greatest
// length fit, escaped, and a supervisor stays small.
const maxBody = 4 << 20

// maxServed does so where there is room: MLflow itself has no bound.
const maxServed = 64 << 20

// Handler serves the API. OnRun is called with every run that was made, before the
// client hears of it.
func Handler(st *store.Store, o Options) http.Handler {
	if o.MaxBody == 0 {
		o.MaxBody = maxBody
		if o.Job == "" {
			o.MaxBody = maxServed
		}
	}
	a := &api{st: st, o: o}
	t := newTable(routes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/health" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("OK"))
			return
		}
		if !a.authorized(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, &apiError{unauthenticated, "You are not authenticated: send this endpoint's token as \"Authorization: Bearer …\" (MLFLOW_TRACKING_TOKEN)."})
			return
		}
		a.serve(w, r.WithContext(backends.WithGrant(r.Context(), o.Grant)), t)
	})
}

func (a *api) serve(w http.ResponseWriter, r *http.Request, t *table) {
	to, params, err := t.find(r.Method, r.URL.Path)
	var in *fields
	if err == nil {
		in, err = a.readFields(w, r, to.message, params)
	}
	var out any
	if err == nil {
		out, err = to.do(a, r.Context(), in)
	}
	if err != nil {
		_, _ = io.CopyN(io.Discard, r.Body, drained)
		writeError(w, err)
		return
	}
	if own, ok := out.(answer); ok {
		own(w, r)
		return
	}
	writeJSON(w, out)
}

// drained is how much of a body that was refused is read all the same: a client that
// is still sending does not hear why, and tries for minutes.
const drained = 64 << 20

// answer is what an endpoint returns when it writes its own answer.
type answer func(w http.ResponseWriter, r *http.Request)

type api struct {
	st *store.Store
	o  Options

	told   sync.Map // ids of runs that OnRun was called with
	turned pages
}

// announce calls OnRun once for a run; again after a restart, because the one
// before may have been killed between making the run and saying so.
func (a *api) announce(id string) {
	if _, old := a.told.LoadOrStore(id, true); !old && a.o.OnRun != nil {
		a.o.OnRun(id)
	}
}

// endpoint answers one request. Its answer is written as JSON, or by itself when it
// is an answer.
type endpoint func(a *api, ctx context.Context, in *fields) (any, error)

// authorized compares in constant time, of the length too.
func (a *api) authorized(r *http.Request) bool {
	if a.o.Token == "" {
		return true
	}
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	x, y := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(a.o.Token))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}
