//go:build integration && linux

package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"flightdeck/backends"
)

// syncBuffer is a buffer that a process writes while a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *syncBuffer) tail(n int) string { return tailOf(b.String(), n) }

// same reports equal numbers, NaN being one. On the wire an infinity is the greatest
// number, as MLflow's SQL store has it; ours keeps what was logged.
func same(a, b float64) bool {
	finite := func(v float64) float64 { return max(-math.MaxFloat64, min(v, math.MaxFloat64)) }
	return math.IsNaN(a) && math.IsNaN(b) || finite(a) == finite(b)
}

// agrees holds every run and model of a report against what flightdeck runs, show
// and models print, and what the store has.
func agrees(t *testing.T, ws string, rep *peerReport) {
	t.Helper()
	if len(rep.Runs) == 0 {
		t.Fatal("the report has no run")
	}
	listed := map[string]*backends.Run{}
	for _, deleted := range [][]string{nil, {"--deleted"}} {
		for _, r := range decoded[[]*backends.Run](t, ws, append([]string{"runs"}, deleted...)...) {
			listed[r.ID] = r
		}
	}
	for _, want := range rep.Runs {
		got := listed[want.ID]
		if got == nil {
			t.Errorf("run %s (%s) is not listed", want.Name, want.ID)
			continue
		}
		sameRun(t, want, got)
		sameFiles(t, ws, want)
		sameHistory(t, ws, want, got)
	}
	models := decoded[[]backends.RegisteredModel](t, ws, "models")
	for _, want := range rep.Models {
		i := slices.IndexFunc(models, func(m backends.RegisteredModel) bool { return m.Name == want.Name })
		if i < 0 {
			t.Errorf("model %s is not listed", want.Name)
			continue
		}
		sameModel(t, want, models[i])
	}
}

func sameRun(t *testing.T, want peerRun, got *backends.Run) {
	t.Helper()
	check := func(what string, want, got any) {
		t.Helper()
		if want != got {
			t.Errorf("run %s: %s is %v, and the library read %v", got, what, got, want)
		}
	}
	check("name", want.Name, got.Name)
	check("experiment", want.Experiment, got.ExpName)
	check("experiment id", want.ExperimentID, got.Experiment)
	check("status", want.Status, string(got.Status))
	check("deleted", want.Lifecycle == "deleted", got.Deleted)
	check("start", want.Start, got.Start.UnixMilli())
	if want.End != 0 {
		check("end", want.End, got.End.UnixMilli())
	}
	params := map[string]string{}
	for _, p := range got.Params {
		params[p.Key] = p.Value
	}
	if !maps.Equal(want.Params, params) {
		t.Errorf("run %s: params %q, and the library read %q", want.Name, params, want.Params)
	}
	for k, v := range want.Tags { // a job that has ended since has added its own
		if got.Tag(k) != v {
			t.Errorf("run %s: tag %s is %q, and the library read %q", want.Name, k, got.Tag(k), v)
		}
	}
	for _, tag := range got.Tags {
		if _, ok := want.Tags[tag.Key]; !ok && !strings.HasPrefix(tag.Key, "flightdeck.") {
			t.Errorf("run %s: tag %s = %q, and the library read none", want.Name, tag.Key, tag.Value)
		}
	}
	check("parent", want.Tags[backends.TagParent], got.Parent)
	for k, v := range want.Metrics {
		if want.grows(k) {
			continue
		}
		if m, ok := got.Metric(k); !ok || !same(m.Value, float64(v)) {
			t.Errorf("run %s: metric %s is %v (%v), and the library read %v", want.Name, k, m.Value, ok, v)
		}
	}
	for _, m := range got.Metrics {
		// What a job's child writes besides, event files and lines, is followed into its run.
		if _, ok := want.Metrics[m.Key]; !ok && want.Tags[backends.TagJob] == "" {
			t.Errorf("run %s: metric %s = %v, and the library read none", want.Name, m.Key, m.Value)
		}
	}
	sameInputs(t, want, got)
}

func sameInputs(t *testing.T, want peerRun, got *backends.Run) {
	t.Helper()
	var a, b []backends.Dataset
	for _, in := range want.Inputs {
		a = append(a, backends.Dataset{Name: in.Name, Digest: in.Digest, SourceType: in.SourceType, Source: in.Source, Context: in.Context})
	}
	for _, d := range got.Inputs {
		b = append(b, backends.Dataset{Name: d.Name, Digest: d.Digest, SourceType: d.SourceType, Source: d.Source, Context: d.Context})
	}
	order := func(x, y backends.Dataset) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Digest, y.Digest), strings.Compare(x.Context, y.Context))
	}
	slices.SortFunc(a, order)
	slices.SortFunc(b, order)
	if !slices.EqualFunc(a, b, func(x, y backends.Dataset) bool { return reflect.DeepEqual(x, y) }) {
		t.Errorf("run %s: inputs %+v, and the library read %+v", want.Name, b, a)
	}
}

// sameFiles compares path, size and digest of every file, but not those that a job
// keeps with its run.
func sameFiles(t *testing.T, ws string, want peerRun) {
	t.Helper()
	shown := decoded[struct {
		Artifacts []backends.Artifact `json:"artifacts"`
	}](t, ws, "show", want.ID)
	got := map[string]backends.Artifact{}
	for _, a := range shown.Artifacts {
		got[a.Path] = a
	}
	for path, f := range want.Artifacts {
		a, ok := got[path]
		size := int64(0)
		if f.Size != nil {
			size = *f.Size
		}
		if !ok || a.Size != size || a.Digest != "sha256:"+f.Digest {
			t.Errorf("run %s: file %s is %+v (%v), and the library downloaded %d bytes, %s", want.Name, path, a, ok, size, f.Digest)
		}
	}
	for path := range got {
		if _, ok := want.Artifacts[path]; !ok && !strings.HasPrefix(path, "provenance/") {
			t.Errorf("run %s: file %s, and the library listed none", want.Name, path)
		}
	}
}

// sameHistory compares the whole history of every metric with the store's.
func sameHistory(t *testing.T, ws string, want peerRun, got *backends.Run) {
	t.Helper()
	lo := opened(t, ws)
	order := func(a, b peerAt) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Value, b.Value))
	}
	for key, points := range want.History {
		if want.grows(key) {
			continue
		}
		h, err := lo.History(t.Context(), got.Ref(), key)
		if err != nil {
			t.Errorf("run %s: history of %s: %v", want.Name, key, err)
			continue
		}
		var stored []peerAt
		p := h.Points()
		for i := range p.Len() {
			stored = append(stored, peerAt{p.Step[i], p.Time[i], peerNumber(p.Value[i])})
		}
		read := slices.Clone(points)
		slices.SortFunc(stored, order)
		slices.SortFunc(read, order)
		if !slices.EqualFunc(stored, read, func(a, b peerAt) bool {
			return a.Step == b.Step && a.Time == b.Time && same(float64(a.Value), float64(b.Value))
		}) {
			t.Errorf("run %s: %s has %d points in the store, and the library read %d, or other ones\n%s\n%s", want.Name, key, len(stored), len(read), tailOf(fmt.Sprint(stored), 300), tailOf(fmt.Sprint(read), 300))
		}
	}
}

func sameModel(t *testing.T, want peerModel, got backends.RegisteredModel) {
	t.Helper()
	if want.Description != got.Description || !maps.Equal(want.Tags, tagMap(got.Tags)) || !maps.Equal(want.Aliases, got.Aliases) && len(want.Aliases)+len(got.Aliases) > 0 {
		t.Errorf("model %s: %q %v %v, and the library read %q %v %v", want.Name, got.Description, got.Tags, got.Aliases, want.Description, want.Tags, want.Aliases)
	}
	for _, v := range want.Versions {
		i := slices.IndexFunc(got.Versions, func(g backends.ModelVersion) bool { return g.Version == v.Version })
		if i < 0 {
			t.Errorf("model %s: version %s is not listed", want.Name, v.Version)
			continue
		}
		if g := got.Versions[i]; g.Run != v.Run || g.Description != v.Description || !maps.Equal(tagMap(g.Tags), v.Tags) {
			t.Errorf("model %s version %s: %+v, and the library read %+v", want.Name, v.Version, g, v)
		}
	}
	if len(want.Versions) != len(got.Versions) {
		t.Errorf("model %s has %d versions, and the library read %d", want.Name, len(got.Versions), len(want.Versions))
	}
}

func tagMap(tags []backends.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// grows reports the metrics of what a job uses, which go on after the script has read
// them.
func (r peerRun) grows(key string) bool {
	return r.Tags[backends.TagJob] != "" && strings.HasPrefix(key, "system/")
}

// files are the names of what the script itself logged.
func (r peerRun) files() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.Artifacts)), func(path string) bool { return strings.HasPrefix(path, "provenance/") })
}

// points is how many points a run has of a metric, as the library read it.
func (r peerRun) points(key string) int { return len(r.History[key]) }

// named is the run of that name; a report has it once.
func (r *peerReport) named(t testing.TB, name string) peerRun {
	t.Helper()
	i := slices.IndexFunc(r.Runs, func(p peerRun) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("the report has no run %s", name)
	}
	return r.Runs[i]
}
