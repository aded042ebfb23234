package fake

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"flightdeck/backends"
)

// operation carries out one request. The lock is held. It returns the inverse,
// when that is known only now.
type operation func(w *world, body json.RawMessage) (undo *backends.Plan, err error)

// operations is everything that Apply can do, by verb and target.
func operations() map[string]operation {
	return map[string]operation{
		"store runs/set-tags":           with((*world).setTags),
		"store runs/update":             with((*world).rename),
		"store runs/delete":             with(func(w *world, b idsBody) (*backends.Plan, error) { return nil, w.setDeleted(b, true) }),
		"store runs/restore":            with(func(w *world, b idsBody) (*backends.Plan, error) { return nil, w.setDeleted(b, false) }),
		"store model-versions/create":   with((*world).register),
		"store model-versions/delete":   with((*world).unregister),
		"store registered-models/alias": with((*world).alias),
		"exec job":                      with((*world).start),
		"signal job":                    with((*world).stop),
		"file jobs/delete":              with((*world).deleteJobs),
		"file views/save":               with((*world).saveView),
		"file views/delete":             with((*world).deleteView),
	}
}

func with[B any](f func(*world, B) (*backends.Plan, error)) operation {
	return func(w *world, raw json.RawMessage) (*backends.Plan, error) {
		var b B
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, fmt.Errorf("request body: %w", err)
		}
		return f(w, b)
	}
}

// Apply carries out the plan's requests, under a grant and while the plan holds.
func (p runPlans) Apply(ctx context.Context, plan backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	w := p.w
	if err := w.enter(ctx, "apply"); err != nil {
		return backends.Receipt{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range plan.Requests {
		if err := backends.CheckRisk(ctx, r.Verb, r.Target, plan.Risk); err != nil {
			return backends.Receipt{}, err
		}
	}
	if pre := plan.Precondition.Rev; pre != "" && pre != w.revOf(plan.Target) {
		return backends.Receipt{}, fmt.Errorf("%s: %w", plan.Title, backends.ErrStale)
	}
	undo, ops := plan.Undo, operations()
	for i, r := range plan.Requests {
		op, ok := ops[r.Verb+" "+r.Target]
		if !ok {
			return backends.Receipt{}, fmt.Errorf("%s: no operation %s %s", w.name, r.Verb, r.Target)
		}
		if report != nil {
			report(backends.Progress{Done: int64(i), Total: int64(len(plan.Requests)), Unit: "requests", Note: plan.Title})
		}
		late, err := op(w, r.Body)
		if err != nil {
			return backends.Receipt{}, fmt.Errorf("%s: %w", plan.Title, err)
		}
		undo = cmp.Or(late, undo)
	}
	w.applied = append(w.applied, plan)
	w.stir("")
	return backends.Receipt{Target: plan.Target, Note: plan.Title, At: Now(), Undo: undo}, nil
}

// change replaces a run by a changed copy.
func (w *world) change(id string, f func(*backends.Run)) error {
	old, err := w.state.run(id)
	if err != nil {
		return err
	}
	r := *old
	f(&r)
	w.replaceRun(&r)
	return nil
}

func (w *world) setTags(b tagsBody) (*backends.Plan, error) {
	return nil, w.change(b.Run, func(r *backends.Run) {
		tags := map[string]string{}
		for _, t := range r.Tags {
			tags[t.Key] = t.Value
		}
		for _, t := range b.Set {
			tags[t.Key] = t.Value
		}
		for _, k := range b.Remove {
			delete(tags, k)
		}
		r.Tags = nil
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			r.Tags = append(r.Tags, backends.Tag{Key: k, Value: tags[k]})
		}
	})
}

func (w *world) rename(b renameBody) (*backends.Plan, error) {
	return nil, w.change(b.Run, func(r *backends.Run) { r.Name = b.Name })
}

func (w *world) setDeleted(b idsBody, deleted bool) error {
	for _, id := range b.IDs {
		if err := w.change(id, func(r *backends.Run) { r.Deleted = deleted }); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) start(b startBody) (*backends.Plan, error) {
	if b.Stop != "" {
		if _, err := w.stop(idsBody{IDs: []string{b.Stop}}); err != nil {
			return nil, err
		}
	}
	j := &backends.Job{ID: b.ID, Name: b.Name, Backend: w.name, Spec: b.Spec, State: backends.JobRunning, PID: 4000 + len(w.state.Jobs), Started: Now(), Dir: "/fake/" + b.ID}
	w.touch(j.Ref())
	w.state.Jobs = slices.Insert(slices.Clone(w.state.Jobs), 0, j)
	return nil, nil
}

func (w *world) stop(b idsBody) (*backends.Plan, error) {
	for _, id := range b.IDs {
		old, err := w.state.job(backends.Ref{Kind: "job", ID: id})
		if err != nil {
			return nil, err
		}
		j := *old
		j.State, j.Ended = backends.JobExited, Now()
		j.Exit = &backends.Exit{Known: true, Code: -1, Signal: "SIGTERM", At: Now()}
		w.replaceJob(&j)
		for _, run := range j.Runs {
			if err := w.change(run, func(r *backends.Run) { r.Status, r.Exit, r.End = backends.RunKilled, j.Exit.String(), Now() }); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func (w *world) deleteJobs(b idsBody) (*backends.Plan, error) {
	w.state.Jobs = slices.DeleteFunc(slices.Clone(w.state.Jobs), func(j *backends.Job) bool { return slices.Contains(b.IDs, j.ID) })
	return nil, nil
}

func (s *State) model(name string) (*backends.RegisteredModel, error) {
	i := slices.IndexFunc(s.Models, func(m backends.RegisteredModel) bool { return m.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("model %s: %w", name, backends.ErrNotFound)
	}
	return &s.Models[i], nil
}

// remodel replaces a registered model by a changed copy.
func (w *world) remodel(name string, f func(*backends.RegisteredModel)) error {
	w.state.Models = slices.Clone(w.state.Models)
	m, err := w.state.model(name)
	if err != nil {
		return err
	}
	m.Aliases, m.Versions, m.Updated = maps.Clone(m.Aliases), slices.Clone(m.Versions), Now()
	f(m)
	w.touch(w.modelRef(name))
	return nil
}

// register makes the next version, and the model with its first.
func (w *world) register(b versionBody) (*backends.Plan, error) {
	if _, err := w.state.model(b.Model); err != nil {
		w.state.Models = append(slices.Clone(w.state.Models), backends.RegisteredModel{Name: b.Model, Created: Now(), Backend: w.name})
	}
	back := versionBody{Model: b.Model}
	err := w.remodel(b.Model, func(m *backends.RegisteredModel) {
		next := 1
		for _, v := range m.Versions {
			if n, err := strconv.Atoi(v.Version); err == nil {
				next = max(next, n+1)
			}
		}
		back.Version = strconv.Itoa(next)
		m.Versions = append(m.Versions, backends.ModelVersion{Model: b.Model, Version: back.Version, Run: b.Run, Source: b.Source, Created: Now()})
	})
	undo := sketch(w, "models.unregister", "store", "model-versions/delete", back, w.modelRef(b.Model))
	return &undo, err
}

// unregister takes a version back, and the model with its last.
func (w *world) unregister(b versionBody) (*backends.Plan, error) {
	err := w.remodel(b.Model, func(m *backends.RegisteredModel) {
		m.Versions = slices.DeleteFunc(m.Versions, func(v backends.ModelVersion) bool { return v.Version == b.Version })
	})
	w.state.Models = slices.DeleteFunc(w.state.Models, func(m backends.RegisteredModel) bool { return m.Name == b.Model && len(m.Versions) == 0 })
	return nil, err
}

func (w *world) alias(b versionBody) (*backends.Plan, error) {
	return nil, w.remodel(b.Model, func(m *backends.RegisteredModel) {
		if m.Aliases == nil {
			m.Aliases = map[string]string{}
		}
		m.Aliases[b.Alias] = b.Version
		if b.Version == "" {
			delete(m.Aliases, b.Alias)
		}
		for i := range m.Versions {
			v := &m.Versions[i]
			v.Aliases = slices.DeleteFunc(slices.Clone(v.Aliases), func(a string) bool { return a == b.Alias })
			if v.Version == b.Version {
				v.Aliases = append(v.Aliases, b.Alias)
			}
			if len(v.Aliases) == 0 {
				v.Aliases = nil
			}
		}
	})
}
