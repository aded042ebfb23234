// Package dataserver is TensorBoard's data server: the unmodified TensorBoard shows
// in the browser what our readers read. It answers the gRPC service
// TensorBoardDataProvider (data_provider.proto), which TensorBoard asks for
// everything that it shows when it is started with --load_fast=true and finds the
// program in TENSORBOARD_DATA_SERVER_BINARY, or with --grpc_data_provider.
//
// A Server shows the event files below a folder (load.go, store.go), read live by
// package events, and the runs of a Source, a workspace for one (source.go). Every
// scalar is kept; only an answer is thinned to what the page asks for, and there
// the extremes stay (thin.go). What is no number is read from its file when it is
// asked for.
//
// The service is ten small messages, so they are walked and written by hand
// (request.go, answer.go) over net/http's HTTP/2 (grpc.go): a gRPC module would
// cost each supervisor's memory more than all of this.
package dataserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard/events"
)

// Source is runs that are not event files. Their names are the experiment's and
// their own.
type Source interface {
	backends.RunLister
	backends.HistoryReader
}

// Options are a Server's.
type Options struct {
	Logdir  string
	Source  Source         // beside the event files; nil for none
	Reload  time.Duration  // between two looks at the files; 0 is once
	Samples map[string]int // how many points of a plugin's series an answer has at most; -1 is all
	Log     func(format string, args ...any)
}

// ErrUnsupported says that the folder is of a kind that cannot be read: TensorBoard
// then falls back to its own reader.
var ErrUnsupported = errors.New("not a local folder")

// Server answers TensorBoard.
type Server struct {
	o Options

	mu   sync.RWMutex
	runs map[string]*logRun // by name
}

// New is a server of a folder. It reads nothing before Load.
func New(o Options) (*Server, error) {
	if scheme, _, ok := strings.Cut(o.Logdir, "://"); ok {
		return nil, fmt.Errorf("%s: %w (%s)", o.Logdir, ErrUnsupported, scheme)
	}
	if o.Logdir == "" {
		return nil, fmt.Errorf("no folder: %w", ErrUnsupported)
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return &Server{o: o, runs: map[string]*logRun{}}, nil
}

// Listen opens the address. The port file gets the port and a newline, as
// TensorBoard waits for.
func Listen(ctx context.Context, host string, port int, portFile string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if portFile == "" {
		return l, nil
	}
	if err = backends.Check(ctx, "file", "write the port file"); err == nil {
		_, bound, _ := net.SplitHostPort(l.Addr().String())
		err = os.WriteFile(portFile, []byte(bound+"\n"), 0o644)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Serve loads and answers until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: s, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var all sync.WaitGroup
	all.Go(func() { s.Load(ctx) })
	all.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
	err := server.Serve(l)
	stop()
	all.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// UntilEnd is a context that ends when in does: the parent holds the other end.
func UntilEnd(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // it ends with the process, when the parent never closes its end
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}

// most is how many points of a plugin's series are answered, asked n.
func (s *Server) most(plugin string, n int64) int {
	if limit, ok := s.o.Samples[plugin]; ok {
		if limit < 0 {
			return int(min(n, 1<<31))
		}
		n = min(n, int64(limit))
	}
	return int(min(n, 1<<31))
}

// ParseReload reads --reload: seconds, or "once".
func ParseReload(s string) (time.Duration, error) {
	if s == "once" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("--reload %q: want seconds or once", s)
	}
	return time.Duration(n) * time.Second, nil
}

// ParseSamples reads --samples-per-plugin: "scalars=500,images=all".
func ParseSamples(s string) (map[string]int, error) {
	out := map[string]int{}
	for pair := range strings.SplitSeq(s, ",") {
		if pair == "" {
			continue
		}
		plugin, count, ok := strings.Cut(pair, "=")
		n, err := strconv.ParseUint(count, 10, 31)
		switch {
		case ok && count == "all":
			out[plugin] = -1
		case ok && err == nil:
			out[plugin] = int(n)
		default:
			return nil, fmt.Errorf("--samples-per-plugin %q: want plugin=count", pair)
		}
	}
	return out, nil
}

// run is what is answered from: a folder of event files, or a run of a Source.
type run interface {
	name() string
	start() float64            // seconds since 1970
	tags(c events.Class) []tag // by name
	scalars(ctx context.Context, tag string) (points, error)
	data(tag string) []datum
	open(d datum) (io.ReadCloser, error)
}

// tag is what a listing says of a series.
type tag struct {
	name    string
	meta    events.Metadata
	step    int64 // the greatest
	wall    float64
	longest int // of blobs: how many one datum has at most
}
