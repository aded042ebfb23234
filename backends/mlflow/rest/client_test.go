package rest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

func client(t testing.TB, o Options) *Client {
	t.Helper()
	o.FirstPause, o.Longest = time.Millisecond, 2*time.Millisecond
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// certified is a TLS server with a certificate of its own making.
func certified(t *testing.T, host string, until time.Time) (url, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		made.IPAddresses = []net.IP{ip}
	} else {
		made.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, ca
}

// Each trouble says what was tried, what happened, and what to do.
func TestTroubles(t *testing.T) {
	answer := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	expired, ca := certified(t, "127.0.0.1", time.Now().Add(-time.Hour))
	valid, _ := certified(t, "127.0.0.1", time.Now().Add(time.Hour))
	other, otherCA := certified(t, "elsewhere.example", time.Now().Add(time.Hour))
	plain := answer(200, "application/json", "{}")
	for _, c := range []struct {
		name      string
		o         Options
		says, fix string
	}{
		{"a web page", Options{URL: answer(200, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title>")}, "web page", "curl"},
		{"a web page that says 404", Options{URL: answer(404, "text/html", "<h1>Not Found</h1>")}, "web page", "curl"},
		{"another program's 404", Options{URL: answer(404, "text/plain", "404 page not found")}, "no such path", "curl"},
		{"another program's JSON", Options{URL: answer(200, "application/json", `["a"]`)}, "not what MLflow says", "curl"},
		{"no user", Options{URL: answer(401, "text/plain", "You are not authenticated")}, "who asks", envUser},
		{"no user, in JSON", Options{URL: answer(401, "application/json", `{"error_code":"UNAUTHENTICATED","message":"no"}`)}, "who asks", envToken},
		{"not this user", Options{URL: answer(403, "text/plain", "Permission denied")}, "forbids", envUser},
		{"nobody there", Options{URL: "http://" + closed.Addr().String()}, "nothing listens at", "mlflow server"},
		{"no such name", Options{URL: "http://mlflow.invalid:5000"}, "no machine is called mlflow.invalid", "getent hosts mlflow.invalid"},
		{"an expired certificate", Options{URL: expired, CA: ca}, "valid from", "-dates"},
		{"a stranger's certificate", Options{URL: valid}, "authority", envCert},
		{"another's certificate", Options{URL: other, CA: otherCA}, "not for 127.0.0.1", "openssl"},
		{"TLS where there is none", Options{URL: strings.Replace(plain, "http:", "https:", 1)}, "does not speak TLS", envURI + "=http://"},
	} {
		_, err := client(t, c.o).Experiments(t.Context(), Active)
		var trouble *TroubleError
		if !errors.As(err, &trouble) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.o.URL) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
			continue
		}
		all := ""
		for _, f := range trouble.Fixes() {
			all += f.Command + "\n"
		}
		if !strings.Contains(all, c.fix) {
			t.Errorf("%s: the ways out are %q, want one with %s", c.name, all, c.fix)
		}
	}
	for _, ok := range []Options{{URL: valid, Insecure: true}, {URL: expired, Insecure: true}, {URL: plain}, {URL: plain + "/"}} {
		if _, err := client(t, ok).Experiments(t.Context(), Active); err != nil {
			t.Errorf("%+v: %v", ok, err)
		}
	}
	if _, err := New(Options{URL: valid, CA: "/does/not/exist"}); err == nil || !strings.Contains(err.Error(), envCert) {
		t.Errorf("a certificate that is not there: %v", err)
	}
	for _, bad := range []string{"", "ftp://x", "http://", "mlflow.lan:5000", "http://a b", "://"} {
		if _, err := New(Options{URL: bad}); err == nil {
			t.Errorf("%q is taken for a URL", bad)
		}
	}
}

func TestSignsIn(t *testing.T) {
	got := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	for _, c := range []struct{ url, env, want string }{
		{s.URL, "", ""},
		{s.URL, envUser + "=me " + envPassword + "=secret", "Basic bWU6c2VjcmV0"},
		{s.URL, envToken + "=abc " + envUser + "=me", "Bearer abc"},
		{strings.Replace(s.URL, "http://", "http://me:secret@", 1), "", "Basic bWU6c2VjcmV0"},
	} {
		o := FromEnv(func(k string) string {
			for pair := range strings.FieldsSeq(c.env) {
				if name, v, _ := strings.Cut(pair, "="); name == k {
					return v
				}
			}
			return ""
		})
		o.URL = c.url
		cl := client(t, o)
		if _, err := cl.Experiments(t.Context(), Active); err != nil || got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.env, got, c.want, err)
		}
		if strings.Contains(cl.URL(), "secret") {
			t.Errorf("the URL shows the password: %s", cl.URL())
		}
	}
}

// stub answers in the place of the network.
type stub func(r *http.Request) (*http.Response, error)

func (s stub) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func response(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: h, Request: r, Body: io.NopCloser(strings.NewReader(body))}
}

// What may pass is tried again, at growing distances or when the server says; the
// rest is not.
func TestTriesAgain(t *testing.T) {
	for _, c := range []struct {
		name        string
		answers     []int // 0: the connection breaks; then 200
		header      string
		tries       int
		fails       bool
		least, most time.Duration
	}{
		{"at once", nil, "", 1, false, 0, 0},
		{"busy for a while", []int{503, 429, 500}, "", 4, false, 350 * time.Millisecond, 2 * time.Second},
		{"a connection that breaks", []int{0, 0}, "", 3, false, 150 * time.Millisecond, time.Second},
		{"told to wait", []int{429}, "7", 2, false, 7 * time.Second, 7 * time.Second},
		{"down for good", []int{503, 503, 503, 503, 503, 503, 503}, "", 6, true, time.Second, 30 * time.Second},
		{"wrong", []int{400, 400}, "", 1, true, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			cl, err := New(Options{URL: "http://lab", Retries: 5, Transport: stub(func(r *http.Request) (*http.Response, error) {
				tries++
				if tries > len(c.answers) {
					return response(r, 200, "{}"), nil
				}
				if c.answers[tries-1] == 0 {
					return nil, io.ErrUnexpectedEOF
				}
				return response(r, c.answers[tries-1], `{"error_code":"X","message":"no"}`, "Retry-After", c.header), nil
			})})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err = cl.Experiments(t.Context(), Active)
			if took := time.Since(began); tries != c.tries || (err != nil) != c.fails || took < c.least || took > c.most {
				t.Errorf("%s: %d tries in %s (%v), want %d", c.name, tries, took, err, c.tries)
			}
		})
	}
}

// A server that says nothing is given up, and a context that ends is heard at once.
func TestTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl, err := New(Options{URL: "http://lab", Timeout: 5 * time.Second, Retries: 1, Transport: stub(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = cl.Experiments(t.Context(), Active)
		if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "no answer in time") || took > 11*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if _, err := cl.Experiments(ctx, Active); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// What is no read does not leave without a grant.
func TestWritesNeedAGrant(t *testing.T) {
	sent := 0
	cl, err := New(Options{URL: "http://lab", Transport: stub(func(r *http.Request) (*http.Response, error) {
		sent++
		return response(r, 200, "{}"), nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	writes := map[string]func(ctx context.Context) error{
		"send": func(ctx context.Context) error { return cl.Send(ctx, "POST", cl.Endpoint("runs/delete"), []byte("{}")) },
		"delete": func(ctx context.Context) error {
			return cl.Send(ctx, "DELETE", cl.Endpoint("registered-models/alias"), []byte("{}"))
		},
		"create experiment": func(ctx context.Context) error { _, err := cl.CreateExperiment(ctx, "x", nil); return err },
		"create run":        func(ctx context.Context) error { _, err := cl.CreateRun(ctx, NewRun{}); return err },
		"log batch":         func(ctx context.Context) error { return cl.LogBatch(ctx, "r", Batch{}) },
		"log inputs":        func(ctx context.Context) error { return cl.LogInputs(ctx, "r", []backends.Dataset{{}}) },
		"update run":        func(ctx context.Context) error { return cl.UpdateRun(ctx, "r", "FINISHED", time.Now()) },
		"put artifact": func(ctx context.Context) error {
			return cl.PutArtifact(ctx, "r", "mlflow-artifacts:/1/r/artifacts", "a", 1, func() (io.Reader, error) { return bytes.NewReader([]byte("x")), nil })
		},
	}
	for name, write := range writes {
		for who, ctx := range map[string]context.Context{"nobody": t.Context(), "a viewer": backends.WithGrant(t.Context(), backends.Grant{Role: backends.Viewer})} {
			var denied *backends.DeniedError
			if err := write(ctx); !errors.As(err, &denied) || sent > 0 {
				t.Errorf("%s by %s: %v, %d requests", name, who, err, sent)
			}
		}
		if err := write(backends.WithGrant(t.Context(), backends.Grant{Role: backends.Operator})); err != nil || sent == 0 {
			t.Errorf("%s by an operator: %v, %d requests", name, err, sent)
		}
		sent = 0
	}
	if err := cl.Send(backends.WithGrant(t.Context(), backends.Grant{Role: backends.Owner}), "POST", "http://lab.evil/api/2.0/mlflow/x", nil); err == nil || sent > 0 {
		t.Errorf("a plan for another server: %v, %d requests", err, sent)
	}
}

// A page token that comes again does not keep us for ever.
func TestCircles(t *testing.T) {
	n := 0
	cl, err := New(Options{URL: "http://lab", Transport: stub(func(r *http.Request) (*http.Response, error) {
		n++
		return response(r, 200, `{"next_page_token": "again", "files": [{"path": "d", "is_dir": true}]}`), nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cl.Experiments(t.Context(), Active); err == nil || n > 3 {
		t.Errorf("%d requests (%v)", n, err)
	}
	if _, err := cl.Artifacts(t.Context(), "r"); err == nil || n > 10 {
		t.Errorf("%d requests (%v)", n, err)
	}
}

// Whatever a server answers is decoded or refused.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"metrics":[{"key":"a","value":1.5,"timestamp":1,"step":"2"},{"key":"a","value":"NaN","timestamp":1}],"next_page_token":""}`))
	f.Add([]byte(`{"runs":[{"info":{"run_id":"a","start_time":"5"},"data":{"metrics":[{"key":"k","value":"-Infinity"}],"tags":[{"key":"b","value":"c"}]},"inputs":{"dataset_inputs":[{}]}}]}`))
	f.Add([]byte(`{"files":[{"path":"../x"},{"path":"a","is_dir":true}],"registered_models":[{"name":"m","aliases":[{}]}],"model_versions":[{"name":"m"}],"experiments":[{}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		cl, err := New(Options{URL: "http://lab", Transport: stub(func(r *http.Request) (*http.Response, error) { return response(r, 200, string(body)), nil })})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		n := 0
		_ = cl.History(ctx, "r", "k", "", func(p backends.Points) {
			n += p.Len()
			if len(p.Step) != p.Len() || len(p.Time) != p.Len() {
				t.Fatal("columns of different length")
			}
		})
		runs, _, _ := cl.SearchRuns(ctx, Search{Max: 10})
		for i := range runs {
			runs[i].Entity("b", "e")
		}
		files, _ := cl.Artifacts(ctx, "r")
		for _, a := range files {
			if strings.HasPrefix(a.Path, "..") || strings.HasPrefix(a.Path, "/") {
				t.Fatalf("the path %q leads out", a.Path)
			}
		}
		_, _ = cl.Models(ctx)
		_, _ = cl.Experiments(ctx, All)
		_, _ = cl.Run(ctx, "r")
	})
}
