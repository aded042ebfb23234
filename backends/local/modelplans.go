package local

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"flightdeck/backends"
)

// PlanRegister makes a new version of a registered model from a run's artifact.
func (l *Local) PlanRegister(ctx context.Context, ref backends.Ref, model, artifact string) (backends.Plan, error) {
	run, err := l.stored(ctx, ref.ID)
	if err != nil {
		return backends.Plan{}, err
	}
	if strings.TrimSpace(model) == "" {
		return backends.Plan{}, fmt.Errorf("register: the model needs a name")
	}
	if err := l.hasArtifact(ctx, run, artifact); err != nil {
		return backends.Plan{}, fmt.Errorf("register: %w", err)
	}
	p := l.plan("models.register", "store", "model-versions/create", registerBody{Model: model, Run: run.ID, Source: artifact}, run.Ref())
	p.Title = "Register " + run.Name + " as " + model
	p.Summary = "Makes the next version of the model from this run's " + artifact + "."
	p.EquivCLI = "flightdeck models register " + word(run.Ref()) + " " + backends.Quote(model)
	return p, nil
}

// hasArtifact reports an error unless the run has that file, or files in that
// folder: a version that points at nothing is of no use to anyone.
func (l *Local) hasArtifact(ctx context.Context, run *backends.Run, artifact string) error {
	files, err := l.Artifacts(ctx, run.Ref())
	if err != nil {
		return err
	}
	want := path.Clean(artifact)
	if slices.ContainsFunc(files, func(a backends.Artifact) bool {
		return want == "." || a.Path == want || strings.HasPrefix(a.Path, want+"/")
	}) {
		return nil
	}
	return fmt.Errorf("run %s has no %s among its artifacts: %w", run.Name, artifact, backends.ErrNotFound)
}

// PlanAlias points an alias at a version, or removes it (version "").
func (l *Local) PlanAlias(ctx context.Context, model, version, alias string) (backends.Plan, error) {
	models, err := l.Models(ctx)
	if err != nil {
		return backends.Plan{}, err
	}
	i := slices.IndexFunc(models, func(m backends.RegisteredModel) bool { return m.Name == model })
	if i < 0 {
		return backends.Plan{}, fmt.Errorf("model %s: %w", model, backends.ErrNotFound)
	}
	old := models[i].Aliases[alias]
	switch {
	case strings.TrimSpace(alias) == "":
		return backends.Plan{}, fmt.Errorf("model %s: the alias needs a name", model)
	case version == "" && old == "":
		return backends.Plan{}, fmt.Errorf("model %s has no alias %s: %w", model, alias, backends.ErrNotFound)
	case version != "" && !slices.ContainsFunc(models[i].Versions, func(v backends.ModelVersion) bool { return v.Version == version }):
		return backends.Plan{}, fmt.Errorf("model %s has no version %s: %w", model, version, backends.ErrNotFound)
	}
	ref := backends.Ref{Backend: l.Name(), Kind: "model", ID: model, Name: model}
	p := l.plan("models.alias", "store", "registered-models/alias", aliasBody{Model: model, Version: version, Alias: alias}, ref)
	p.Title = "Alias " + alias + " of " + model
	p.Summary = "Points the alias at another version."
	p.Lines = []backends.Line{{Label: "@" + alias, Value: orDash(old) + " → " + orDash(version)}}
	p.EquivCLI = strings.TrimSpace("flightdeck models alias " + backends.Quote(model) + " " + backends.Quote(alias) + " " + version)
	undo := l.plan("models.alias", "store", "registered-models/alias", aliasBody{Model: model, Version: old, Alias: alias}, ref)
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return l.pin(ctx, p)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
