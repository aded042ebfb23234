package tensorboard

import (
	"context"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
	"flightdeck/backends/folder"
)

// opened is the recorded runs behind the engine, long after they ended.
func opened(t *testing.T, dir string) *folder.Backend {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	tree, err := folder.NewTree(ctx, dir, folder.TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return folder.Open("logs", tree, Format{}, folder.Options{})
}

// copied is the recorded runs in a folder of their own, an hour old.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/runs")); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chtimes(path, at, at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return opened(t, copied(t)) })
}

// The runs as a person sees them, through the engine.
func TestRuns(t *testing.T) {
	b := opened(t, copied(t))
	if err := b.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	runs, err := b.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		name, experiment, parent string
		status                   backends.RunStatus
		metrics, params          int
	}
	got := map[string]row{}
	for _, r := range runs {
		got[r.ID] = row{r.Name, r.ExpName, r.Parent, r.Status, len(r.Metrics), len(r.Params)}
	}
	for id, want := range map[string]row{
		"torch":                    {"torch", filepath.Base(b.Root()), "", backends.RunFinished, 4, 0},
		"torch/1700000000.25":      {"torch/1700000000.25", filepath.Base(b.Root()), "torch", backends.RunFinished, 1, 4},
		"torch/both_a":             {"both_a", "torch", "", backends.RunFinished, 1, 0},
		"deep/failed":              {"failed", "deep", "", backends.RunFailed, 1, 4},
		"lightning_logs/version_0": {"version_0", "lightning_logs", "", backends.RunFinished, 4, 2},
	} {
		if got[id] != want {
			t.Errorf("%s is %+v, want %+v", id, got[id], want)
		}
	}
	i := slices.IndexFunc(runs, func(r *backends.Run) bool { return r.ID == "deep/failed" })
	failed := runs[i]
	if v, _ := failed.Param("dims"); v != `[1, "a", None, True]` {
		t.Errorf("dims is %s", v)
	}
	if failed.Start.Unix() != 1_700_000_000 || failed.End.Unix() != 1_700_000_060 || failed.Tag("hparams.group_name") != "g" {
		t.Errorf("it ran from %s to %s, %v", failed.Start, failed.End, failed.Tags)
	}
	i = slices.IndexFunc(runs, func(r *backends.Run) bool { return r.ID == "torch" })
	media, err := b.Media(t.Context(), runs[i].Ref())
	if err != nil || len(media) != 5 { // weights, sample, grid, note, beep
		t.Errorf("media %+v, %v", media, err)
	}
	items, err := b.MediaItems(t.Context(), runs[i].Ref(), backends.MediaImage, "sample")
	if err != nil || len(items) != 4 {
		t.Fatalf("%d images, %v", len(items), err)
	}
	f, err := b.OpenMedia(t.Context(), runs[i].Ref(), items[3])
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// A wall time that is no number says nothing, and an end stands until something is
// written after it.
func TestEnds(t *testing.T) {
	const end = 1_700_000_060
	for what, c := range map[string]struct {
		newest float64
		status backends.RunStatus
		want   backends.RunStatus
		ends   bool
	}{
		"as it says":            {end - 1, backends.RunFinished, backends.RunFinished, true},
		"no time":               {later(end-1, math.NaN()), backends.RunFailed, backends.RunFailed, true},
		"it goes on":            {end + 1, backends.RunFinished, "", false},
		"it failed and goes on": {end + 1, backends.RunFailed, backends.RunFailed, false},
	} {
		s := newSink()
		r := Format{}.Open(folder.Place{Path: t.TempDir()}).(*Reader)
		r.to, r.newest, r.ended, r.info.Status = s, c.newest, end, c.status
		r.tellInfo()
		if s.info.Status != c.want || s.info.End.IsZero() == c.ends {
			t.Errorf("%s: %q, ends %s", what, s.info.Status, s.info.End)
		}
	}
}

func TestPlaces(t *testing.T) {
	for _, bad := range []string{"", "1+2", "1+2@", "x+2@a.tfevents", "-1+2@a.tfevents", "1+-2@a.tfevents", "0+9@../a.tfevents", "0+9@/etc/tfevents", "0+9@hparams.yaml"} {
		if _, err := parsePlace(bad); err == nil {
			t.Errorf("%q is a place", bad)
		}
	}
	r := Format{}.Open(folder.Place{Path: t.TempDir()}).(*Reader)
	if _, err := r.OpenMedia(t.Context(), backends.MediaItem{Place: "0+9@gone.tfevents"}); err == nil {
		t.Error("what is gone can be opened")
	}
	path := filepath.Join(r.dir, "short.tfevents")
	if err := os.WriteFile(path, []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.OpenMedia(t.Context(), backends.MediaItem{Place: "9223372036854775807+9@short.tfevents"}); err == nil {
		t.Error("what lies behind the end can be opened")
	}
}
