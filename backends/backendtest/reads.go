package backendtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"flightdeck/backends"
)

// read is one capability that only reads, asked about something that exists.
type read struct {
	name string
	call func(ctx context.Context) error
}

func drop[T any](_ T, err error) error { return err }

func (w *world) reads() []read {
	var out []read
	add := func(name string, call func(ctx context.Context) error) { out = append(out, read{name, call}) }
	if l, ok := w.Backend.(backends.RunLister); ok {
		add("runs", func(ctx context.Context) error { return drop(l.Runs(ctx, backends.RunFilter{})) })
		add("deleted runs", func(ctx context.Context) error { return drop(l.Runs(ctx, backends.RunFilter{Deleted: true})) })
	}
	if l, ok := w.Backend.(backends.ExperimentLister); ok {
		add("experiments", func(ctx context.Context) error { return drop(l.Experiments(ctx)) })
	}
	if l, ok := w.Backend.(backends.JobLister); ok {
		add("jobs", func(ctx context.Context) error { return drop(l.Jobs(ctx)) })
	}
	if l, ok := w.Backend.(backends.ModelLister); ok {
		add("models", func(ctx context.Context) error { return drop(l.Models(ctx)) })
	}
	if r := w.measured(); r != nil {
		if l, ok := w.Backend.(backends.HistoryReader); ok {
			add("history", func(ctx context.Context) error { return drop(l.History(ctx, r.Ref(), r.Metrics[0].Key)) })
		}
		if l, ok := w.Backend.(backends.ArtifactLister); ok {
			add("artifacts", func(ctx context.Context) error { return drop(l.Artifacts(ctx, r.Ref())) })
		}
		if l, ok := w.Backend.(backends.ProvenanceReader); ok {
			add("provenance", func(ctx context.Context) error {
				_, err := l.Provenance(ctx, r.Ref())
				if errors.Is(err, backends.ErrNotFound) { // not every run was started from here
					return nil
				}
				return err
			})
		}
	}
	if len(w.jobs) > 0 {
		if l, ok := w.Backend.(backends.UsageReader); ok {
			add("usage", func(ctx context.Context) error { return drop(l.Usage(ctx, w.jobs[0].Ref())) })
		}
	}
	return out
}

func named(t *testing.T, w *world) {
	if n := w.Name(); n == "" || strings.ContainsAny(n, " \t\n/\x1b") {
		t.Errorf("the name %q does not do in a column or a Ref's key", n)
	}
	for _, r := range w.runs {
		if r.Backend != w.Name() {
			t.Errorf("run %s says that it is of backend %q, not %q", r.ID, r.Backend, w.Name())
		}
	}
	for _, j := range w.jobs {
		if j.Backend != w.Name() {
			t.Errorf("job %s says that it is of backend %q, not %q", j.ID, j.Backend, w.Name())
		}
	}
}

func answers(t *testing.T, w *world) {
	if len(w.reads()) == 0 {
		t.Fatal("it can read nothing that this suite knows")
	}
	for _, r := range w.reads() {
		ctx, cancel := context.WithTimeout(t.Context(), w.patience)
		if err := within(t, w.patience, r.name, func() error { return r.call(ctx) }); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		cancel()
	}
	ids := map[string]bool{}
	for i, r := range w.runs {
		if r.ID == "" || ids[r.ID] || r.Deleted {
			t.Errorf("run %q is listed twice, deleted or without an id", r.ID)
		}
		ids[r.ID] = true
		if i > 0 && r.Start.After(w.runs[i-1].Start) {
			t.Errorf("runs are not newest first: %s starts after %s", r.Name, w.runs[i-1].Name)
		}
		if !slices.IsSortedFunc(r.Params, func(a, b backends.Param) int { return strings.Compare(a.Key, b.Key) }) ||
			!slices.IsSortedFunc(r.Metrics, func(a, b backends.Metric) int { return strings.Compare(a.Key, b.Key) }) ||
			!slices.IsSortedFunc(r.Tags, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) }) {
			t.Errorf("params, metrics or tags of %s are not sorted by key", r.Name)
		}
	}
}

func manyReaders(t *testing.T, w *world) {
	var all sync.WaitGroup
	for range 4 {
		for _, r := range w.reads() {
			all.Go(func() {
				if err := r.call(t.Context()); err != nil {
					t.Errorf("%s: %v", r.name, err)
				}
			})
		}
	}
	_ = within(t, 2*w.patience, "reading four times at once", func() error { all.Wait(); return nil })
}

func readsEnd(t *testing.T, w *world) {
	for _, r := range w.reads() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = within(t, prompt, r.name+" under a context that has ended", func() error { return r.call(ctx) })

		ctx, cancel = context.WithCancel(t.Context())
		began := make(chan struct{})
		done := make(chan error, 1)
		go func() { close(began); done <- r.call(ctx) }()
		<-began
		cancel()
		_ = within(t, prompt, r.name+" after its context ended", func() error { return <-done })
	}
}

// snapshots sees that what did not change is the same pointer, and that what was
// returned stays as it was although the object changes.
func snapshots(t *testing.T, w *world) {
	if l, ok := w.Backend.(backends.RunLister); ok {
		samePointers(t, "run", w.runs, got[[]*backends.Run](t)(l.Runs(t.Context(), backends.RunFilter{})), func(r *backends.Run) string { return r.ID })
	}
	if l, ok := w.Backend.(backends.JobLister); ok {
		samePointers(t, "job", w.jobs, got[[]*backends.Job](t)(l.Jobs(t.Context())), func(j *backends.Job) string { return j.ID })
	}
	rename, ok := w.Backend.(backends.RunRenamer)
	if !ok {
		return
	}
	before := spell(w.runs)
	r := w.ended()[0]
	plan, err := rename.PlanRename(t.Context(), r.Ref(), "another name")
	if err != nil {
		t.Fatal(err)
	}
	w.apply(t, plan)
	if spell(w.runs) != before {
		t.Error("a snapshot changed after it was returned")
	}
	if now := w.run(t, r.ID); now == r || now.Name != "another name" {
		t.Errorf("the renamed run is %q, and the same pointer: %v", now.Name, now == r)
	}
}

func samePointers[T any](t *testing.T, kind string, before, after []*T, id func(*T) string) {
	t.Helper()
	old := map[string]*T{}
	for _, v := range before {
		old[id(v)] = v
	}
	for _, v := range after {
		if o := old[id(v)]; o != nil && o != v && reflect.DeepEqual(o, v) {
			t.Errorf("%s %s did not change, but is another pointer", kind, id(v))
		}
	}
}

func histories(t *testing.T, w *world) {
	l, ok := w.Backend.(backends.HistoryReader)
	r := w.measured()
	if !ok || r == nil {
		return
	}
	for _, m := range r.Metrics {
		a, err := l.History(t.Context(), r.Ref(), m.Key)
		if err != nil {
			t.Errorf("history of %s: %v", m.Key, err)
			continue
		}
		if b, err := l.History(t.Context(), r.Ref(), m.Key); err != nil || a != b {
			t.Errorf("asking again for %s gives another history (%v)", m.Key, err)
		}
		p := a.Points()
		if p.Len() == 0 || len(p.Step) != p.Len() || len(p.Time) != p.Len() {
			t.Errorf("%s: %d steps, %d times, %d values", m.Key, len(p.Step), len(p.Time), p.Len())
		}
		if a.Key != m.Key {
			t.Errorf("the history of %s says that it is of %s", m.Key, a.Key)
		}
	}
}

func artifacts(t *testing.T, w *world) {
	l, ok := w.Backend.(backends.ArtifactLister)
	if !ok {
		return
	}
	o, opens := w.Backend.(backends.ArtifactOpener)
	for _, r := range w.ended() {
		list, err := l.Artifacts(t.Context(), r.Ref())
		if err != nil {
			t.Fatalf("artifacts of %s: %v", r.Name, err)
		}
		for _, a := range list {
			if a.Path != path.Clean(a.Path) || path.IsAbs(a.Path) || strings.HasPrefix(a.Path, "..") {
				t.Errorf("artifact path %q", a.Path)
			}
			if !opens {
				continue
			}
			f, err := o.OpenArtifact(t.Context(), r.Ref(), a.Path)
			if err != nil {
				t.Errorf("open %s: %v", a.Path, err)
				continue
			}
			h := sha256.New()
			n, err := io.Copy(h, f)
			f.Close()
			if err != nil || n != a.Size || a.Digest != "" && fmt.Sprintf("sha256:%x", h.Sum(nil)) != a.Digest {
				t.Errorf("%s: %d bytes (%v), listed with %d and %s", a.Path, n, err, a.Size, a.Digest)
			}
		}
	}
}

// unknown asks for what is not there: an error that says so, never a panic.
func unknown(t *testing.T, w *world) {
	ref := backends.Ref{Backend: w.Name(), Kind: "run", ID: "00000000000000000000000000000000"}
	check := func(what string, err error) {
		if !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("%s of a run that does not exist: %v, want backends.ErrNotFound", what, err)
		}
	}
	if l, ok := w.Backend.(backends.HistoryReader); ok {
		check("history", drop(l.History(t.Context(), ref, "loss")))
	}
	if l, ok := w.Backend.(backends.ProvenanceReader); ok {
		check("provenance", drop(l.Provenance(t.Context(), ref)))
	}
	if l, ok := w.Backend.(backends.ArtifactOpener); ok {
		check("artifact", drop(l.OpenArtifact(t.Context(), ref, "no/such/file")))
	}
	if l, ok := w.Backend.(backends.RunTagger); ok {
		check("tags", drop(l.PlanTags(t.Context(), ref, []backends.Tag{{Key: "a", Value: "b"}}, nil)))
	}
}

// run lists anew and finds one run.
func (w *world) run(t *testing.T, id string) *backends.Run {
	t.Helper()
	l := w.Backend.(backends.RunLister)
	for _, deleted := range []bool{false, true} {
		for _, r := range got[[]*backends.Run](t)(l.Runs(t.Context(), backends.RunFilter{Deleted: deleted})) {
			if r.ID == id {
				return r
			}
		}
	}
	t.Fatalf("run %s is gone", id)
	return nil
}

// got is an answer that must not fail: got[T](t)(f()).
func got[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// spell writes runs out, all but their revisions.
func spell(runs []*backends.Run) string {
	var b strings.Builder
	for _, r := range runs {
		v := *r
		v.Rev = 0
		fmt.Fprintf(&b, "%+q\n", fmt.Sprintf("%+v", v))
	}
	return b.String()
}
