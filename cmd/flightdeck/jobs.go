package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/local/provenance"
	"flightdeck/tui/widget/cell"
)

func (c *cli) psVerb() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "ps", Short: "List the jobs that run, or all with -a", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			jobs, err := lo.Jobs(cmd.Context())
			if err != nil {
				return err
			}
			if !all {
				jobs = slices.DeleteFunc(slices.Clone(jobs), func(j *backends.Job) bool { return !j.Active() })
			}
			runs, err := lo.Runs(cmd.Context(), backends.RunFilter{})
			if err != nil {
				return err
			}
			l := c.jobListing(jobs, runsByJob(runs))
			if all {
				l.empty = "no job has been started here; start one:  flightdeck train digits   or   flightdeck run -- CMD"
			}
			return c.print(l)
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "also those that have ended")
	return cmd
}

// runsByJob is the runs that each job made, newest first.
func runsByJob(runs []*backends.Run) map[string][]*backends.Run {
	of := map[string][]*backends.Run{}
	for _, r := range runs {
		if r.Job != "" {
			of[r.Job] = append(of[r.Job], r)
		}
	}
	return of
}

func (c *cli) jobListing(jobs []*backends.Job, of map[string][]*backends.Run) listing {
	l := listing{
		head: []string{"JOB", "NAME", "RUN", "STATE", "PID", "CPU", "MEMORY", "STARTED", "TOOK", "COMMAND"}, right: map[int]bool{4: true, 5: true, 6: true, 8: true},
		empty:   "no jobs run here; start one:  flightdeck train digits   or   flightdeck run -- CMD",
		csvHead: []string{"job", "name", "runs", "state", "exit_code", "signal", "pid", "cpu_cores", "memory_bytes", "started", "took_seconds", "command"},
	}
	shown := []backends.Job{}
	for _, j := range jobs {
		one := *j // the listing's own: jobs are shared
		one.Spec.Env = provenance.Mask(one.Spec.Env)
		end := j.Ended
		if j.Active() {
			end = c.now()
		}
		var names []string
		for _, r := range of[j.ID] {
			names, one.Runs = append(names, r.Name), append(one.Runs, r.ID)
		}
		row := []string{j.ID, j.Name, cmp.Or(strings.Join(names, " "), "–"), jobState(j), "", "", "", stamp(j.Started), cell.Duration(end.Sub(j.Started)), backends.Join(j.Spec.Command)}
		exactly := []string{j.ID, j.Name, strings.Join(one.Runs, " "), string(j.State), "", "", "", "", "", moment(j.Started), seconds(end.Sub(j.Started)), backends.Join(j.Spec.Command)}
		if j.Exit != nil && j.Exit.Known {
			exactly[4], exactly[5] = fmt.Sprint(j.Exit.Code), j.Exit.Signal
		}
		if j.Active() {
			row[4] = fmt.Sprint(j.PID)
			exactly[6] = row[4]
			if j.Usage != nil {
				row[5], row[6] = fmt.Sprintf("%.0f%%", 100*j.Usage.CPU), cell.Size(j.Usage.Memory)
				exactly[7], exactly[8] = exact(j.Usage.CPU), fmt.Sprint(j.Usage.Memory)
			}
		}
		l.rows, l.csvRows, shown = append(l.rows, row), append(l.csvRows, exactly), append(shown, one)
	}
	l.value = shown
	return l
}

func jobState(j *backends.Job) string {
	if j.State == backends.JobExited && j.Exit != nil {
		return j.Exit.String()
	}
	if j.Trouble != "" {
		return string(j.State) + " (" + j.Trouble + ")"
	}
	return string(j.State)
}

// change is a verb that plans something for what its arguments name.
func (c *cli) change(use, short string, args cobra.PositionalArgs, complete completer, plan func(ctx context.Context, lo *local.Local, refs []backends.Ref) (backends.Plan, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args, ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			refs, err := c.targets(cmd.Context(), lo, args)
			if err != nil {
				return err
			}
			p, err := plan(cmd.Context(), lo, refs)
			return c.do(cmd.Context(), lo, p, err)
		},
	}
}

func (c *cli) stopVerb() *cobra.Command {
	return c.change("stop RUN|JOB…", "TERM, ten seconds, KILL: the whole process tree", cobra.MinimumNArgs(1), c.completeTargets(true),
		func(ctx context.Context, lo *local.Local, refs []backends.Ref) (backends.Plan, error) {
			return lo.PlanStop(ctx, refs)
		})
}

func (c *cli) restartVerb() *cobra.Command {
	return c.change("restart RUN|JOB", "Run the same command again, as a new run", cobra.ExactArgs(1), c.completeTargets(false),
		func(ctx context.Context, lo *local.Local, refs []backends.Ref) (backends.Plan, error) {
			return lo.PlanRestart(ctx, refs[0])
		})
}

func (c *cli) resumeVerb() *cobra.Command {
	return c.change("resume RUN|JOB", "Go on from the last checkpoint, in the same run", cobra.ExactArgs(1), c.completeTargets(false),
		func(ctx context.Context, lo *local.Local, refs []backends.Ref) (backends.Plan, error) {
			return lo.PlanResume(ctx, refs[0])
		})
}
