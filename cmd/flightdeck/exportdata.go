package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/tui/widget/cell"
)

// told is a run and the source that can say more of it.
type told struct {
	*backends.Run
	by backends.Backend
}

// history is every point of a metric; empty where the source keeps none.
func (r told) history(ctx context.Context, key string) (backends.Points, error) {
	h, ok := r.by.(backends.HistoryReader)
	if !ok {
		return backends.Points{}, nil
	}
	points, err := h.History(ctx, r.Ref(), key)
	if err != nil {
		return backends.Points{}, err
	}
	return points.Points(), nil
}

// chosenAnywhere is the runs that export writes, of whichever source: those that
// are named, or all of the sources that -s names, this workspace's own without.
func (c *cli) chosenAnywhere(ctx context.Context, lo *local.Local, pick chosenRuns, names []string) (out []told, err error) {
	for _, n := range names {
		b, r, err := c.anyRun(ctx, n)
		if err != nil {
			return nil, err
		}
		out = append(out, told{r, b})
	}
	if len(names) > 0 {
		return out, nil
	}
	if len(c.from) == 0 {
		runs, err := c.chosen(ctx, lo, pick, nil)
		for _, r := range runs {
			out = append(out, told{r, lo})
		}
		return out, err
	}
	from, err := c.sources(ctx)
	if err != nil {
		return nil, err
	}
	each := c.readAll(ctx, from, backends.RunFilter{})
	for _, s := range each {
		for _, r := range s.runs {
			if pick.all || r.Experiment == pick.experiment || r.ExpName == pick.experiment {
				out = append(out, told{r, s.Backend})
			}
		}
	}
	if err := c.complain(each); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no runs to export: %w", backends.ErrNotFound)
	}
	return out, nil
}

// writeRuns writes whole histories to standard output, run by run.
func (c *cli) writeRuns(ctx context.Context, runs []told) error {
	if c.format == "csv" {
		return c.writePoints(ctx, runs)
	}
	out := bufio.NewWriter(c.out)
	sep := "[\n"
	for _, r := range runs {
		doc := exportedRun{Run: r.Run, History: map[string]exportedPoints{}}
		for _, m := range r.Metrics {
			p, err := r.history(ctx, m.Key)
			if err != nil {
				return err
			}
			e := exportedPoints{Step: p.Step, Time: p.Time, Value: make([]exportedNumber, p.Len())}
			for i, v := range p.Value {
				e.Value[i] = exportedNumber(v)
			}
			doc.History[m.Key] = e
			doc.Metrics = append(doc.Metrics, exportedMetric{m.Key, exportedNumber(m.Value), m.Step, m.Time})
		}
		if files, ok := r.by.(backends.ArtifactLister); ok {
			var err error
			if doc.Artifacts, err = files.Artifacts(ctx, r.Ref()); err != nil {
				return err
			}
		}
		b, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		if _, err := out.WriteString(sep + escapeJSON(string(b))); err != nil {
			return err
		}
		sep = ",\n"
	}
	if _, err := out.WriteString("\n]\n"); err != nil {
		return err
	}
	return out.Flush()
}

// exportedRun is one run with all that is known of it. Its own Metrics hide the
// run's, which JSON could not write when one is no number.
type exportedRun struct {
	*backends.Run
	Metrics   []exportedMetric          `json:"metrics,omitempty"`
	History   map[string]exportedPoints `json:"history"`
	Artifacts []backends.Artifact       `json:"artifacts,omitempty"`
}

type exportedMetric struct {
	Key   string         `json:"key"`
	Value exportedNumber `json:"value"`
	Step  int64          `json:"step"`
	Time  int64          `json:"timestamp"`
}

type exportedPoints struct {
	Step  []int64          `json:"step"`
	Time  []int64          `json:"timestamp"` // milliseconds since 1970
	Value []exportedNumber `json:"value"`
}

// exportedNumber is a float that JSON can always write, as MLflow does: the words NaN,
// Infinity and -Infinity stand for what JSON has no number for.
type exportedNumber float64

// MarshalJSON writes a number or one of the three words.
func (n exportedNumber) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(v)
	}
}

// writePoints writes every point as a line of CSV; run is the run's id.
func (c *cli) writePoints(ctx context.Context, runs []told) error {
	out := bufio.NewWriter(c.out)
	w := csv.NewWriter(out)
	if err := w.Write([]string{"run", "key", "step", "timestamp", "value"}); err != nil {
		return err
	}
	shown := func(s string) string { return s }
	if isTerminal(c.out) {
		shown = cell.Safe
	}
	row := make([]string, 5)
	for _, r := range runs {
		for _, m := range r.Metrics {
			p, err := r.history(ctx, m.Key)
			if err != nil {
				return err
			}
			row[0], row[1] = shown(r.ID), shown(m.Key)
			for i := range p.Len() {
				row[2], row[3], row[4] = strconv.FormatInt(p.Step[i], 10), strconv.FormatInt(p.Time[i], 10), exact(p.Value[i])
				if err := w.Write(row); err != nil {
					return err
				}
			}
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return out.Flush()
}
