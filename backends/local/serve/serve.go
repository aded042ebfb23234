// Package serve puts a workspace's tracking API on the network, and MLflow's own
// web UI over it where its files are installed.
//
// What a request passes, from the outside in:
//
//	access log ► timeouts ► size ► host ► origin ► who is it ► UI files, or the API under their grant
//
// It knows MLflow's API as a handler that it is given for a grant, and decides only
// who may have which: nobody, whoever reaches a loopback port, or whoever shows a
// password or a token. On an address that other machines reach it refuses to start
// without either of the last two, unless that is said in so many words.
//
// A browser is the one client that others can command. So a name that is not this
// machine's is refused (DNS rebinding), and so is whatever a page of another origin
// sends that may change something, unless that origin is listed.
//
// Every wait has an end: for a header, for the next bytes of a body, for a client
// that takes the next bytes of an answer. A transfer that moves may last for hours.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"flightdeck/backends"
)

// Options say what is served, where and to whom.
type Options struct {
	Addr string // "127.0.0.1:5000"; port 0 is any free one
	// API is the tracking API with all writes made under the grant.
	API   func(backends.Grant) http.Handler
	Grant backends.Grant // the most that anybody gets
	Doors Doors
	// NoAuth permits an address that other machines reach without any door.
	NoAuth  bool
	TLS     *tls.Config // nil: plain HTTP
	Origins []string    // whose pages may call: "https://ui.example"; "*" is all
	Hosts   []string    // names of this machine beside the usual
	UI      *UI         // nil: none

	MaxJSON, MaxArtifact int64     // bytes of a request; 0 is DefaultJSON, DefaultArtifact
	Log                  io.Writer // a line for each request; nil: none
	Now                  func() time.Time
	Rest                 func() // lets go of what makes answers faster, when nobody asked for a while; nil: nothing
}

// The greatest requests that are taken when nothing else is said. MLflow's own
// limit for JSON is a million bytes for a batch, and 16 MB for a dataset's profile.
const (
	DefaultJSON     = 64 << 20
	DefaultArtifact = 256 << 30
)

// Waits.
const (
	headerWait = 10 * time.Second
	stall      = 60 * time.Second // without a byte, in either direction
	idleWait   = 2 * time.Minute  // between two requests
	farewell   = 5 * time.Second  // for requests under way when it is told to end, and for the rest of a body that nobody reads
)

const maxHeader = 256 << 10 // the web UI puts a hundred run ids into one URL

// Server is a server that listens.
type Server struct {
	o  Options
	ln net.Listener
	h  http.Handler
}

// Check says what is wrong with the options, before anything is done.
func (o Options) Check() error {
	host, err := checkAddr(o.Addr)
	if err != nil {
		return err
	}
	if _, err := newOrigins(o.Origins); err != nil {
		return err
	}
	if !loopback(host) && o.Doors.Open() && !o.NoAuth {
		return fmt.Errorf("serve on %s: other machines reach that address, and nobody would be asked who they are: give --token-file, --users-file or --user, or say --no-auth, which lets anyone who reaches it read, change and delete all runs and files", o.Addr)
	}
	return nil
}

// Listen checks the options and takes the address.
func Listen(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxJSON == 0 {
		o.MaxJSON = DefaultJSON
	}
	if o.MaxArtifact == 0 {
		o.MaxArtifact = DefaultArtifact
	}
	err := o.Check()
	if err != nil {
		return nil, err
	}
	s := &Server{o: o}
	if s.h, err = newHandler(o); err != nil {
		return nil, err
	}
	s.ln, err = net.Listen("tcp", o.Addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("serve on %s: something listens there already (another flightdeck serve, or an mlflow server?); choose another port, or 0 for any", o.Addr)
	case err != nil:
		return nil, fmt.Errorf("serve: %w", err)
	}
	return s, nil
}

// checkAddr takes an address apart before the system does: its words for a missing
// port are about "dial".
func checkAddr(addr string) (host string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("address %q: write HOST:PORT, as 127.0.0.1:5000 or [::1]:0", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("address %q: a port is a number from 0 to 65535", addr)
	}
	return host, nil
}

// loopback reports whether only this machine reaches the address. A name other than
// localhost may mean anything by the time it is looked up.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Addr is the address that was taken.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// URL is where a client on this machine finds it: what MLFLOW_TRACKING_URI takes.
func (s *Server) URL() string {
	scheme := "http"
	if s.o.TLS != nil {
		scheme = "https"
	}
	host, _, _ := net.SplitHostPort(s.o.Addr)
	_, port, _ := net.SplitHostPort(s.Addr())
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if len(s.o.Hosts) > 0 {
			host = s.o.Hosts[0]
		}
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Serve answers until ctx ends. Requests under way then get a moment to finish.
func (s *Server) Serve(ctx context.Context) error {
	rest := newResting(s.h, func() {
		if s.o.Rest != nil {
			s.o.Rest()
		}
		debug.FreeOSMemory()
	})
	defer rest.Close()
	srv := &http.Server{
		Handler: rest, TLSConfig: s.o.TLS, ReadHeaderTimeout: headerWait, IdleTimeout: idleWait, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0), // a scanner's broken handshakes are nobody's news
	}
	if s.o.Log != nil {
		srv.ErrorLog = log.New(&escaped{w: s.o.Log}, "", log.LstdFlags)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		if srv.Shutdown(last) != nil {
			_ = srv.Close()
		}
	})
	var err error
	if s.o.TLS != nil {
		err = srv.ServeTLS(s.ln, "", "")
	} else {
		err = srv.Serve(s.ln)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve on %s: %w", s.Addr(), err)
}

// Close gives the address back without having served.
func (s *Server) Close() error { return s.ln.Close() }
