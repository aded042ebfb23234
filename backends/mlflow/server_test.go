package mlflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
	"flightdeck/backends/mlflow/recorded"
	"flightdeck/backends/mlflow/rest"
)

func TestAsTheLibraryReads(t *testing.T) {
	for _, v := range recorded.Versions() {
		t.Run(v, func(t *testing.T) {
			s := newPeer(t, v).server(t)
			recorded.Compare(t, s, recorded.Expected(t, v, "db"), true)
			runs, err := s.Runs(t.Context(), backends.RunFilter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range runs {
				if m, err := s.Media(t.Context(), r.Ref()); err != nil || (len(m) == 1) != (r.Name == "brisk-otter") {
					t.Errorf("%s has the media %+v (%v)", r.Name, m, err)
				}
			}
		})
	}
}

func TestSuite(t *testing.T) {
	for _, v := range recorded.Versions() {
		t.Run(v, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backends.Backend { return newPeer(t, v).server(t) })
		})
	}
}

// A server with many runs is not asked for all of them again and again: only for
// what is new, and for one page of the others now and then.
func TestPollsForWhatIsNew(t *testing.T) {
	p := newPeer(t, "3.17.2")
	then := time.UnixMilli(1_700_000_000_000)
	p.add(3000, then)
	s := p.server(t)
	clock := time.UnixMilli(1_790_000_100_000)
	s.now = func() time.Time { return clock }
	list := func() []*backends.Run {
		t.Helper()
		clock = clock.Add(time.Second)
		runs, err := s.Runs(t.Context(), backends.RunFilter{})
		if err != nil {
			t.Fatal(err)
		}
		return runs
	}
	searches := func() (all, news int) {
		for _, a := range p.took() {
			switch {
			case a == "POST runs/search":
				all++
			case strings.HasPrefix(a, "POST runs/search "):
				news++
			}
		}
		return all, news
	}
	n := len(list())
	if all, news := searches(); n != 3014 || all != 7 || news != 0 {
		t.Fatalf("%d runs after %d pages and %d other searches", n, all, news)
	}
	list() // the sweep that follows the first listing takes one page
	searches()
	before := list()
	if all, news := searches(); all != 0 || news != 3 {
		t.Errorf("a poll took %d pages of all and %d searches", all, news)
	}
	p.add(1, clock) // a new run
	p.mu.Lock()
	info(p.runs[0])["status"] = "FAILED"
	info(p.runs[0])["end_time"] = json.Number(fmt.Sprint(clock.UnixMilli()))
	changed := info(p.runs[0])["run_id"]
	p.mu.Unlock()
	after := list()
	if len(after) != len(before)+1 {
		t.Errorf("%d runs, want one more than %d", len(after), len(before))
	}
	old := map[*backends.Run]bool{}
	for _, r := range before {
		old[r] = true
	}
	others := 0
	for _, r := range after {
		if !old[r] {
			others++
		}
		if r.ID == changed && r.Status != backends.RunFailed {
			t.Errorf("the run that ended is %s", r.Status)
		}
	}
	if others != 2 {
		t.Errorf("%d runs are other pointers, want those two that changed", others)
	}
	p.mu.Lock()
	setTag(p.runs[20], "late", "tag")
	tagged := info(p.runs[20])["run_id"]
	info(p.runs[21])["lifecycle_stage"] = "deleted"
	gone := info(p.runs[21])["run_id"]
	p.mu.Unlock()
	for range 9 { // the sweep comes round in time
		clock = clock.Add(sweepPace)
		after = list()
	}
	found := false
	for _, r := range after {
		found = found || r.ID == tagged && r.Tag("late") == "tag"
		if r.ID == gone {
			t.Error("a run that was deleted is still listed")
		}
	}
	if !found {
		t.Error("a tag that a finished run was given is not seen")
	}
}

// Points that were added are asked for, and no others where the server pages.
func TestHistoryGrows(t *testing.T) {
	for _, v := range recorded.Versions() {
		t.Run(v, func(t *testing.T) {
			p := newPeer(t, v)
			s := p.server(t)
			clock := time.UnixMilli(1_790_000_100_000)
			s.now = func() time.Time { clock = clock.Add(time.Minute); return clock }
			var run *backends.Run
			runs := func() {
				t.Helper()
				all, err := s.Runs(t.Context(), backends.RunFilter{})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range all {
					if r.Name == "yes" {
						run = r
					}
				}
			}
			points := func() (*backends.History, int) {
				t.Helper()
				runs()
				p.took()
				h, err := s.History(t.Context(), run.Ref(), "loss")
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for _, a := range p.took() {
					if strings.HasPrefix(a, "GET metrics/get-history") {
						n++
					}
				}
				return h, n
			}
			runs()
			h, _ := points()
			if h.Len() != 3 {
				t.Fatalf("%d points", h.Len())
			}
			points() // which learns that a server of 2.x takes no token
			if again, n := points(); again != h || n > 1 || !p.paged && n > 0 {
				t.Errorf("asking again took %d requests; the same: %v", n, again == h)
			}
			add := func(step int, value any) {
				p.mu.Lock()
				defer p.mu.Unlock()
				k := run.ID + " loss"
				p.history[k] = append(p.history[k], object{"key": "loss", "value": value, "timestamp": json.Number(fmt.Sprint(1_790_000_002_000 + step)), "step": json.Number(fmt.Sprint(step))})
				for _, m := range p.run(run.ID)["data"].(object)["metrics"].([]any) {
					if m := m.(object); m["key"] == "loss" {
						m["step"] = json.Number(fmt.Sprint(step))
					}
				}
			}
			add(3, "NaN")
			add(4, json.Number("7"))
			again, n := points()
			if again != h || h.Len() != 5 || h.Points().Value[4] != 7 || n > 2 || p.paged && n > 1 {
				t.Errorf("%d points after %d requests; the same: %v", h.Len(), n, again == h)
			}
			p.mu.Lock()
			p.history[run.ID+" loss"] = p.history[run.ID+" loss"][3:]
			p.mu.Unlock()
			add(5, json.Number("8"))
			if again, _ = points(); again.Len() != 3 {
				t.Errorf("after points were taken away: %d", again.Len())
			}
		})
	}
}

// While somebody watches, the first runs come before the last page is there.
func TestShowsEarly(t *testing.T) {
	p := newPeer(t, "3.17.2")
	p.add(2000, time.UnixMilli(1_700_000_000_000))
	s := p.server(t)
	s.watched.Store(1)
	clock := time.UnixMilli(1_790_000_100_000)
	s.now = func() time.Time { clock = clock.Add(firstLook); return clock }
	runs, err := s.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(runs) == 0 || len(runs) >= 2000 {
		t.Errorf("%d runs at first (%v)", len(runs), err)
	}
	s.watched.Store(0)
	ctx, cancel := context.WithCancel(t.Context())
	s.now = time.Now
	pokes, ended := make(chan string, 1000), make(chan error, 1)
	go func() { ended <- s.Notify(ctx, func(topic string) { pokes <- topic }) }()
	for len(runs) < 2014 {
		<-pokes
		if runs, err = s.Runs(t.Context(), backends.RunFilter{}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A page that is too big is asked for in parts.
func TestBigRuns(t *testing.T) {
	p := newPeer(t, "3.17.2")
	searches := 0
	p.broken = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "runs/search") {
			return false
		}
		if searches++; searches > 1 {
			return false
		}
		_, _ = w.Write([]byte(`{"runs": "` + strings.Repeat("x", 65<<20) + `"}`))
		return true
	}
	runs, err := p.server(t).Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(runs) != 14 || searches < 2 {
		t.Errorf("%d runs after %d searches (%v)", len(runs), searches, err)
	}
}

func TestUnknownMetricAndModel(t *testing.T) {
	s := newPeer(t, "2.22.5").server(t)
	if _, err := s.PlanAlias(t.Context(), "none", "1", "a"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("a model that is not there: %v", err)
	}
	if _, err := s.PlanAlias(t.Context(), "digits-net", "99", "a"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
	other := backends.Plan{Backend: "lab", Action: "x", Title: "X", Requests: []backends.Request{{Verb: "POST", Target: "http://elsewhere/api/2.0/mlflow/runs/delete"}}}
	ctx := backends.WithGrant(t.Context(), backends.Grant{Role: backends.Owner})
	if _, err := s.Apply(ctx, other, nil); err == nil {
		t.Error("a plan for another server was sent")
	}
	if rest.Code(errors.New("x")) != "" {
		t.Error("an error without a code has one")
	}
}
