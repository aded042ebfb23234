// Package rest is a client of MLflow's REST API, versions 2 and 3: the calls that
// Flightdeck makes to read a server, to change it, and to copy runs onto it.
//
// The transport is this package's: what is no read needs a grant in the context,
// whoever calls. Each request has a limit of time, is tried again after an answer
// that says to (429, 5xx) and after a connection that broke, and may therefore
// reach the server twice. An answer that MLflow would not give is a *TroubleError,
// which knows ways out; one that MLflow does give is an *Error with its code.
//
// Shapes are those of mlflow/protos/service.proto and model_registry.proto; fields
// that we do not use are skipped, so that other versions are no trouble.
package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
)

// Options say where the server is and who asks.
type Options struct {
	URL                 string // "https://mlflow.lan/team", to which /api/2.0/… is added
	User, Password      string
	Token               string // instead of a user
	CA                  string // a file of certificates to trust
	ClientCert          string // a file of a certificate and its key
	Insecure            bool   // trusts any certificate
	Timeout             time.Duration
	Retries             int               // after the first try
	Transport           http.RoundTripper // nil is the process's own
	FirstPause, Longest time.Duration     // between tries; 0 is 100 ms and 10 s
}

// FromEnv is the options that MLflow's own clients would take from the environment.
func FromEnv(getenv func(string) string) Options {
	o := Options{
		URL: getenv(envURI), User: getenv(envUser), Password: getenv(envPassword), Token: getenv(envToken),
		CA: getenv(envCert), ClientCert: getenv(envClient), Insecure: strings.EqualFold(getenv(envInsecure), "true"),
		Timeout: 30 * time.Second, Retries: 5,
	}
	if n, err := strconv.Atoi(getenv(envTimeout)); err == nil && n > 0 {
		o.Timeout = time.Duration(n) * time.Second
	}
	if n, err := strconv.Atoi(getenv(envRetries)); err == nil && n >= 0 {
		o.Retries = min(n, 20)
	}
	return o
}

// Client asks one server. It may be used from any goroutine.
type Client struct {
	base *url.URL
	o    Options
	http *http.Client
}

// New makes a client. It asks the server nothing; it fails on a URL that is none
// and on certificates that cannot be read.
func New(o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(o.URL, "/"))
	if err != nil {
		return nil, fmt.Errorf("tracking URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("tracking URL %q: it begins with http:// or https:// and a host", u.Redacted())
	}
	if u.User != nil { // it must not be shown with the URL
		if o.User == "" {
			o.User = u.User.Username()
			o.Password, _ = u.User.Password()
		}
		u.User = nil
	}
	u.RawQuery, u.Fragment = "", ""
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.FirstPause == 0 {
		o.FirstPause = 100 * time.Millisecond
	}
	if o.Longest == 0 {
		o.Longest = 10 * time.Second
	}
	rt, err := transport(o)
	if err != nil {
		return nil, err
	}
	return &Client{base: u, o: o, http: &http.Client{Transport: rt, CheckRedirect: sameHost}}, nil
}

// sameHost follows redirects on the same host only: a login page elsewhere is no
// answer, and must not be shown our credentials.
func sameHost(r *http.Request, via []*http.Request) error {
	if len(via) > 5 || r.URL.Host != via[0].URL.Host || via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	return nil
}

func transport(o Options) (http.RoundTripper, error) {
	if o.Transport != nil {
		return o.Transport, nil
	}
	own, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // a test's
		return http.DefaultTransport, nil
	}
	t := own.Clone() // of its own, so that Close can end its connections
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: o.Insecure}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", envCert, err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s holds no certificate in PEM form", envCert, o.CA)
		}
	}
	if o.ClientCert != "" {
		cert, err := tls.LoadX509KeyPair(o.ClientCert, o.ClientCert)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", envClient, err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// URL is the server's address, without credentials.
func (c *Client) URL() string { return c.base.String() }

// api is the prefix of MLflow's own paths.
const api = "/api/2.0/mlflow/"

// Endpoint is the whole URL of a path below /api/2.0/mlflow/.
func (c *Client) Endpoint(path string) string { return c.base.String() + api + path }

// request is one call. A read needs no grant.
type request struct {
	method string
	path   string // from the root of the server, escaped
	read   bool
	kind   string                    // of the body
	body   func() (io.Reader, error) // anew for each try; nil for none
	size   int64
	once   bool                  // must not be sent again
	take   func(io.Reader) error // the body of a 200
}

// get asks with a query.
func (c *Client) get(ctx context.Context, path string, q url.Values, out any) error {
	return c.do(ctx, request{method: http.MethodGet, path: api + path + "?" + q.Encode(), read: true, take: into(out)})
}

// ask is a read that MLflow has as a POST.
func (c *Client) ask(ctx context.Context, path string, in, out any) error {
	return c.post(ctx, path, in, out, true)
}

// change is a write.
func (c *Client) change(ctx context.Context, path string, in, out any) error {
	return c.post(ctx, path, in, out, false)
}

func (c *Client) post(ctx context.Context, path string, in, out any, read bool) error {
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return c.do(ctx, request{method: http.MethodPost, path: api + path, read: read, kind: "application/json", body: again(b), size: int64(len(b)), take: into(out)})
}

// Send makes a change as a plan holds it: method, whole URL of this server, JSON
// body. The answer is thrown away.
func (c *Client) Send(ctx context.Context, method, target string, body []byte) error {
	path, ok := strings.CutPrefix(target, c.base.String())
	if !ok || !strings.HasPrefix(path, api) {
		return fmt.Errorf("%s %s: it is not an address of %s", method, target, c.base)
	}
	return c.do(ctx, request{method: method, path: path, kind: "application/json", body: again(body), size: int64(len(body))})
}

func again(b []byte) func() (io.Reader, error) {
	return func() (io.Reader, error) { return bytes.NewReader(b), nil }
}

// maxAnswer bounds an answer that is decoded as a whole. A page of runs that is
// bigger is asked for in parts.
const maxAnswer = 64 << 20

var errTooBig = errors.New("the answer is over 64 MB")

func into(out any) func(io.Reader) error {
	return func(r io.Reader) error {
		if out == nil {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
		if err != nil {
			return err
		}
		if len(b) > maxAnswer {
			return errTooBig
		}
		if err := json.Unmarshal(b, out); err != nil {
			return &notMLflow{b[:min(len(b), 200)], err}
		}
		return nil
	}
}

// notMLflow is a 200 whose body is something else.
type notMLflow struct {
	body []byte
	err  error
}

func (e *notMLflow) Error() string { return e.err.Error() }

// do tries until it is answered, the tries are used up or ctx ends.
func (c *Client) do(ctx context.Context, r request) error {
	tried := r.method + " " + c.base.String() + strings.SplitN(r.path, "?", 2)[0]
	if !r.read {
		if err := backends.Check(ctx, "http", tried); err != nil {
			return err
		}
	}
	pause := c.o.FirstPause
	for n := 0; ; n++ {
		wait, retry, err := c.try(ctx, tried, r)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if !retry || n >= c.o.Retries || r.once {
			return err
		}
		t := time.NewTimer(max(wait, pause/2+rand.N(pause)))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errors.Join(err, context.Cause(ctx))
		}
		pause = min(2*pause, c.o.Longest)
	}
}

// try sends once. wait is how long the server wants to be left alone.
func (c *Client) try(ctx context.Context, tried string, r request) (wait time.Duration, again bool, err error) {
	limit := c.o.Timeout + time.Duration(r.size/(256<<10))*time.Second // an upload gets time for its bytes
	one, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var body io.Reader
	if r.body != nil {
		if body, err = r.body(); err != nil {
			return 0, false, fmt.Errorf("%s: %w", tried, err)
		}
	}
	req, err := http.NewRequestWithContext(one, r.method, c.base.String()+r.path, body)
	if err != nil {
		return 0, false, fmt.Errorf("%s: %w", tried, err)
	}
	if r.body != nil {
		req.ContentLength = r.size
		req.Header.Set("Content-Type", r.kind)
		if r.size == 0 {
			req.Body = http.NoBody
		}
	}
	c.sign(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, true, unreachable(tried, c.base, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return retryAfter(resp), retryable(resp.StatusCode), c.refused(tried, resp)
	}
	if r.take == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection is used again
	} else {
		err = r.take(resp.Body)
	}
	var odd *notMLflow
	switch {
	case errors.As(err, &odd):
		return 0, false, strange(tried, c.base, resp, odd.body)
	case errors.Is(err, errTooBig):
		return 0, false, fmt.Errorf("%s: %w", tried, err)
	case err != nil:
		return 0, true, unreachable(tried, c.base, err)
	}
	return 0, false, nil
}

func (c *Client) sign(r *http.Request) {
	switch {
	case c.o.Token != "":
		r.Header.Set("Authorization", "Bearer "+c.o.Token)
	case c.o.User != "":
		r.SetBasicAuth(c.o.User, c.o.Password)
	}
}

// refused makes an error of an answer that is not 200.
func (c *Client) refused(tried string, resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what there is of it will do
	e := &Error{Status: resp.StatusCode}
	if json.Unmarshal(body, e) != nil || e.Code == "" || resp.StatusCode == http.StatusUnauthorized {
		return strange(tried, c.base, resp, body)
	}
	return fmt.Errorf("%s: %w", tried, e)
}

// retryable are the answers after which MLflow's own clients try again.
func retryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter is what the server asks for, a minute at most.
func retryAfter(r *http.Response) time.Duration {
	n, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, time.Minute)
}
