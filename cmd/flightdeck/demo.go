package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/tui/widget/cell"
)

// demoSet is the main job as it stands: eight trainings of the digits model. One
// diverges and one is a mistake that a person makes, so that both are seen.
func demoSet() [][]string {
	return [][]string{
		{"--lr", "0.05", "--width", "128"},
		{"--lr", "0.03", "--width", "128"},
		{"--lr", "0.1", "--width", "64"},
		{"--lr", "0.03", "--width", "64", "--batch", "16"},
		{"--lr", "0.01", "--width", "32"},
		{"--lr", "0.001", "--width", "32"},
		{"--lr", "30", "--width", "128"},
		{"--lr", "0.05", "--width", "128", "--batch", "0"},
	}
}

// demoGoal is the validation accuracy that the best of the demo's runs must reach.
const demoGoal = 0.97

func (c *cli) demoVerb() *cobra.Command {
	headless := false
	cmd := &cobra.Command{
		Use: "demo", Short: "Train eight real models in a fresh workspace and watch", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Train eight real models on real data (the UCI 8×8 digits) in a fresh workspace.

In a terminal it opens the full-screen program. Without one, or with --headless, it
does the same work with a line for each step and a table at the end, and exits 0
only if everything happened: six models trained, one diverged, one crashed on its
batch size of 0, and the best reached a validation accuracy of 0.97.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.dryRun {
				return c.demoPlan(cmd.Context())
			}
			if err := backends.Check(c.granted(cmd.Context()), "file", "make the demo's workspace"); err != nil {
				return err
			}
			lo, err := c.demoWorkspace()
			if err != nil {
				return err
			}
			if headless || !isTerminal(c.in) || !isTerminal(c.out) {
				return c.demoHeadless(cmd.Context(), lo)
			}
			return c.demoTUI(cmd.Context(), lo)
		},
	}
	cmd.Flags().BoolVar(&headless, "headless", false, "without the full-screen program")
	return cmd
}

// demoWorkspace makes a fresh one, or one in the folder of -C.
func (c *cli) demoWorkspace() (*local.Local, error) {
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "flightdeck-demo-")
		if err != nil {
			return nil, fmt.Errorf("demo workspace: %w", err)
		}
		c.dir = filepath.Join(dir, "digits-lab")
	}
	if err := os.MkdirAll(filepath.Join(c.dir, local.Folder), 0o755); err != nil {
		return nil, fmt.Errorf("demo workspace: %w", err)
	}
	return c.workspace()
}

// demoSpecs are the jobs of the set; extra is added to each command.
func demoSpecs(dir string, extra ...string) []backends.JobSpec {
	var specs []backends.JobSpec
	for _, args := range demoSet() {
		specs = append(specs, backends.JobSpec{Command: slices.Concat([]string{"flightdeck", "train", "digits"}, args, extra), Experiment: "digits", Dir: dir})
	}
	return specs
}

// demoPlan prints what the demo would start, as one plan.
func (c *cli) demoPlan(ctx context.Context) error {
	root := c.dir
	if root == "" {
		root = os.TempDir()
	}
	lo, err := c.open(local.Options{Root: root, Version: version, ReadOnly: true})
	if err != nil {
		return err
	}
	defer lo.Close()
	all := backends.Plan{Backend: lo.Name(), Action: "demo", Title: "Run the demo", Summary: "Starts eight trainings in a fresh workspace, each a job of its own.", EquivCLI: "flightdeck demo"}
	for _, spec := range demoSpecs(os.TempDir()) {
		p, err := lo.PlanStart(ctx, spec)
		if err != nil {
			return err
		}
		all.Target, all.Requests = append(all.Target, p.Target...), append(all.Requests, p.Requests...)
		all.Lines = append(all.Lines, backends.Line{Label: "train", Value: backends.Join(spec.Command)})
	}
	return c.showPlan(all)
}

// startDemo starts the set; each is a job of its own.
func (c *cli) startDemo(ctx context.Context, lo *local.Local, extra ...string) ([]backends.Ref, error) {
	var refs []backends.Ref
	for _, spec := range demoSpecs(lo.Root(), extra...) {
		p, err := lo.PlanStart(ctx, spec)
		if err != nil {
			return refs, err
		}
		r, err := lo.Apply(c.granted(ctx), p, nil)
		if err != nil {
			return refs, err
		}
		refs = append(refs, r.Target[0])
	}
	return refs, nil
}

// demoTUI starts the set behind the first frame, slowed so that the curves can be
// watched, and leaves the workspace where it can be opened again.
func (c *cli) demoTUI(ctx context.Context, lo *local.Local) error {
	failed := make(chan error, 1)
	go func() {
		_, err := c.startDemo(ctx, lo, "--throttle", "400ms")
		failed <- err
	}()
	if err := c.openTUI(ctx, lo); err != nil {
		return err
	}
	select {
	case err := <-failed:
		if err != nil {
			return err
		}
	case <-time.After(10 * time.Second):
	}
	fmt.Fprintf(c.out, "the demo's workspace stays, and so do its trainings:\n  flightdeck %s\n", lo.Root())
	return nil
}

func (c *cli) demoHeadless(ctx context.Context, lo *local.Local) error {
	began := c.now()
	c.say("workspace  %s\n", lo.Root())
	refs, err := c.startDemo(ctx, lo)
	if err != nil {
		return err
	}
	c.say("started    %d trainings, each a process of its own\n", len(refs))
	var ours []*backends.Run
	for _, ref := range refs {
		j, err := lo.WaitJob(ctx, ref.ID)
		if err != nil {
			return err
		}
		c.say("%8s   %-14s %s\n", cell.Duration(c.now().Sub(began)), jobState(j), strings.Join(j.Spec.Command[2:], " "))
		runs, err := lo.Runs(ctx, backends.RunFilter{Job: ref.ID})
		if err != nil {
			return err
		}
		ours = append(ours, runs...)
	}
	c.say("\n")
	if err := c.print(c.runListing(ours, []string{"metrics.val_acc", "metrics.val_loss", "params.lr", "params.width", "params.batch", "metrics.epoch"})); err != nil {
		return err
	}
	if err := judgeDemo(ours); err != nil {
		return err
	}
	c.say("\nall of it happened in %s; look at it:  flightdeck %s\n", cell.Duration(c.now().Sub(began)), lo.Root())
	return nil
}

// say writes a line of progress: beside the answer, where that is for a program.
func (c *cli) say(format string, args ...any) {
	out := c.out
	if c.format != "table" {
		out = c.err
	}
	fmt.Fprintf(out, format, args...)
}

// judgeDemo says what is missing from the demo's promise.
func judgeDemo(all []*backends.Run) error {
	var finished, diverged, crashed int
	best := 0.0
	for _, r := range all {
		switch {
		case r.Diverged != "":
			diverged++
			continue
		case r.Status == backends.RunFailed:
			crashed++
		case r.Status == backends.RunFinished:
			finished++
		}
		if m, ok := r.Metric("val_acc"); ok {
			best = max(best, m.Value)
		}
	}
	var lacks []string
	for _, x := range []struct {
		got, want int
		what      string
	}{{finished, 6, "finished"}, {diverged, 1, "diverged"}, {crashed, 1, "crashed on purpose"}} {
		if x.got != x.want {
			lacks = append(lacks, fmt.Sprintf("%d %s instead of %d", x.got, x.what, x.want))
		}
	}
	if best < demoGoal {
		lacks = append(lacks, fmt.Sprintf("best val_acc %.4f is under %.2f", best, demoGoal))
	}
	if len(lacks) > 0 {
		return codeError{exitFailed, errors.New("the demo did not do all of its work: " + strings.Join(lacks, ", "))}
	}
	return nil
}
