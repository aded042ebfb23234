package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/local/provenance"
)

func (c *cli) reproduceVerb() *cobra.Command {
	into, force := "", false
	cmd := &cobra.Command{
		Use: "reproduce RUN [-- ARGS…]", Short: "Train again in a new folder; exit 0 only if every metric is bit-equal", Args: cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeRunThen(cobra.NoFileCompletions),
		Long: `Train again in a new folder; exit 0 only if every metric is bit-equal.

The commit is checked out, the uncommitted diff and the untracked files that were
kept are put over it, the data's digests are compared, masked variables are taken
from the current environment. What is lacking is named, and nothing is run then;
--force runs all the same. ARGS are added to the command, to see what they change.`,
		RunE: c.onRun(func(ctx context.Context, b backends.Backend, r *backends.Run, args []string) error {
			lo, ok := b.(*local.Local)
			if !ok {
				return codeError{exitUsage, fmt.Errorf("run %s is of source %s, which does not record what reproduce needs; runs that flightdeck started can be reproduced", r.Name, b.Name())}
			}
			return c.reproduce(ctx, lo, r, into, args, force)
		}),
	}
	cmd.Flags().StringVar(&into, "into", "", "the new folder (default: one beside the workspace's jobs)")
	cmd.Flags().BoolVar(&force, "force", false, "run although something is lacking")
	return cmd
}

// tagReproduces is the tag of a run that was made to reproduce another: its id.
const tagReproduces = "reproduces"

// reproduction is the answer of reproduce, for -o json.
type reproduction struct {
	Run         string   `json:"run_id"`
	Again       string   `json:"again_run_id"`
	Dir         string   `json:"dir"`
	Metrics     int      `json:"metrics"`
	Points      int      `json:"points"`
	Differences []string `json:"differences"`
	Lacks       []string `json:"lacks,omitempty"`
}

func (c *cli) reproduce(ctx context.Context, lo *local.Local, r *backends.Run, into string, extra []string, force bool) error {
	prov, err := lo.Provenance(ctx, r.Ref())
	if err != nil {
		return fmt.Errorf("reproduce %s: nothing was recorded of where it comes from: %w", r.Name, err)
	}
	c.builtIn(prov)
	if into == "" {
		into = filepath.Join(lo.Root(), local.Folder, "reproduced", short(r.ID)+"-"+c.now().Format("20060102-150405.000"))
	}
	if into, err = filepath.Abs(into); err != nil {
		return fmt.Errorf("reproduce: %w", err)
	}
	spec := backends.JobSpec{
		Command: slices.Concat(prov.Command, extra), Dir: provenance.WorkDir(prov, into), Experiment: r.ExpName, Tags: map[string]string{tagReproduces: r.ID},
	}
	if c.dryRun {
		return c.showPlan(reproducePlan(lo, r, prov, spec, into))
	}
	if ro, why := lo.ReadOnly(); ro && c.grant != nil && !c.readOnly {
		return fmt.Errorf("reproduce %s: %w: %s", r.Name, backends.ErrReadOnly, why)
	}
	out := reproduction{Run: r.ID, Dir: into, Differences: []string{}}
	if out.Lacks, err = c.restore(ctx, lo, r, prov, into, force); err != nil {
		return err
	}
	p, err := lo.PlanStart(ctx, c.environment(spec, prov))
	if err != nil {
		return err
	}
	receipt, err := lo.Apply(c.granted(ctx), p, nil)
	if err != nil {
		return err
	}
	ref, job := receipt.Target[0], (*backends.Job)(nil)
	err = c.attend(ctx, lo, ref, func(ctx context.Context) (err error) {
		b := c.newBar("training again")
		defer b.done()
		c.animate(ctx, lo, ref, b)
		job, err = lo.WaitJob(ctx, ref.ID)
		return err
	})
	if err != nil {
		return err
	}
	return c.judge(ctx, lo, r, job, out)
}

// builtIn says when another version of this program trained: it may compute
// otherwise, which the comparison then shows.
func (c *cli) builtIn(prov backends.Provenance) {
	if len(prov.Command) < 2 || prov.Command[0] != "flightdeck" || prov.Command[1] != "train" {
		return
	}
	if prov.Version != version {
		fmt.Fprintf(c.err, "flightdeck: note: it was trained by version %s, this is %s\n", safe(prov.Version), version)
	}
}

// reproducePlan is what reproduce would do. The start itself can only be planned in
// the folder that is restored first.
func reproducePlan(lo *local.Local, r *backends.Run, prov backends.Provenance, spec backends.JobSpec, into string) backends.Plan {
	p := backends.Plan{
		Backend: lo.Name(), Action: "runs.reproduce", Target: []backends.Ref{r.Ref()}, Title: "Reproduce " + r.Name,
		Summary: "Makes the working tree again in a new folder, runs the same command there and compares every metric bit by bit.",
		Lines:   []backends.Line{{Label: "command", Value: backends.Join(spec.Command)}, {Label: "in", Value: spec.Dir}},
		Requests: []backends.Request{
			{Verb: "file", Target: into}, {Verb: "exec", Target: backends.Join(spec.Command)},
		},
		EquivCLI: "flightdeck reproduce " + short(r.ID),
	}
	if prov.GitCommit != "" {
		p.Lines = append(p.Lines, backends.Line{Label: "commit", Value: prov.GitCommit})
	}
	for _, f := range slices.Concat(prov.Changed, prov.Untracked) {
		p.Lines = append(p.Lines, backends.Line{Label: "with", Value: f})
	}
	_, unset := provenance.Environ(prov, os.Environ())
	for _, lack := range slices.Concat(prov.Lacks, unset) {
		p.Against = append(p.Against, "it lacks "+lack)
	}
	return p
}

// restore makes the working tree again; what is lacking ends it unless forced.
func (c *cli) restore(ctx context.Context, lo *local.Local, r *backends.Run, prov backends.Provenance, into string, force bool) (lacks []string, err error) {
	open, err := lo.ProvenanceFile(ctx, r.Ref())
	if err != nil {
		return nil, err
	}
	if err := backends.Check(c.granted(ctx), "file", "make "+into); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(into), 0o755); err != nil {
		return nil, fmt.Errorf("reproduce: %w", err)
	}
	err = provenance.Restore(c.granted(ctx), prov, open, into)
	var lack *provenance.LackError
	if !errors.As(err, &lack) {
		return nil, err
	}
	if !force || !lack.Made {
		return lack.What, codeError{exitDiffers, fmt.Errorf("reproduce %s: it lacks\n  %s", r.Name, strings.Join(lack.What, "\n  "))}
	}
	return lack.What, nil
}

// environment is the spec under the recorded variables. Masked ones are left out:
// the job inherits ours, and a secret is written nowhere.
func (c *cli) environment(spec backends.JobSpec, prov backends.Provenance) backends.JobSpec {
	spec.Env = map[string]string{}
	for name, value := range prov.Env {
		if value != backends.Masked && !strings.HasPrefix(name, "FLIGHTDECK_") && !strings.HasPrefix(name, "MLFLOW_") && name != "PATH" && name != "PWD" {
			spec.Env[name] = value
		}
	}
	return spec
}

// judge compares every metric, bit by bit, and how the two ended.
func (c *cli) judge(ctx context.Context, lo *local.Local, r *backends.Run, j *backends.Job, out reproduction) error {
	runs, err := lo.Runs(ctx, backends.RunFilter{Job: j.ID})
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return fmt.Errorf("the second training ended (%s) without a run", jobState(j))
	}
	again := runs[len(runs)-1]
	out.Again = again.ID
	if r, err = lo.Run(ctx, r.ID); err != nil {
		return err
	}
	a, err := histories(ctx, lo, r)
	if err != nil {
		return err
	}
	b, err := histories(ctx, lo, again)
	if err != nil {
		return err
	}
	for _, d := range provenance.Compare(a, b) {
		out.Differences = append(out.Differences, d.String())
	}
	if r.Exit != "" && r.Exit != again.Exit {
		out.Differences = append(out.Differences, "how it ended: "+r.Exit+" and "+again.Exit+"; see  flightdeck logs "+j.ID)
	}
	for k, p := range a {
		if !strings.HasPrefix(k, "system/") {
			out.Metrics++
			out.Points += p.Len()
		}
	}
	if out.Metrics == 0 && len(out.Differences) == 0 {
		return codeError{exitDiffers, fmt.Errorf("%s logged no metrics: there is nothing to compare", r.Name)}
	}
	return c.verdict(r, again, out)
}

func (c *cli) verdict(r, again *backends.Run, out reproduction) (err error) {
	var rows [][]string
	for _, d := range out.Differences {
		rows = append(rows, []string{d})
	}
	switch {
	case c.format != "table":
		err = c.print(listing{head: []string{"difference"}, rows: rows, value: out})
	case len(rows) == 0:
		_, err = fmt.Fprintf(c.out, "bit-equal: %d metrics, %d points; %s is %s again, in %s\n", out.Metrics, out.Points, safe(again.Name), safe(r.Name), safe(out.Dir))
	default:
		_, err = fmt.Fprintf(c.out, "%s is not %s again:\n  %s\n", safe(again.Name), safe(r.Name), safe(strings.Join(out.Differences, "\n  ")))
	}
	if err == nil && len(rows) > 0 {
		return codeError{code: exitDiffers}
	}
	return err
}

func histories(ctx context.Context, lo *local.Local, r *backends.Run) (map[string]backends.Points, error) {
	all := map[string]backends.Points{}
	for _, m := range r.Metrics {
		h, err := lo.History(ctx, r.Ref(), m.Key)
		if err != nil {
			return nil, err
		}
		all[m.Key] = h.Points()
	}
	return all, nil
}
