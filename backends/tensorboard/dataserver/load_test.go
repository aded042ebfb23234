package dataserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard/events"
)

// recorded is a run that a real writer left.
func recorded(t *testing.T, pattern string) []byte {
	t.Helper()
	files, err := filepath.Glob("../testdata/runs/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded file", err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, s *Server) (out []string) {
	t.Helper()
	all, err := s.all(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		out = append(out, r.name())
	}
	return out
}

func TestFollowsTheFolder(t *testing.T) {
	root := t.TempDir()
	data := recorded(t, "torch/events*")
	path := filepath.Join(root, "a", "b", "events.out.tfevents.1")
	put(t, path, data[:3000])
	put(t, filepath.Join(root, "events.out.tfevents.1"), data)
	for _, l := range [][2]string{{root, "a/loop"}, {filepath.Join(root, "a", "b"), "linked"}, {"nowhere", "dangling"}} {
		if err := os.Symlink(l[0], filepath.Join(root, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Options{Logdir: root})
	if err != nil {
		t.Fatal(err)
	}
	s.loadOnce(t.Context())
	if got := names(t, s); !slices.Equal(got, []string{".", "a/b", "linked"}) {
		t.Fatalf("runs %q", got)
	}
	part, _ := s.runs["a/b"].scalars(t.Context(), "train/loss")
	put(t, path, data)
	s.loadOnce(t.Context())
	whole, _ := s.runs["a/b"].scalars(t.Context(), "train/loss")
	if part.len() == 0 || part.len() >= whole.len() || whole.len() != 40 || part.step[0] != 0 {
		t.Errorf("%d points of the half file, %d of the whole", part.len(), whole.len())
	}
	put(t, path, data[:3000])
	s.loadOnce(t.Context())
	if again, _ := s.runs["a/b"].scalars(t.Context(), "train/loss"); again.len() != part.len() || whole.len() != 40 || whole.step[39] != 39 {
		t.Errorf("%d points after it became shorter; what was taken before has %d", again.len(), whole.len())
	}
	if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	s.loadOnce(t.Context())
	if got := names(t, s); !slices.Equal(got, []string{"."}) {
		t.Errorf("runs %q after two were removed", got)
	}
}

// What was written last is read first, so that it is seen first.
func TestNewestFirst(t *testing.T) {
	root := t.TempDir()
	for i := range 5 {
		path := filepath.Join(root, fmt.Sprint(i), "x.tfevents")
		put(t, path, nil)
		at := time.Unix(1_700_000_000+int64(i*7%5), 0)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Options{Logdir: root})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.discover(t.Context()) {
		got = append(got, r.id)
	}
	if !slices.Equal(got, []string{"2", "4", "1", "3", "0"}) {
		t.Errorf("read in the order %q", got)
	}
}

// workspace is a Source of two runs of one name.
type workspace struct{}

func (workspace) Runs(context.Context, backends.RunFilter) ([]*backends.Run, error) {
	at := time.Unix(1_700_000_000, 0)
	return []*backends.Run{
		{ID: "aa", Name: "otter", ExpName: "digits", Status: backends.RunFinished, Start: at, End: at.Add(time.Minute), Params: []backends.Param{{Key: "lr", Value: "0.1"}, {Key: "opt", Value: "adam"}}, Metrics: []backends.Metric{{Key: "loss", Step: 2, Time: 1_700_000_002_500, Value: 0.25}}},
		{ID: "bb", Name: "otter", ExpName: "digits", Status: backends.RunFailed, Start: at},
		{ID: "cc", Name: "heron", ExpName: "Default", Status: backends.RunRunning, Start: at, Params: []backends.Param{{Key: "lr", Value: "1"}}},
	}, nil
}

func (workspace) History(_ context.Context, run backends.Ref, key string) (*backends.History, error) {
	if run.ID != "aa" || key != "loss" {
		return nil, backends.ErrNotFound
	}
	h := &backends.History{Key: key}
	h.Append(backends.Points{Step: []int64{1, 2}, Time: []int64{1_700_000_001_000, 1_700_000_002_500}, Value: []float64{0.5, 0.25}})
	return h, nil
}

func TestShowsAWorkspace(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "digits", "files", "x.tfevents"), recorded(t, "torch/both_a/*"))
	got := serve(t, Options{Logdir: root, Source: workspace{}}).asked()
	if fmt.Sprint(got.Runs) != "map[digits/files:1.7955448343871248e+09 digits/otter (aa):1.7e+09 digits/otter (bb):1.7e+09 heron:1.7e+09]" {
		t.Errorf("runs %v", got.Runs)
	}
	loss := got.Series["Scalars scalars digits/otter (aa) loss"]
	if fmt.Sprint(loss.Steps, loss.Walls, loss.Values) != "[1 2] [1.700000001e+09 1.7000000025e+09] [0.5 0.25]" || loss.MaxStep != 2 {
		t.Errorf("loss %+v", loss)
	}
	all, err := (&Server{o: Options{Source: workspace{}}}).fromSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"[{lr 0.1} {opt adam}] g aa 1.7e+09", "", "[{lr 1}] g cc 1.7e+09"} {
		for _, x := range all[i].tags(events.Tensor) {
			s, ok := events.ParseSession(x.meta.Content)
			if said := fmt.Sprint(s.HParams, " g ", s.Group, " ", s.Start); !ok || s.Started && said != want {
				t.Errorf("run %d: params %s, want %s", i, said, want)
			}
			if s.Ended && (s.Status != events.SessionSuccess || s.End != 1_700_000_060) {
				t.Errorf("run %d ended %+v", i, s)
			}
		}
		if n := len(all[i].tags(events.Tensor)); n != []int{2, 0, 1}[i] {
			t.Errorf("run %d: %d tags of the hparams plugin", i, n)
		}
	}
}

func TestFlags(t *testing.T) {
	if got, err := ParseSamples("scalars=500,images=all,audio=0"); err != nil || fmt.Sprint(got) != "map[audio:0 images:-1 scalars:500]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"scalars", "scalars=", "scalars=-1", "scalars=x"} {
		if _, err := ParseSamples(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if d, err := ParseReload("once"); d != 0 || err != nil {
		t.Error(d, err)
	}
	if d, err := ParseReload("30"); d != 30*time.Second || err != nil {
		t.Error(d, err)
	}
	if _, err := ParseReload("0"); err == nil {
		t.Error("0 seconds are taken")
	}
	s, err := New(Options{Logdir: "x", Samples: map[string]int{"scalars": 10, "images": -1, "audio": 0}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.most("scalars", 1000), s.most("scalars", 5), s.most("images", 9), s.most("audio", 9), s.most("text", 7)); got != "10 5 9 0 7" {
		t.Errorf("most points: %s", got)
	}
}
