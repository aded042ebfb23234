package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

func (c *cli) runVerb() *cobra.Command {
	var spec backends.JobSpec
	var env, tags []string
	detach := false
	cmd := &cobra.Command{
		Use: "run [flags] -- CMD…", Short: "Run any command as a job that outlives this terminal", Args: cobra.MinimumNArgs(1),
		Long: `Run any command as a job that outlives this terminal.

Its output, exit code and use of CPU, memory and GPU are kept, with the commit, the
uncommitted changes, the environment (secrets masked) and the digests of --data. Its
standard input is /dev/null: a job has no terminal to ask.

What it logs becomes runs. A script that uses MLflow, or a logger over it, finds
MLFLOW_TRACKING_URI set. Without that the job's run gets what it writes: TensorBoard's
event files, metrics.csv, .hydra/, .wandb, dvclive/, and numbers on its output in
lines such as  step=10 loss=0.5 ·  epoch 3/10 - loss: 0.53 ·  {"step": 3, "loss": 0.1}.

ctrl+c stops it; a second ctrl+c leaves it stopping and returns. -d returns at once
and prints the job's id. The exit code is the command's own, 128+n when signal n
ended it, 127 when it was not found, 126 when it cannot be run.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if spec.Env, err = pairs("--env", env); err != nil {
				return err
			}
			if spec.Tags, err = pairs("--tag", tags); err != nil {
				return err
			}
			spec.Command = args
			if spec.Dir == "" {
				if spec.Dir, err = os.Getwd(); err != nil {
					return fmt.Errorf("current folder: %w", err)
				}
			}
			return c.start(cmd.Context(), spec, detach)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.StringVar(&spec.Name, "name", "", "the run's name (default: a random one)")
	f.StringVarP(&spec.Experiment, "experiment", "e", "", "the experiment's name")
	f.StringSliceVar(&spec.Data, "data", nil, "files or folders whose digests are recorded")
	f.StringArrayVar(&env, "env", nil, "KEY=VALUE for the command")
	f.StringArrayVar(&tags, "tag", nil, "KEY=VALUE for its runs")
	f.StringVar(&spec.Dir, "dir", "", "where it runs (default: here)")
	f.DurationVar(&spec.Grace, "grace", 10*time.Second, "between TERM and KILL when it is stopped")
	f.BoolVarP(&detach, "detach", "d", false, "return as soon as it has started")
	completeFlag(cmd, "experiment", c.completeExperiments)
	return cmd
}

func pairs(flag string, in []string) (map[string]string, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := map[string]string{}
	for _, p := range in {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, usageError("%s %s: write KEY=VALUE", flag, p)
		}
		out[k] = v
	}
	return out, nil
}

// start starts a job and, unless detached, follows it to its end.
func (c *cli) start(ctx context.Context, spec backends.JobSpec, detach bool) error {
	lo, err := c.workspace()
	if err != nil {
		return err
	}
	p, err := lo.PlanStart(ctx, spec)
	if err != nil {
		return err
	}
	r, err := c.apply(ctx, lo, p)
	if err != nil || c.dryRun {
		return err
	}
	if detach {
		if c.format == "json" {
			return c.json(r)
		}
		_, err := fmt.Fprintf(c.out, "%s\n", r.Target[0].ID)
		return err
	}
	return c.attach(ctx, lo, r.Target[0])
}

// attach prints a job's output until it ends, over a bar where there is a terminal,
// and returns its exit code as an error of its own.
func (c *cli) attach(ctx context.Context, lo *local.Local, ref backends.Ref) error {
	return c.attend(ctx, lo, ref, func(ctx context.Context) error {
		b := c.newBar("")
		defer b.done()
		c.animate(ctx, lo, ref, b)
		if err := c.printLogs(ctx, lo, ref, backends.LogOptions{Follow: true}, false, b); err != nil {
			return err
		}
		j, err := lo.WaitJob(ctx, ref.ID)
		if err != nil {
			return err
		}
		b.done()
		if why := lo.Unrecorded(ctx, j); why != "" {
			fmt.Fprintf(c.err, "flightdeck: note: the end of job %s is not recorded in its run yet: %s\n", j.ID, safe(why))
		}
		return exitOf(j)
	})
}

// animate moves the bar by what the job's newest run says of its progress, until
// ctx ends.
func (c *cli) animate(ctx context.Context, lo *local.Local, ref backends.Ref, b *bar) {
	if !b.on {
		return
	}
	go func() {
		tick := time.NewTicker(barPace)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if runs, err := lo.Runs(ctx, backends.RunFilter{Job: ref.ID}); err == nil && len(runs) > 0 {
				if done, total, unit := runs[0].Progress(); total > 0 {
					b.named(runs[0].Name).progress(backends.Progress{Done: int64(done), Total: int64(total), Unit: unit})
				}
			}
		}
	}()
}

// attend runs f, which follows a job, with ctrl+c meaning the job: the first stops
// it, and its end is waited for, a second one leaves it. A reader of our output
// that goes away, and TERM, leave it too, since a job outlives who looks at it.
func (c *cli) attend(ctx context.Context, lo *local.Local, ref backends.Ref, f func(context.Context) error) error {
	watched, leave := context.WithCancel(ctx)
	defer leave()
	interrupts, pipe := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	signal.Notify(pipe, syscall.SIGPIPE) // then a write answers EPIPE instead of ending us in the middle
	defer signal.Stop(interrupts)
	defer signal.Stop(pipe)
	interrupted := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-watched.Done():
				return
			case <-interrupts:
			}
			if n > 0 {
				leave()
				return
			}
			close(interrupted)
			fmt.Fprintln(c.err, "\nstopping it; ctrl+c again leaves it to end by itself")
			go c.stopAttached(watched, lo, ref)
		}
	}()
	err := f(watched)
	switch {
	case errors.Is(err, syscall.EPIPE):
		c.left(ref, "nobody reads its output any more; it goes on")
		return codeError{code: 128 + int(syscall.SIGPIPE)}
	case ctx.Err() != nil:
		c.left(ref, "it goes on")
		return codeError{code: 128 + int(syscall.SIGTERM)}
	case watched.Err() != nil:
		c.left(ref, "it is stopping")
		return codeError{code: 128 + int(syscall.SIGINT)}
	}
	select {
	case <-interrupted:
		if err != nil { // whatever the child made of its TERM, it was ctrl+c
			return codeError{code: 128 + int(syscall.SIGINT)}
		}
	default:
	}
	return err
}

func (c *cli) left(ref backends.Ref, why string) {
	fmt.Fprintf(c.err, "left job %s: %s; see it with  flightdeck logs -f %s\n", ref.ID, why, ref.ID)
}

func (c *cli) stopAttached(ctx context.Context, lo *local.Local, ref backends.Ref) {
	p, err := lo.PlanStop(ctx, []backends.Ref{ref})
	if err == nil {
		_, err = lo.Apply(c.granted(ctx), p, nil)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(c.err, "flightdeck: "+safe(err.Error()))
	}
}

// exitOf turns how a job ended into how we end.
func exitOf(j *backends.Job) error {
	switch e := j.Exit; {
	case e == nil || !e.Known:
		return codeError{exitFailed, errors.New("the job's keeper is gone, so its exit code is not known")}
	case e.Signal != "":
		return codeError{128 + int(unix.SignalNum(e.Signal)), fmt.Errorf("the job was %s", e)}
	case e.Code != 0 && e.OOM:
		return codeError{e.Code, fmt.Errorf("the job ended with %s", e)}
	case e.Code != 0:
		return codeError{code: e.Code}
	}
	return nil
}
