package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/local/store"
)

const manyRuns = 10_000

// workspaces makes what the program is measured on: a demo's workspace by the real
// demo, and one of 10,000 runs of eight metrics and five params by the store.
func (b *bench) workspaces(ctx context.Context) error {
	b.small, b.large = filepath.Join(b.dir, "small"), filepath.Join(b.dir, "large")
	if err := os.MkdirAll(b.small, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command(b.bin, "-C", b.small, "demo", "--headless").CombinedOutput(); err != nil {
		return fmt.Errorf("demo: %w\n%s", err, out)
	}
	start := time.Now()
	st, err := openStore(b.large)
	if err != nil {
		return err
	}
	defer st.Close()
	ctx = granted(ctx)
	for i := range manyRuns {
		if err := makeRun(ctx, st, i); err != nil {
			return err
		}
	}
	fmt.Printf("made %d runs in %s\n", manyRuns, time.Since(start).Round(time.Millisecond))
	return nil
}

func granted(ctx context.Context) context.Context {
	return backends.WithGrant(ctx, backends.Grant{Actor: "bench", Role: backends.Owner})
}

func openStore(ws string) (*store.Store, error) {
	dir := filepath.Join(ws, local.Folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return store.Open(dir, store.Options{})
}

// makeRun is a finished run with curves of ten points.
func makeRun(ctx context.Context, st *store.Store, i int) error {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	run, err := st.CreateRun(ctx, store.NewRun{
		Experiment: "bench", Start: time.UnixMilli(1_700_000_000_000 + int64(i)*60_000), User: "bench",
		Params: []backends.Param{
			{Key: "lr", Value: fmt.Sprintf("%.4f", math.Pow(10, -1-3*r.Float64()))},
			{Key: "width", Value: fmt.Sprint(16 << r.IntN(4))},
			{Key: "batch", Value: fmt.Sprint(8 << r.IntN(4))},
			{Key: "epochs", Value: "10"},
			{Key: "seed", Value: fmt.Sprint(i)},
		},
	})
	if err != nil {
		return err
	}
	var ms []backends.Metric
	for step := range int64(10) {
		for k, key := range []string{"val_acc", "val_loss", "train_acc", "train_loss", "epoch", "test/f1", "grad_norm", "tokens"} {
			v := float64(step+1) / 10 * (1 - r.Float64()/8)
			if key == "epoch" {
				v = float64(step + 1)
			}
			ms = append(ms, backends.Metric{Key: key, Value: v, Step: step, Time: 1_700_000_000_000 + int64(k) + step*1000})
		}
	}
	if err := st.LogBatch(ctx, run.ID, ms, nil, nil); err != nil {
		return err
	}
	return st.UpdateRun(ctx, run.ID, store.RunUpdate{Status: backends.RunFinished, End: run.Start.Add(time.Minute)})
}

// writer keeps four runs of a workspace growing until stop is called.
func (b *bench) writer(ctx context.Context, ws string) (stop func(), err error) {
	st, err := openStore(ws)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(granted(ctx))
	runs, err := st.Runs(ctx, backends.RunFilter{})
	if err != nil {
		cancel()
		return nil, err
	}
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for step := int64(100); ; step++ {
			for _, r := range runs[:4] {
				m := []backends.Metric{{Key: "val_loss", Value: 1 / float64(step), Step: step, Time: time.Now().UnixMilli()}, {Key: "val_acc", Value: 1 - 1/float64(step), Step: step, Time: time.Now().UnixMilli()}}
				if err := st.LogBatch(ctx, r.ID, m, nil, nil); err != nil {
					return // the bench has ended
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() { cancel(); all.Wait(); st.Close() }, nil
}

// livePoints gives a running run in the small workspace and a function that logs
// its next point.
func (b *bench) livePoints(ctx context.Context) (name string, logOne func(i int) error, err error) {
	st, err := openStore(b.small)
	if err != nil {
		return "", nil, err
	}
	ctx = granted(ctx)
	r, err := st.CreateRun(ctx, store.NewRun{Experiment: "digits", Name: "live-lynx"})
	if err != nil {
		return "", nil, err
	}
	at := 0
	logOne = func(int) error {
		at++
		v := math.Exp(-float64(at) / 40)
		return st.LogBatch(ctx, r.ID, []backends.Metric{
			{Key: "val_acc", Value: 2 - v, Step: int64(at) * 10, Time: time.Now().UnixMilli()}, {Key: "val_loss", Value: v, Step: int64(at) * 10, Time: time.Now().UnixMilli()},
		}, nil, nil)
	}
	for i := range 40 {
		if err := logOne(i); err != nil {
			return "", nil, err
		}
	}
	return r.Name, logOne, nil
}
