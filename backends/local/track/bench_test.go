package track

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// wired is a server, and one client that keeps its connection.
type wired struct {
	st  *store.Store
	url string
	c   *http.Client
}

func newWired(b *testing.B) *wired {
	st := newStore(b)
	srv := httptest.NewServer(Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}}))
	b.Cleanup(srv.Close)
	return &wired{st, srv.URL, srv.Client()}
}

func (w *wired) call(b *testing.B, method, path string, body []byte) []byte {
	r, err := http.NewRequestWithContext(b.Context(), method, w.url+path, bytes.NewReader(body))
	ok(b, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.c.Do(r)
	ok(b, err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	ok(b, err)
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %d %s", path, resp.StatusCode, out)
	}
	return out
}

func (w *wired) run(b *testing.B) string {
	var got runAnswer
	ok(b, json.Unmarshal(w.call(b, http.MethodPost, api2+"runs/create", []byte(`{"experiment_id":"0","start_time":1}`)), &got))
	return got.Run.Info.ID
}

// pythonBatch is a batch as MLflow's client writes it.
func pythonBatch(run string, key func(int) string, from, n int) []byte {
	out := fmt.Appendf(nil, `{"run_id": "%s", "metrics": [`, run)
	for i := range n {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = fmt.Appendf(out, `{"key": "%s", "value": %s, "timestamp": %d, "step": %d}`, key(i), strconv.FormatFloat(rand.NormFloat64(), 'g', -1, 64), 1_795_440_000_000+from+i, from+i)
	}
	return append(out, "]}"...)
}

func BenchmarkWireBatch1000(b *testing.B) {
	w := newWired(b)
	run := w.run(b)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		body := pythonBatch(run, func(i int) string { return fmt.Sprintf("m%d", i%10) }, n*1000, 1000)
		b.StartTimer()
		w.call(b, http.MethodPost, api2+"runs/log-batch", body)
	}
}

func BenchmarkWireMetric(b *testing.B) {
	w := newWired(b)
	run := w.run(b)
	for n := 0; b.Loop(); n++ {
		body := fmt.Appendf(nil, `{"run_uuid": "%s", "key": "loss", "value": 0.25, "timestamp": %d, "step": %d, "run_id": "%s"}`, run, 1_795_440_000_000+n, n, run)
		w.call(b, http.MethodPost, api2+"runs/log-metric", body)
	}
}

func BenchmarkWireHistory100k(b *testing.B) {
	w := newWired(b)
	run := w.run(b)
	for i := range 100 {
		w.call(b, http.MethodPost, api2+"runs/log-batch", pythonBatch(run, func(int) string { return "loss" }, i*1000, 1000))
	}
	for b.Loop() {
		points, token := 0, ""
		for {
			page := w.call(b, http.MethodGet, api2+"metrics/get-history?metric_key=loss&max_results=25000&run_id="+run+"&page_token="+token, nil)
			points += bytes.Count(page, []byte(`"step"`))
			at := bytes.LastIndex(page, []byte(`"next_page_token":"`))
			if at < 0 {
				break
			}
			token = string(bytes.TrimRight(page[at+len(`"next_page_token":"`):], "\"}"))
		}
		if points != 100_000 {
			b.Fatal(points)
		}
	}
}

// BenchmarkWireSearch10000 filters and orders by metrics and takes the first thousand.
func BenchmarkWireSearch10000(b *testing.B) {
	w := newWired(b)
	for range 10_000 {
		r, err := w.st.CreateRun(operator(b), store.NewRun{User: "ada", Params: []backends.Param{{Key: "lr", Value: "0.01"}}})
		ok(b, err)
		ms := make([]backends.Metric, 50)
		for i := range ms {
			ms[i] = backends.Metric{Key: fmt.Sprintf("metric_%02d", i), Value: rand.Float64(), Time: 1_795_440_000_000, Step: 1}
		}
		ok(b, w.st.LogBatch(operator(b), r.ID, ms, nil, nil))
	}
	body := []byte(`{"experiment_ids": ["0"], "run_view_type": "ACTIVE_ONLY", "filter": "metrics.metric_07 > 0.5", "max_results": 1000, "order_by": ["metrics.metric_11 DESC"]}`)
	for _, c := range []struct {
		name string
		h    http.Handler
	}{
		{"server", Handler(w.st, Options{Grant: backends.Grant{Role: backends.Operator}})},
		{"job", Handler(w.st, Options{Grant: backends.Grant{Role: backends.Operator}, Job: "j"})},
	} {
		b.Run(c.name, func(b *testing.B) {
			srv := httptest.NewServer(c.h)
			defer srv.Close()
			w := &wired{w.st, srv.URL, srv.Client()}
			b.ReportAllocs()
			for b.Loop() {
				out := w.call(b, http.MethodPost, api2+"runs/search", body)
				if n := bytes.Count(out, []byte(`"info"`)); n != 1000 {
					b.Fatal(n)
				}
			}
		})
	}
}

func BenchmarkParseBatch(b *testing.B) {
	body := pythonBatch("0123456789abcdef0123456789abcdef", func(i int) string { return fmt.Sprintf("m%d", i%10) }, 0, 1000)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, ok := parseBatch(body); !ok {
			b.Fatal("not parsed")
		}
	}
}
