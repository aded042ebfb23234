package backendtest

import (
	"context"
	"io"
	"iter"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/fake"
)

// Each mutant is a backend with one fault; the suite must fail on it, and say so.
type (
	forgetsGrant   struct{ *fake.Backend }
	plansForReal   struct{ *fake.Backend }
	copiesRows     struct{ *fake.Backend }
	leaks          struct{ *fake.Backend }
	hangs          struct{ *fake.Backend }
	appliesStale   struct{ *fake.Backend }
	losesUndo      struct{ *fake.Backend }
	cleansNames    struct{ *fake.Backend }
	endlessLog     struct{ *fake.Backend }
	silent         struct{ *fake.Backend }
	otherHistory   struct{ *fake.Backend }
	shortArtifacts struct{ *fake.Backend }
	editsInPlace   struct{ *fake.Backend }
)

func (b forgetsGrant) Apply(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	return b.Backend.Apply(owner(ctx), p, report)
}

func (b plansForReal) PlanRename(ctx context.Context, r backends.Ref, name string) (backends.Plan, error) {
	p, err := b.Backend.PlanRename(ctx, r, name)
	b.Change(func(s *fake.State) { s.Experiments = nil })
	return p, err
}

func (b copiesRows) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	runs, err := b.Backend.Runs(ctx, f)
	for i, r := range runs {
		c := *r
		runs[i] = &c
	}
	return runs, err
}

func (b leaks) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	go func() { select {} }()
	return b.Backend.Models(ctx)
}

func (b hangs) Jobs(ctx context.Context) ([]*backends.Job, error) {
	if ctx.Err() != nil {
		select {}
	}
	return b.Backend.Jobs(ctx)
}

func (b appliesStale) Apply(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	p.Precondition.Rev = ""
	return b.Backend.Apply(ctx, p, report)
}

func (b losesUndo) PlanTags(ctx context.Context, r backends.Ref, set []backends.Tag, remove []string) (backends.Plan, error) {
	p, err := b.Backend.PlanTags(ctx, r, set, remove)
	if p.Undo != nil {
		p.Undo.Requests = nil
	}
	return p, err
}

func (b cleansNames) PlanRename(ctx context.Context, r backends.Ref, name string) (backends.Plan, error) {
	return b.Backend.PlanRename(ctx, r, strings.TrimSpace(name))
}

func (b endlessLog) Logs(ctx context.Context, r backends.Ref, o backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	o.Follow = true
	return b.Backend.Logs(context.WithoutCancel(ctx), r, o)
}

func (b silent) Notify(ctx context.Context, _ func(string)) error { <-ctx.Done(); return ctx.Err() }

func (b otherHistory) History(ctx context.Context, r backends.Ref, key string) (*backends.History, error) {
	h, err := b.Backend.History(ctx, r, key)
	if err != nil {
		return nil, err
	}
	c := &backends.History{Key: key}
	c.Append(h.Points())
	return c, nil
}

func (b shortArtifacts) OpenArtifact(ctx context.Context, r backends.Ref, path string) (io.ReadCloser, error) {
	f, err := b.Backend.OpenArtifact(ctx, r, path)
	return io.NopCloser(io.LimitReader(f, 3)), err
}

func (b editsInPlace) Apply(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	r, err := b.Backend.Apply(ctx, p, report)
	if err == nil && p.Action == "runs.rename" {
		runs, _ := b.Runs(ctx, backends.RunFilter{})
		runs[0].Tags = append(runs[0].Tags, backends.Tag{Key: "zz", Value: "edited"})
	}
	return r, err
}

type mutant struct {
	open func() backends.Backend
	says string
}

// mutants is each fault and what the suite must say of it.
func mutants() map[string]mutant {
	b := func() *fake.Backend { return fake.Runs(16) }
	return map[string]mutant{
		"forgets the grant":      {func() backends.Backend { return forgetsGrant{b()} }, "want a *backends.DeniedError"},
		"changes while planning": {func() backends.Backend { return plansForReal{b()} }, "planning changed something"},
		"copies rows":            {func() backends.Backend { return copiesRows{b()} }, "is another pointer"},
		"leaks a goroutine":      {func() backends.Backend { return leaks{b()} }, "goroutines before"},
		"hangs when cancelled":   {func() backends.Backend { return hangs{b()} }, "did not return within"},
		"applies stale plans":    {func() backends.Backend { return appliesStale{b()} }, "want backends.ErrStale"},
		"has an empty undo":      {func() backends.Backend { return losesUndo{b()} }, "does not restore"},
		"cleans names":           {func() backends.Backend { return cleansNames{b()} }, `the name " spaces around " became`},
		"never ends a log":       {func() backends.Backend { return endlessLog{b()} }, "did not return within"},
		"never pokes":            {func() backends.Backend { return silent{b()} }, "no poke of the runs' topic"},
		"copies histories":       {func() backends.Backend { return otherHistory{b()} }, "gives another history"},
		"cuts artifacts short":   {func() backends.Backend { return shortArtifacts{b()} }, "listed with"},
		"edits a snapshot":       {func() backends.Backend { return editsInPlace{b()} }, "a snapshot changed after it was returned"},
		"has nothing in it":      {func() backends.Backend { return fake.New("empty", fake.State{}) }, "seed the backend"},
	}
}

const mutantVar = "BACKENDTEST_MUTANT"

// TestMutant is run by TestSuiteCatchesMutants, in a process of its own that must
// fail; alone it has no mutant to run.
func TestMutant(t *testing.T) {
	if m, ok := mutants()[os.Getenv(mutantVar)]; ok {
		hurry := func(s *suite) { s.patience = 2 * time.Second }
		Run(t, func(*testing.T) backends.Backend { return m.open() }, hurry)
	}
}

func TestSuiteCatchesMutants(t *testing.T) {
	for name, m := range mutants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMutant$", "-test.failfast", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), mutantVar+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Error("the suite passes it")
			}
			if !strings.Contains(string(out), m.says) {
				t.Errorf("the suite does not say %q:\n%s", m.says, out)
			}
		})
	}
}
