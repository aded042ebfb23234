package job

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// endpoint serves the tracker on the job's socket. The socket itself is the
// keeper's: what a client sends while there is no supervisor waits in its queue.
type endpoint struct {
	t   atomic.Pointer[Tracker]
	srv *http.Server
}

func (e *endpoint) tracker() Tracker {
	if t := e.t.Load(); t != nil {
		return *t
	}
	return nil
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if t := e.tracker(); t != nil {
		t.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, "the store cannot be opened now; see the job's trouble", http.StatusServiceUnavailable)
}

func (e *endpoint) serve(ctx context.Context, l net.Listener) {
	e.srv = &http.Server{
		Handler: e, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go e.srv.Serve(l) // ends with close or drain
}

// drain lets the requests that are being answered finish, and takes no more.
func (e *endpoint) drain() {
	if e.srv == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = e.srv.Shutdown(ctx) // who is slower than that is cut off by close
}

func (e *endpoint) close() {
	if e.srv != nil {
		e.srv.Close()
	}
}
