package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
	"flightdeck/backends/transfer"
)

// storeDestination is this workspace as somewhere to copy runs to.
type storeDestination struct {
	st   *store.Store
	runs map[string]*backends.Run // copies, by their source
}

func newStoreDestination(ctx context.Context, st *store.Store) (*storeDestination, error) {
	d := &storeDestination{st: st, runs: map[string]*backends.Run{}}
	for _, deleted := range []bool{true, false} {
		all, err := st.Runs(ctx, backends.RunFilter{Deleted: deleted})
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if s := r.Tag(transfer.TagSource); s != "" {
				d.runs[s] = r
			}
		}
	}
	return d, nil
}

func (d *storeDestination) Name() string { return "local" }

// refusable marks the errors that trying again will never mend.
func refusable(err error) error {
	var e *store.Error
	if errors.As(err, &e) && e.Code == store.InvalidParameter {
		return &transfer.RefusedError{Err: err}
	}
	return err
}

func (d *storeDestination) Experiment(ctx context.Context, e backends.Experiment) (string, error) {
	id, err := d.experimentNamed(ctx, e.Name)
	if id != "" || err != nil {
		return id, err
	}
	id, err = d.st.CreateExperiment(ctx, e.Name, e.Tags)
	if err != nil { // a store that is made by this very call has Default from the start
		if old, listErr := d.experimentNamed(ctx, e.Name); old != "" && listErr == nil {
			return old, nil
		}
	}
	return id, err
}

// experimentNamed is its id, "" when there is none.
func (d *storeDestination) experimentNamed(ctx context.Context, name string) (string, error) {
	all, err := d.st.Experiments(ctx)
	if i := slices.IndexFunc(all, func(x backends.Experiment) bool { return x.Name == name }); i >= 0 {
		return all[i].ID, nil
	}
	return "", err
}

func (d *storeDestination) Find(_ context.Context, source string) (transfer.Copy, error) {
	if r := d.runs[source]; r != nil {
		return &storeCopy{d.st, r}, nil
	}
	return nil, nil
}

func (d *storeDestination) Create(ctx context.Context, experiment string, r *backends.Run, tags []backends.Tag) (transfer.Copy, error) {
	made, err := d.st.CreateRun(ctx, store.NewRun{ExperimentID: experiment, Name: r.Name, User: r.User, Start: r.Start, Tags: tags})
	if err != nil {
		return nil, err
	}
	d.runs[made.Tag(transfer.TagSource)] = made
	return &storeCopy{d.st, made}, nil
}

func (d *storeDestination) Model(ctx context.Context, m backends.RegisteredModel, v backends.ModelVersion) (string, bool, error) {
	have, err := d.st.Model(ctx, m.Name)
	switch {
	case errors.Is(err, backends.ErrNotFound):
		if err := d.st.CreateModel(ctx, m.Name, m.Description, m.Tags); err != nil {
			return "", false, refusable(err)
		}
	case err != nil:
		return "", false, refusable(err)
	}
	if number := copiedVersion(have, v); number != "" {
		return number, false, nil
	}
	made, err := d.st.RegisterVersion(ctx, store.NewVersion{
		Model: m.Name, Run: v.Run, Source: v.Source, Description: v.Description, RunLink: v.RunLink, Tags: v.Tags,
	})
	return made.Version, true, refusable(err)
}

// copiedVersion is the number of the version that was copied from the same one
// before, "" for none.
func copiedVersion(m backends.RegisteredModel, v backends.ModelVersion) string {
	for _, h := range m.Versions {
		for _, t := range h.Tags {
			if t.Key == transfer.TagSource && slices.Contains(v.Tags, t) {
				return h.Version
			}
		}
	}
	return ""
}

func (d *storeDestination) Alias(ctx context.Context, model, alias, version string) error {
	return refusable(d.st.SetAlias(ctx, model, alias, version))
}

// storeCopy is one run of the store that is being filled.
type storeCopy struct {
	st  *store.Store
	run *backends.Run
}

func (c *storeCopy) Run() *backends.Run { return c.run }

func (c *storeCopy) Points(ctx context.Context, key string) (backends.Points, error) {
	h, err := c.st.History(ctx, c.run.ID, key)
	if err != nil || h == nil {
		return backends.Points{}, err
	}
	return h.Points(), nil
}

func (c *storeCopy) Artifacts(ctx context.Context) ([]backends.Artifact, error) {
	return c.st.Artifacts(ctx, c.run.ID)
}

func (c *storeCopy) Log(ctx context.Context, b transfer.Batch) error {
	return refusable(c.st.LogBatch(ctx, c.run.ID, b.Metrics, b.Params, b.Tags))
}

func (c *storeCopy) Inputs(ctx context.Context, in []backends.Dataset) error {
	return refusable(c.st.LogInputs(ctx, c.run.ID, in))
}

func (c *storeCopy) Artifact(ctx context.Context, a backends.Artifact, open func() (io.ReadCloser, error)) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = c.st.PutArtifact(ctx, c.run.ID, a.Path, f)
	return refusable(err)
}

func (c *storeCopy) End(ctx context.Context, r *backends.Run) error {
	if err := c.st.UpdateRun(ctx, c.run.ID, store.RunUpdate{Status: r.Status, End: r.End}); err != nil {
		return err
	}
	if r.Deleted {
		return c.st.DeleteRuns(ctx, []string{c.run.ID})
	}
	return nil
}
