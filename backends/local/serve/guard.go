package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// hostGuard refuses names that are not this machine's. A page whose name was made
// to point here after it was loaded is of the same origin for the browser; that
// name in the Host header is the only thing that tells it from us.
func hostGuard(more []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" && !ownName(r.Host, more) {
			refuse(w, http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf("This server is not called %.100q. If it is, start it with --host and that name.", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownName accepts every address: only a name can be pointed elsewhere.
func ownName(hostport string, more []string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	switch {
	case host == "localhost", strings.HasSuffix(host, ".localhost"): // RFC 6761, 6.3: never looked up
		return true
	case host == "host.docker.internal", host == "host.containers.internal": // how a container calls its host
		return true
	}
	return slices.ContainsFunc(more, func(name string) bool { return strings.EqualFold(name, host) })
}

// origins are those whose pages may call.
type origins struct {
	all     bool
	list    []string
	changes *http.CrossOriginProtection
}

func newOrigins(list []string) (*origins, error) {
	o := &origins{changes: http.NewCrossOriginProtection()}
	for _, origin := range list {
		if origin == "*" {
			o.all = true
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return nil, fmt.Errorf("--cors %s: an origin is SCHEME://HOST or SCHEME://HOST:PORT, without a path, or *", origin)
		}
		origin = u.Scheme + "://" + strings.ToLower(u.Host)
		if err := o.changes.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("--cors %s: %w", origin, err)
		}
		o.list = append(o.list, origin)
	}
	return o, nil
}

// guard refuses what pages of other origins send that may change something, and
// tells browsers which origins may read the answers.
func (o *origins) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := r.Header.Get("Origin")
		listed := from != "" && (o.all || slices.Contains(o.list, strings.ToLower(from)))
		if len(o.list) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		if listed {
			o.permit(w.Header(), from)
		}
		if listed && r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err := o.changes.Check(r); err != nil && !o.all {
			refuse(w, http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf("Refused: a page of another origin (%.200q) sent this. If it may, start the server with --cors and that origin.", from))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// permit is the Fetch standard's CORS protocol. With * no credentials: a browser
// must not lend a page of anybody's its user's password.
func (o *origins) permit(h http.Header, origin string) {
	if o.all {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Requested-With")
	h.Set("Access-Control-Max-Age", "600")
}
