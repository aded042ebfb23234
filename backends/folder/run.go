package folder

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"flightdeck/backends"
)

// run is one place and what was read of it.
type run struct {
	b *Backend

	// Guarded by the backend's lock.
	place   Place
	now     stamp     // of its files
	read    stamp     // what they were when the last read began
	once    bool      // it was read to its end
	reading bool      // by whoever set this, who alone may use reader
	gone    bool      // it is not in the tree any more
	failed  int       // reads in a row that did not come to their end
	moved   time.Time // when its files were seen to grow
	done    chan struct{}
	reader  Reader
	kept    bool // reader counts among the open ones

	mu    sync.Mutex // guards what follows
	state state
	shown *backends.Run
	saw   uint64 // rev of the state in shown
	quiet bool   // in shown
	dates stamp  // in shown
	name  string // of the place, in shown
}

func newRun(b *Backend, p Place) *run { return &run{b: b, place: p, state: newState()} }

// The methods up to snapshot need the backend's lock.

// moveTo takes over what the format says of the place now.
func (r *run) moveTo(p Place) bool {
	if r.place == p {
		return false
	}
	r.place = p
	return true
}

// grew takes over what the tree says of its files.
func (r *run) grew(s stamp) bool {
	if s == r.now {
		return false
	}
	if r.now.files > 0 {
		r.moved = time.Now()
	}
	r.now = s
	return true
}

// stale says that there is something to read.
func (r *run) stale() bool { return !r.gone && (!r.once || r.read != r.now) }

// lively says whether its files have grown a moment ago, by what was seen of it or
// by their own times. These may come from a host whose clock is wrong, so that what
// lies in the future says nothing.
func (r *run) lively(now time.Time, grace time.Duration) bool {
	if !r.moved.IsZero() && time.Since(r.moved) < grace {
		return true
	}
	if r.now.newest == 0 {
		return false
	}
	age := now.Sub(time.Unix(0, r.now.newest))
	return age > -grace && age < grace
}

// snapshot is the run as it is known now: the pointer that was given before while
// nothing of it is another one.
func (r *run) snapshot(quiet bool) *backends.Run {
	r.b.mu.Lock()
	place, dates := r.place, r.now
	r.b.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	st := &r.state
	if r.shown != nil && (st.anew || r.saw == st.rev && r.quiet == quiet && r.dates == dates && r.name == place.Name) {
		return r.shown
	}
	made := r.picture(&place, dates, quiet)
	r.saw, r.quiet, r.dates, r.name = st.rev, quiet, dates, place.Name
	if r.shown != nil {
		made.Rev = r.shown.Rev
		if sameRun(made, r.shown) {
			return r.shown
		}
		made.Rev++
	}
	r.shown = made
	return made
}

func sameRun(a, b *backends.Run) bool {
	return reflect.DeepEqual(*withoutMetrics(a), *withoutMetrics(b)) && slices.EqualFunc(a.Metrics, b.Metrics, func(x, y backends.Metric) bool {
		return x.Key == y.Key && x.Step == y.Step && x.Time == y.Time && math.Float64bits(x.Value) == math.Float64bits(y.Value)
	})
}

func withoutMetrics(r *backends.Run) *backends.Run {
	c := *r
	c.Metrics = nil
	return &c
}

// picture writes the run out.
func (r *run) picture(p *Place, dates stamp, quiet bool) *backends.Run {
	st := &r.state
	exp := cmp.Or(st.info.Experiment, r.b.experiment(p))
	out := &backends.Run{
		ID: p.ID, Name: st.info.Name, Experiment: exp, ExpName: exp, Backend: r.b.name, Parent: p.Parent, Status: st.info.Status,
		Start: st.info.Start, End: st.info.End, User: st.info.User, Inputs: slices.Clone(st.info.Inputs), Rev: 1,
	}
	if out.Name == "" {
		out.Name = p.Name
	}
	if out.Start.IsZero() && st.first > 0 {
		out.Start = time.UnixMilli(st.first)
	}
	if out.Start.IsZero() {
		out.Start = whenOf(dates.oldest)
	}
	if out.Status == "" {
		out.Status = backends.RunFinished
		if !quiet && out.End.IsZero() {
			out.Status = backends.RunRunning
		}
	}
	if out.End.IsZero() && !out.Active() {
		out.End = whenOf(dates.newest)
	}
	if !out.End.IsZero() && out.End.Before(out.Start) {
		out.End = out.Start
	}
	out.Params, out.Tags, out.Metrics = pairs(st.params, backends.Param{}), st.allTags(), st.latest()
	for i := range out.Metrics {
		if m := &out.Metrics[i]; (math.IsNaN(m.Value) || math.IsInf(m.Value, 0)) && !strings.HasPrefix(m.Key, "system/") {
			out.Diverged = fmt.Sprintf("%s is %s at step %d", m.Key, strings.TrimPrefix(fmt.Sprint(m.Value), "+"), m.Step)
			break
		}
	}
	return out
}

// pairs is a map as a list that is sorted by key.
func pairs[T backends.Param | backends.Tag](of map[string]string, _ T) []T {
	if len(of) == 0 {
		return nil
	}
	out := make([]T, 0, len(of))
	for k, v := range of {
		out = append(out, T{Key: k, Value: v})
	}
	slices.SortFunc(out, func(a, b T) int { return strings.Compare(backends.Param(a).Key, backends.Param(b).Key) })
	return out
}
