package folder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
)

func seeded(t *testing.T) *Backend {
	dir := t.TempDir()
	for i := range 5 {
		p := write(t, dir, fmt.Sprintf("exp/run_%d/toy.log", i), fmt.Sprintf("param lr 0.%d\nparam a b\ntag team vision\n", i)+line("loss", 0, 1)+line("loss", 1, 0.5)+line("acc", 1, 0.9))
		age(t, p, time.Hour)
		write(t, dir, fmt.Sprintf("exp/run_%d/files/model.bin", i), strings.Repeat("x", i*10))
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	tree, err := NewTree(ctx, dir, TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return Open("toys", tree, toy{}, Options{})
}

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return seeded(t) })
}

func TestARunIsReadAsItIs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lab/brave/toy.log", "name Brave\nparam lr 0.1\nparam batch 8\ntag b 2\ntag a 1\n"+line("loss", 0, 3)+line("loss", 2, 1)+line("loss", 1, 2)+line("x/y", 7, "NaN")+"bad torn\n")
	r := settled(t, Open("toys", newTree(t, dir, TreeOptions{}), toy{}, Options{}))["lab/brave"]
	if r == nil {
		t.Fatal("it is not listed")
	}
	if r.Name != "Brave" || r.Experiment != "lab" || r.ExpName != "lab" || r.Backend != "toys" || r.Status != backends.RunRunning || r.Start.UnixMilli() != 1_700_000_000_000 {
		t.Errorf("%+v", r)
	}
	if want := []backends.Param{{Key: "batch", Value: "8"}, {Key: "lr", Value: "0.1"}}; !slices.Equal(r.Params, want) {
		t.Errorf("params %v", r.Params)
	}
	if want := []backends.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: backends.TagTrouble, Value: "torn"}}; !slices.Equal(r.Tags, want) {
		t.Errorf("tags %v", r.Tags)
	}
	if m, _ := r.Metric("loss"); m.Step != 2 || m.Value != 1 {
		t.Errorf("the last loss is %+v, want that of the greatest step", m)
	}
	if r.Diverged != "x/y is NaN at step 7" {
		t.Errorf("diverged %q", r.Diverged)
	}
}

// What did not change is the same pointer; what grew is another one, over the same
// history.
func TestGrowth(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "a/toy.log", line("loss", 0, 1))
	write(t, dir, "b/toy.log", line("loss", 0, 1))
	f := toy{seen: &counts{}}
	b := Open("toys", newTree(t, dir, TreeOptions{}), f, Options{})
	first := settled(t, b)
	h := history(t, b, "a", "loss")
	reads := f.seen.reads.Load()
	if again := settled(t, b); again["a"] != first["a"] || again["b"] != first["b"] {
		t.Error("nothing changed, and the pointers did")
	}
	if n := f.seen.reads.Load(); n != reads {
		t.Errorf("nothing changed, and it was read %d times more", n-reads)
	}
	appendTo(t, p, line("loss", 1, 0.5)+"point loss 2")
	after := settled(t, b)
	if after["a"] == first["a"] || after["b"] != first["b"] {
		t.Error("a grew, b did not")
	}
	if got := history(t, b, "a", "loss"); got != h || got.Len() != 2 {
		t.Errorf("another history, or %d points instead of 2", got.Len())
	}
	if n := f.seen.reads.Load() - reads; n != 1 {
		t.Errorf("%d reads for one change of one file", n)
	}
	appendTo(t, p, " 5 0.25\n")
	if got := history(t, b, "a", "loss"); got != h || got.Len() != 3 {
		t.Errorf("History did not look itself: %d points", got.Len())
	}
}

// A history that was written anew stays the same while the new one begins with the
// old; one that shrank is another.
func TestRewindAndForget(t *testing.T) {
	three := line("loss", 0, 1) + line("loss", 1, 2) + line("loss", 2, 3)
	for name, c := range map[string]struct {
		more string
		same bool
		want []float64
	}{
		"it goes on":                   {line("loss", 3, 4), true, []float64{1, 2, 3, 4}},
		"preempted, the same again":    {"rewind 1\n" + line("loss", 1, 2) + line("loss", 2, 3) + line("loss", 3, 9), true, []float64{1, 2, 3, 9}},
		"preempted, otherwise":         {"rewind 1\n" + line("loss", 1, 7), false, []float64{1, 7}},
		"rewound behind its end":       {"rewind 3\n" + line("loss", 3, 7), true, []float64{1, 2, 3, 7}},
		"written anew, the same again": {"forget\n" + three + line("loss", 3, 5), true, []float64{1, 2, 3, 5}},
		"written anew, shorter":        {"forget\n" + line("loss", 0, 1), false, []float64{1}},
		"written anew, without it":     {"forget\n" + line("acc", 0, 1), false, nil},
		"forgotten twice":              {"forget\n" + line("loss", 0, 8) + "forget\n" + three, true, []float64{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := write(t, dir, "a/toy.log", three)
			b := Open("toys", newTree(t, dir, TreeOptions{}), toy{}, Options{})
			settled(t, b)
			h := history(t, b, "a", "loss")
			appendTo(t, p, c.more)
			run := settled(t, b)["a"]
			got := history(t, b, "a", "loss")
			if !slices.Equal(got.Points().Value, c.want) {
				t.Errorf("the values are %v, want %v", got.Points().Value, c.want)
			}
			if (got == h) != c.same {
				t.Errorf("the same history: %v, want %v", got == h, c.same)
			}
			if !c.same && !slices.Equal(h.Points().Value, []float64{1, 2, 3}) {
				t.Errorf("the old history changed to %v", h.Points().Value)
			}
			if m, ok := run.Metric("loss"); ok != (len(c.want) > 0) || ok && m.Value != c.want[len(c.want)-1] {
				t.Errorf("the run's last loss is %+v, %v", m, ok)
			}
		})
	}
}

// A reader whose run is over is closed; when its file grows after all, it is read
// from its beginning, over the same history.
func TestReadersOfFinishedRunsAreClosed(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 200 {
		p := write(t, dir, fmt.Sprintf("run_%d/toy.log", i), line("loss", 0, i))
		age(t, p, time.Hour)
		paths = append(paths, p)
	}
	f := toy{seen: &counts{}}
	b := Open("toys", newTree(t, dir, TreeOptions{}), f, Options{})
	if all := settled(t, b); len(all) != 200 || all["run_7"].Status != backends.RunFinished {
		t.Fatalf("%d runs, run_7 %+v", len(all), all["run_7"])
	}
	if n := f.seen.open.Load(); n != 0 {
		t.Errorf("%d readers are open", n)
	}
	h := history(t, b, "run_7", "loss")
	appendTo(t, paths[7], line("loss", 1, 5))
	run := settled(t, b)["run_7"]
	if run.Status != backends.RunRunning || !run.Active() {
		t.Errorf("it grows and is %s", run.Status)
	}
	if got := history(t, b, "run_7", "loss"); got != h || !slices.Equal(got.Points().Value, []float64{7, 5}) {
		t.Errorf("another history, or %v", got.Points().Value)
	}
	if n := f.seen.open.Load(); n != 1 {
		t.Errorf("%d readers are open, want that of the run that grows", n)
	}
}

func TestManyRunsThatGrowKeepFewReaders(t *testing.T) {
	dir := t.TempDir()
	for i := range mostOpen + 50 {
		write(t, dir, fmt.Sprintf("run_%d/toy.log", i), line("loss", 0, i))
	}
	f := toy{seen: &counts{}}
	settled(t, Open("toys", newTree(t, dir, TreeOptions{}), f, Options{}))
	if n := f.seen.open.Load(); n != mostOpen {
		t.Errorf("%d readers are open, want %d", n, mostOpen)
	}
}

func TestStatusByTheFilesTimes(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		at   time.Duration // of the file, from now
		text string
		want backends.RunStatus
	}{
		"a moment ago":         {-10 * time.Second, "", backends.RunRunning},
		"long ago":             {-2 * time.Minute, "", backends.RunFinished},
		"a clock runs ahead":   {20 * time.Second, "", backends.RunRunning},
		"far in the future":    {48 * time.Hour, "", backends.RunFinished},
		"its end is known":     {-time.Second, "end FAILED\n", backends.RunFailed},
		"it says that it runs": {-2 * time.Hour, "end RUNNING\n", backends.RunRunning},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := write(t, dir, "a/toy.log", line("loss", 0, 1)+c.text)
			if err := os.Chtimes(p, now, now.Add(c.at)); err != nil {
				t.Fatal(err)
			}
			if r := settled(t, Open("toys", newTree(t, dir, TreeOptions{}), toy{}, Options{}))["a"]; r.Status != c.want {
				t.Errorf("%s, want %s", r.Status, c.want)
			}
		})
	}
}

func TestRunsComeAndGo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/toy.log", line("loss", 0, 1))
	f := toy{seen: &counts{}}
	b := Open("toys", newTree(t, dir, TreeOptions{}), f, Options{})
	settled(t, b)
	write(t, dir, "deep/er/b/toy.log", line("loss", 0, 2))
	if all := settled(t, b); len(all) != 2 || all["deep/er/b"] == nil {
		t.Fatalf("%v", all)
	}
	if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if all := settled(t, b); len(all) != 1 || all["a"] != nil {
		t.Errorf("%v", all)
	}
	if n := f.seen.open.Load(); n != 1 {
		t.Errorf("%d readers are open, one run is left", n)
	}
	if _, err := b.History(t.Context(), backends.Ref{ID: "a"}, "loss"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("the history of what is gone: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "deep")); err != nil {
		t.Fatal(err)
	}
	if all := settled(t, b); len(all) != 0 {
		t.Errorf("%v", all)
	}
}

// What one format claims is not the next one's, nor is what is inside of it.
func TestExcept(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "free/toy.log", "")
	write(t, dir, "both/toy.log", "")
	write(t, dir, "both/first.log", "")
	write(t, dir, "both/inner/toy.log", "")
	write(t, dir, "shallow/second.log", "")
	write(t, dir, "shallow/toy.log", "")
	write(t, dir, "shallow/inner/toy.log", "")
	first, second := toy{kind: "first", below: true}, toy{kind: "second"}
	tree := newTree(t, dir, TreeOptions{})
	ids := func(b *Backend) (out []string) {
		for id := range settled(t, b) {
			out = append(out, id)
		}
		slices.Sort(out)
		return out
	}
	for _, c := range []struct {
		name   string
		except []Format
		want   []string
	}{
		{"all", nil, []string{"both", "both/inner", "free", "shallow", "shallow/inner"}},
		{"rest", []Format{first, second}, []string{"free", "shallow/inner"}},
		{"some", []Format{first}, []string{"free", "shallow", "shallow/inner"}},
	} {
		if got := ids(Open(c.name, tree, toy{}, Options{Except: c.except})); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := ids(Open("firsts", tree, first, Options{})); !slices.Equal(got, []string{"both"}) {
		t.Errorf("the first format's own: %v", got)
	}
}

// Notify looks by itself and pokes for what came.
func TestNotify(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "a/toy.log", line("loss", 0, 1))
	b := Open("toys", newTree(t, dir, TreeOptions{Pace: 20 * time.Millisecond}), toy{}, Options{})
	settled(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	pokes, ended := make(chan string, 1000), make(chan error, 1)
	go func() { ended <- b.Notify(ctx, func(topic string) { pokes <- topic }) }()
	appendTo(t, p, line("loss", 1, 2))
	heard := map[string]bool{}
	deadline := time.After(10 * time.Second)
	for !heard[backends.TopicRuns] || !heard[backends.TopicMetrics] {
		select {
		case topic := <-pokes:
			heard[topic] = true
		case <-deadline:
			t.Fatalf("heard %v", heard)
		}
	}
	list, err := b.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := list[0].Metric("loss"); m.Value != 2 {
		t.Errorf("it poked, and the loss is %v", m)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestExperiments(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x/a/toy.log", line("loss", 0, 1))
	write(t, dir, "x/b/toy.log", line("loss", 5, 1))
	write(t, dir, "toy.log", line("loss", 2, 1))
	b := Open("toys", newTree(t, dir, TreeOptions{}), toy{}, Options{})
	settled(t, b)
	list, err := b.Experiments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range list {
		count[e.Name] = e.RunCount
	}
	if want := map[string]int{"x": 2, filepath.Base(dir): 1}; !reflect.DeepEqual(count, want) {
		t.Errorf("%v, want %v", count, want)
	}
	only, err := b.Runs(t.Context(), backends.RunFilter{Experiment: "x"})
	if err != nil || len(only) != 2 || only[0].ID != "x/b" {
		t.Errorf("%v, %v; want b first, which began later", only, err)
	}
}
