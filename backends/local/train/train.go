// Package train is the built-in trainer: two small models, really trained on the
// CPU, so that a machine with nothing installed has something to look at.
//
//   - digits: a multilayer perceptron on the 1,797 handwritten digits of 8×8
//     pixels from the UCI repository (data/LICENSE-digits.md).
//   - sentiment: a logistic regression on word n-grams of generated reviews, with
//     negations, contrasts and wrong labels in stated proportions.
//
// Run trains and tells a Sink about it: params, a loss for every step, losses and
// accuracies for every epoch, the data's digest, and at the end a confusion
// matrix, a report by class and the model as safetensors.
//
// What it promises:
//   - The same config gives the same weights and metrics, bit for bit, on every
//     machine. So the package has its own random numbers, exp and log (math's
//     have assembly that differs by processor), writes float64(a*b)+c where a
//     compiler could fuse, and adds in one fixed order.
//   - A checkpoint holds all that the rest of the training depends on: stopped
//     anywhere and resumed, it ends with the same bits.
//   - A loss that became NaN or infinite is logged as it is. By default training
//     then stops without an error: that the run diverged is its result.
//
// It knows nothing of jobs and of the store: it writes files of its own only into
// Config.Dir, and all else goes through the Sink.
package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"flightdeck/backends"
)

// Sink is where a run is logged. Its methods are called from one goroutine.
type Sink interface {
	// CreateRun begins a run, or goes on with the one that has the id resume, and
	// returns the id it has. A sink that cannot go on begins a new one.
	CreateRun(ctx context.Context, name, resume string) (id string, err error)
	Params(context.Context, []backends.Param) error
	Metrics(context.Context, []backends.Metric) error // at most MaxBatch
	Tags(context.Context, []backends.Tag) error
	Inputs(context.Context, []backends.Dataset) error
	Artifact(ctx context.Context, path string, content []byte) error
	Finish(context.Context, backends.RunStatus) error
}

// MaxBatch is how many points a Sink is given at once, MLflow's limit.
const MaxBatch = 1000

// finishTime is how long an ending run may take to say so after it was told to
// stop.
const finishTime = 5 * time.Second

// Run trains as the config says, logs to the sink (nil for none) and prints a line
// for each epoch. It needs a grant in ctx to write checkpoints. When ctx ends it
// writes one, finishes the run as killed and returns an error that wraps the
// context's. A config that cannot be trained fails the run, so that it is seen.
func Run(ctx context.Context, cfg Config, sink Sink, out io.Writer) error {
	if sink == nil {
		sink = discard{}
	}
	t := &trainer{cfg: cfg, out: out, rec: &recorder{sink: sink, out: out, now: time.Now}}
	err := t.run(ctx)

	status := backends.RunFinished
	switch {
	case err != nil && ctx.Err() != nil:
		status = backends.RunKilled
	case err != nil:
		status = backends.RunFailed
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	flushed := unlessDeleted(t.rec.flush(end))
	if !t.created {
		return err
	}
	if finished := unlessDeleted(sink.Finish(end, status)); finished != nil {
		finished = fmt.Errorf("finish the run: %w", finished)
		return errors.Join(err, flushed, finished)
	}
	return errors.Join(err, flushed)
}

// trainer is one training.
type trainer struct {
	cfg     Config
	rec     *recorder
	out     io.Writer
	created bool
	runID   string

	data  *data
	model model
	opt   *optimizer
	at    progress
}

func (t *trainer) run(ctx context.Context) error {
	cp, err := t.resume()
	if err != nil {
		return err
	}
	if err := t.begin(ctx, cp); err != nil {
		return err
	}
	if err := t.cfg.Validate(); err != nil {
		return err
	}
	if err := t.build(cp); err != nil {
		return err
	}
	if err := t.describe(ctx); err != nil {
		return err
	}
	diverged, err := t.epochs(ctx)
	if err != nil || diverged {
		return err
	}
	return t.evaluate(ctx)
}

// resume reads the checkpoint when it is asked to.
func (t *trainer) resume() (*checkpoint, error) {
	if !t.cfg.Resume {
		return nil, nil
	}
	cp, err := readCheckpoint(t.cfg.Dir)
	if err != nil {
		return nil, err
	}
	return cp, cp.fits(t.cfg)
}

// begin creates the run and logs the params, also those that cannot be trained.
func (t *trainer) begin(ctx context.Context, cp *checkpoint) error {
	before := ""
	if cp != nil && cp.epochs == t.cfg.Epochs {
		before = cp.run
	}
	id, err := t.rec.sink.CreateRun(ctx, t.cfg.Name, before)
	if err != nil {
		return fmt.Errorf("create the run: %w", err)
	}
	t.created, t.runID = true, id
	if before != "" && id == before {
		return nil // its params are logged
	}
	if err := unlessDeleted(t.rec.sink.Params(ctx, t.cfg.params())); err != nil {
		return fmt.Errorf("log params: %w", err)
	}
	tags := []backends.Tag{{Key: backends.TagSeed, Value: fmt.Sprint(t.cfg.Seed)}}
	if cp != nil && cp.run != "" {
		tags = append(tags, backends.Tag{Key: "flightdeck.resumed", Value: cp.run})
	}
	if err := unlessDeleted(t.rec.sink.Tags(ctx, tags)); err != nil {
		return fmt.Errorf("set tags: %w", err)
	}
	return nil
}

// build loads the data and makes the model, new or as the checkpoint left it.
func (t *trainer) build(cp *checkpoint) error {
	var err error
	if t.data, err = load(t.cfg); err != nil {
		return err
	}
	t.model = newModel(t.cfg, t.data)
	t.opt = newOptimizer(t.cfg, t.model.tensors())
	if cp == nil {
		return nil
	}
	t.at = cp.at
	if err := cp.restore(t.state()); err != nil {
		return err
	}
	betas := cp.arrays["optimizer.betas"].w
	t.opt.b1, t.opt.b2 = betas[0], betas[1]
	return nil
}

func (t *trainer) describe(ctx context.Context) error {
	d := t.data
	err := t.rec.sink.Inputs(ctx, []backends.Dataset{{
		Name: d.name, Digest: d.digest, SourceType: "code", Source: d.source, Context: "training",
		Profile: fmt.Sprintf(`{"num_rows": %d, "train": %d, "val": %d, "test": %d}`, len(d.y), len(d.train), len(d.val), len(d.test)),
	}})
	if unlessDeleted(err) != nil {
		return fmt.Errorf("log the data set: %w", err)
	}
	weights := 0
	for _, p := range t.model.tensors() {
		weights += len(p.w)
	}
	fmt.Fprintf(t.out, "%s: %d training, %d validation, %d test samples, %d weights\n", d.name, len(d.train), len(d.val), len(d.test), weights)
	if t.at.steps > 0 {
		fmt.Fprintf(t.out, "resumed after %d of %d epochs, step %d\n", t.at.epoch, t.cfg.Epochs, t.at.steps)
	}
	return nil
}
