package tail

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"flightdeck/backends"
)

// Shelf holds the logs that are looked at now: the clients of a process that look
// at the same one share it, and its stream. The first who opens a log starts its
// stream, the last who leaves ends it and gives its memory back.
type Shelf struct {
	mu   sync.Mutex
	logs map[string]*shelved
	opts Options
}

// shelved is one log and who looks at it.
type shelved struct {
	log   *Log
	users int
	stop  context.CancelFunc
	done  chan struct{}
}

// NewShelf is an empty shelf of logs with these options.
func NewShelf(o Options) *Shelf { return &Shelf{logs: map[string]*shelved{}, opts: o} }

// Stream gives a log's lines from a sequence number on, as a LogStreamer does.
type Stream func(ctx context.Context, from int64) iter.Seq2[backends.LogLine, error]

// Open gives the log called key until ctx ends. A stream that fails is asked again
// where it stopped, after a moment that doubles up to half a minute; one that ends
// by itself is over.
func (s *Shelf) Open(ctx context.Context, key string, stream Stream) *Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.logs[key]
	if sh == nil {
		run, stop := context.WithCancel(context.WithoutCancel(ctx))
		sh = &shelved{log: New(s.opts), stop: stop, done: make(chan struct{})}
		s.logs[key] = sh
		go func() {
			defer close(sh.done)
			follow(run, sh.log, stream)
		}()
	}
	sh.users++
	context.AfterFunc(ctx, func() { s.leave(key, sh) })
	return sh.log
}

func (s *Shelf) leave(key string, sh *shelved) {
	s.mu.Lock()
	sh.users--
	last := sh.users == 0
	if last {
		delete(s.logs, key)
	}
	s.mu.Unlock()
	if last {
		sh.stop()
		<-sh.done
		_ = sh.log.Close() // its file has no name; there is nothing that could be done
	}
}

// longest is the longest pause between two tries.
const longest = 30 * time.Second

func follow(ctx context.Context, log *Log, stream Stream) {
	f := Feed{Log: log}
	pause := time.Second
	for ctx.Err() == nil {
		before := f.Next()
		err := f.Run(ctx, stream(ctx, before))
		if err == nil || errors.Is(err, backends.ErrNotFound) || errors.Is(err, ErrClosed) {
			return
		}
		if f.Next() > before {
			pause = time.Second
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
		case <-t.C:
		}
		pause = min(2*pause, longest)
	}
}
