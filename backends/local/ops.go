package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"flightdeck/backends"
	"flightdeck/backends/local/job"
	"flightdeck/backends/local/store"
)

// The arguments of the operations, as a plan's request carries them.
type (
	startBody struct {
		ID   string           `json:"id"`
		Spec backends.JobSpec `json:"spec"`
		Stop string           `json:"stop,omitempty"` // a job to stop first
	}
	jobsBody struct {
		Jobs []string `json:"jobs"`
	}
	runsBody struct {
		Runs []string `json:"run_ids"`
	}
	tagsBody struct {
		Run    string         `json:"run_id"`
		Set    []backends.Tag `json:"set,omitempty"`
		Remove []string       `json:"remove,omitempty"`
	}
	renameBody struct {
		Run  string `json:"run_id"`
		Name string `json:"run_name"`
	}
	registerBody struct {
		Model  string `json:"name"`
		Run    string `json:"run_id"`
		Source string `json:"source"`
	}
	aliasBody struct {
		Model   string `json:"name"`
		Version string `json:"version"`
		Alias   string `json:"alias"`
	}
)

// operation carries out one request and says in a few words what it did. report may
// be nil.
type operation func(l *Local, ctx context.Context, body json.RawMessage, report func(backends.Progress)) (note string, err error)

// operations is everything that Apply can do here, by the request's verb and
// target. Whatever is not in it cannot be sent.
func operations() map[string]operation {
	return map[string]operation{
		"exec job":                      reporting((*Local).start),
		"signal job":                    with((*Local).stop),
		"file jobs/delete":              with((*Local).deleteJobs),
		"file jobs/restore":             with((*Local).restoreJobs),
		"file jobs/clean":               with((*Local).clean),
		"file views/save":               with((*Local).saveView),
		"file views/delete":             with((*Local).deleteView),
		"store runs/delete":             with((*Local).deleteRuns),
		"store runs/restore":            with((*Local).restoreRuns),
		"store runs/set-tags":           with((*Local).setTags),
		"store runs/update":             with((*Local).rename),
		"store runs/import":             reporting((*Local).importRuns),
		"store model-versions/create":   with((*Local).register),
		"store registered-models/alias": with((*Local).alias),
	}
}

func with[B any](f func(*Local, context.Context, B) (string, error)) operation {
	return reporting(func(l *Local, ctx context.Context, body B, _ func(backends.Progress)) (string, error) {
		return f(l, ctx, body)
	})
}

func reporting[B any](f func(*Local, context.Context, B, func(backends.Progress)) (string, error)) operation {
	return func(l *Local, ctx context.Context, raw json.RawMessage, report func(backends.Progress)) (string, error) {
		var body B
		if err := json.Unmarshal(raw, &body); err != nil {
			return "", fmt.Errorf("request body: %w", err)
		}
		return f(l, ctx, body, report)
	}
}

// Apply sends the plan's requests in order and stops at the first that fails. A
// plan whose target changed since it was made is backends.ErrStale.
func (l *Local) Apply(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	ops := operations()
	for _, r := range p.Requests { // all of it is allowed, or nothing is begun
		if ops[r.Verb+" "+r.Target] == nil {
			return backends.Receipt{}, fmt.Errorf("local: no operation %s %s", r.Verb, r.Target)
		}
		if err := l.permit(ctx, r.Verb, r.Target); err != nil {
			return backends.Receipt{}, err
		}
	}
	if err := l.fresh(ctx, p); err != nil {
		return backends.Receipt{}, err
	}
	var notes []string
	for _, r := range p.Requests {
		note, err := ops[r.Verb+" "+r.Target](l, ctx, r.Body, report)
		if err != nil {
			return backends.Receipt{}, fmt.Errorf("%s: %w", strings.ToLower(p.Title), err)
		}
		notes = append(notes, note)
	}
	return backends.Receipt{Target: p.Target, Note: strings.Join(notes, "; "), At: l.o.Now(), Undo: l.undo(ctx, p)}, nil
}

// undo is the plan's inverse, pinned to what the plan has just made.
func (l *Local) undo(ctx context.Context, p backends.Plan) *backends.Plan {
	if p.Undo == nil || p.Precondition.Rev == "" {
		return p.Undo
	}
	back, err := l.pin(ctx, *p.Undo)
	if err != nil {
		return nil
	}
	return &back
}

func (l *Local) stop(ctx context.Context, b jobsBody) (string, error) {
	errs := make([]error, len(b.Jobs))
	var all sync.WaitGroup
	for i, id := range b.Jobs { // together: each may need its whole grace period
		all.Go(func() { errs[i] = l.jobs.Stop(ctx, id, 0) })
	}
	all.Wait()
	return "stopped " + list(b.Jobs), errors.Join(errs...)
}

func (l *Local) deleteJobs(ctx context.Context, b jobsBody) (string, error) {
	for _, id := range b.Jobs {
		if err := l.jobs.Delete(ctx, id); err != nil {
			return "", err
		}
	}
	return "moved to the trash: " + list(b.Jobs), nil
}

func (l *Local) restoreJobs(ctx context.Context, b jobsBody) (string, error) {
	for _, id := range b.Jobs {
		if err := l.jobs.Restore(ctx, id); err != nil {
			return "", err
		}
	}
	return "restored " + list(b.Jobs), nil
}

func (l *Local) clean(ctx context.Context, stale []job.Stale) (string, error) {
	if err := l.jobs.Clean(ctx, stale); err != nil {
		return "", err
	}
	return fmt.Sprintf("removed %d", len(stale)), nil
}

func (l *Local) deleteRuns(ctx context.Context, b runsBody) (string, error) {
	st, err := l.writable(ctx, "runs/delete")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("deleted %s", count(len(b.Runs), "run")), st.DeleteRuns(ctx, b.Runs)
}

func (l *Local) restoreRuns(ctx context.Context, b runsBody) (string, error) {
	st, err := l.writable(ctx, "runs/restore")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("restored %s", count(len(b.Runs), "run")), st.RestoreRuns(ctx, b.Runs)
}

func (l *Local) setTags(ctx context.Context, b tagsBody) (string, error) {
	st, err := l.writable(ctx, "runs/set-tags")
	if err != nil {
		return "", err
	}
	if len(b.Set) > 0 {
		if err := st.SetTags(ctx, b.Run, b.Set); err != nil {
			return "", err
		}
	}
	if len(b.Remove) > 0 {
		if err := st.DeleteTags(ctx, b.Run, b.Remove); err != nil {
			return "", err
		}
	}
	switch {
	case len(b.Set) == 1 && len(b.Remove) == 0 && b.Set[0].Key == backends.TagNote:
		return "note written", nil
	case len(b.Remove) == 1 && len(b.Set) == 0 && b.Remove[0] == backends.TagNote:
		return "note removed", nil
	}
	return "tagged", nil
}

func (l *Local) rename(ctx context.Context, b renameBody) (string, error) {
	st, err := l.writable(ctx, "runs/update")
	if err != nil {
		return "", err
	}
	return "renamed to " + b.Name, st.UpdateRun(ctx, b.Run, store.RunUpdate{Name: b.Name})
}

func (l *Local) register(ctx context.Context, b registerBody) (string, error) {
	st, err := l.writable(ctx, "model-versions/create")
	if err != nil {
		return "", err
	}
	v, err := st.CreateVersion(ctx, b.Model, b.Run, b.Source)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s version %s", b.Model, v.Version), nil
}

func (l *Local) alias(ctx context.Context, b aliasBody) (string, error) {
	st, err := l.writable(ctx, "registered-models/alias")
	if err != nil {
		return "", err
	}
	if b.Version == "" {
		return "alias removed", st.DeleteAlias(ctx, b.Model, b.Alias)
	}
	return "@" + b.Alias + " is version " + b.Version, st.SetAlias(ctx, b.Model, b.Alias, b.Version)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
