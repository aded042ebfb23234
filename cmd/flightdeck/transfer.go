package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/mlflow/rest"
	"flightdeck/backends/transfer"
)

// chosenRuns are the flags by which runs are chosen.
type chosenRuns struct {
	all        bool
	experiment string
}

func (c *cli) importVerb() *cobra.Command {
	all, experiment := false, ""
	cmd := &cobra.Command{
		Use: "import SOURCE [RUN…|--all]", Short: "Copy runs of another source into this workspace", Args: cobra.MinimumNArgs(1),
		Long: `Copy runs of another source into this workspace, with all points and files.

SOURCE is a folder, a file, a URL or the name of a source that flightdeck sources
lists: a tree that any program logged into, an mlruns folder, an mlflow.db, an MLflow
server, another workspace. What was copied before is recognised and not copied
again, so that an import that was cut off is gone on with by calling it again.
What could not be carried is listed at the end.

  flightdeck import ../old/mlruns --all
  flightdeck import https://mlflow.lan brisk-otter --experiment digits`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 1) {
				return usageError("import: name runs, or say --all")
			}
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			runs, err := c.sourceRuns(cmd.Context(), args[0], args[1:])
			if err != nil {
				return err
			}
			p, err := lo.PlanImport(cmd.Context(), args[0], runs, experiment)
			return c.transferred(cmd.Context(), lo, p, err)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all runs that are not deleted")
	cmd.Flags().StringVar(&experiment, "experiment", "", "put all of them into this experiment (default: each one's own)")
	completeFlag(cmd, "experiment", c.completeExperiments)
	return cmd
}

func (c *cli) exportVerb() *cobra.Command {
	var pick chosenRuns
	to := ""
	cmd := &cobra.Command{
		Use: "export [RUN…|--all|-e EXPERIMENT]", Short: "Copy runs to an MLflow server, or write them as JSON or CSV",
		Long: `Copy runs to an MLflow server, or write them as JSON or CSV.

With --to a server gets the runs, with all points, files and model versions. What
was copied before is recognised and not sent again, so that an export that was cut
off is gone on with by calling it again. MLFLOW_TRACKING_USERNAME, _PASSWORD and
_TOKEN say who asks. What could not be carried is listed at the end.

Without --to whole histories are written, of runs of any source: -o csv gives
run,key,step,timestamp,value, -o json everything that is known of each run. --all
is all runs of this workspace, or of the sources that -s names.

  flightdeck export --to https://mlflow.lan --all
  flightdeck export -o csv brisk-otter > points.csv`,
		ValidArgsFunction: c.completeRuns(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (pick.all || pick.experiment != "") == (len(args) > 0) {
				return usageError("export: name runs, or say --all or -e EXPERIMENT")
			}
			if to == "" && c.format == "table" {
				return usageError("export: say where to: --to URL, or -o json or -o csv for standard output")
			}
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			if to == "" {
				runs, err := c.chosenAnywhere(cmd.Context(), lo, pick, args)
				if err != nil {
					return err
				}
				return c.writeRuns(cmd.Context(), runs)
			}
			runs, err := c.chosen(cmd.Context(), lo, pick, args)
			if err != nil {
				return err
			}
			e, err := newExporter(to, lo)
			if err != nil {
				return err
			}
			defer e.c.Close()
			p, err := e.plan(runs)
			return c.transferred(cmd.Context(), e, p, err)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "URL of an MLflow server")
	cmd.Flags().BoolVar(&pick.all, "all", false, "all runs that are not deleted")
	cmd.Flags().StringVarP(&pick.experiment, "experiment", "e", "", "all runs of this experiment, by name or id")
	completeFlag(cmd, "experiment", c.completeExperiments)
	return cmd
}

// chosen are the runs of the workspace that a command line names.
func (c *cli) chosen(ctx context.Context, lo *local.Local, pick chosenRuns, names []string) ([]*backends.Run, error) {
	if len(names) > 0 {
		var out []*backends.Run
		for _, n := range names {
			r, err := c.run(ctx, lo, n)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		return out, nil
	}
	id, err := experimentID(ctx, lo, pick.experiment)
	if err != nil {
		return nil, err
	}
	runs, err := lo.Runs(ctx, backends.RunFilter{Experiment: id})
	if err == nil && len(runs) == 0 {
		err = fmt.Errorf("no runs to export: %w", backends.ErrNotFound)
	}
	return runs, err
}

// transferred applies a plan of import or export, and shows its report.
func (c *cli) transferred(ctx context.Context, b backends.Backend, p backends.Plan, err error) error {
	if err != nil {
		return err
	}
	r, err := c.apply(ctx, b, p)
	if c.dryRun {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w\n  what arrived stays, and is not copied again: call it once more to go on", err)
	}
	if c.format == "json" { // the note is the report
		return c.json(json.RawMessage(r.Note))
	}
	var reports []transfer.Report
	if err := json.Unmarshal([]byte(r.Note), &reports); err != nil {
		return err
	}
	for _, report := range reports {
		if _, err := fmt.Fprint(c.out, safe(strings.TrimSuffix(report.String(), "\n"))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// noted is reports as a receipt's note.
func noted(reports ...*transfer.Report) (string, error) {
	doc, err := json.Marshal(reports)
	return string(doc), err
}

// exporter sends runs of the workspace to a server. It is a backend only so that an
// export is planned, shown and applied as every change is.
type exporter struct {
	c    *rest.Client
	lo   *local.Local
	runs map[string]*backends.Run
}

func newExporter(to string, lo *local.Local) (*exporter, error) {
	o := rest.FromEnv(os.Getenv)
	o.URL = to
	c, err := rest.New(o)
	if err != nil {
		return nil, codeError{exitUsage, err}
	}
	return &exporter{c: c, lo: lo, runs: map[string]*backends.Run{}}, nil
}

func (e *exporter) Name() string { return "export" }

// plan names the runs that are sent. It asks the server nothing.
func (e *exporter) plan(runs []*backends.Run) (backends.Plan, error) {
	p := backends.Plan{
		Backend: e.Name(), Action: "runs.export", Title: fmt.Sprintf("Export %s to %s", plural(len(runs), "run"), e.c.URL()),
		Summary: "Makes these runs there, with all points, files and model versions; what is there already is not sent again.",
	}
	for _, r := range runs {
		e.runs[r.ID] = r
		body, err := json.Marshal(map[string]string{"run_id": r.ID})
		if err != nil {
			return p, err
		}
		p.Target = append(p.Target, r.Ref())
		p.Requests = append(p.Requests, backends.Request{Verb: "POST", Target: e.c.Endpoint("runs/create"), Body: body})
	}
	return p, nil
}

// Apply sends what the plan names.
func (e *exporter) Apply(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
	if err := backends.Check(ctx, "http", p.Title); err != nil {
		return backends.Receipt{}, err
	}
	o := transfer.Options{Models: true, Progress: report}
	for _, ref := range p.Target {
		o.Runs = append(o.Runs, e.runs[ref.ID])
	}
	to, err := newServerDestination(ctx, e.c)
	if err != nil {
		return backends.Receipt{}, err
	}
	done, err := transfer.Run(ctx, e.lo, to, o)
	if err != nil {
		return backends.Receipt{}, err
	}
	note, err := noted(done)
	return backends.Receipt{Target: p.Target, Note: note}, err
}
