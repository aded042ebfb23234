package job

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"flightdeck/backends"
)

// follow starts the followers, once there is a tracker that takes what they find.
func (s *supervisor) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, f := range s.o.Followers {
		wg.Go(func() { s.followOne(ctx, f) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	s.unfollow = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second): // a follower that does not listen must not keep the end from being told
		}
	}
}

// followOne runs a follower until ctx ends, and again some seconds after it failed.
func (s *supervisor) followOne(ctx context.Context, f backends.Follower) {
	for {
		if sink, ok := s.endpoint.tracker().(backends.FollowSink); ok {
			if err := f.Follow(ctx, s.source(), sink); err != nil && ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "supervisor: follow %s: %v\n", f.Kind(), err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Second):
		}
	}
}

// source is where the child writes.
func (s *supervisor) source() backends.FollowSource {
	o := &owner{id: s.id, jobs: filepath.Dir(s.dir), dir: s.spec.Spec.Dir}
	return backends.FollowSource{Dir: s.spec.Spec.Dir, Since: s.st.Started, Owns: o.owns, Lines: s.lines}
}

func (s *supervisor) lines(ctx context.Context, o backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	return New(Options{Dir: filepath.Dir(s.dir), Now: s.o.Now}).Logs(ctx, s.id, o)
}
