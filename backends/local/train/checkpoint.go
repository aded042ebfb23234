package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"flightdeck/backends"
)

// checkpointName is written in Config.Dir. It is a safetensors file whose metadata
// hold the progress and the params.
const checkpointName = "checkpoint.safetensors"

// checkpoint is what was read of one.
type checkpoint struct {
	run    string // id, as the sink gave it
	epochs int    // that were wanted
	at     progress

	metadata map[string]string
	arrays   map[string]array
}

// state is every array that the rest of the training depends on.
func (t *trainer) state() []array {
	var out []array
	for k, p := range t.model.tensors() {
		out = append(out, array{p.name, p.shape, p.w}, array{"optimizer.m." + p.name, p.shape, t.opt.m[k]})
		if t.opt.adam {
			out = append(out, array{"optimizer.v." + p.name, p.shape, t.opt.v[k]})
		}
	}
	return append(out, array{"optimizer.betas", []int{2}, []float64{t.opt.b1, t.opt.b2}})
}

// checkpoint writes the state in place of the one before, at once or not at all.
func (t *trainer) checkpoint(ctx context.Context) error {
	path := filepath.Join(t.cfg.Dir, checkpointName)
	if err := backends.Check(ctx, "file", "write "+path); err != nil {
		return err
	}
	metadata := map[string]string{
		"run": t.runID, "epochs": strconv.Itoa(t.cfg.Epochs), "epoch": strconv.Itoa(t.at.epoch), "batch": strconv.Itoa(t.at.batch),
		"steps": strconv.FormatInt(t.at.steps, 10), "correct": strconv.Itoa(t.at.correct), "seen": strconv.Itoa(t.at.seen),
		"loss": strconv.FormatFloat(t.at.loss, 'x', -1, 64), // exact
	}
	for _, p := range t.cfg.params() {
		metadata["param."+p.Key] = p.Value
	}
	b, err := encodeTensors(t.state(), metadata)
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if t.cfg.Dir != "" {
		if err := os.MkdirAll(t.cfg.Dir, 0o755); err != nil {
			return fmt.Errorf("write checkpoint: %w", err)
		}
	}
	next := path + ".next"
	if err := os.WriteFile(next, b, 0o644); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

func readCheckpoint(dir string) (*checkpoint, error) {
	path := filepath.Join(dir, checkpointName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("nothing to resume: there is no %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	cp, err := decodeCheckpoint(b)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
	}
	return cp, nil
}

func decodeCheckpoint(b []byte) (*checkpoint, error) {
	arrays, m, err := decodeTensors(b)
	if err != nil {
		return nil, err
	}
	cp := &checkpoint{run: m["run"], metadata: m, arrays: arrays}
	steps := 0
	for _, f := range []struct {
		key string
		to  *int
	}{
		{"epochs", &cp.epochs}, {"epoch", &cp.at.epoch}, {"batch", &cp.at.batch}, {"steps", &steps}, {"correct", &cp.at.correct}, {"seen", &cp.at.seen},
	} {
		if *f.to, err = strconv.Atoi(m[f.key]); err != nil || *f.to < 0 {
			return nil, fmt.Errorf("its %s is %q", f.key, m[f.key])
		}
	}
	cp.at.steps = int64(steps)
	if cp.at.loss, err = strconv.ParseFloat(m["loss"], 64); err != nil {
		return nil, fmt.Errorf("its loss is %q", m["loss"])
	}
	return cp, nil
}

// fits refuses to go on with other params than the checkpoint's: the result would
// be neither's. More epochs are fine where no schedule depends on their number.
func (cp *checkpoint) fits(cfg Config) error {
	for _, p := range cfg.params() {
		was := cp.metadata["param."+p.Key]
		if was == p.Value || p.Key == "epochs" && cfg.Schedule == "constant" {
			continue
		}
		return fmt.Errorf("cannot resume: the checkpoint was trained with %s %s, not %s", p.Key, was, p.Value)
	}
	return nil
}

// restore copies the arrays into the trainer's.
func (cp *checkpoint) restore(state []array) error {
	for _, a := range state {
		saved, ok := cp.arrays[a.name]
		if !ok || len(saved.w) != len(a.w) {
			return fmt.Errorf("cannot resume: the checkpoint has %d values of %s, not %d", len(saved.w), a.name, len(a.w))
		}
		copy(a.w, saved.w)
	}
	return nil
}
