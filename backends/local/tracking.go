package local

import (
	"net/http"
	"os"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
	"flightdeck/backends/local/track"
)

// Tracking is MLflow's API over the workspace, for the network: whoever asks writes
// under the grant. A folder that is no workspace yet reads as an empty one, and the
// first request that may write makes it.
func (l *Local) Tracking(grant backends.Grant) (http.Handler, error) {
	st, err := l.anyStore()
	if err != nil {
		return nil, err
	}
	api := track.Handler(st, track.Options{Grant: grant})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if grant.Role.Allows(backends.Safe) && mayWrite(r) {
			if _, err := os.Stat(l.dir()); err != nil {
				_ = makeFolder(l.o.Root) // where it cannot be made the store says why
			}
		}
		api.ServeHTTP(w, r)
	}), nil
}

// Rest lets go of what the store holds to read faster, for a server that nobody asks.
func (l *Local) Rest() {
	if st, err := l.store(); st != nil && err == nil {
		st.Rest()
	}
}

// anyStore is the store, opened even where there is none yet.
func (l *Local) anyStore() (*store.Store, error) {
	if st, err := l.store(); st != nil || err != nil {
		return st, err
	}
	st, err := store.Open(l.dir(), store.Options{ReadOnly: l.o.ReadOnly, Statfs: l.o.Statfs, Now: l.o.Now})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.st != nil {
		return l.st, st.Close()
	}
	l.st = st
	return st, nil
}

// mayWrite tells the requests that only ask, which in MLflow's API may be a POST.
// One too many makes an empty workspace, and no more.
func mayWrite(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return false
	}
	for _, end := range [...]string{"/search", "/search-datasets", "/get-latest-versions", "/graphql", "/metrics", "-telemetry"} {
		if strings.HasSuffix(r.URL.Path, end) {
			return false
		}
	}
	return true
}
