package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"flightdeck/backends"
)

// Codes of MLflow's errors that callers act on.
const (
	DoesNotExist     = "RESOURCE_DOES_NOT_EXIST"
	AlreadyExists    = "RESOURCE_ALREADY_EXISTS"
	InvalidParameter = "INVALID_PARAMETER_VALUE"
	NoEndpoint       = "ENDPOINT_NOT_FOUND"
)

// Error is what a server answered instead of 200, in MLflow's words. It is
// backends.ErrNotFound when the server says that there is no such thing.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

// Is lets errors.Is see the errors of package backends in it.
func (e *Error) Is(target error) bool {
	return target == backends.ErrNotFound && e.Code == DoesNotExist
}

// Code is the code of MLflow's error in err, "" when there is none.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TroubleError is a server that cannot be talked to: what was tried, what happened,
// and what to do about it.
type TroubleError struct {
	Tried string // "GET https://mlflow.lan/api/2.0/…"
	What  string // "the certificate of mlflow.lan expired on 3 May 2024"
	Err   error  // nil when the server's answer itself was the trouble
	fixes []backends.Fix
}

func (e *TroubleError) Error() string { return e.Tried + ": " + e.What }
func (e *TroubleError) Unwrap() error { return e.Err }

// Fixes are ways out, for the health of whoever asked.
func (e *TroubleError) Fixes() []backends.Fix { return e.fixes }

// Variables of the environment that MLflow's own clients read, and so do we.
const (
	envURI      = "MLFLOW_TRACKING_URI"
	envUser     = "MLFLOW_TRACKING_USERNAME"
	envPassword = "MLFLOW_TRACKING_PASSWORD"
	envToken    = "MLFLOW_TRACKING_TOKEN"
	envInsecure = "MLFLOW_TRACKING_INSECURE_TLS"
	envCert     = "MLFLOW_TRACKING_SERVER_CERT_PATH"
	envClient   = "MLFLOW_TRACKING_CLIENT_CERT_PATH"
	envTimeout  = "MLFLOW_HTTP_REQUEST_TIMEOUT"
	envRetries  = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
)

// unreachable explains an error of the connection.
func unreachable(tried string, u *url.URL, err error) error {
	t := &TroubleError{Tried: tried, Err: err, What: plain(err)}
	fix := func(command, note string) { t.fixes = append(t.fixes, backends.Fix{Command: command, Note: note}) }
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	dates := "openssl s_client -connect " + net.JoinHostPort(u.Hostname(), port) + " </dev/null | openssl x509 -noout -subject -dates"
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		t.What = fmt.Sprintf("the certificate of %s is valid from %s to %s only", u.Hostname(), invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
		fix(dates, "shows it; whoever runs the server must renew it")
		fix("date", "is this machine's clock right?")
	case errors.As(err, &unknown):
		t.What = "the certificate of " + u.Hostname() + " is signed by an authority that this machine does not know"
		fix("export "+envCert+"=/path/to/ca.pem", "names that authority's certificate")
		fix("export "+envInsecure+"=true", "trusts any certificate: only where nobody can listen in")
	case errors.As(err, &host):
		t.What = "the server's certificate is not for " + u.Hostname()
		fix(dates, "shows for whom it is; use that name in the URL")
	case errors.As(err, &verify), errors.As(err, &invalid):
		fix(dates, "shows the certificate")
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		t.What = "the server does not speak TLS on this port"
		fix("export "+envURI+"=http://"+u.Host, "if the URL should begin with http:")
	case errors.As(err, &dns):
		t.What = "no machine is called " + u.Hostname()
		fix("getent hosts "+u.Hostname(), "asks the system for the name; is a VPN missing?")
	case errors.Is(err, syscall.ECONNREFUSED):
		t.What = "nothing listens at " + net.JoinHostPort(u.Hostname(), port)
		fix("mlflow server --host "+u.Hostname()+" --port "+port, "starts a server there")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		t.What = "no answer in time"
		fix("curl -sS -m 10 "+u.Scheme+"://"+u.Host+"/health", "should say OK")
		fix("export "+envTimeout+"=300", "waits longer, in seconds")
	}
	return t
}

// plain is the innermost error that still says something.
func plain(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}

// strange explains an answer that MLflow would not give: a proxy's, a login page, a
// page of another program.
func strange(tried string, u *url.URL, resp *http.Response, body []byte) error {
	t := &TroubleError{Tried: tried}
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	check := backends.Fix{Command: "curl -sS " + u.Scheme + "://" + u.Host + "/version", Note: "a server of MLflow answers with its version"}
	login := []backends.Fix{
		{Command: "export " + envUser + "=… " + envPassword + "=…", Note: "for a server with user names"},
		{Command: "export " + envToken + "=…", Note: "for one that wants a bearer token"},
	}
	t.Err = &Error{Status: resp.StatusCode, Code: http.StatusText(resp.StatusCode), Message: "status " + resp.Status}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		t.What, t.fixes = "the server wants to know who asks (401)", login
	case resp.StatusCode == http.StatusForbidden:
		t.What, t.fixes = "the server forbids it to this user (403)", login
	case strings.Contains(kind, "html") || strings.HasPrefix(strings.TrimSpace(strings.ToLower(string(body[:min(len(body), 64)]))), "<"):
		t.What = fmt.Sprintf("it answered a web page (%s), not MLflow's JSON: a proxy, a login page or another program", resp.Status)
		t.fixes = append([]backends.Fix{check}, login...)
	case resp.StatusCode == http.StatusNotFound:
		t.What = "it has no such path (404): is this the root of an MLflow server, version 2 or later?"
		t.fixes = []backends.Fix{check}
	case resp.StatusCode == http.StatusOK:
		t.What = fmt.Sprintf("its answer is not what MLflow says: %.80q", body)
		t.fixes = []backends.Fix{check}
	default:
		t.What = fmt.Sprintf("%s: %.200q", resp.Status, strings.TrimSpace(string(body)))
		t.fixes = []backends.Fix{check}
	}
	return t
}
