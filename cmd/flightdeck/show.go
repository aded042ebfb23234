package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

func asError[T error](err error, into *T) bool { return errors.As(err, into) }

func (c *cli) showVerb() *cobra.Command {
	return &cobra.Command{
		Use: "show RUN", Short: "Everything about one run: params, metrics, where it comes from", Args: cobra.ExactArgs(1),
		ValidArgsFunction: c.completeRunThen(cobra.NoFileCompletions),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, r, err := c.anyRun(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(cmd.Context(), b, r)
		},
	}
}

// shown is a run as -o json prints it: with its files and its provenance.
type shown struct {
	*backends.Run
	Artifacts  []backends.Artifact  `json:"artifacts"`
	Provenance *backends.Provenance `json:"provenance,omitempty"`
}

func (c *cli) show(ctx context.Context, b backends.Backend, r *backends.Run) error {
	s := shown{Run: r, Provenance: provenanceOf(ctx, b, r)}
	if l, ok := b.(backends.ArtifactLister); ok {
		var err error
		if s.Artifacts, err = l.Artifacts(ctx, r.Ref()); err != nil {
			return err
		}
	}
	if c.format == "json" {
		return c.json(s)
	}
	facts := backends.Facts(r, s.Provenance)
	l := listing{head: []string{"WHAT", "VALUE"}, rows: s.rows(c), value: s, csvHead: []string{"key", "value"}, csvRows: [][]string{{"run", r.Name}, {"run_id", r.ID}}}
	for _, k := range slices.SortedFunc(maps.Keys(facts), backends.CompareFacts) {
		l.csvRows = append(l.csvRows, []string{k, facts[k]})
	}
	return c.print(l)
}

func (s shown) rows(c *cli) [][]string {
	r := s.Run
	rows := [][]string{
		{"run", r.Name},
		{"id", r.ID},
		{"experiment", r.ExpName},
		{"state", runState(r)},
		{"started", stamp(r.Start)},
		{"took", cell.Duration(r.Took(c.now()))},
	}
	if r.Backend != "local" {
		rows = append(rows, []string{"source", r.Backend})
	}
	for _, p := range r.Params {
		rows = append(rows, []string{"params." + p.Key, p.Value})
	}
	for _, m := range r.Metrics {
		rows = append(rows, []string{"metrics." + m.Key, fmt.Sprintf("%s  at step %d", figure(m.Value), m.Step)})
	}
	for _, t := range r.Tags {
		rows = append(rows, []string{"tags." + t.Key, t.Value})
	}
	for _, d := range r.Inputs {
		rows = append(rows, []string{"data", d.Name + "  " + d.Digest})
	}
	if p := s.Provenance; p != nil {
		rows = append(rows, []string{"command", backends.Join(p.Command)}, []string{"in", p.Dir})
		if p.GitCommit != "" {
			rows = append(rows, []string{"commit", strings.TrimSpace(short(p.GitCommit) + " " + p.GitBranch)})
		}
		if n := len(p.Changed) + len(p.Untracked); n > 0 {
			rows = append(rows, []string{"uncommitted", strings.Join(slices.Concat(p.Changed, p.Untracked), " ")})
		}
		for _, lack := range p.Lacks {
			rows = append(rows, []string{"lacks", lack})
		}
	}
	for _, a := range s.Artifacts {
		rows = append(rows, []string{"file", fmt.Sprintf("%s  %s", a.Path, cell.Size(a.Size))})
	}
	return rows
}

func (c *cli) diffVerb() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "diff RUN RUN…", Short: "What differs between runs: params, metrics, tags, environment, git", Args: cobra.MinimumNArgs(2),
		ValidArgsFunction: c.completeRuns(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			var runs []*backends.Run
			var from []backends.Backend
			for _, a := range args {
				b, r, err := c.anyRun(cmd.Context(), a)
				if err != nil {
					return err
				}
				runs, from = append(runs, r), append(from, b)
			}
			return c.print(c.diffListing(cmd.Context(), from, runs, all))
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "also what is equal")
	return cmd
}

func (c *cli) diffListing(ctx context.Context, from []backends.Backend, runs []*backends.Run, all bool) listing {
	l := listing{head: []string{"WHAT"}, empty: "no difference"}
	facts := make([]map[string]string, len(runs))
	keys := map[string]bool{}
	for i, r := range runs {
		l.head = append(l.head, r.Name)
		facts[i] = backends.Facts(r, provenanceOf(ctx, from[i], r))
		for k := range facts[i] {
			keys[k] = true
		}
	}
	sorted := slices.SortedFunc(maps.Keys(keys), backends.CompareFacts)
	type entry struct {
		Key    string   `json:"key"`
		Values []string `json:"values"`
	}
	entries := []entry{}
	for _, k := range sorted {
		row := []string{k}
		same := true
		for i := range runs {
			v, ok := facts[i][k]
			if !ok {
				v = "–"
			}
			row = append(row, v)
			same = same && v == row[1]
		}
		if all || !same {
			l.rows = append(l.rows, row)
			entries = append(entries, entry{k, row[1:]})
		}
	}
	l.value = entries
	return l
}

func provenanceOf(ctx context.Context, b backends.Backend, r *backends.Run) *backends.Provenance {
	from, ok := b.(backends.ProvenanceReader)
	if !ok {
		return nil
	}
	p, err := from.Provenance(ctx, r.Ref())
	if err != nil {
		return nil
	}
	return &p
}
