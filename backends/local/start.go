package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/provenance"
)

const (
	provenanceDir = "provenance"
	program       = "flightdeck" // the name under which a job's command finds this program
)

// Variables that tell a job's child what it goes on with.
const (
	envResumeDir = "FLIGHTDECK_RESUME_DIR"
	envResumeRun = "FLIGHTDECK_RESUME_RUN"
)

// start starts a job. report hears how far the digests of its data have come.
func (l *Local) start(ctx context.Context, b startBody, report func(backends.Progress)) (note string, err error) {
	defer func() { err = l.unstarted(err) }()
	if _, err := l.writable(ctx, "start job"); err != nil {
		return "", err
	}
	if _, err := l.Adopt(ctx); err != nil {
		return "", err
	}
	if b.Stop != "" {
		if err := l.jobs.Stop(ctx, b.Stop, b.Spec.Grace); err != nil {
			return "", err
		}
	}
	spec := b.Spec
	if spec.Env, err = l.childEnv(ctx, b); err != nil {
		return "", err
	}
	j, err := l.jobs.Start(ctx, b.ID, spec, func(dir string) error {
		prov, files, err := provenance.Capture(ctx, provenance.Options{
			Dir: spec.Dir, Command: spec.Command, Env: withEnv(os.Environ(), b.Spec.Env), Data: spec.Data, Version: l.o.Version, Report: report,
			Own: len(spec.Command) > 1 && spec.Command[0] == "flightdeck" && spec.Command[1] == "train",
		})
		if err != nil {
			return fmt.Errorf("record where it comes from: %w", err)
		}
		return provenance.Write(filepath.Join(dir, provenanceDir), prov, files)
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("started %s, pid %d", j.Name, j.PID), nil
}

// childEnv is what the job's child finds set beside what it inherits.
func (l *Local) childEnv(ctx context.Context, b startBody) (map[string]string, error) {
	spec, env := b.Spec, map[string]string{}
	for k, v := range spec.Env {
		env[k] = v
	}
	env["FLIGHTDECK_JOB_DIR"] = l.jobs.Dir(b.ID)
	if spec.Experiment != "" {
		env["MLFLOW_EXPERIMENT_NAME"] = spec.Experiment // MLflow's own variable: its clients obey it too
	}
	if _, set := env["PYTHONUNBUFFERED"]; !set {
		env["PYTHONUNBUFFERED"] = "1" // its output goes to a file: without this, print() shows minutes later
	}
	env["PATH"] = l.path(spec)
	if err := l.link(ctx); err != nil {
		return nil, err
	}
	if spec.Resume == "" {
		return env, nil
	}
	runs, err := l.Runs(ctx, backends.RunFilter{Job: spec.Resume})
	if err != nil {
		return nil, err
	}
	env[envResumeDir] = l.checkpoints(spec.Resume)
	if len(runs) > 0 {
		env[envResumeRun] = runs[len(runs)-1].ID
	}
	return env, nil
}

// path is the child's PATH, with this program first: a command that says
// "flightdeck" means the one that started it.
func (l *Local) path(spec backends.JobSpec) string {
	path, set := spec.Env["PATH"]
	if !set {
		path = os.Getenv("PATH")
	}
	dir := filepath.Join(l.dir(), "bin")
	if filepath.Base(l.o.Exe[0]) == program {
		dir = filepath.Dir(l.o.Exe[0])
	}
	first, _, _ := strings.Cut(path, string(os.PathListSeparator))
	switch {
	case first == dir:
		return path
	case path == "":
		return dir
	}
	return dir + string(os.PathListSeparator) + path
}

// link makes a program of another name known to jobs as flightdeck.
func (l *Local) link(ctx context.Context) error {
	exe := l.o.Exe[0]
	if filepath.Base(exe) == program {
		return nil
	}
	if err := backends.Check(ctx, "file", "link "+exe); err != nil {
		return err
	}
	name := filepath.Join(l.dir(), "bin", program)
	if now, err := os.Readlink(name); err == nil && now == exe {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("make this program known to jobs: %w", err)
	}
	tmp := fmt.Sprintf("%s.%d", name, os.Getpid())
	if err := os.Symlink(exe, tmp); err != nil {
		return fmt.Errorf("make this program known to jobs: %w", err)
	}
	if err := os.Rename(tmp, name); err != nil {
		return errors.Join(fmt.Errorf("make this program known to jobs: %w", err), os.Remove(tmp))
	}
	return nil
}

// withEnv is the environment with the job's own variables over it.
func withEnv(base []string, add map[string]string) []string {
	out := append([]string(nil), base...)
	for k, v := range add {
		out = append(out, k+"="+v)
	}
	return out
}

// checkpoints is where a job's child keeps what it can go on from.
func (l *Local) checkpoints(id string) string { return filepath.Join(l.jobs.Dir(id), "checkpoints") }

func (l *Local) hasCheckpoint(id string) bool {
	entries, err := os.ReadDir(l.checkpoints(id))
	return err == nil && len(entries) > 0
}
