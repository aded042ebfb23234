package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
	"flightdeck/backends/mlflow/rest"
	"flightdeck/backends/transfer"
)

// serverDestination is an MLflow server as somewhere to copy runs to.
type serverDestination struct {
	c      *rest.Client
	exps   []rest.Experiment
	models []backends.RegisteredModel // nil until they are asked for
}

func newServerDestination(ctx context.Context, c *rest.Client) (*serverDestination, error) {
	all, err := c.Experiments(ctx, rest.All)
	return &serverDestination{c: c, exps: all}, err
}

func (d *serverDestination) Name() string { return d.c.URL() }

// refusedByServer marks the errors that sending again will never mend.
func refusedByServer(err error) error {
	if rest.Code(err) == rest.InvalidParameter || errors.Is(err, rest.ErrNoPlace) {
		return &transfer.RefusedError{Err: err}
	}
	return err
}

func (d *serverDestination) Experiment(ctx context.Context, e backends.Experiment) (string, error) {
	for _, x := range d.exps {
		switch {
		case x.Name != e.Name:
		case x.Stage == "deleted":
			return "", fmt.Errorf("it is deleted on %s, and nothing can be logged into it: restore it there, or say another with --experiment", d.c.URL())
		default:
			return x.ID, nil
		}
	}
	id, err := d.c.CreateExperiment(ctx, e.Name, e.Tags)
	if rest.Code(err) == rest.AlreadyExists { // somebody else did so at this moment
		x, err := d.c.ExperimentByName(ctx, e.Name)
		return x.ID, err
	}
	if err == nil {
		d.exps = append(d.exps, rest.Experiment{ID: id, Name: e.Name, Stage: "active"})
	}
	return id, err
}

func (d *serverDestination) Find(ctx context.Context, source string) (transfer.Copy, error) {
	quote := "'"
	if strings.Contains(source, quote) {
		quote = `"`
	}
	s := rest.Search{View: rest.All, Max: 2, Filter: "tags.`" + transfer.TagSource + "` = " + quote + source + quote}
	for _, e := range d.exps {
		s.Experiments = append(s.Experiments, e.ID)
	}
	runs, _, err := d.c.SearchRuns(ctx, s)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return d.copyOf(&runs[0]), nil
}

func (d *serverDestination) copyOf(w *rest.Run) *serverCopy {
	return &serverCopy{c: d.c, run: w.Entity("", "")}
}

func (d *serverDestination) Create(ctx context.Context, experiment string, r *backends.Run, tags []backends.Tag) (transfer.Copy, error) {
	start := int64(0)
	if !r.Start.IsZero() {
		start = r.Start.UnixMilli()
	}
	w, err := d.c.CreateRun(ctx, rest.NewRun{Experiment: experiment, Name: r.Name, User: r.User, Start: start, Tags: tags})
	if err != nil {
		return nil, err
	}
	return d.copyOf(w), nil
}

func (d *serverDestination) Model(ctx context.Context, m backends.RegisteredModel, v backends.ModelVersion) (string, bool, error) {
	if strings.Contains(v.Source, ":") {
		return "", false, &transfer.RefusedError{Err: fmt.Errorf("its source %s is no artifact of its run", v.Source)}
	}
	if d.models == nil {
		all, err := d.c.Models(ctx)
		if err != nil {
			return "", false, err
		}
		d.models = append(all, backends.RegisteredModel{}) // so that it is not nil
	}
	if i := slices.IndexFunc(d.models, func(x backends.RegisteredModel) bool { return x.Name == m.Name }); i >= 0 {
		if number := copiedVersion(d.models[i], v); number != "" {
			return number, false, nil
		}
	}
	if err := d.c.CreateModel(ctx, m.Name, m.Description, m.Tags); err != nil {
		return "", false, refusedByServer(err)
	}
	run, err := d.c.Run(ctx, v.Run)
	if err != nil {
		return "", false, err
	}
	v.Model = m.Name
	number, err := d.c.CreateVersion(ctx, v, strings.TrimSuffix(run.Info.Artifacts, "/")+"/"+v.Source)
	return number, true, refusedByServer(err)
}

func (d *serverDestination) Alias(ctx context.Context, model, alias, version string) error {
	return refusedByServer(d.c.SetAlias(ctx, model, alias, version))
}

// serverCopy is one run of the server that is being filled.
type serverCopy struct {
	c   *rest.Client
	run *backends.Run
}

func (c *serverCopy) Run() *backends.Run { return c.run }

func (c *serverCopy) Points(ctx context.Context, key string) (p backends.Points, err error) {
	err = c.c.History(ctx, c.run.ID, key, "", func(more backends.Points) {
		p.Step, p.Time, p.Value = append(p.Step, more.Step...), append(p.Time, more.Time...), append(p.Value, more.Value...)
	})
	return p, err
}

func (c *serverCopy) Artifacts(ctx context.Context) ([]backends.Artifact, error) {
	return c.c.Artifacts(ctx, c.run.ID)
}

func (c *serverCopy) Log(ctx context.Context, b transfer.Batch) error {
	w := rest.Batch{Params: b.Params, Tags: b.Tags}
	for _, m := range b.Metrics {
		w.Metrics = append(w.Metrics, rest.Metric{Key: m.Key, Value: rest.Float(m.Value), Time: rest.Int(m.Time), Step: rest.Int(m.Step)})
	}
	return refusedByServer(c.c.LogBatch(ctx, c.run.ID, w))
}

// longestDigest is what MLflow keeps of a data set's digest; the whole of a longer one
// goes along as a tag.
const longestDigest = 36

func (c *serverCopy) Inputs(ctx context.Context, in []backends.Dataset) error {
	in = slices.Clone(in)
	for i := range in {
		if d := &in[i]; len(d.Digest) > longestDigest {
			d.Tags = append(slices.Clone(d.Tags), backends.Tag{Key: entity.TagDigest, Value: d.Digest})
			d.Digest = d.Digest[:longestDigest]
		}
	}
	return refusedByServer(c.c.LogInputs(ctx, c.run.ID, in))
}

// Limits are MLflow's: mlflow/utils/validation.py. It cuts longer values itself, and
// does not say so.
func (d *serverDestination) Limits() (param, tag int) { return 6000, 8000 }

func (c *serverCopy) Artifact(ctx context.Context, a backends.Artifact, open func() (io.ReadCloser, error)) error {
	var last io.ReadCloser
	defer func() {
		if last != nil {
			last.Close()
		}
	}()
	return refusedByServer(c.c.PutArtifact(ctx, c.run.ID, c.run.Artifacts, a.Path, a.Size, func() (io.Reader, error) {
		if last != nil {
			last.Close()
		}
		f, err := open()
		last = f
		return f, err
	}))
}

func (c *serverCopy) End(ctx context.Context, r *backends.Run) error {
	if err := c.c.UpdateRun(ctx, c.run.ID, r.Status, r.End); err != nil {
		return err
	}
	if r.Deleted {
		return c.c.DeleteRun(ctx, c.run.ID)
	}
	return nil
}
