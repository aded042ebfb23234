package local

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job"
	"flightdeck/backends/local/track"
)

// desk is a tracker over a workspace, and the endpoint that its child talks to.
type desk struct {
	*tracker
	t    *testing.T
	root string
	job  *backends.Job
	api  track.Client
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, root: filepath.Join(t.TempDir(), Folder)}
	d.job = &backends.Job{ID: "20260101-000000-abcdef", Dir: filepath.Join(d.root, "jobs", "20260101-000000-abcdef"), Spec: backends.JobSpec{Experiment: "lab"}, Started: time.UnixMilli(1000)}
	if err := os.MkdirAll(d.job.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.open()
	t.Cleanup(func() { d.tracker.Close() })
	return d
}

func (d *desk) open() {
	d.t.Helper()
	tr, err := NewTracker(d.job, "", backends.Grant{Actor: "ada", Role: backends.Owner})
	if err != nil {
		d.t.Fatal(err)
	}
	d.tracker = tr.(*tracker)
	s := httptest.NewServer(d.tracker)
	d.t.Cleanup(s.Close)
	d.api = track.Client{URL: s.URL}
}

// restart is a supervisor that was killed, and the next one.
func (d *desk) restart() {
	d.t.Helper()
	d.ok(d.tracker.Close())
	d.open()
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) runs() []*backends.Run {
	d.t.Helper()
	all, err := d.st.Runs(d.t.Context(), backends.RunFilter{})
	d.ok(err)
	return all
}

func (d *desk) values(run, key string) []float64 {
	d.t.Helper()
	p, err := d.st.Points(d.t.Context(), run, key)
	d.ok(err)
	return p.Value
}

func points(key string, values ...float64) (out []backends.Metric) {
	for i, v := range values {
		out = append(out, backends.Metric{Key: key, Step: int64(i), Time: int64(5000 + i), Value: v})
	}
	return out
}

var _ job.Tracker = (*tracker)(nil)

// Params wait for the first metric: only then is there a run.
func TestTheJobsOwnRunIsMadeByAMetric(t *testing.T) {
	d := newDesk(t)
	d.ok(d.Params(t.Context(), []backends.Param{{Key: "lr", Value: "0.1"}, {Key: "odd key[0]", Value: "x"}}))
	d.ok(d.Tags(t.Context(), []backends.Tag{{Key: "team", Value: "vision"}}))
	if n := len(d.runs()); n != 0 {
		t.Fatalf("%d runs before there was a metric", n)
	}
	d.ok(d.Metrics(t.Context(), points("loss", 3, 2)))
	all := d.runs()
	if len(all) != 1 || all[0].ExpName != "lab" || all[0].Tag("team") != "vision" {
		t.Fatalf("%+v", all)
	}
	if v, _ := all[0].Param("odd key_0_"); v != "x" {
		t.Errorf("params %v", all[0].Params)
	}
	d.ok(d.Params(t.Context(), []backends.Param{{Key: "lr", Value: "another"}})) // written once
	if v, _ := d.runs()[0].Param("lr"); v != "0.1" {
		t.Errorf("lr is %s", v)
	}
}

func TestWithoutAMetricTheRunIsMadeAtTheEnd(t *testing.T) {
	d := newDesk(t)
	d.ok(d.Params(t.Context(), []backends.Param{{Key: "lr", Value: "0.1"}}))
	d.ok(d.Ended(t.Context(), backends.Exit{Known: true, At: time.Now()}))
	all := d.runs()
	if v, _ := all[0].Param("lr"); len(all) != 1 || v != "0.1" || all[0].Status != backends.RunFinished {
		t.Errorf("%+v", all[0])
	}
}

// What the child logs itself counts; what was found elsewhere under that key is
// dropped, under others it belongs to the child's run.
func TestTheChildsOwnMetricsWin(t *testing.T) {
	d := newDesk(t)
	d.ok(d.Params(t.Context(), []backends.Param{{Key: "lr", Value: "0.1"}}))
	id, err := d.api.CreateRun(granted(), track.NewRun{Name: "mine", Experiment: "lab"})
	d.ok(err)
	d.ok(d.api.LogBatch(granted(), id, points("loss", 3, 2)))
	d.ok(d.Metrics(t.Context(), append(points("loss", 9, 9, 9), points("acc", 0.5)...)))
	if all := d.runs(); len(all) != 1 || all[0].ID != id {
		t.Fatalf("%d runs", len(all))
	}
	if v, _ := d.runs()[0].Param("lr"); v != "0.1" {
		t.Error("the params that were found first are lost")
	}
	if got := d.values(id, "loss"); !slices.Equal(got, []float64{3, 2}) {
		t.Errorf("loss %v", got)
	}
	if got := d.values(id, "acc"); !slices.Equal(got, []float64{0.5}) {
		t.Errorf("acc %v", got)
	}
	// A key that was found first and is logged later is not followed any more.
	d.ok(d.api.LogBatch(granted(), id, points("acc", 0.75)))
	d.ok(d.Metrics(t.Context(), points("acc", 0.5, 0.6)))
	if got := d.values(id, "acc"); !slices.Equal(got, []float64{0.5, 0.75}) {
		t.Errorf("acc %v", got)
	}
	d.restart()
	d.ok(d.Metrics(t.Context(), points("loss", 9, 9, 9)))
	if got := d.values(id, "loss"); !slices.Equal(got, []float64{3, 2}) {
		t.Errorf("after a restart: loss %v", got)
	}
}

// After a kill everything comes again, lines with other times: nothing is doubled,
// and what is new goes on.
func TestARestartedSupervisorGoesOn(t *testing.T) {
	d := newDesk(t)
	d.ok(d.Metrics(t.Context(), points("loss", 3, 2)))
	id := d.runs()[0].ID
	d.restart()
	again := points("loss", 3, 2, 1)
	for i := range again {
		again[i].Time += 77
	}
	d.ok(d.Metrics(t.Context(), again[:1]))
	d.ok(d.Metrics(t.Context(), again[1:]))
	if got := d.values(id, "loss"); !slices.Equal(got, []float64{3, 2, 1}) {
		t.Errorf("loss %v", got)
	}
	if len(d.runs()) != 1 {
		t.Errorf("%d runs", len(d.runs()))
	}
}

// The jobs of a sweep are runs of their own below the job's, with a state each, and
// are the same ones after a restart.
func TestChildRuns(t *testing.T) {
	d := newDesk(t)
	child := func(key string) backends.FollowSink {
		s, err := d.Child(t.Context(), key, "job "+key)
		d.ok(err)
		return s
	}
	for i, key := range []string{"0", "1", "2"} {
		d.ok(child(key).Params(t.Context(), []backends.Param{{Key: "lr", Value: key}}))
		if i < 2 {
			d.ok(child(key).Metrics(t.Context(), points("loss", float64(i))))
		}
	}
	d.ok(child("0").End(t.Context(), backends.RunFailed, time.UnixMilli(9000)))
	d.restart()
	d.ok(child("0").Metrics(t.Context(), points("loss", 0)))
	d.ok(child("2").Params(t.Context(), []backends.Param{{Key: "lr", Value: "2"}}))
	d.ok(d.Metrics(t.Context(), points("total", 7)))
	d.ok(d.Ended(t.Context(), backends.Exit{Known: true, At: time.UnixMilli(20000)}))
	own, _ := ownRun(d.job)
	byName := map[string]*backends.Run{}
	for _, r := range d.runs() {
		byName[r.Name] = r
	}
	if len(byName) != 4 {
		t.Fatalf("%d runs", len(byName))
	}
	for i, want := range []backends.RunStatus{backends.RunFailed, backends.RunFinished, backends.RunFinished} {
		r := byName[fmt.Sprintf("job %d", i)]
		if r == nil || r.Parent != own || r.Status != want || r.Job != d.job.ID || r.ExpName != "lab" {
			t.Errorf("child %d is %+v", i, r)
			continue
		}
		if v, _ := r.Param("lr"); v != fmt.Sprint(i) {
			t.Errorf("child %d has params %v", i, r.Params)
		}
		if got := d.values(r.ID, "loss"); i < 2 && !slices.Equal(got, []float64{float64(i)}) {
			t.Errorf("child %d: loss %v", i, got)
		}
	}
	if r := d.values(own, "total"); !slices.Equal(r, []float64{7}) {
		t.Errorf("the job's own: %v", r)
	}
}

// A sweep whose jobs log themselves gets no second set of runs.
func TestChildRunsThatTheChildMadeItself(t *testing.T) {
	d := newDesk(t)
	s, err := d.Child(t.Context(), "0", "zero")
	d.ok(err)
	d.ok(s.Params(t.Context(), []backends.Param{{Key: "lr", Value: "0"}}))
	id, err := d.api.CreateRun(granted(), track.NewRun{Name: "mine"})
	d.ok(err)
	d.ok(d.Ended(t.Context(), backends.Exit{Known: true, At: time.Now()}))
	if all := d.runs(); len(all) != 1 || all[0].ID != id {
		t.Errorf("%d runs", len(all))
	}
}

// What the store refuses for ever keeps neither the follower nor the job's end.
func TestARunThatWasDeleted(t *testing.T) {
	d := newDesk(t)
	d.ok(d.Metrics(t.Context(), points("loss", 1)))
	d.ok(d.st.DeleteRuns(granted(), []string{d.runs()[0].ID}))
	d.ok(d.Metrics(t.Context(), points("loss", 1, 2)))
	d.ok(d.Params(t.Context(), []backends.Param{{Key: "a", Value: "b"}}))
}

// The same metric in a file and on the output is taken from whoever came first; what
// a sweep prints is not taken at all.
func TestAuthors(t *testing.T) {
	d := newDesk(t)
	file, out := d.By("tensorboard"), d.By("lines")
	d.ok(file.Metrics(t.Context(), points("loss", 3, 2)))
	d.ok(out.Metrics(t.Context(), append(points("loss", 3, 2), points("acc", 1)...)))
	id := d.runs()[0].ID
	if got := d.values(id, "loss"); !slices.Equal(got, []float64{3, 2}) {
		t.Errorf("loss %v", got)
	}
	if got := d.values(id, "acc"); !slices.Equal(got, []float64{1}) {
		t.Errorf("acc %v", got)
	}
	d.restart()
	d.ok(d.By("lines").Metrics(t.Context(), points("loss", 3, 2, 1)))
	d.ok(d.By("tensorboard").Metrics(t.Context(), points("loss", 3, 2, 1)))
	if got := d.values(id, "loss"); !slices.Equal(got, []float64{3, 2, 1}) {
		t.Errorf("after a restart: loss %v", got)
	}
	if _, err := d.By("hydra").Child(t.Context(), "0", "zero"); err != nil {
		t.Fatal(err)
	}
	d.ok(d.By("lines").Metrics(t.Context(), points("f1", 1)))
	if got := d.values(id, "f1"); len(got) != 0 {
		t.Errorf("of a sweep's output: %v", got)
	}
}

func TestFollowersNeedAGrant(t *testing.T) {
	d := newDesk(t)
	d.tracker.grant = backends.Grant{Actor: "eve", Role: backends.Viewer}
	if err := d.Metrics(context.Background(), points("loss", 1)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

func TestCleanKey(t *testing.T) {
	for key, want := range map[string]string{
		"loss": "loss", "train/loss": "train/loss", "a[0] (b)": "a_0_ _b_", "/x//y/": "x/y", "../up": "up", "": "_", "\x1b[31m": "__31m", "ä·b": "ä_b", "a:b": "a:b", "\xff": "_", "..": "_", "..a": "_..a",
	} {
		if got := cleanKey(key); got != want {
			t.Errorf("%q becomes %q, want %q", key, got, want)
		}
	}
	d := newDesk(t)
	d.ok(d.Metrics(t.Context(), points("loss", 1)))
	for _, key := range []string{strings.Repeat("ä/", 300), "a\x00b", "日本", strings.Repeat("x", 1000), " ", ".", "a/../b"} {
		if err := d.st.LogBatch(granted(), d.runs()[0].ID, points(cleanKey(key), 1), nil, nil); err != nil {
			t.Errorf("the store refuses %q, made of %q: %v", cleanKey(key), key, err)
		}
	}
}
