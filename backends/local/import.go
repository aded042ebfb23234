package local

import (
	"context"
	"errors"
	"fmt"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// ImportSpec says what an import takes over, as its plan's request carries it.
type ImportSpec struct {
	From       string   `json:"from"` // a path, a URL or a source's name
	Runs       []string `json:"run_ids"`
	Experiment string   `json:"experiment,omitempty"` // for all of them; "" keeps each one's own
}

// Importer copies runs of another backend into the store, and says in a few words
// what it did. It is handed over by whoever knows the other backends.
type Importer func(ctx context.Context, st *store.Store, spec ImportSpec, report func(backends.Progress)) (note string, err error)

// PlanImport takes runs of another backend into the store. They keep their names,
// and get ids of their own here.
func (l *Local) PlanImport(_ context.Context, from string, runs []*backends.Run, experiment string) (backends.Plan, error) {
	if len(runs) == 0 {
		return backends.Plan{}, errors.New("import: no run given")
	}
	spec := ImportSpec{From: from, Experiment: experiment}
	var refs []backends.Ref
	var names []string
	for _, r := range runs {
		spec.Runs, refs, names = append(spec.Runs, r.ID), append(refs, r.Ref()), append(names, r.Name)
	}
	p := l.plan("runs.import", "store", "runs/import", spec, refs...)
	p.Title = "Import " + list(names)
	p.Summary = fmt.Sprintf("Copies %s from %s into this workspace, with all points and files; what is here already is not copied again.", count(len(runs), "run"), from)
	p.EquivCLI = "flightdeck import " + backends.Quote(from)
	if experiment != "" {
		p.Lines = append(p.Lines, backends.Line{Label: "experiment", Value: experiment})
		p.EquivCLI += " --experiment " + backends.Quote(experiment)
	}
	if len(runs) > 20 { // a command line that nobody would type; it does more only where there is more
		p.EquivCLI += " --all"
		return p, nil
	}
	p.EquivCLI += " " + words(refs)
	return p, nil
}

func (l *Local) importRuns(ctx context.Context, spec ImportSpec, report func(backends.Progress)) (string, error) {
	st, err := l.writable(ctx, "runs/import")
	if err != nil {
		return "", err
	}
	if l.o.Import == nil {
		return "", errors.New("this program was not told how to read other sources")
	}
	return l.o.Import(ctx, st, spec, report)
}
