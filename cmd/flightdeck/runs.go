package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/query"
	"flightdeck/backends/query/of"
	"flightdeck/tui/widget/cell"
)

func (c *cli) runsVerb() *cobra.Command {
	var f backends.RunFilter
	var columns []string
	var limit int
	cmd := &cobra.Command{
		Use: "runs [QUERY]", Short: "List runs: flightdeck runs 'metrics.val_acc > 0.95 and params.lr < 0.01'", Args: cobra.ArbitraryArgs,
		Long: `List runs, newest first, those that a query chooses.

A clause is a field, an operator and a value; and, or, not and parentheses join them.
Any other text is looked for fuzzily.

  flightdeck runs 'metrics.val_acc > 0.95 and (params.lr < 0.01 or tags.team = vision)'
  flightdeck runs 'state in (failed, stopped) and start > -2h'
  flightdeck runs 'took > 10m and note is null' -o csv`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkColumns(columns); err != nil {
				return err
			}
			if limit < 0 {
				return usageError("-n %d: it is a number of runs, or 0 for all", limit)
			}
			return c.listRuns(cmd.Context(), f, strings.Join(args, " "), columns, limit)
		},
	}
	cmd.Flags().StringVarP(&f.Experiment, "experiment", "e", "", "only this experiment, by name or id")
	cmd.Flags().BoolVar(&f.Deleted, "deleted", false, "the deleted ones instead")
	cmd.Flags().StringSliceVar(&columns, "columns", nil, "metrics.KEY, params.KEY, tags.KEY (default: the most telling)")
	cmd.Flags().IntVarP(&limit, "limit", "n", 0, "at most this many")
	completeFlag(cmd, "experiment", c.completeExperiments)
	completeFlag(cmd, "columns", c.completeColumns)
	return cmd
}

func (c *cli) listRuns(ctx context.Context, f backends.RunFilter, src string, columns []string, limit int) error {
	all, err := c.allRuns(ctx, f)
	if err != nil {
		return err
	}
	found, err := c.filter(all, src)
	if err != nil {
		return err
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	l := c.runListing(found, columns)
	if len(all) > 0 {
		l.empty = "no run of " + plural(len(all), "run") + " matches"
	}
	return c.print(l)
}

// allRuns is the runs of every source, newest first, those once that a job made and
// that are read in place too. An experiment may be named by
// its name or its id.
func (c *cli) allRuns(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	from, err := c.sources(ctx)
	if err != nil {
		return nil, err
	}
	exp := f.Experiment
	if f.Experiment = ""; exp != "" && !slices.ContainsFunc(from, func(s source) bool { return c.hasExperiment(ctx, s, exp) }) {
		return nil, fmt.Errorf("experiment %s: %w", exp, backends.ErrNotFound)
	}
	each := c.readAll(ctx, from, f)
	if err := c.complain(each); err != nil {
		return nil, err
	}
	var all []*backends.Run
	for _, r := range each {
		all = append(all, r.runs...)
	}
	all = backends.WithoutTwins(all)
	if exp != "" {
		byName := slices.ContainsFunc(all, func(r *backends.Run) bool { return r.ExpName == exp })
		all = slices.DeleteFunc(all, func(r *backends.Run) bool {
			return byName && r.ExpName != exp || !byName && r.Experiment != exp
		})
	}
	slices.SortStableFunc(all, func(a, b *backends.Run) int { return b.Start.Compare(a.Start) })
	return all, nil
}

func (c *cli) hasExperiment(ctx context.Context, s source, name string) bool {
	l, ok := s.Backend.(backends.ExperimentLister)
	if !ok {
		return false
	}
	if b, ok := s.Backend.(settler); ok {
		ctx, stop := context.WithTimeout(ctx, c.patience)
		defer stop()
		_ = b.Settle(ctx) // its runs say so when it fails
	}
	all, err := l.Experiments(ctx)
	return err == nil && slices.ContainsFunc(all, func(e backends.Experiment) bool { return e.Name == name || e.ID == name })
}

func checkColumns(columns []string) error {
	for _, k := range columns {
		kind, name, _ := strings.Cut(k, ".")
		if kind != "metrics" && kind != "params" && kind != "tags" || name == "" {
			return usageError("--columns %s: it is metrics.KEY, params.KEY or tags.KEY", k)
		}
	}
	return nil
}

// filter keeps the runs that match a query of ours.
func (c *cli) filter(all []*backends.Run, src string) ([]*backends.Run, error) {
	if strings.TrimSpace(src) == "" {
		return all, nil
	}
	e, err := query.Parse(src, of.Schema(all), c.now())
	if err != nil {
		return nil, queryError(src, err)
	}
	return of.Filter(all, e, c.now()), nil
}

// allColumns are the metric and param keys of the runs, the most telling first:
// what most runs have, validation before training, what is set before what it led
// to.
func allColumns(all []*backends.Run) []string {
	count := map[string]int{}
	for _, r := range all {
		for _, m := range r.Metrics {
			count["metrics."+m.Key]++
		}
		for _, p := range r.Params {
			count["params."+p.Key]++
		}
	}
	keys := make([]string, 0, len(count))
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(telling(a), telling(b)), cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	return keys
}

func telling(column string) int {
	kind, name, _ := strings.Cut(column, ".")
	switch usual := slices.Index([]string{"lr", "learning_rate", "width", "batch", "batch_size"}, name); {
	case kind == "params" && usual >= 0:
		return usual
	case kind == "params", strings.HasPrefix(name, "train"):
		return 20
	case strings.Contains(name, "/"), name == "epoch", name == "step":
		return 30
	case strings.HasPrefix(name, "val"), strings.HasPrefix(name, "eval"):
		return 0
	case strings.HasPrefix(name, "test"):
		return 1
	}
	return 10
}

// commonColumns are as many of them as fit beside the rest on a terminal.
func commonColumns(all []*backends.Run) []string {
	var out []string
	n := map[byte]int{}
	for _, k := range allColumns(all) {
		_, name, _ := strings.Cut(k, ".")
		if k[0] == 'm' && slices.ContainsFunc(all, func(r *backends.Run) bool { _, ok := r.Param(name); return ok }) {
			continue // a rate that is logged as it changes is no result
		}
		if n[k[0]]++; n[k[0]] <= 4 && telling(k) < 30 {
			out = append(out, k)
		}
	}
	return out
}

func (c *cli) runListing(all []*backends.Run, columns []string) listing {
	exactly := columns
	if len(columns) == 0 {
		columns, exactly = commonColumns(all), allColumns(all)
	}
	l := listing{
		head: []string{"RUN", "ID", "STATE"}, right: map[int]bool{}, value: all,
		empty:   "no runs here yet; make one:  flightdeck train digits   or   flightdeck run -- CMD",
		csvHead: append([]string{"run", "run_id", "experiment", "status", "exit", "diverged", "started", "took_seconds", "source"}, exactly...),
	}
	foreign := slices.ContainsFunc(all, func(r *backends.Run) bool { return r.Backend != "local" })
	if foreign {
		l.head = append(l.head, "SOURCE")
	}
	if all == nil {
		l.value = []*backends.Run{}
	}
	for _, k := range columns {
		_, name, _ := strings.Cut(k, ".")
		l.right[len(l.head)] = !strings.HasPrefix(k, "tags.")
		l.head = append(l.head, name)
	}
	l.right[len(l.head)] = true
	l.head = append(l.head, "TOOK", "STARTED")
	spell := make([]func(float64) string, len(columns))
	for i, k := range columns {
		spell[i] = figures(all, k)
	}
	for _, r := range all {
		row := []string{r.Name, shortOf(r), runState(r)}
		if foreign {
			row = append(row, r.Backend)
		}
		for i, k := range columns {
			row = append(row, cmp.Or(column(r, k, spell[i]), "–"))
		}
		l.rows = append(l.rows, append(row, cell.Duration(r.Took(c.now())), stamp(r.Start)))
		row = []string{r.Name, r.ID, r.ExpName, strings.ToLower(string(r.Status)), r.Exit, r.Diverged, moment(r.Start), seconds(r.Took(c.now())), r.Backend}
		for _, k := range exactly {
			row = append(row, column(r, k, exact))
		}
		l.csvRows = append(l.csvRows, row)
	}
	return l
}

// runState is the status, with the reason where it is not good.
func runState(r *backends.Run) string {
	switch {
	case r.Diverged != "":
		return "diverged"
	case r.Status == backends.RunFailed && r.Exit != "":
		return r.Exit
	case r.Status == backends.RunKilled:
		return "stopped"
	}
	return strings.ToLower(string(r.Status))
}

// column is one of a run's values, "" where it has none.
func column(r *backends.Run, key string, spell func(float64) string) string {
	kind, name, _ := strings.Cut(key, ".")
	switch kind {
	case "metrics":
		if m, ok := r.Metric(name); ok {
			return spell(m.Value)
		}
	case "params":
		v, _ := r.Param(name)
		return v
	case "tags":
		return r.Tag(name)
	}
	return ""
}

// queryError points at the column of a query where it went wrong.
func queryError(src string, err error) error {
	var qe *query.Error
	if !asError(err, &qe) {
		return codeError{exitUsage, err}
	}
	src = strings.NewReplacer("\n", " ", "\t", " ").Replace(src) // one cell each, so that the caret finds its place
	before := []rune(src)
	before = before[:min(max(0, qe.Col), len(before))]
	return codeError{exitUsage, fmt.Errorf("%s\n  %s\n  %s^", qe.Error(), src, strings.Repeat(" ", cell.Width(cell.Safe(string(before)))))}
}

// experimentID is the id of an experiment that is named by its name or its id.
func experimentID(ctx context.Context, from backends.ExperimentLister, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	all, err := from.Experiments(ctx)
	if err != nil {
		return "", err
	}
	for _, same := range []func(backends.Experiment) bool{
		func(e backends.Experiment) bool { return e.Name == name }, func(e backends.Experiment) bool { return e.ID == name },
	} {
		if i := slices.IndexFunc(all, same); i >= 0 {
			return all[i].ID, nil
		}
	}
	return "", fmt.Errorf("experiment %s: %w", name, backends.ErrNotFound)
}
