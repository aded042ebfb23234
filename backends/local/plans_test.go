package local

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// A plan whose target changed since is stale; what the run logs does not count, and
// the undo of a change is bound to what that change made.
func TestStalePlans(t *testing.T) {
	l := open(t, copied(t, template(t)))
	runs, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	run := runs[0].Ref()
	tag := func(k, v string) (backends.Plan, error) {
		return l.PlanTags(t.Context(), run, []backends.Tag{{Key: k, Value: v}}, nil)
	}
	old, err := tag("team", "a")
	if err != nil {
		t.Fatal(err)
	}
	st, err := l.store()
	if err != nil {
		t.Fatal(err)
	}
	if err := st.LogBatch(granted(), run.ID, []backends.Metric{{Key: "late", Value: 1, Time: 1}}, nil, []backends.Tag{{Key: backends.TagExit, Value: "exit 0"}}); err != nil {
		t.Fatal(err)
	}
	first, err := l.Apply(granted(), old, nil)
	if err != nil {
		t.Fatalf("after a metric: %v", err)
	}
	if _, err := l.Apply(granted(), old, nil); !errors.Is(err, backends.ErrStale) {
		t.Errorf("the same plan again: %v", err)
	}
	second := apply(t, l)(tag("team", "b"))
	if _, err := l.Apply(granted(), *first.Undo, nil); !errors.Is(err, backends.ErrStale) {
		t.Errorf("the undo of what was changed again: %v", err)
	}
	if _, err := l.Apply(granted(), *second.Undo, nil); err != nil {
		t.Errorf("the undo of the last change: %v", err)
	}
	if r, err := l.Run(t.Context(), run.ID); err != nil || r.Tag("team") != "a" {
		t.Errorf("after the undo team is %q, %v", r.Tag("team"), err)
	}
}

func TestPlansSayWhatTheyDo(t *testing.T) {
	l := open(t, copied(t, template(t)))
	runs, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(runs, func(r *backends.Run) bool { return len(r.Metrics) > 5 })
	trained := runs[i].Ref()
	apply(t, l)(l.PlanRename(t.Context(), trained, "evil\x1b]0;x\x07 name"))
	r, err := l.Run(t.Context(), trained.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.PlanResume(t.Context(), r.Ref()); err == nil || !strings.Contains(err.Error(), "it finished; restart runs it again") {
		t.Errorf("resume of what finished: %v", err)
	}
	st, err := l.store()
	if err != nil {
		t.Fatal(err)
	}
	if err := st.UpdateRun(granted(), r.ID, store.RunUpdate{Status: backends.RunKilled}); err != nil {
		t.Fatal(err)
	}
	for what, plan := range map[string]func() (backends.Plan, error){
		"tag": func() (backends.Plan, error) {
			return l.PlanTags(t.Context(), r.Ref(), []backends.Tag{{Key: "a", Value: "b"}}, nil)
		},
		"note": func() (backends.Plan, error) {
			return l.PlanTags(t.Context(), r.Ref(), []backends.Tag{{Key: backends.TagNote, Value: "b"}}, nil)
		},
		"rename":  func() (backends.Plan, error) { return l.PlanRename(t.Context(), r.Ref(), "calm") },
		"delete":  func() (backends.Plan, error) { return l.PlanDelete(t.Context(), []backends.Ref{r.Ref()}) },
		"restart": func() (backends.Plan, error) { return l.PlanRestart(t.Context(), r.Ref()) },
		"resume":  func() (backends.Plan, error) { return l.PlanResume(t.Context(), r.Ref()) },
		"register": func() (backends.Plan, error) {
			return l.PlanRegister(t.Context(), r.Ref(), "digits", "model")
		},
		"run again": func() (backends.Plan, error) { return l.PlanRerun(t.Context(), r.Ref(), []string{"true", "a b"}) },
	} {
		p, err := plan()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if strings.ContainsRune(p.EquivCLI, '\x1b') || !strings.HasPrefix(p.EquivCLI, "flightdeck ") {
			t.Errorf("%s cannot be copied into a shell: %q", what, p.EquivCLI)
		}
		if words, err := backends.Split(p.EquivCLI); err != nil || what != "run again" && !slices.Contains(words, r.ID) {
			t.Errorf("%s: %q does not name the run, %v", what, p.EquivCLI, err)
		}
	}
	for what, err := range map[string]error{
		"rename to nothing":          second(l.PlanRename(t.Context(), r.Ref(), " ")),
		"restore what is there":      second(l.PlanRestore(t.Context(), []backends.Ref{r.Ref()})),
		"delete nothing":             second(l.PlanDelete(t.Context(), nil)),
		"register under no name":     second(l.PlanRegister(t.Context(), r.Ref(), " ", "model")),
		"register what is not there": second(l.PlanRegister(t.Context(), r.Ref(), "digits", "nothing")),
		"alias of no model":          second(l.PlanAlias(t.Context(), "cats", "1", "champion")),
		"alias of no version":        second(l.PlanAlias(t.Context(), "digits", "9", "champion")),
		"alias without a name":       second(l.PlanAlias(t.Context(), "digits", "1", "")),
		"remove no alias":            second(l.PlanAlias(t.Context(), "digits", "", "champion")),
		"run nothing again":          second(l.PlanRerun(t.Context(), r.Ref(), nil)),
		"restore no job":             second(l.PlanRestoreJobs(t.Context(), []backends.Ref{{Kind: "job", ID: "../x"}})),
	} {
		if err == nil {
			t.Errorf("%s can be planned", what)
		}
	}
	if _, err := l.Apply(granted(), backends.Plan{Title: "Evil", Requests: []backends.Request{{Verb: "exec", Target: "rm"}}}, nil); err == nil || !strings.Contains(err.Error(), "no operation") {
		t.Errorf("a request of nobody's: %v", err)
	}
}

func second(_ backends.Plan, err error) error { return err }

// Aliases and versions, there and back.
func TestModels(t *testing.T) {
	l := open(t, copied(t, template(t)))
	runs, err := l.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(runs, func(r *backends.Run) bool { return len(r.Metrics) > 5 })
	apply(t, l)(l.PlanRegister(t.Context(), runs[i].Ref(), "digits", "model/model.safetensors"))
	apply(t, l)(l.PlanAlias(t.Context(), "digits", "1", "champion"))
	moved := apply(t, l)(l.PlanAlias(t.Context(), "digits", "2", "champion"))
	alias := func() string {
		models, err := l.Models(t.Context())
		if err != nil || len(models) != 1 {
			t.Fatal(models, err)
		}
		return models[0].Aliases["champion"]
	}
	if alias() != "2" {
		t.Errorf("champion is %q", alias())
	}
	if _, err := l.Apply(granted(), *moved.Undo, nil); err != nil || alias() != "1" {
		t.Errorf("undone, champion is %q, %v", alias(), err)
	}
	apply(t, l)(l.PlanAlias(t.Context(), "digits", "", "champion"))
	if alias() != "" {
		t.Errorf("removed, champion is %q", alias())
	}
}
