package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"flightdeck/backends"
)

// newHandler is everything that a request passes.
func newHandler(o Options) (http.Handler, error) {
	origins, err := newOrigins(o.Origins)
	if err != nil {
		return nil, err
	}
	var h http.Handler = &desk{o: o, apis: map[backends.Grant]http.Handler{}}
	h = origins.guard(h)
	h = hostGuard(o.Hosts, h)
	h = sized(o, h)
	h = patient(o.Now, h)
	if o.Log != nil {
		h = logged(o.Log, o.Now, h)
	}
	return h, nil
}

// desk asks who it is, and passes them on.
type desk struct {
	o    Options
	mu   sync.Mutex
	apis map[backends.Grant]http.Handler // as many as there are users
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff") // an artifact is what it says, never what it looks like
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	if r.URL.Path == "/health" {
		d.api(backends.Grant{}).ServeHTTP(w, r)
		return
	}
	grant, ok := d.o.Doors.admit(r, d.o.Grant)
	if !ok {
		d.o.Doors.challenge(w)
		refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "You are not authenticated: send a password (MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD) or a token (MLFLOW_TRACKING_TOKEN) that this server knows.")
		return
	}
	note(w, grant.Actor)
	if d.o.UI.serve(w, r) {
		return
	}
	d.api(grant).ServeHTTP(w, r)
}

func (d *desk) api(g backends.Grant) http.Handler {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.apis[g]
	if h == nil {
		h = d.o.API(g)
		d.apis[g] = h
	}
	return h
}

// refuse answers as MLflow does, so that its clients say why.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error_code": code, "message": message}) // they may be gone
}

// artifactBody reports the requests whose body is a file.
func artifactBody(path string) bool {
	return strings.Contains(path, "/mlflow-artifacts/") || strings.HasSuffix(path, "/mlflow/upload-artifact")
}

// sized bounds a request's body. One that says beforehand that it is too big is
// refused before anything of it is read.
func sized(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, flag := o.MaxJSON, "--max-request"
		if artifactBody(r.URL.Path) {
			limit, flag = o.MaxArtifact, "--max-artifact"
		}
		if r.ContentLength > limit {
			w.Header().Set("Connection", "close")
			refuse(w, http.StatusRequestEntityTooLarge, "INVALID_PARAMETER_VALUE", fmt.Sprintf("The request has %d bytes, and this server takes at most %d (%s).", r.ContentLength, limit, flag))
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		next.ServeHTTP(w, r)
	})
}

// patient lets a transfer take as long as it needs, and ends one that stalls.
func patient(now func() time.Time, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		body := &pacedBody{ReadCloser: r.Body, rc: rc, head: w.Header(), now: now, ended: r.Body == nil || r.Body == http.NoBody}
		if !body.ended {
			r.Body = body
		}
		out := &pacedWriter{w, rc, now}
		out.roll() // for a 100 Continue, too
		next.ServeHTTP(out, r)
		out.roll()       // for what is flushed after us
		if !body.ended { // the server reads some of the rest before it answers
			body.wait(farewell)
		}
	})
}

type pacedBody struct {
	io.ReadCloser
	rc    *http.ResponseController
	head  http.Header
	now   func() time.Time
	ended bool
}

func (b *pacedBody) wait(d time.Duration) { _ = b.rc.SetReadDeadline(b.now().Add(d)) } // a recorder in a test has none

func (b *pacedBody) Read(p []byte) (int, error) {
	b.wait(stall)
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF: // the server listens on for a hang-up: that may take as long as the answer does
		b.ended = true
		_ = b.rc.SetReadDeadline(time.Time{})
	case err != nil: // nor need it wait for the rest
		b.head.Set("Connection", "close")
	}
	return n, err
}

// pacedWriter has no ReadFrom: the whole of a file in one call to the system could
// not be told from a client that takes nothing.
type pacedWriter struct {
	http.ResponseWriter
	rc  *http.ResponseController
	now func() time.Time
}

func (w *pacedWriter) roll() { _ = w.rc.SetWriteDeadline(w.now().Add(stall)) }

func (w *pacedWriter) Write(p []byte) (int, error) {
	w.roll()
	return w.ResponseWriter.Write(p)
}

func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush is for handlers that look for it by assertion.
func (w *pacedWriter) Flush() {
	w.roll()
	if err := w.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return // the next write says so
	}
}
