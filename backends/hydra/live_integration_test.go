//go:build integration

//integration:peer train

package hydra

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends/folder/sinktest"
)

// TestLiveHydra follows a sweep while Hydra runs it, and at the end has what OmegaConf
// reads from its folders.
func TestLiveHydra(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "conf"), os.DirFS("testdata/conf")); err != nil {
		t.Fatal(err)
	}
	python := filepath.Join(os.Getenv("FLIGHTDECK_PEERS_DIR"), "train/bin/python")
	run := func(script string, args ...string) *exec.Cmd {
		data, err := os.ReadFile(filepath.Join("testdata", script))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, script), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), python, append([]string{script}, args...)...)
		c.Dir = dir
		return c
	}
	runs := sinktest.Follow(t, Format{}, dir, run("train.py", "--multirun", "lr=0.1,0.2", "model=small,big"))
	if out, err := run("truth.py").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := loadFrom(t, filepath.Join(dir, "want.json")).Runs
	if len(all) != 4 || len(runs) != 5 {
		t.Fatalf("%d output folders, %d runs", len(all), len(runs))
	}
	live := 0
	for id, w := range all {
		r := runs[id]
		if r == nil {
			t.Fatalf("%s was not found", id)
		}
		checkConfig(t, id, w, &r.Sink)
		checkLog(t, filepath.Join(dir, id), &r.Sink)
		live += r.Live
		if s := runs[r.Place.Parent]; s == nil || !strings.Contains(s.TagMap[TagOverrides], "lr=0.1,0.2") {
			t.Errorf("%s has no sweep: %+v", id, r.Place)
		}
	}
	if live == 0 {
		t.Error("nothing was seen live")
	}
}
