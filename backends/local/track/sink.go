package track

import (
	"context"
	"errors"
	"time"

	"flightdeck/backends"
)

// SinkOptions say where a Sink's run goes.
type SinkOptions struct {
	Experiment string // its name, "" is Default
	Run        string // the run to go on with when the one that is asked for is not there
	User       string
}

// Sink is one run at an endpoint, in the shape in which a training logs. Its
// methods are called from one goroutine.
type Sink struct {
	c   Client
	o   SinkOptions
	exp string
	run string
}

// NewSink makes a sink that has no run yet.
func NewSink(c Client, o SinkOptions) *Sink { return &Sink{c: c, o: o} }

// CreateRun begins a run, or goes on with the one called resume. A run that is not
// there, or was deleted, is no reason not to train: then it begins a new one.
func (s *Sink) CreateRun(ctx context.Context, name, resume string) (id string, err error) {
	if resume != "" {
		for _, old := range [...]string{resume, s.o.Run} {
			if ok, err := s.resume(ctx, old); ok || err != nil {
				return s.run, err
			}
		}
	}
	if s.run, err = s.c.CreateRun(ctx, NewRun{Experiment: s.o.Experiment, Name: name, User: s.o.User}); err != nil {
		return "", err
	}
	s.exp, _, err = s.c.Run(ctx, s.run)
	return s.run, err
}

// resume reports whether the run takes more. Only an answer that says no is a no.
func (s *Sink) resume(ctx context.Context, id string) (bool, error) {
	if id == "" {
		return false, nil
	}
	exp, _, err := s.c.Run(ctx, id)
	if err == nil {
		err = s.c.UpdateRun(ctx, id, Update{Status: backends.RunRunning})
	}
	var refused *Error
	if errors.As(err, &refused) && !retryable(refused.Status) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.exp, s.run = exp, id
	return true, nil
}

// Params logs params.
func (s *Sink) Params(ctx context.Context, p []backends.Param) error {
	return s.c.LogParams(ctx, s.run, p)
}

// Metrics logs points.
func (s *Sink) Metrics(ctx context.Context, m []backends.Metric) error {
	return s.c.LogBatch(ctx, s.run, m)
}

// Tags sets tags.
func (s *Sink) Tags(ctx context.Context, t []backends.Tag) error { return s.c.SetTags(ctx, s.run, t) }

// Inputs logs the data that the training reads.
func (s *Sink) Inputs(ctx context.Context, d []backends.Dataset) error {
	return s.c.LogInputs(ctx, s.run, d)
}

// Artifact stores a file.
func (s *Sink) Artifact(ctx context.Context, path string, content []byte) error {
	return s.c.PutArtifact(ctx, s.exp, s.run, path, content)
}

// Finish ends the run.
func (s *Sink) Finish(ctx context.Context, status backends.RunStatus) error {
	return s.c.UpdateRun(ctx, s.run, Update{Status: status, End: time.Now()})
}
