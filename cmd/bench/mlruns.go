package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const manyFolders = 5000

// template makes one run with MLflow's own FileStore.
const template = `import mlflow, os
mlflow.set_tracking_uri("file://" + os.environ["ROOT"])
mlflow.set_experiment("wide")
with mlflow.start_run(run_name="template"):
    mlflow.log_params({f"p{i}": i for i in range(8)})
    for k in range(10):
        for s in range(20):
            mlflow.log_metric(f"m{k}", s / (k + 1), step=s)
`

// mlruns measures the first screen over a folder of 5,000 runs in MLflow's files:
// one made by MLflow, and copies of it under other ids.
func (b *bench) mlruns(ctx context.Context) error {
	b.t.head(fmt.Sprintf("an mlruns/ of %d runs, in place", manyFolders))
	env := peersDir()
	if env == "" {
		return errors.New("no peers: .ci/peers/install could not make them")
	}
	ws := filepath.Join(b.dir, "files")
	root := filepath.Join(ws, "mlruns")
	cmd := exec.CommandContext(ctx, filepath.Join(env, "mlflow3", "bin", "python"), "-c", template)
	cmd.Env = append(os.Environ(), "ROOT="+root, "MLFLOW_ALLOW_FILE_STORE=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mlflow: %w\n%s", err, out)
	}
	runs, err := filepath.Glob(filepath.Join(root, "*", "*", "params"))
	if err != nil || len(runs) != 1 {
		return fmt.Errorf("%d runs in what MLflow made: %w", len(runs), err)
	}
	first := filepath.Dir(runs[0])
	for i := range manyFolders - 1 {
		if err := cloneRun(first, fmt.Sprintf("%032x", i+1), i+1); err != nil {
			return err
		}
	}
	var all []time.Duration
	for range 5 {
		p, took, err := b.open(ws, fmt.Sprintf("%d of %d", manyFolders, manyFolders))
		if err != nil {
			return err
		}
		p.Close()
		all = append(all, took)
	}
	b.t.time("first screen with all of its rows, median", median(all), time.Second, len(all), "files in the page cache")
	return nil
}

// cloneRun copies a run's folder beside it under another id and a later start.
func cloneRun(from, id string, n int) error {
	to := filepath.Join(filepath.Dir(from), id)
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if d.Name() == "meta.yaml" {
			text := strings.ReplaceAll(string(content), filepath.Base(from), id)
			content = []byte(strings.ReplaceAll(text, "run_name: template", fmt.Sprintf("run_name: copy-%04d", n)))
		}
		return os.WriteFile(target, content, 0o644)
	})
}
