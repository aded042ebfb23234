package track

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// found are the runs of all pages of a search, by name.
func found(t *testing.T, a *api, search map[string]any) (names []string) {
	t.Helper()
	h := Handler(a.st, a.o)
	for {
		_, body := ask(h, "POST", api2+"runs/search", show(search))
		var got struct {
			Runs []struct {
				Info struct {
					Name string `json:"run_name"`
				} `json:"info"`
			} `json:"runs"`
			Next string `json:"next_page_token"`
		}
		ok(t, json.Unmarshal([]byte(body), &got))
		for _, r := range got.Runs {
			names = append(names, r.Info.Name)
		}
		if got.Next == "" {
			return names
		}
		search["page_token"] = got.Next
	}
}

// A job's endpoint finds what a server finds, without the listing in memory.
func TestSearchOnDiskAndInMemory(t *testing.T) {
	st := newStore(t)
	exp, err := st.CreateExperiment(operator(t), "e", nil)
	ok(t, err)
	for i := range 40 {
		r, err := st.CreateRun(operator(t), store.NewRun{ExperimentID: exp, Name: fmt.Sprintf("r%02d", i), Start: time.UnixMilli(int64(1000 + i)), Tags: []backends.Tag{{Key: "odd", Value: fmt.Sprint(i % 2)}}})
		ok(t, err)
		v := float64(i % 7)
		if i == 3 {
			v = math.NaN()
		}
		if i != 5 {
			ok(t, st.LogMetric(operator(t), r.ID, backends.Metric{Key: "acc", Value: v, Time: 1}))
		}
		if i == 8 {
			ok(t, st.DeleteRuns(operator(t), []string{r.ID}))
		}
	}
	grant := backends.Grant{Role: backends.Operator}
	server, job := &api{st: st, o: Options{Grant: grant}}, &api{st: st, o: Options{Grant: grant, Job: "j"}}
	for _, q := range []string{
		`{"order_by":["metrics.acc DESC","start_time"],"max_results":3}`,
		`{"order_by":["metrics.acc"],"max_results":50}`,
		`{"filter":"tags.odd = '1' AND metrics.acc >= 2","max_results":4}`,
		`{"run_view_type":"DELETED_ONLY"}`,
		`{"run_view_type":"ALL","max_results":39,"order_by":["run_name"]}`,
	} {
		search := func() map[string]any {
			m := map[string]any{"experiment_ids": []string{exp}}
			ok(t, json.Unmarshal([]byte(q), &m))
			return m
		}
		x, y := found(t, server, search()), found(t, job, search())
		if len(x) == 0 || !reflect.DeepEqual(x, y) {
			t.Errorf("%s:\n%v\n%v", q, x, y)
		}
	}
	first := found(t, server, map[string]any{"experiment_ids": []string{exp}, "order_by": []string{"metrics.acc"}})
	if n := len(first); n != 39 || first[n-1] != "r05" || first[n-2] != "r03" || first[0] != "r35" {
		t.Errorf("%v", first)
	}
}

// The points between two pages are dropped when the client stays away.
func TestPagesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s pages
		s.keep(&openPages{run: "r"})
		time.Sleep(pagesWait - time.Millisecond)
		if s.at() == nil {
			t.Error("dropped too early")
		}
		s.keep(&openPages{run: "r2"})
		time.Sleep(pagesWait - time.Millisecond)
		if at := s.at(); at == nil || at.run != "r2" {
			t.Error("a new page did not begin a new wait")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if s.at() != nil {
			t.Error("kept")
		}
	})
}

// A page that begins after more was logged is of the history as it is then.
func TestHistoryThatGrowsBetweenPages(t *testing.T) {
	st := newStore(t)
	r, err := st.CreateRun(operator(t), store.NewRun{})
	ok(t, err)
	log := func(step int64) {
		ok(t, st.LogMetric(operator(t), r.ID, backends.Metric{Key: "a", Step: step, Time: 100 + step, Value: float64(step)}))
	}
	for i := range 5 {
		log(int64(i))
	}
	h := Handler(st, Options{})
	page := func(token string) string {
		_, body := ask(h, "GET", api2+"metrics/get-history?metric_key=a&max_results=2&run_id="+r.ID+"&page_token="+token, "")
		return body
	}
	if got := page(""); !bytes.Contains([]byte(got), []byte(pageToken(2))) {
		t.Fatal(got)
	}
	log(5)
	if got := page(pageToken(4)); got != `{"metrics":[{"key":"a","value":4.0,"timestamp":104,"step":4},{"key":"a","value":5.0,"timestamp":105,"step":5}]}` {
		t.Error(got)
	}
	_, all := ask(h, "GET", api2+"metrics/get-history?metric_key=a&run_id="+r.ID, "")
	if bytes.Count([]byte(all), []byte("step")) != 6 {
		t.Error(all)
	}
}
