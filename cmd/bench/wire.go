package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// wire is one MLflow server and the one client that asks it: a single keep-alive
// connection, so that what is compared is the servers.
type wire struct {
	name, url string
	hc        *http.Client
}

func newWire(name, address string) *wire {
	return &wire{name, address, &http.Client{
		Transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true}, Timeout: 10 * time.Minute,
	}}
}

// call sends one request and decodes its answer.
func (w *wire) call(ctx context.Context, method, path string, in, out any) error {
	b, err := w.ask(ctx, method, path, in)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(b, out)
}

// ask sends one request and reads the whole answer. Where the server is timed the
// answer is decoded afterwards: decoding is the client's work.
func (w *wire) ask(ctx context.Context, method, path string, in any) ([]byte, error) {
	var body io.Reader
	target := w.url + "/api/2.0/mlflow/" + path
	switch q := in.(type) {
	case url.Values:
		target += "?" + q.Encode()
	case []byte:
		body = bytes.NewReader(q)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s %s: %s: %.200s", w.name, method, path, resp.Status, b)
	}
	return b, nil
}

func (w *wire) experiment(ctx context.Context, name string) (string, error) {
	var a struct {
		ID string `json:"experiment_id"`
	}
	err := w.call(ctx, http.MethodPost, "experiments/create", map[string]any{"name": name}, &a)
	return a.ID, err
}

func (w *wire) run(ctx context.Context, experiment string, start int64) (string, error) {
	var a struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	err := w.call(ctx, http.MethodPost, "runs/create", map[string]any{"experiment_id": experiment, "start_time": start, "run_name": "bench"}, &a)
	return a.Run.Info.ID, err
}

// repeat is the median of n timed calls, after one that is not counted.
func repeat(n int, f func(i int) error) (time.Duration, error) {
	var all []time.Duration
	for i := range n + 1 {
		start := time.Now()
		if err := f(i); err != nil {
			return 0, err
		}
		if i > 0 {
			all = append(all, time.Since(start))
		}
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

const (
	firstMoment = 1_700_000_000_000
	perBatch    = 1000
	longHistory = 100_000
	wideRuns    = 10_000
	wideMetrics = 50
)

// logMetric is one point a request.
func (w *wire) logMetric(ctx context.Context, run string, n int) (time.Duration, error) {
	return repeat(n, func(i int) error {
		return w.call(ctx, http.MethodPost, "runs/log-metric", map[string]any{
			"run_id": run, "key": "one", "value": float64(i) / 7, "timestamp": firstMoment + i, "step": i,
		}, nil)
	})
}

// logBatch is perBatch points of one metric a request, each batch at later steps.
func (w *wire) logBatch(ctx context.Context, run, key string, n int) (time.Duration, error) {
	bodies := make([][]byte, n+1) // made before, so that the client's own work is not timed
	for i := range bodies {
		var ms []map[string]any
		for j := range perBatch {
			at := i*perBatch + j
			ms = append(ms, map[string]any{"key": key, "value": float64(at%997) / 31, "timestamp": firstMoment + at, "step": at})
		}
		b, err := json.Marshal(map[string]any{"run_id": run, "metrics": ms})
		if err != nil {
			return 0, err
		}
		bodies[i] = b
	}
	return repeat(n, func(i int) error { return w.call(ctx, http.MethodPost, "runs/log-batch", bodies[i], nil) })
}

// history reads a metric whole, in the client's own pages of 25,000 points.
func (w *wire) history(ctx context.Context, run, key string) (pages [][]byte, err error) {
	for token := ""; ; {
		q := url.Values{"run_id": {run}, "metric_key": {key}, "max_results": {"25000"}}
		if token != "" {
			q.Set("page_token", token)
		}
		page, err := w.ask(ctx, http.MethodGet, "metrics/get-history", q)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
		if token = nextPage(page); token == "" {
			return pages, nil
		}
	}
}

// nextPage finds the token of the next page, which stands before or after the list.
func nextPage(page []byte) string {
	i := bytes.LastIndex(page, []byte(`"next_page_token"`))
	if i < 0 {
		return ""
	}
	parts := strings.SplitN(string(page[i:min(len(page), i+1000)]), `"`, 5)
	return parts[3]
}

// total adds up what came: a server that leaves points out must not look fast.
func total(pages [][]byte) (points int, sum float64, err error) {
	for _, page := range pages {
		var a struct {
			Metrics []struct {
				Value float64 `json:"value"`
			} `json:"metrics"`
		}
		if err := json.Unmarshal(page, &a); err != nil {
			return 0, 0, err
		}
		points += len(a.Metrics)
		for _, m := range a.Metrics {
			sum += m.Value
		}
	}
	return points, sum, nil
}

// search asks for the best thousand of the runs, by one metric, that another one
// admits.
func (w *wire) search(ctx context.Context, experiment string) ([]byte, error) {
	return w.ask(ctx, http.MethodPost, "runs/search", map[string]any{
		"experiment_ids": []string{experiment}, "filter": "metrics.m07 > 0.5", "order_by": []string{"metrics.m03 DESC"}, "max_results": 1000,
	})
}

// ordered is the values by which the runs of an answer were ordered.
func ordered(answer []byte) (values []float64, err error) {
	var a struct {
		Runs []struct {
			Data struct {
				Metrics []struct {
					Key   string  `json:"key"`
					Value float64 `json:"value"`
				} `json:"metrics"`
			} `json:"data"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, err
	}
	for _, r := range a.Runs {
		if len(r.Data.Metrics) != wideMetrics {
			return nil, fmt.Errorf("a run with %d metrics, not %d", len(r.Data.Metrics), wideMetrics)
		}
		for _, m := range r.Data.Metrics {
			if m.Key == "m03" {
				values = append(values, m.Value)
			}
		}
	}
	return values, nil
}

// wideValue is the value of metric k in run n; fill.go says the same in SQL.
func wideValue(n, k int) float64 { return float64((n*7919+k*104729)%10007) / 10007 }

// wideRun makes run n of those that are searched.
func (w *wire) wideRun(ctx context.Context, experiment string, n int) (string, error) {
	run, err := w.run(ctx, experiment, firstMoment+int64(n)*1000)
	if err != nil {
		return "", err
	}
	var ms []map[string]any
	for k := range wideMetrics {
		ms = append(ms, map[string]any{"key": "m" + fmt.Sprintf("%02d", k), "value": wideValue(n, k), "timestamp": firstMoment, "step": 0})
	}
	if err := w.call(ctx, http.MethodPost, "runs/log-batch", map[string]any{"run_id": run, "metrics": ms}, nil); err != nil {
		return "", err
	}
	return run, w.call(ctx, http.MethodPost, "runs/update", map[string]any{"run_id": run, "status": "FINISHED", "end_time": firstMoment + n*1000 + 500}, nil)
}
