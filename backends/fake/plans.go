package fake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"flightdeck/backends"
)

// The arguments of the operations, as a request carries them.
type (
	tagsBody struct {
		Run    string         `json:"run_id"`
		Set    []backends.Tag `json:"set,omitempty"`
		Remove []string       `json:"remove,omitempty"`
	}
	renameBody struct {
		Run  string `json:"run_id"`
		Name string `json:"run_name"`
	}
	idsBody struct {
		IDs []string `json:"ids"`
	}
	startBody struct {
		ID   string           `json:"id"`
		Name string           `json:"name"`
		Spec backends.JobSpec `json:"spec"`
		Stop string           `json:"stop,omitempty"` // a job to stop first
	}
	versionBody struct {
		Model   string `json:"name"`
		Version string `json:"version,omitempty"`
		Alias   string `json:"alias,omitempty"`
		Run     string `json:"run_id,omitempty"`
		Source  string `json:"source,omitempty"`
	}
)

// sketch is a plan of one request.
func sketch(w *world, action, verb, target string, body any, refs ...backends.Ref) backends.Plan {
	raw, err := json.Marshal(body)
	if err != nil { // the bodies are the structs above
		panic(err)
	}
	word := action[strings.LastIndexByte(action, '.')+1:]
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.String()
	}
	title := strings.ToUpper(word[:1]) + word[1:] + " " + strings.Join(names, ", ")
	return backends.Plan{
		Backend: w.name, Action: action, Target: refs, Title: title, Summary: title + ".",
		Requests: []backends.Request{{Verb: verb, Target: target, Body: raw}},
		EquivCLI: "flightdeck " + word + " " + strings.Join(names, " "),
	}
}

// pin makes the plan stale as soon as one of its targets changes. The lock is held.
func (w *world) pin(p backends.Plan) backends.Plan {
	p.Precondition = backends.Precondition{Rev: w.revOf(p.Target), Note: "nobody changed it since"}
	return p
}

func (w *world) revOf(refs []backends.Ref) string {
	var b strings.Builder
	for _, r := range refs {
		fmt.Fprintf(&b, "%d.", w.revs[r.Key()])
	}
	return b.String()
}

// runPlans plans changes of runs.
type runPlans struct{ w *world }

func (p runPlans) PlanTags(ctx context.Context, run backends.Ref, set []backends.Tag, remove []string) (backends.Plan, error) {
	return read(ctx, p.w, "plantags", func(s *State) (backends.Plan, error) {
		r, err := s.run(run.ID)
		if err != nil {
			return backends.Plan{}, err
		}
		back := tagsBody{Run: r.ID}
		keys := slices.Clone(remove)
		for _, t := range set {
			keys = append(keys, t.Key)
		}
		for _, k := range keys {
			if i := slices.IndexFunc(r.Tags, func(t backends.Tag) bool { return t.Key == k }); i >= 0 {
				back.Set = append(back.Set, r.Tags[i])
			} else {
				back.Remove = append(back.Remove, k)
			}
		}
		plan := sketch(p.w, "runs.tag", "store", "runs/set-tags", tagsBody{r.ID, set, remove}, r.Ref())
		undo := sketch(p.w, "runs.tag", "store", "runs/set-tags", back, r.Ref())
		plan.Undo = &undo
		return p.w.pin(plan), nil
	})
}

func (p runPlans) PlanRename(ctx context.Context, run backends.Ref, name string) (backends.Plan, error) {
	return read(ctx, p.w, "planrename", func(s *State) (backends.Plan, error) {
		r, err := s.run(run.ID)
		if err != nil {
			return backends.Plan{}, err
		}
		plan := sketch(p.w, "runs.rename", "store", "runs/update", renameBody{r.ID, name}, r.Ref())
		undo := sketch(p.w, "runs.rename", "store", "runs/update", renameBody{r.ID, r.Name}, r.Ref())
		plan.Undo = &undo
		return p.w.pin(plan), nil
	})
}

func (p runPlans) PlanDelete(ctx context.Context, refs []backends.Ref) (backends.Plan, error) {
	return p.stage(ctx, refs, "delete", "restore")
}

func (p runPlans) PlanRestore(ctx context.Context, refs []backends.Ref) (backends.Plan, error) {
	return p.stage(ctx, refs, "restore", "delete")
}

func (p runPlans) stage(ctx context.Context, refs []backends.Ref, verb, inverse string) (backends.Plan, error) {
	return read(ctx, p.w, "plan"+verb, func(s *State) (backends.Plan, error) {
		var ids idsBody
		var targets []backends.Ref
		for _, ref := range refs {
			r, err := s.run(ref.ID)
			if err != nil {
				return backends.Plan{}, err
			}
			ids.IDs, targets = append(ids.IDs, r.ID), append(targets, r.Ref())
		}
		plan := sketch(p.w, "runs."+verb, "store", "runs/"+verb, ids, targets...)
		undo := sketch(p.w, "runs."+inverse, "store", "runs/"+inverse, ids, targets...)
		plan.Undo = &undo
		return p.w.pin(plan), nil
	})
}

// jobPlans plans changes of jobs.
type jobPlans struct{ w *world }

func (p jobPlans) PlanStart(ctx context.Context, spec backends.JobSpec) (backends.Plan, error) {
	return read(ctx, p.w, "planstart", func(s *State) (backends.Plan, error) {
		if len(spec.Command) == 0 {
			return backends.Plan{}, fmt.Errorf("start: no command given")
		}
		return p.start(s, "jobs.start", spec, ""), nil
	})
}

func (p jobPlans) start(s *State, action string, spec backends.JobSpec, stop string) backends.Plan {
	name := spec.Name
	if name == "" {
		name = spec.Command[0]
	}
	p.w.planned++
	id := fmt.Sprintf("fake-%d-%d", len(s.Jobs), p.w.planned)
	return sketch(p.w, action, "exec", "job", startBody{id, name, spec, stop}, backends.Ref{Backend: p.w.name, Kind: "job", ID: id, Name: name})
}

func (p jobPlans) PlanStop(ctx context.Context, targets []backends.Ref) (backends.Plan, error) {
	return read(ctx, p.w, "planstop", func(s *State) (backends.Plan, error) {
		var ids idsBody
		var refs []backends.Ref
		for _, t := range targets {
			j, err := s.job(t)
			if err != nil {
				return backends.Plan{}, err
			}
			if !j.Active() {
				return backends.Plan{}, fmt.Errorf("stop %s: it ended already", t)
			}
			ids.IDs, refs = append(ids.IDs, j.ID), append(refs, j.Ref())
		}
		plan := sketch(p.w, "runs.stop", "signal", "job", ids, refs...)
		plan.Risk = backends.Disruptive
		return p.w.pin(plan), nil
	})
}

func (p jobPlans) PlanRestart(ctx context.Context, target backends.Ref) (backends.Plan, error) {
	return p.again(ctx, target, "restart")
}

func (p jobPlans) PlanResume(ctx context.Context, target backends.Ref) (backends.Plan, error) {
	return p.again(ctx, target, "resume")
}

func (p jobPlans) PlanRerun(ctx context.Context, target backends.Ref, command []string) (backends.Plan, error) {
	return read(ctx, p.w, "planrerun", func(s *State) (backends.Plan, error) {
		j, err := s.job(target)
		if err != nil {
			return backends.Plan{}, err
		}
		spec := j.Spec
		spec.Command = command
		return p.start(s, "runs.rerun", spec, ""), nil
	})
}

func (p jobPlans) again(ctx context.Context, target backends.Ref, word string) (backends.Plan, error) {
	return read(ctx, p.w, "plan"+word, func(s *State) (backends.Plan, error) {
		j, err := s.job(target)
		if err != nil {
			return backends.Plan{}, err
		}
		spec, stop := j.Spec, ""
		switch {
		case word == "resume" && j.Active():
			return backends.Plan{}, fmt.Errorf("resume %s: it is still running", target)
		case word == "resume":
			spec.Resume = j.ID
		case j.Active():
			stop = j.ID
		}
		plan := p.start(s, "runs."+word, spec, stop)
		if stop != "" {
			plan.Risk = backends.Disruptive
		}
		return plan, nil
	})
}

func (p jobPlans) PlanDeleteJobs(ctx context.Context, refs []backends.Ref) (backends.Plan, error) {
	return read(ctx, p.w, "plandeletejobs", func(s *State) (backends.Plan, error) {
		var ids idsBody
		var targets []backends.Ref
		for _, t := range refs {
			j, err := s.job(t)
			if err != nil {
				return backends.Plan{}, err
			}
			if j.Active() {
				return backends.Plan{}, fmt.Errorf("delete %s: it is still running", t)
			}
			ids.IDs, targets = append(ids.IDs, j.ID), append(targets, j.Ref())
		}
		plan := sketch(p.w, "jobs.delete", "file", "jobs/delete", ids, targets...)
		plan.Risk = backends.Destructive
		return p.w.pin(plan), nil
	})
}

func (p jobPlans) PlanClean(ctx context.Context) (backends.Plan, error) {
	return read(ctx, p.w, "planclean", func(s *State) (backends.Plan, error) {
		var ids idsBody
		var refs []backends.Ref
		for _, j := range s.Jobs {
			if j.State == backends.JobLost {
				ids.IDs, refs = append(ids.IDs, j.ID), append(refs, j.Ref())
			}
		}
		plan := sketch(p.w, "jobs.clean", "file", "jobs/delete", ids, refs...)
		plan.Risk = backends.Destructive
		return p.w.pin(plan), nil
	})
}

// modelPlans plans changes of the registry.
type modelPlans struct{ w *world }

func (p modelPlans) PlanRegister(ctx context.Context, run backends.Ref, model, artifact string) (backends.Plan, error) {
	return read(ctx, p.w, "planregister", func(s *State) (backends.Plan, error) {
		if _, err := s.run(run.ID); err != nil {
			return backends.Plan{}, err
		}
		if _, ok := s.Artifacts[run.ID][artifact]; !ok {
			return backends.Plan{}, fmt.Errorf("artifact %s of %s: %w", artifact, run, backends.ErrNotFound)
		}
		return p.w.pin(sketch(p.w, "models.register", "store", "model-versions/create", versionBody{Model: model, Run: run.ID, Source: artifact}, p.w.modelRef(model))), nil
	})
}

func (w *world) modelRef(name string) backends.Ref {
	return backends.Ref{Backend: w.name, Kind: "model", ID: name, Name: name}
}

func (p modelPlans) PlanAlias(ctx context.Context, model, version, alias string) (backends.Plan, error) {
	return read(ctx, p.w, "planalias", func(s *State) (backends.Plan, error) {
		m, err := s.model(model)
		if err != nil {
			return backends.Plan{}, err
		}
		ref := p.w.modelRef(model)
		plan := sketch(p.w, "models.alias", "store", "registered-models/alias", versionBody{Model: model, Version: version, Alias: alias}, ref)
		undo := sketch(p.w, "models.alias", "store", "registered-models/alias", versionBody{Model: model, Version: m.Aliases[alias], Alias: alias}, ref)
		plan.Undo = &undo
		return p.w.pin(plan), nil
	})
}
