package wandb

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/grow"
)

const (
	manyPoints = 1 << 16 // are told at once
	// rest is how long a log that has no end stands still before its summary counts.
	rest = 10 * time.Second
	// dead is how long one stands still, without an end, before its process is taken for
	// gone: samples of the machine come every few seconds.
	dead = 5 * time.Minute
)

type reader struct {
	place folder.Place
	path  string // of the log
	tail  grow.File
	log   log
	*state
	to folder.Sink // of the Read that runs
}

// state is what the log said so far; it is made anew when the file is.
type state struct {
	info, told folder.Info
	params     []backends.Param
	tags       []backends.Tag
	cols       map[string]*backends.Points // by key; empty once told
	keys       []string                    // of cols, in the order they came
	pending    int                         // points in cols
	last       moment                      // of the history
	samples    int64
	sums       tree
	texts      map[string]bool
	out        output
	exited     bool
	written    time.Time // when the file was, as far as it is read
	errors     int
}

func (r *reader) restart() {
	r.log = log{}
	r.state = &state{cols: map[string]*backends.Points{}, sums: tree{}, texts: map[string]bool{}, last: moment{step: -1}}
}

// Read tells what is new.
func (r *reader) Read(ctx context.Context, to folder.Sink) error {
	r.to = to
	defer func() { r.to = nil }()
	err := r.tail.Read(ctx, func() {
		to.Forget()
		r.restart()
	}, func(p []byte, at int64, mtime time.Time) int {
		r.written = mtime
		return r.log.take(p, at, func(rec []byte, s span) {
			if err := r.record(rec, s); err != nil {
				r.trouble(err)
			}
			if r.pending > manyPoints {
				r.flush()
			}
		}, to.Trouble)
	})
	if len(r.sums) > 0 && (r.exited || err == nil && time.Since(r.written) > rest) {
		r.conclude("", r.sums, 0)
		r.sums = tree{}
	}
	r.flush()
	r.printed()
	if !r.exited && !r.written.IsZero() {
		r.info.Status, r.info.End = "", time.Time{}
		if time.Since(r.written) > dead {
			r.info.Status, r.info.End = backends.RunKilled, r.written
		}
	}
	r.tell()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// tell gives what is known of the run as a whole, when that changed.
func (r *reader) tell() {
	i, t := r.info, r.told
	if i.Name != t.Name || i.Experiment != t.Experiment || i.Status != t.Status || !i.Start.Equal(t.Start) || !i.End.Equal(t.End) || i.User != t.User {
		r.told = i
		r.to.Info(i)
	}
}

// flush tells what was gathered.
func (r *reader) flush() {
	for _, key := range r.keys {
		if c := r.cols[key]; c.Len() > 0 {
			r.to.Points(key, *c)
			*c = backends.Points{Step: c.Step[:0], Time: c.Time[:0], Value: c.Value[:0]}
		}
	}
	r.pending = 0
	if len(r.params) > 0 {
		r.to.Params(r.params...)
		r.params = nil
	}
	if len(r.tags) > 0 {
		r.to.Tags(r.tags...)
		r.tags = nil
	}
}

func (r *reader) trouble(err error) {
	if r.errors++; r.errors <= maxTold {
		r.to.Trouble(err)
	}
}

// Close has nothing to close: no file stays open.
func (r *reader) Close() error { return nil }
