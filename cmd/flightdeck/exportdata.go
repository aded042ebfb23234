package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"strconv"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/tui/widget/cell"
)

// writeRuns writes whole histories to standard output, run by run.
func (c *cli) writeRuns(ctx context.Context, lo *local.Local, runs []*backends.Run) error {
	if c.format == "csv" {
		return c.writePoints(ctx, lo, runs)
	}
	out := bufio.NewWriter(c.out)
	sep := "[\n"
	for _, r := range runs {
		doc := exportedRun{Run: r, History: map[string]exportedPoints{}}
		for _, m := range r.Metrics {
			h, err := lo.History(ctx, r.Ref(), m.Key)
			if err != nil {
				return err
			}
			p := h.Points()
			e := exportedPoints{Step: p.Step, Time: p.Time, Value: make([]exportedNumber, p.Len())}
			for i, v := range p.Value {
				e.Value[i] = exportedNumber(v)
			}
			doc.History[m.Key] = e
			doc.Metrics = append(doc.Metrics, exportedMetric{m.Key, exportedNumber(m.Value), m.Step, m.Time})
		}
		files, err := lo.Artifacts(ctx, r.Ref())
		if err != nil {
			return err
		}
		doc.Artifacts = files
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
func (c *cli) writePoints(ctx context.Context, lo *local.Local, runs []*backends.Run) error {
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
			h, err := lo.History(ctx, r.Ref(), m.Key)
			if err != nil {
				return err
			}
			p := h.Points()
			row[0], row[1] = r.ID, shown(m.Key)
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
