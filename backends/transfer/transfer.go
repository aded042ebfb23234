// Package transfer copies runs from any backend to a destination: the local store, an
// MLflow server. It knows neither: a source is asked for its capabilities, and a
// destination is an interface that cmd fills.
//
// A copy can be cut off at any moment and gone on with. The run that was made carries
// the tag TagSource, by which it is found again; what is there already is not sent
// twice. When all has arrived it gets TagCopied, a digest of what was copied, and then
// its end; it is left alone from then on unless the source says more.
//
// What a destination cannot take is not dropped in silence: it is named in the
// Report. A refusal of one value costs that value, not the run.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"flightdeck/backends"
)

// Tags that a copy carries.
const (
	TagSource = "flightdeck.source" // "<backend>/<run id>"
	TagCopied = "flightdeck.copied" // digest of what was copied, once all but the end is
)

// Destination takes runs.
type Destination interface {
	Name() string // as the report calls it
	// Experiment is the id of the experiment of that name, made if need be.
	Experiment(ctx context.Context, e backends.Experiment) (id string, err error)
	// Find is the copy that an earlier attempt made, nil for none. It looks at the tag
	// TagSource in all experiments.
	Find(ctx context.Context, source string) (Copy, error)
	// Create makes a run with its name, user, start and the tags given.
	Create(ctx context.Context, experiment string, r *backends.Run, tags []backends.Tag) (Copy, error)
	// Model registers a version of a model from a run's artifact, both of the
	// destination's, and returns the version's number there; made is false when an
	// earlier attempt did so.
	Model(ctx context.Context, m backends.RegisteredModel, v backends.ModelVersion) (version string, made bool, err error)
	// Alias points an alias at a version.
	Alias(ctx context.Context, model, alias, version string) error
}

// Limiter is a destination that cuts what is longer, in characters; 0 is no limit.
type Limiter interface{ Limits() (param, tag int) }

// Copy is one run at the destination.
type Copy interface {
	Run() *backends.Run // as it is there; of one that was just made, id and tags at least
	// Points are those of a metric that have arrived.
	Points(ctx context.Context, key string) (backends.Points, error)
	Artifacts(ctx context.Context) ([]backends.Artifact, error)
	// Log sends one batch, of at most MaxMetrics and MaxPairs; a value that the
	// destination refuses is a *RefusedError.
	Log(ctx context.Context, b Batch) error
	Inputs(ctx context.Context, in []backends.Dataset) error
	// Artifact sends a file; open may be called again when a try failed.
	Artifact(ctx context.Context, a backends.Artifact, open func() (io.ReadCloser, error)) error
	// End gives the run its status and end, and puts it into the deleted stage if it
	// was there.
	End(ctx context.Context, r *backends.Run) error
}

// Batch is what is logged at once.
type Batch struct {
	Metrics []backends.Metric
	Params  []backends.Param
	Tags    []backends.Tag
}

// Limits of a Batch.
const (
	MaxMetrics = 1000
	MaxPairs   = 100
)

// RefusedError is a destination's word that it will never take something, however
// often it is sent.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

func refused(err error) bool {
	var r *RefusedError
	return errors.As(err, &r)
}

// Options say what of a source is copied.
type Options struct {
	Origin     string          // what the source is called in TagSource; "" is where it reads, or its name
	Runs       []*backends.Run // of the source
	Experiment string          // a name for all; "" keeps each one's own
	Models     bool            // registered models whose versions are of these runs
	Progress   func(backends.Progress)
}

// Run copies. It stops at the first error that is no refusal: the report then says
// how far it came, and calling it again goes on.
func Run(ctx context.Context, from backends.Backend, to Destination, o Options) (*Report, error) {
	t := &transfer{from: from, to: to, o: o, report: &Report{Source: from.Name(), Destination: to.Name()}, ids: map[string]string{}, exps: map[string]string{}}
	if o.Progress == nil {
		t.o.Progress = func(backends.Progress) {}
	}
	if l, ok := to.(Limiter); ok {
		t.maxParam, t.maxTag = l.Limits()
	}
	t.describe(ctx)
	for i, r := range ordered(o.Runs) {
		t.progress = backends.Progress{Done: int64(i), Total: int64(len(o.Runs)), Unit: "runs", Note: r.Name}
		t.o.Progress(t.progress)
		if err := t.run(ctx, r); err != nil {
			return t.report, fmt.Errorf("copy %s: %w", r.Name, err)
		}
	}
	if o.Models {
		if err := t.models(ctx); err != nil {
			return t.report, err
		}
	}
	t.o.Progress(backends.Progress{Done: int64(len(o.Runs)), Total: int64(len(o.Runs)), Unit: "runs"})
	return t.report, nil
}

type transfer struct {
	from     backends.Backend
	to       Destination
	o        Options
	report   *Report
	progress backends.Progress
	maxParam int
	maxTag   int
	known    map[string]backends.Experiment // of the source, by id
	exps     map[string]string              // id at the destination, by name
	ids      map[string]string              // id at the destination, by id at the source
}

// ordered puts parents before their children, else oldest first, so that they come
// out as they came in.
func ordered(runs []*backends.Run) []*backends.Run {
	left := slices.Clone(runs)
	slices.SortStableFunc(left, func(a, b *backends.Run) int { return a.Start.Compare(b.Start) })
	in := map[string]*backends.Run{}
	for _, r := range left {
		in[r.ID] = r
	}
	var out []*backends.Run
	state := map[string]int{} // 1: on the way, 2: out
	var put func(r *backends.Run)
	put = func(r *backends.Run) {
		if state[r.ID] > 0 { // a circle of parents ends here
			return
		}
		state[r.ID] = 1
		if p := in[r.Parent]; p != nil {
			put(p)
		}
		state[r.ID] = 2
		out = append(out, r)
	}
	for _, r := range left {
		put(r)
	}
	return out
}

// describe learns of the source's experiments what a run does not say.
func (t *transfer) describe(ctx context.Context) {
	t.known = map[string]backends.Experiment{}
	l, ok := t.from.(backends.ExperimentLister)
	if !ok {
		return
	}
	all, err := l.Experiments(ctx)
	if err != nil {
		t.report.lost("experiments", "", "their tags: "+err.Error())
	}
	for _, e := range all {
		t.known[e.ID] = e
	}
}

func (t *transfer) experiment(ctx context.Context, r *backends.Run) (string, error) {
	e, ok := t.known[r.Experiment]
	if !ok {
		e = backends.Experiment{Name: r.ExpName}
	}
	if e.Name == "" {
		e.Name = "Default"
	}
	if t.o.Experiment != "" {
		e = backends.Experiment{Name: t.o.Experiment}
	}
	if id, ok := t.exps[e.Name]; ok {
		return id, nil
	}
	id, err := t.to.Experiment(ctx, e)
	if err != nil {
		return "", fmt.Errorf("experiment %s: %w", e.Name, err)
	}
	t.exps[e.Name] = id
	return id, nil
}

// source is the value of TagSource for a run: where the backend reads, which a name
// that somebody chose would not say as well, and the run's id there.
func (t *transfer) source(id string) string {
	if t.o.Origin != "" {
		return t.o.Origin + "/" + id
	}
	if w, ok := t.from.(interface{ Where() string }); ok {
		return w.Where() + "/" + id
	}
	return t.from.Name() + "/" + id
}

// Digest is a short word for all that a listing says of a run: when it is another,
// there is something to copy.
func Digest(r *backends.Run) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %v %d %d %q\n%q\n%q\n", r.Name, r.Status, r.Deleted, millis(r.Start), millis(r.End), r.User, r.Params, r.Tags)
	for _, m := range r.Metrics {
		fmt.Fprintf(h, "%q %x %d %d\n", m.Key, math.Float64bits(m.Value), m.Step, m.Time)
	}
	for _, d := range r.Inputs {
		fmt.Fprintf(h, "%q %q %q\n", d.Name, d.Digest, d.Context)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
