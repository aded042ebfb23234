package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flightdeck/backends"
	"flightdeck/backends/local/track"
	"flightdeck/backends/local/train"
)

func (c *cli) trainVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use: "train digits|sentiment", Short: "Train a built-in model on real data, as a job", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError("train: say what to train: %s", strings.Join(train.Tasks(), " or "))
		},
	}
	for _, task := range train.Tasks() {
		cmd.AddCommand(c.trainTask(task))
	}
	return cmd
}

func (c *cli) trainTask(task string) *cobra.Command {
	detach := false
	cmd := &cobra.Command{Use: task, Short: "Train the " + task + " model", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions}
	for _, p := range train.Params(task) {
		help := p.Help
		if len(p.Choices) > 0 {
			help += " (" + strings.Join(p.Choices, ", ") + ")"
		}
		if p.Kind == train.Bool {
			cmd.Flags().Bool(p.Name, p.Default == "true", help)
		} else {
			cmd.Flags().String(p.Name, p.Default, help)
		}
		if len(p.Choices) > 0 {
			completeFlag(cmd, p.Name, cobra.FixedCompletions(p.Choices, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "return as soon as it has started")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, given, err := trainConfig(task, cmd.Flags())
		if err != nil {
			return err
		}
		if os.Getenv("FLIGHTDECK_JOB") != "" {
			return c.trainHere(cmd.Context(), cfg)
		}
		if err := cfg.Validate(); err != nil {
			return codeError{exitUsage, err}
		}
		return c.start(cmd.Context(), backends.JobSpec{
			Name: cfg.Name, Command: append([]string{"flightdeck", "train", task}, given...), Experiment: task, Dir: mustGetwd(),
		}, detach)
	}
	return cmd
}

// mustGetwd is the current folder; "" lets the backend choose when it is gone.
func mustGetwd() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

// trainConfig reads the flags. given is those that were set, as a command line
// says them.
func trainConfig(task string, flags *pflag.FlagSet) (cfg train.Config, given []string, err error) {
	if cfg, err = train.New(task); err != nil {
		return cfg, nil, err
	}
	known := map[string]bool{}
	for _, p := range train.Params(task) {
		known[p.Name] = true
	}
	flags.Visit(func(f *pflag.Flag) {
		if !known[f.Name] || err != nil {
			return
		}
		if setErr := cfg.Set(f.Name, f.Value.String()); setErr != nil {
			err = codeError{exitUsage, setErr}
		}
		if f.Value.Type() == "bool" {
			given = append(given, "--"+f.Name+"="+f.Value.String())
		} else {
			given = append(given, "--"+f.Name, f.Value.String())
		}
	})
	return cfg, given, err
}

// trainHere trains in this process, which is a job's child: it logs to the job's
// endpoint and keeps its checkpoints in the job's folder.
func (c *cli) trainHere(ctx context.Context, cfg train.Config) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if dir := os.Getenv("FLIGHTDECK_JOB_DIR"); dir != "" && cfg.Dir == "" {
		cfg.Dir = filepath.Join(dir, "checkpoints")
		if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
			return fmt.Errorf("folder for checkpoints: %w", err)
		}
	}
	if old := os.Getenv("FLIGHTDECK_RESUME_DIR"); old != "" {
		if err := os.CopyFS(cfg.Dir, os.DirFS(old)); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("take the checkpoint over: %w", err)
		}
		cfg.Resume = true
	}
	sink := track.NewSink(track.Client{URL: os.Getenv("MLFLOW_TRACKING_URI"), Token: os.Getenv("MLFLOW_TRACKING_TOKEN")}, track.SinkOptions{
		Experiment: os.Getenv("MLFLOW_EXPERIMENT_NAME"), Run: os.Getenv("FLIGHTDECK_RESUME_RUN"),
	})
	return train.Run(c.granted(ctx), cfg, sink, c.out)
}
