//go:build integration

//integration:peer train

package wandb

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"flightdeck/backends/folder/sinktest"
)

// TestLiveWandb follows two runs while wandb writes them offline, and at the end has
// every value that the library's own protobuf classes, and its own reader, find in
// their logs.
func TestLiveWandb(t *testing.T) {
	dir := t.TempDir()
	script, err := filepath.Abs("testdata/make.py")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("FLIGHTDECK_PEERS_DIR"), "train/bin/python"), script)
	c.Dir = dir
	c.Env = append(os.Environ(), "WANDB_MODE=offline", "WANDB_DIR="+dir)
	runs := sinktest.Follow(t, Format{}, dir, c)
	data, err := os.ReadFile(filepath.Join(dir, "want.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := parseWant(t, data)
	if script, err = filepath.Abs("testdata/sync.py"); err != nil {
		t.Fatal(err)
	}
	sync := exec.CommandContext(t.Context(), c.Path, script)
	sync.Dir, sync.Env = dir, c.Env
	if out, err := sync.CombinedOutput(); err != nil {
		t.Fatalf("wandb sync: %v\n%s", err, out)
	}
	sent := loadSynced(t, filepath.Join(dir, "synced.json"))
	if len(all) != 2 || len(runs) != 2 {
		t.Fatalf("%d logs, %d runs", len(all), len(runs))
	}
	live := 0
	for log, w := range all {
		r := runs[filepath.Dir(log)]
		if r == nil {
			t.Fatalf("%s was not found", log)
		}
		w.check(t, &r.Sink)
		sent[log].check(t, &r.Sink)
		if live += r.Live; len(r.Troubles) > 0 || r.Forgotten > 0 || r.RunInfo.Experiment != "digits" {
			t.Errorf("troubles %q, forgotten %d, info %+v", r.Troubles, r.Forgotten, r.RunInfo)
		}
	}
	if live == 0 {
		t.Error("nothing was seen live")
	}
}
