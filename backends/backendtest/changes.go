package backendtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"flightdeck/backends"
)

// planner is one capability that plans a change of something that exists.
type planner struct {
	name string
	plan func(ctx context.Context) (backends.Plan, error)
	may  bool // it may have nothing to plan, and says so with an error
}

// planners is every Plan… method that the backend has. They change little: what
// runs is neither stopped nor started unless the suite was told how.
func (w *world) planners(t *testing.T) []planner {
	var out []planner
	add := func(name string, may bool, plan func(ctx context.Context) (backends.Plan, error)) {
		out = append(out, planner{name, plan, may})
	}
	if len(w.runs) > 0 {
		w.runPlanners(t, add)
	}
	if r, ok := w.Backend.(backends.Runner); ok {
		add("PlanStart", false, func(ctx context.Context) (backends.Plan, error) {
			return r.PlanStart(ctx, backends.JobSpec{Name: "never started", Command: []string{"false"}, Dir: t.TempDir()})
		})
	}
	if len(w.jobs) > 0 {
		w.jobPlanners(add)
	}
	if c, ok := w.Backend.(backends.Cleaner); ok {
		add("PlanClean", true, c.PlanClean)
	}
	return out
}

type adder = func(name string, may bool, plan func(ctx context.Context) (backends.Plan, error))

func (w *world) runPlanners(t *testing.T, add adder) {
	run := w.ended()[0].Ref()
	if p, ok := w.Backend.(backends.RunTagger); ok {
		add("PlanTags", false, func(ctx context.Context) (backends.Plan, error) {
			return p.PlanTags(ctx, run, []backends.Tag{{Key: "suite", Value: "was here"}}, nil)
		})
	}
	if p, ok := w.Backend.(backends.RunRenamer); ok {
		add("PlanRename", false, func(ctx context.Context) (backends.Plan, error) { return p.PlanRename(ctx, run, "renamed") })
	}
	if p, ok := w.Backend.(backends.RunDeleter); ok {
		add("PlanDelete", false, func(ctx context.Context) (backends.Plan, error) {
			return p.PlanDelete(ctx, []backends.Ref{run, w.ended()[1].Ref()})
		})
	}
	if p, ok := w.Backend.(backends.ModelRegistrar); ok {
		if from, path, ok := w.anyArtifact(t); ok {
			add("PlanRegister", false, func(ctx context.Context) (backends.Plan, error) {
				return p.PlanRegister(ctx, from, "suite-model", path)
			})
		}
	}
	if p, ok := w.Backend.(backends.ModelAliaser); ok && len(w.models) > 0 && len(w.models[0].Versions) > 0 {
		m := w.models[0]
		add("PlanAlias", false, func(ctx context.Context) (backends.Plan, error) {
			return p.PlanAlias(ctx, m.Name, m.Versions[0].Version, "suite")
		})
	}
}

func (w *world) jobPlanners(add adder) {
	job := w.jobs[0].Ref()
	if p, ok := w.Backend.(backends.Stopper); ok {
		add("PlanStop", true, func(ctx context.Context) (backends.Plan, error) { return p.PlanStop(ctx, []backends.Ref{job}) })
	}
	if p, ok := w.Backend.(backends.Restarter); ok {
		add("PlanRestart", true, func(ctx context.Context) (backends.Plan, error) { return p.PlanRestart(ctx, job) })
	}
	if p, ok := w.Backend.(backends.Resumer); ok {
		add("PlanResume", true, func(ctx context.Context) (backends.Plan, error) { return p.PlanResume(ctx, job) })
	}
	if p, ok := w.Backend.(backends.JobDeleter); ok {
		add("PlanDeleteJobs", true, func(ctx context.Context) (backends.Plan, error) { return p.PlanDeleteJobs(ctx, []backends.Ref{job}) })
	}
}

// anyArtifact is a file of some run, and its path.
func (w *world) anyArtifact(t *testing.T) (backends.Ref, string, bool) {
	l, ok := w.Backend.(backends.ArtifactLister)
	if !ok {
		return backends.Ref{}, "", false
	}
	for _, r := range w.ended() {
		if list := got[[]backends.Artifact](t)(l.Artifacts(t.Context(), r.Ref())); len(list) > 0 {
			return r.Ref(), list[0].Path, true
		}
	}
	return backends.Ref{}, "", false
}

// plans makes every plan there is to make, without a grant.
func (w *world) plans(t *testing.T) []backends.Plan {
	t.Helper()
	var out []backends.Plan
	for _, p := range w.planners(t) {
		var plan backends.Plan
		err := within(t, w.patience, p.name, func() (err error) {
			plan, err = p.plan(t.Context())
			return err
		})
		switch {
		case denied(err):
			t.Errorf("%s wants a grant, but a plan only reads: %v", p.name, err)
		case err != nil && !p.may:
			t.Errorf("%s: %v", p.name, err)
		case err == nil:
			out = append(out, plan)
		}
	}
	return out
}

// state writes out everything that a change could have changed. What counts or
// moves by itself (revisions, times of change, usage) is left out.
func (w *world) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	if l, ok := w.Backend.(backends.RunLister); ok {
		for _, deleted := range []bool{false, true} {
			fmt.Fprintf(&b, "runs, deleted %v\n%s", deleted, spell(got[[]*backends.Run](t)(l.Runs(t.Context(), backends.RunFilter{Deleted: deleted}))))
		}
	}
	if l, ok := w.Backend.(backends.ExperimentLister); ok {
		for _, e := range got[[]backends.Experiment](t)(l.Experiments(t.Context())) {
			fmt.Fprintf(&b, "experiment %s %q %v %d %v\n", e.ID, e.Name, e.Deleted, e.RunCount, e.Tags)
		}
	}
	if l, ok := w.Backend.(backends.JobLister); ok {
		for _, j := range got[[]*backends.Job](t)(l.Jobs(t.Context())) {
			fmt.Fprintf(&b, "job %s %q %s %v %v\n", j.ID, j.Name, j.State, j.Spec, j.Exit)
		}
	}
	if l, ok := w.Backend.(backends.ModelLister); ok {
		for _, m := range got[[]backends.RegisteredModel](t)(l.Models(t.Context())) {
			fmt.Fprintf(&b, "model %q %q %v %v %v\n", m.Name, m.Description, m.Tags, m.Aliases, m.Versions)
		}
	}
	return b.String()
}

func plansOnlyRead(t *testing.T, w *world) {
	before := w.state(t)
	for _, p := range w.plans(t) {
		if p.Backend != w.Name() {
			t.Errorf("%s is of backend %q", p.Action, p.Backend)
		}
		if p.Action == "" || p.Title == "" || len(p.Requests) == 0 {
			t.Errorf("a plan without action, title or requests cannot be shown: %+v", p)
		}
		if p.Action != "jobs.clean" && len(p.Target) == 0 {
			t.Errorf("%s does not say what it changes", p.Action)
		}
		for _, r := range p.Requests {
			if r.Verb == "" || r.Target == "" {
				t.Errorf("%s would send %+v", p.Action, r)
			}
		}
	}
	if after := w.state(t); after != before {
		t.Errorf("planning changed something:\n%s", firstDifference(before, after))
	}
}

func needsGrant(t *testing.T, w *world) {
	plans := w.plans(t)
	a, ok := w.Backend.(backends.Applier)
	if !ok {
		if len(plans) > 0 {
			t.Error("it plans changes that it cannot apply")
		}
		return
	}
	before := w.state(t)
	for _, p := range plans {
		for who, ctx := range map[string]context.Context{
			"nobody":   t.Context(),
			"a viewer": backends.WithGrant(t.Context(), backends.Grant{Actor: "eve", Role: backends.Viewer}),
		} {
			err := within(t, w.patience, "apply "+p.Action, func() error { return drop(a.Apply(ctx, p, nil)) })
			if !denied(err) {
				t.Errorf("%s by %s: %v, want a *backends.DeniedError", p.Action, who, err)
			}
		}
	}
	if after := w.state(t); after != before {
		t.Errorf("a refused change changed something:\n%s", firstDifference(before, after))
	}
}

// undo applies each plan that can be undone, and its undo.
func undo(t *testing.T, w *world) {
	for _, planner := range w.planners(t) {
		p, err := planner.plan(t.Context()) // now: what was done and undone before made older plans stale
		if err != nil {
			continue // that it must not fail is seen elsewhere
		}
		if p.Action == "jobs.start" || p.Risk != backends.Safe || p.Undo == nil && p.Action != "models.register" {
			continue // what runs or is gone for good is not for this part
		}
		before := w.state(t)
		r := w.apply(t, p)
		if len(r.Target) == 0 || r.At.IsZero() {
			t.Errorf("the receipt of %s does not say what was changed or when: %+v", p.Action, r)
		}
		if w.state(t) == before {
			t.Errorf("%s changed nothing", p.Action)
		}
		back := r.Undo
		if back == nil {
			back = p.Undo
		}
		if back == nil {
			continue
		}
		w.apply(t, *back)
		if after := w.state(t); after != before {
			t.Errorf("the undo of %s does not restore what was:\n%s", p.Action, firstDifference(before, after))
		}
	}
}

// stale applies a plan that was made before its target changed.
func stale(t *testing.T, w *world) {
	a, ok := w.Backend.(backends.Applier)
	if !ok {
		return
	}
	tagger, ok := w.Backend.(backends.RunTagger)
	if !ok {
		return
	}
	run := w.ended()[0].Ref()
	made := w.plans(t)
	w.apply(t, got[backends.Plan](t)(tagger.PlanTags(t.Context(), run, []backends.Tag{{Key: "meanwhile", Value: "changed"}}, nil)))
	before := w.state(t)
	for _, p := range made {
		if p.Precondition.Rev == "" || len(p.Target) == 0 || p.Target[0].Key() != run.Key() {
			continue
		}
		if err := drop(a.Apply(owner(t.Context()), p, nil)); !errors.Is(err, backends.ErrStale) {
			t.Errorf("%s of a run that changed since: %v, want backends.ErrStale", p.Action, err)
		}
	}
	if after := w.state(t); after != before {
		t.Errorf("a stale plan changed something:\n%s", firstDifference(before, after))
	}
}

// firstDifference is the first line in which two states differ.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(x), len(y)) {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		if l != r {
			return "before: " + l + "\nafter:  " + r
		}
	}
	return "no difference"
}
