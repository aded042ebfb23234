// Package of lets the query language ask about runs: it makes a *backends.Run a
// query.Subject and says which fields runs have. It is apart from query because
// query knows no type of ours.
package of

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/query"
)

// Run is a run as the language sees it. A list sets one value to each of its rows
// in turn; it is not for concurrent use.
type Run struct {
	Run *backends.Run
	Now time.Time // what took is measured to while the run is active

	text    []string
	metrics places
	params  places
}

// places remembers where keys stood in the run before. Runs of one experiment log
// the same keys, so the next run mostly has them at the same places.
type places []struct {
	key string
	at  int
}

// at is the place of key in a sorted list of n, or -1.
func (p *places) at(key string, n int, keyAt func(int) string) int {
	for i := range *p {
		if e := &(*p)[i]; e.key == key {
			if e.at >= n || keyAt(e.at) != key {
				at, ok := sort.Find(n, func(i int) int { return strings.Compare(key, keyAt(i)) })
				if !ok {
					return -1
				}
				e.at = at
			}
			return e.at
		}
	}
	if len(*p) < 16 {
		*p = append(*p, struct {
			key string
			at  int
		}{key: key})
		return p.at(key, n, keyAt)
	}
	at, ok := sort.Find(n, func(i int) int { return strings.Compare(key, keyAt(i)) })
	if !ok {
		return -1
	}
	return at
}

// Filter keeps the runs that match, in their order.
func Filter(runs []*backends.Run, x query.Expr, now time.Time) []*backends.Run {
	if all, ok := x.(query.And); ok && len(all) == 0 {
		return runs
	}
	var out []*backends.Run
	s := &Run{Now: now}
	for _, r := range runs {
		if s.Run = r; x.Match(s) {
			out = append(out, r)
		}
	}
	return out
}

// Metric is the last value of a metric.
func (s *Run) Metric(key string) (float64, bool) {
	all := s.Run.Metrics
	at := s.metrics.at(key, len(all), func(i int) string { return all[i].Key })
	if at < 0 {
		return 0, false
	}
	return all[at].Value, true
}

// Param is the value of a param.
func (s *Run) Param(key string) (string, bool) {
	all := s.Run.Params
	at := s.params.at(key, len(all), func(i int) string { return all[i].Key })
	if at < 0 {
		return "", false
	}
	return all[at].Value, true
}

// Tag is the value of a tag.
func (s *Run) Tag(key string) (string, bool) {
	i, ok := slices.BinarySearchFunc(s.Run.Tags, key, func(t backends.Tag, key string) int {
		return strings.Compare(t.Key, key)
	})
	if !ok {
		return "", false
	}
	return s.Run.Tags[i].Value, true
}

// Dataset is what the inputs say about one of MLflow's dataset fields.
func (s *Run) Dataset(field string) []string {
	out := make([]string, 0, len(s.Run.Inputs))
	for i := range s.Run.Inputs {
		switch d := &s.Run.Inputs[i]; field {
		case "name":
			out = append(out, d.Name)
		case "digest":
			out = append(out, d.Digest)
		case "context":
			if d.Context != "" {
				out = append(out, d.Context)
			}
		}
	}
	return out
}

// StateWord is how a run is doing, in the word that a list shows.
func StateWord(r *backends.Run) string {
	switch {
	case r.Diverged != "":
		return "diverged"
	case r.Status == backends.RunRunning:
		return "training"
	case r.Status == backends.RunScheduled:
		return "waiting"
	case r.Status == backends.RunFinished:
		return "finished"
	case r.Status == backends.RunKilled:
		return "stopped"
	}
	return cmp.Or(r.Exit, "failed")
}

// Text is the name, the experiment, the source, the state, the note and the tags that a
// person set. It is valid until the next call.
func (s *Run) Text() []string {
	r := s.Run
	out := append(s.text[:0], r.Name, r.ExpName, r.Backend, r.User, r.ID, StateWord(r))
	for i := range r.Tags {
		switch t := &r.Tags[i]; {
		case t.Key == backends.TagNote, !strings.HasPrefix(t.Key, "mlflow.") && !strings.HasPrefix(t.Key, "flightdeck."):
			out = append(out, t.Value)
		}
	}
	s.text = out
	return out
}

// Attr answers the names of Schema and MLflow's own.
func (s *Run) Attr(name string) (query.Value, bool) {
	r := s.Run
	switch name {
	case "name", "run_name":
		return text(r.Name)
	case "id", "run_id":
		return text(r.ID)
	case "state":
		return state(r)
	case "status":
		return text(string(r.Status))
	case "start", "start_time":
		return moment(r.Start)
	case "end", "end_time":
		return moment(r.End)
	case "took":
		return query.DurationValue(r.Took(s.Now)), !r.Start.IsZero()
	case "user", "user_id":
		return text(r.User)
	case "source":
		return text(r.Backend)
	case "job":
		return text(r.Job)
	case "experiment":
		return text(r.ExpName)
	case "experiment_id":
		return text(r.Experiment)
	case "parent":
		return text(r.Parent)
	case "note":
		return text(r.Tag(backends.TagNote))
	case "exit":
		return text(r.Exit)
	case "diverged":
		return text(r.Diverged)
	case "epoch", "progress":
		return progress(r, name)
	case "artifact_uri":
		if r.Artifacts != "" {
			return text(r.Artifacts)
		}
		return text("mlflow-artifacts:/" + r.Experiment + "/" + r.ID + "/artifacts")
	}
	return query.Value{}, false
}

func text(s string) (query.Value, bool) { return query.TextValue(s), s != "" }

func moment(t time.Time) (query.Value, bool) { return query.TimeValue(t), !t.IsZero() }

// state is what a list shows: the status, and diverged besides.
func state(r *backends.Run) (query.Value, bool) {
	v := query.Value{Kind: query.Word, Str: string(r.Status)}
	if r.Diverged != "" {
		v.Alt = "diverged"
	}
	return v, r.Status != ""
}

// progress is the share that is done, or what it is counted in.
func progress(r *backends.Run, name string) (query.Value, bool) {
	done, total, unit := r.Progress()
	if name == "progress" {
		return query.NumberValue(done / max(total, 1)), total > 0
	}
	if unit == "epoch" {
		return query.NumberValue(done), true
	}
	m, ok := r.Metric("epoch")
	return query.NumberValue(m.Value), ok
}

// Schema is the fields of runs, with the keys and values that these runs have.
func Schema(runs []*backends.Run) query.Schema {
	metrics, params, tags := map[string]bool{}, map[string]bool{}, map[string]bool{}
	before := &backends.Run{}
	for _, r := range runs { // most have the keys of the run before, at the same places
		for i := range r.Metrics {
			if k := r.Metrics[i].Key; i >= len(before.Metrics) || before.Metrics[i].Key != k {
				metrics[k] = true
			}
		}
		for i := range r.Params {
			if k := r.Params[i].Key; i >= len(before.Params) || before.Params[i].Key != k {
				params[k] = true
			}
		}
		for i := range r.Tags {
			if k := r.Tags[i].Key; i >= len(before.Tags) || before.Tags[i].Key != k {
				tags[k] = true
			}
		}
		before = r
	}
	return query.Schema{
		Attrs:   attrs(),
		Metrics: slices.Sorted(maps.Keys(metrics)), Params: slices.Sorted(maps.Keys(params)), Tags: slices.Sorted(maps.Keys(tags)),
		Values: func(f query.Field) []string { return values(runs, f) },
	}
}

func attrs() []query.Attr {
	return []query.Attr{
		{
			Name: "state", Aliases: []string{"status"}, Kind: query.Word, Note: "training, finished, failed, …",
			Values: []string{"running", "finished", "failed", "killed", "scheduled", "diverged"},
			Synonyms: map[string]string{
				"training": "running", "active": "running", "done": "finished", "ok": "finished", "succeeded": "finished",
				"error": "failed", "crashed": "failed", "stopped": "killed", "waiting": "scheduled", "queued": "scheduled",
			},
		},
		{Name: "name", Aliases: []string{"run", "run_name", "run name"}, Note: "of the run"},
		{Name: "start", Aliases: []string{"started", "start_time", "created"}, Kind: query.Time, Note: "-2h, today, 2026-11-01"},
		{Name: "end", Aliases: []string{"ended", "end_time"}, Kind: query.Time, Note: "-2h, today, 2026-11-01"},
		{Name: "took", Aliases: []string{"duration"}, Kind: query.Duration, Note: "90s, 10m, 1h30m"},
		{Name: "epoch", Kind: query.Number, Note: "the last one"},
		{Name: "progress", Kind: query.Number, Note: "0 to 1"},
		{Name: "source", Aliases: []string{"backend"}, Note: "local, mlflow, …"},
		{Name: "experiment", Aliases: []string{"exp", "experiment_name"}, Note: "its name"},
		{Name: "experiment_id", Note: "a number"},
		{Name: "job", Note: "the job that ran it"},
		{Name: "user", Aliases: []string{"user_id"}, Note: "who"},
		{Name: "parent", Aliases: []string{"parent_run_id"}, Note: "the run that it belongs to"},
		{Name: "note", Aliases: []string{"notes", "description"}, Note: "what was written about it"},
		{Name: "exit", Note: "of the job: exit 1"},
		{Name: "diverged", Note: "why"},
		{Name: "id", Aliases: []string{"run_id", "run_uuid"}, Note: "32 hex digits"},
		{Name: "artifact_uri", Note: "where its files are"},
	}
}

// values are the different ones of a field, at most 50 of them, for completion.
func values(runs []*backends.Run, f query.Field) []string {
	if f.Entity == query.Metrics || f.Entity == query.Attribute && f.Key == "id" {
		return nil
	}
	seen := map[string]bool{}
	for _, r := range runs {
		s := &Run{Run: r}
		var vs []string
		switch f.Entity {
		case query.Params:
			if v, ok := s.Param(f.Key); ok {
				vs = []string{v}
			}
		case query.Tags:
			if v, ok := s.Tag(f.Key); ok {
				vs = []string{v}
			}
		case query.Dataset:
			vs = s.Dataset(f.Key)
		default:
			if v, ok := s.Attr(f.Key); ok && v.Kind == query.Text {
				vs = []string{v.Str}
			}
		}
		for _, v := range vs {
			if len(v) <= 80 {
				seen[v] = true
			}
		}
		if len(seen) >= 50 {
			break
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
