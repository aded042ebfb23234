package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/folder"
)

func (c *cli) sourcesVerb() *cobra.Command {
	return &cobra.Command{
		Use: "sources", Short: "List where runs are read from: this workspace, its folders, MLflow", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `List where runs are read from, what was found there, and what could not be opened.

Everything in the tree of the workspace opens in place: TensorBoard event files,
Lightning's lightning_logs, Hydra's outputs and multirun, DVCLive, W&B's offline logs,
MLflow's mlruns and mlflow.db. The server that MLFLOW_TRACKING_URI names is one too;
-s ADDRESS opens another:

  flightdeck runs -s http://mlflow.lab:5000
  flightdeck sources -s tensorboard -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listSources(cmd.Context()) },
	}
}

// inventory is a source as -o json prints it.
type inventory struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"`
	Where   string        `json:"where"`
	Runs    int           `json:"runs"`
	Running int           `json:"running"`
	Newest  *time.Time    `json:"newest,omitempty"`
	Error   string        `json:"error,omitempty"`
	Trouble int           `json:"trouble,omitempty"` // runs of which something cannot be read
	LeftOut []folder.Note `json:"left_out,omitempty"`
}

func (c *cli) listSources(ctx context.Context) error {
	from, err := c.sources(ctx)
	if err != nil {
		return err
	}
	l := listing{
		head: []string{"SOURCE", "KIND", "RUNS", "RUNNING", "NEWEST", "WHERE", "TROUBLE"}, right: map[int]bool{2: true, 3: true},
		csvHead: []string{"source", "kind", "runs", "running", "newest", "where", "error", "trouble"},
	}
	out := []inventory{}
	told := false // the formats of one tree leave out the same
	for _, r := range c.readAll(ctx, from, backends.RunFilter{}) {
		s := describe(r)
		if n, ok := r.Backend.(interface{ Notes() []folder.Note }); ok && !told {
			s.LeftOut, told = n.Notes(), true
		}
		out = append(out, s)
		trouble := s.Error
		if trouble == "" && s.Trouble > 0 {
			trouble = plural(s.Trouble, "run") + " not read whole"
		}
		if s.Runs > 0 || s.Error != "" || r.kind == "local" || len(c.from) > 0 { // a format that was not found is no source
			newest := "–"
			if s.Newest != nil {
				newest = stamp(*s.Newest)
			}
			l.rows = append(l.rows, []string{s.Name, s.Kind, strconv.Itoa(s.Runs), strconv.Itoa(s.Running), newest, s.Where, trouble})
		}
		at := ""
		if s.Newest != nil {
			at = moment(*s.Newest)
		}
		l.csvRows = append(l.csvRows, []string{s.Name, s.Kind, strconv.Itoa(s.Runs), strconv.Itoa(s.Running), at, s.Where, s.Error, strconv.Itoa(s.Trouble)})
	}
	l.value = out
	if err := c.print(l); err != nil || c.format != "table" {
		return err
	}
	for _, s := range out {
		for _, n := range s.LeftOut {
			c.say("left out  %s: %s\n", safe(n.Path), safe(n.Why))
		}
	}
	return nil
}

func describe(r read) inventory {
	s := inventory{Name: r.name, Kind: r.kind, Where: r.where, Runs: len(r.runs)}
	for _, run := range r.runs {
		if run.Active() {
			s.Running++
		}
		if run.Tag(backends.TagTrouble) != "" {
			s.Trouble++
		}
	}
	if len(r.runs) > 0 {
		s.Newest = &r.runs[0].Start
	}
	if r.err != nil {
		s.Error = r.err.Error()
	}
	return s
}
