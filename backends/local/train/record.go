package train

import (
	"context"
	"fmt"
	"io"
	"time"

	"flightdeck/backends"
)

// flushEvery is how long points may wait, so that curves are live and a training
// of many short epochs does not spend its time on requests.
const flushEvery = 200 * time.Millisecond

// recorder collects points for the sink. A sink that fails for a while costs no
// point: they are kept and sent again with the next ones, and only the last
// failure is an error.
type recorder struct {
	sink    Sink
	out     io.Writer
	now     func() time.Time
	pending []backends.Metric
	last    time.Time
	warned  bool
}

func (r *recorder) add(key string, value float64, step int64) {
	r.pending = append(r.pending, backends.Metric{Key: key, Value: value, Step: step, Time: r.now().UnixMilli()})
}

func (r *recorder) flushSometimes(ctx context.Context) {
	if r.now().Sub(r.last) < flushEvery && len(r.pending) < MaxBatch {
		return
	}
	if err := r.flush(ctx); err != nil && !r.warned && ctx.Err() == nil {
		r.warned = true
		fmt.Fprintf(r.out, "%v; the points are kept and sent again later\n", err)
	}
}

func (r *recorder) flush(ctx context.Context) error {
	r.last = r.now()
	for len(r.pending) > 0 {
		n := min(len(r.pending), MaxBatch)
		if err := r.sink.Metrics(ctx, r.pending[:n:n]); err != nil {
			return fmt.Errorf("log %d metrics: %w", len(r.pending), err)
		}
		r.pending = r.pending[n:]
	}
	r.pending = nil
	return nil
}

// discard is the Sink of a training that nobody records.
type discard struct{}

func (discard) CreateRun(_ context.Context, _, resume string) (string, error) { return resume, nil }
func (discard) Params(context.Context, []backends.Param) error                { return nil }
func (discard) Metrics(context.Context, []backends.Metric) error              { return nil }
func (discard) Tags(context.Context, []backends.Tag) error                    { return nil }
func (discard) Inputs(context.Context, []backends.Dataset) error              { return nil }
func (discard) Artifact(context.Context, string, []byte) error                { return nil }
func (discard) Finish(context.Context, backends.RunStatus) error              { return nil }
