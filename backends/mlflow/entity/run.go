// Package entity is what the three ways of reading MLflow have in common: how its
// runs become ours, which file names are images, and which of a run's artifacts lie
// on this machine.
package entity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"flightdeck/backends"
)

// TagContext is the input tag in which MLflow says what a data set was for.
const TagContext = "mlflow.data.context"

// TagDigest is the input tag in which an export keeps a digest that is longer than
// the 36 characters which MLflow takes.
const TagDigest = "flightdeck.digest"

// Finish brings a run that was filled from MLflow's fields into the shape that
// backends.Run promises: sorted, and with what its tags say. A key that came twice,
// which none of MLflow's stores writes, stays once.
func Finish(r *backends.Run) {
	r.Params = unique(r.Params, func(p backends.Param) string { return p.Key })
	r.Metrics = unique(r.Metrics, func(m backends.Metric) string { return m.Key })
	r.Tags = unique(r.Tags, func(t backends.Tag) string { return t.Key })
	r.Parent, r.Job = r.Tag(backends.TagParent), r.Tag(backends.TagJob)
	r.Exit, r.Diverged = r.Tag(backends.TagExit), r.Tag(backends.TagDiverged)
	if r.Name == "" {
		r.Name = r.Tag(backends.TagName)
	}
	if r.User == "" || r.User == "unknown" { // what a client that was not asked writes
		r.User = cmp.Or(r.Tag(backends.TagUser), r.User)
	}
	if r.Diverged == "" {
		r.Diverged = diverged(r.Metrics)
	}
}

// diverged says which last value is no number. A sensor that has nothing to say is
// not a model that went wrong.
func diverged(last []backends.Metric) string {
	for _, m := range last {
		if (math.IsNaN(m.Value) || math.IsInf(m.Value, 0)) && !strings.HasPrefix(m.Key, "system/") {
			return fmt.Sprintf("%s is %v at step %d", m.Key, m.Value, m.Step)
		}
	}
	return ""
}

func unique[T any](s []T, key func(T) string) []T {
	slices.SortStableFunc(s, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return slices.CompactFunc(s, func(a, b T) bool { return key(a) == key(b) })
}

// Stored is the value that MLflow's SQL store was given: it keeps an infinity as the
// greatest double, and gives that back. Nobody's loss is that number otherwise.
func Stored(v float64) float64 {
	switch v {
	case math.MaxFloat64:
		return math.Inf(1)
	case -math.MaxFloat64:
		return math.Inf(-1)
	}
	return v
}

// Latest reports whether b, not a, is what MLflow takes for the last value of a
// metric: by step, then time, then value; NaN is the smallest value.
func Latest(a, b backends.Metric) bool {
	return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Value, b.Value)) <= 0
}

// Sort orders a listing as backends.RunLister promises: newest first.
func Sort(runs []*backends.Run) {
	slices.SortFunc(runs, func(a, b *backends.Run) int {
		return cmp.Or(b.Start.Compare(a.Start), strings.Compare(a.ID, b.ID))
	})
}

// Keep returns old when now says the same, so that callers see by the pointer that
// a run did not change; else now, with a higher Rev.
func Keep(old, now *backends.Run) *backends.Run {
	if old == nil {
		return now
	}
	if same(old, now) {
		return old
	}
	now.Rev = old.Rev + 1
	return now
}

func same(a, b *backends.Run) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Experiment == b.Experiment && a.ExpName == b.ExpName && a.Parent == b.Parent &&
		a.Status == b.Status && a.Exit == b.Exit && a.Diverged == b.Diverged && a.Deleted == b.Deleted && a.User == b.User && a.Job == b.Job &&
		a.Start.Equal(b.Start) && a.End.Equal(b.End) && slices.Equal(a.Params, b.Params) && slices.Equal(a.Tags, b.Tags) &&
		a.Artifacts == b.Artifacts && slices.EqualFunc(a.Inputs, b.Inputs, sameInput) && slices.EqualFunc(a.Metrics, b.Metrics, SameMetric)
}

func sameInput(a, b backends.Dataset) bool {
	return a.Name == b.Name && a.Digest == b.Digest && a.SourceType == b.SourceType && a.Source == b.Source && a.Schema == b.Schema &&
		a.Profile == b.Profile && a.Context == b.Context && slices.Equal(a.Tags, b.Tags)
}

// Use notes on a data set what the tags of its use say.
func Use(d *backends.Dataset, tags []backends.Tag) {
	for _, t := range tags {
		switch t.Key {
		case TagContext:
			d.Context = t.Value
		case TagDigest:
			d.Digest = t.Value
		default:
			d.Tags = append(d.Tags, t)
		}
	}
	slices.SortFunc(d.Tags, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
}

// SameMetric is equality in which NaN equals itself.
func SameMetric(a, b backends.Metric) bool {
	return a.Key == b.Key && a.Step == b.Step && a.Time == b.Time && math.Float64bits(a.Value) == math.Float64bits(b.Value)
}

// Status is the run status of MLflow's number in files, RUNNING for one that no
// version writes. Numbers: mlflow/protos/service.proto, RunStatus.
func Status(n string) backends.RunStatus {
	switch n {
	case "2", "SCHEDULED":
		return backends.RunScheduled
	case "3", "FINISHED":
		return backends.RunFinished
	case "4", "FAILED":
		return backends.RunFailed
	case "5", "KILLED":
		return backends.RunKilled
	}
	return backends.RunRunning
}

// SourcePath is a model version's source as a path within its run where MLflow's
// layout lets that be seen, else the source as it is.
func SourcePath(source, run string) string {
	if run == "" {
		return source
	}
	if rest, ok := strings.CutPrefix(source, "runs:/"+run+"/"); ok {
		return rest
	}
	if _, rest, ok := strings.Cut(source, "/"+run+"/artifacts/"); ok {
		return strings.TrimSuffix(rest, "/")
	}
	return source
}

// SortVersions orders the versions of a model newest first.
func SortVersions(vs []backends.ModelVersion) {
	slices.SortFunc(vs, func(a, b backends.ModelVersion) int {
		return cmp.Or(cmp.Compare(len(b.Version), len(a.Version)), strings.Compare(b.Version, a.Version))
	})
}
