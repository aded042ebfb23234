package serve

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
)

// echo is an API that says under whose grant it was asked, and what.
func echo(g backends.Grant) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		fmt.Fprintf(w, "%s %s %s %d", g.Actor, g.Role, r.URL.Path, n)
	})
}

func options(change ...func(*Options)) Options {
	o := Options{Addr: "127.0.0.1:0", API: echo, Grant: backends.Grant{Actor: "ann", Role: backends.Owner}, MaxJSON: 1000, MaxArtifact: 5000, Now: time.Now}
	for _, f := range change {
		f(&o)
	}
	return o
}

func handler(t *testing.T, o Options) http.Handler {
	t.Helper()
	h, err := newHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends one request with headers, in pairs; "Host" is the host.
func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:5000"+path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAddresses(t *testing.T) {
	for addr, says := range map[string]string{
		"127.0.0.1:0": "", "[::1]:0": "", "localhost:0": "", "127.9.9.9:0": "",
		"0.0.0.0:0": "--token-file", "[::]:0": "--token-file", ":0": "--token-file", "192.0.2.1:0": "--token-file", "machine.example:0": "--token-file", "[::ffff:192.0.2.1]:0": "--token-file",
		"127.0.0.1": "HOST:PORT", "5000": "HOST:PORT", "127.0.0.1:http": "0 to 65535", "127.0.0.1:70000": "0 to 65535", "": "HOST:PORT",
	} {
		s, err := Listen(options(func(o *Options) { o.Addr = addr }))
		switch {
		case err == nil && says != "":
			t.Errorf("%q is taken", addr)
		case err != nil && (says == "" || !strings.Contains(err.Error(), says)):
			if says == "" && addr == "[::1]:0" && strings.Contains(err.Error(), "cannot assign requested address") {
				continue // a machine without IPv6
			}
			t.Errorf("%q: %v", addr, err)
		}
		if s != nil {
			s.Close()
		}
	}
	for _, let := range []func(*Options){func(o *Options) { o.NoAuth = true }, func(o *Options) { o.Doors.tokens = []token{{}} }} {
		s, err := Listen(options(func(o *Options) { o.Addr = "0.0.0.0:0" }, let))
		if err != nil {
			t.Fatal(err)
		}
		if _, port, _ := net.SplitHostPort(s.Addr()); s.URL() != "http://127.0.0.1:"+port {
			t.Errorf("%s on %s", s.URL(), s.Addr())
		}
		if _, err := Listen(options(func(o *Options) { o.Addr, o.NoAuth = s.Addr(), true })); err == nil || !strings.Contains(err.Error(), "listens there already") {
			t.Errorf("a port that is taken: %v", err)
		}
		s.Close()
	}
}

func TestHosts(t *testing.T) {
	h := handler(t, options(func(o *Options) { o.Hosts = []string{"lab.example"} }))
	for host, ok := range map[string]bool{
		"127.0.0.1:5000": true, "localhost:5000": true, "LOCALHOST": true, "[::1]:5000": true, "10.1.2.3:5000": true, "ml.localhost:5000": true, "localhost.:5000": true,
		"host.docker.internal:5000": true, "lab.example:5000": true, "Lab.Example": true,
		"evil.example:5000": false, "evil.example": false, "localhost.evil.example:5000": false, "127.0.0.1.evil.example": false, "": false, "lab.example.evil": false,
	} {
		w := ask(h, "GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", "", "Host", host)
		if (w.Code == 200) != ok || !ok && !strings.Contains(w.Body.String(), "--host") {
			t.Errorf("%q: %d %s", host, w.Code, w.Body)
		}
	}
	if w := ask(h, "GET", "/health", "", "Host", "probe.example"); w.Code != 200 {
		t.Errorf("a probe: %d", w.Code)
	}
}

func TestOrigins(t *testing.T) {
	const api = "/api/2.0/mlflow/runs/create"
	plain, one, all := handler(t, options()), handler(t, options(func(o *Options) { o.Origins = []string{"https://UI.example/"} })), handler(t, options(func(o *Options) { o.Origins = []string{"*"} }))
	for _, c := range []struct {
		what, method string
		h            http.Handler
		header       []string
		status       int
		allow        string
	}{
		{"a client without an origin", "POST", plain, nil, 200, ""},
		{"its own pages", "POST", plain, []string{"Origin", "http://127.0.0.1:5000", "Sec-Fetch-Site", "same-origin"}, 200, ""},
		{"its own pages, in an old browser", "POST", plain, []string{"Origin", "http://127.0.0.1:5000"}, 200, ""},
		{"another origin", "POST", plain, []string{"Origin", "https://evil.example"}, 403, ""},
		{"another origin, in a new browser", "POST", plain, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403, ""},
		{"another port of this machine", "DELETE", plain, []string{"Origin", "http://127.0.0.1:8080", "Sec-Fetch-Site", "same-site"}, 403, ""},
		{"a file", "PUT", plain, []string{"Origin", "null"}, 403, ""},
		{"a form without an origin", "POST", plain, []string{"Sec-Fetch-Site", "cross-site"}, 403, ""},
		{"a link", "GET", plain, []string{"Sec-Fetch-Site", "cross-site"}, 200, ""},
		{"reading from another origin", "GET", plain, []string{"Origin", "https://evil.example"}, 200, ""},
		{"a preflight", "OPTIONS", plain, []string{"Origin", "https://ui.example", "Access-Control-Request-Method", "POST"}, 200, ""},
		{"a listed origin", "POST", one, []string{"Origin", "https://ui.example", "Sec-Fetch-Site", "cross-site"}, 200, "https://ui.example"},
		{"a listed origin's preflight", "OPTIONS", one, []string{"Origin", "https://ui.example", "Access-Control-Request-Method", "PATCH"}, 204, "https://ui.example"},
		{"one that is not listed", "POST", one, []string{"Origin", "https://ui.example.evil"}, 403, ""},
		{"another scheme", "POST", one, []string{"Origin", "http://ui.example"}, 403, ""},
		{"any, where all may", "POST", all, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 200, "*"},
	} {
		w := ask(c.h, c.method, api, "{}", c.header...)
		if w.Code != c.status || w.Header().Get("Access-Control-Allow-Origin") != c.allow {
			t.Errorf("%s: %d, allows %q: %s", c.what, w.Code, w.Header().Get("Access-Control-Allow-Origin"), w.Body)
		}
		if cred := w.Header().Get("Access-Control-Allow-Credentials"); (cred != "") != (c.allow != "" && c.allow != "*") {
			t.Errorf("%s: credentials %q", c.what, cred)
		}
	}
	for _, bad := range []string{"ui.example", "https://ui.example/path", "ftp://ui.example", "https://", "https://a@ui.example", "https://ui.example?x"} {
		if _, err := newHandler(options(func(o *Options) { o.Origins = []string{bad} })); err == nil || !strings.Contains(err.Error(), "--cors") {
			t.Errorf("%s is an origin: %v", bad, err)
		}
	}
}

func TestSizes(t *testing.T) {
	h := handler(t, options())
	for _, c := range []struct {
		path   string
		size   int
		chunks bool
		status int
	}{
		{"/api/2.0/mlflow/runs/log-batch", 1000, false, 200},
		{"/api/2.0/mlflow/runs/log-batch", 1001, false, 413},
		{"/api/2.0/mlflow/runs/log-batch", 1001, true, http.StatusTeapot},
		{"/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/a", 5000, false, 200},
		{"/ajax-api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/a", 5001, false, 413},
		{"/ajax-api/2.0/mlflow/upload-artifact", 4000, false, 200},
		{"/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/a", 5001, true, http.StatusTeapot},
	} {
		r := httptest.NewRequest("PUT", "http://127.0.0.1"+c.path, strings.NewReader(strings.Repeat("x", c.size)))
		if c.chunks {
			r.ContentLength = -1
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || c.status == 413 && !strings.Contains(w.Body.String(), "--max-") {
			t.Errorf("%s of %d: %d %s", c.path, c.size, w.Code, w.Body)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	inside, release := make(chan bool), make(chan bool)
	s, err := Listen(options(func(o *Options) {
		o.API = func(backends.Grant) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(inside)
				<-release
				fmt.Fprint(w, "done")
			})
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()
	answer := make(chan string)
	go func() {
		resp, err := http.Get(s.URL() + "/api/x")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-inside
	cancel()
	for { // no new connection is taken from now on
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			break
		}
		c.Close()
	}
	close(release)
	if got := <-answer; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAccessLog(t *testing.T) {
	var log strings.Builder
	at := time.Date(2026, 11, 24, 18, 2, 26, 123e6, time.UTC)
	h := handler(t, options(func(o *Options) { o.Log, o.Now = &log, func() time.Time { return at } }))
	ask(h, "POST", "/api/2.0/mlflow/runs/create?token=secret", "{}")
	ask(h, "GET", "/a%0Ab%1b[31m", "", "Host", "evil.example")
	lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
	want := `2026-11-24T18:02:26.123Z 192.0.2.1 ann POST "/api/2.0/mlflow/runs/create" 200 39 0s`
	if len(lines) != 2 || lines[0] != want || !strings.Contains(lines[1], `- GET "/a\nb\x1b[31m" 403 `) {
		t.Errorf("%q", lines)
	}
}

// A real Python's folders: only names are looked at.
func fakePython(t *testing.T, prefix, python, version string) string {
	t.Helper()
	site := filepath.Join(prefix, "lib", python, "site-packages")
	build := filepath.Join(site, "mlflow", "server", "js", "build")
	for _, d := range []string{build, filepath.Join(build, "static", "js"), filepath.Join(site, "mlflow-"+version+".dist-info"), filepath.Join(prefix, "bin")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		filepath.Join(build, "index.html"):                       "<title>MLflow</title>" + version,
		filepath.Join(build, "static", "js", "main.0b0baad6.js"): "run()",
		filepath.Join(site, "secret"):                            "not yours",
		filepath.Join(prefix, "bin", "python3"):                  "#!",
	} {
		if err := os.WriteFile(name, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return build
}

func TestFindUI(t *testing.T) {
	dir := t.TempDir()
	venv, conda, path := filepath.Join(dir, "ve[nv]"), filepath.Join(dir, "conda"), filepath.Join(dir, "opt")
	inVenv, inConda := fakePython(t, venv, "python3.9", "2.22.5"), fakePython(t, conda, "python3.12", "3.17.2")
	inPath := fakePython(t, path, "python3.11", "3.1.0")
	link := filepath.Join(dir, "links")
	if err := os.MkdirAll(link, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(path, "bin", "python3"), filepath.Join(link, "python3")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env           map[string]string
		want, version string
	}{
		{map[string]string{"VIRTUAL_ENV": venv, "CONDA_PREFIX": conda, "PATH": filepath.Join(path, "bin")}, inVenv, "2.22.5"},
		{map[string]string{"CONDA_PREFIX": conda, "PATH": filepath.Join(path, "bin")}, inConda, "3.17.2"},
		{map[string]string{"PATH": "relative:" + dir + ":" + filepath.Join(path, "bin")}, inPath, "3.1.0"},
		{map[string]string{"PATH": link}, inPath, "3.1.0"},
		{map[string]string{"PATH": dir}, "", ""},
		{map[string]string{}, "", ""},
	} {
		ui := FindUI(func(k string) string { return c.env[k] })
		if c.want == "" && ui != nil || c.want != "" && (ui == nil || ui.Dir != c.want || ui.Version != c.version) {
			t.Errorf("%v: %+v", c.env, ui)
		}
	}
	for _, at := range []string{inVenv, venv, filepath.Join(venv, "lib", "python3.9", "site-packages"), filepath.Join(venv, "lib", "python3.9", "site-packages", "mlflow")} {
		if ui, err := OpenUI(at); err != nil || ui.Dir != inVenv {
			t.Errorf("%s: %+v %v", at, ui, err)
		}
	}
	for _, at := range []string{dir, filepath.Join(dir, "none"), filepath.Join(inVenv, "index.html")} {
		if _, err := OpenUI(at); err == nil || !strings.HasPrefix(err.Error(), "web UI: ") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestUIFiles(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "venv")
	build := fakePython(t, prefix, "python3.12", "3.17.2")
	if err := os.Symlink("../../../../secret", filepath.Join(build, "way-out")); err != nil {
		t.Fatal(err)
	}
	ui, err := OpenUI(prefix)
	if err != nil {
		t.Fatal(err)
	}
	h := handler(t, options(func(o *Options) { o.UI = ui }))
	for _, c := range []struct {
		method, path string
		status       int
		kind, body   string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "<title>MLflow</title>3.17.2"},
		{"GET", "/static-files/static/js/main.0b0baad6.js", 200, "text/javascript; charset=utf-8", "run()"},
		{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"POST", "/", 405, "", ""},
		{"GET", "/static-files/", 404, "", ""},
		{"GET", "/static-files/static", 404, "", ""},
		{"GET", "/static-files/none.js", 404, "", ""},
		{"GET", "/static-files/way-out", 404, "", ""},
		{"GET", "/static-files/../../../../secret", 404, "", ""},
		{"GET", "/static-files/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret", 404, "", ""},
		{"GET", "/static-files//etc/passwd", 404, "", ""},
		{"GET", "/static-files/a%00b", 404, "", ""},
		{"GET", "/api/2.0/mlflow/x", 200, "", "ann owner /api/2.0/mlflow/x 0"},
	} {
		w := ask(h, c.method, c.path, "")
		if w.Code != c.status || c.kind != "" && w.Header().Get("Content-Type") != c.kind || c.body != "" && w.Body.String() != c.body {
			t.Errorf("%s %s: %d %s %q", c.method, c.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if c.status == 200 && c.path == "/" && w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", c.path, w.Header())
		}
	}
	if w := ask(handler(t, options()), "GET", "/", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "pip install mlflow") || !strings.Contains(w.Body.String(), "http://127.0.0.1:5000") {
		t.Errorf("without a UI: %d %s", w.Code, w.Body)
	}
}

// A client that says half of what it announced is not waited for for ever, and one
// that is slow but moves is: the wait is from byte to byte. The clock here runs so
// that what is read at once counts as long ago.
func TestStalledBody(t *testing.T) {
	past := func() time.Time { return time.Now().Add(-stall + 200*time.Millisecond) }
	s, err := Listen(options(func(o *Options) { o.Now = past }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	defer func() { cancel(); <-ended }()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusTeapot || !strings.Contains(string(b), "timeout") {
		t.Errorf("%s %s", resp.Status, b)
	}
}
