//go:build integration

//integration:peer train

package lightning

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"flightdeck/backends/folder"
	"flightdeck/backends/folder/sinktest"
)

// TestLiveLightning follows a training while Lightning runs it, and at the end has
// what Lightning logged and what csv.DictReader reads.
func TestLiveLightning(t *testing.T) {
	dir := t.TempDir()
	script, err := filepath.Abs("testdata/make.py")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("FLIGHTDECK_PEERS_DIR"), "train/bin/python"), script)
	c.Dir = dir
	runs := sinktest.Follow(t, Format{Inner: []folder.Format{events{}}}, dir, c)
	r := runs["csv/lightning_logs/version_0"]
	if r == nil || runs["tb/lightning_logs/version_0"] == nil {
		t.Fatalf("runs %v", runs)
	}
	load(t, filepath.Join(dir, "want.json")).check(t, &r.Sink)
	if r.Live == 0 || r.ParamMap["optimizer.name"] != "sgd" || r.TagMap[TagCheckpoint] == "" || len(r.Troubles) > 0 {
		t.Errorf("%d points were seen live; params %v, tags %v, troubles %q", r.Live, r.ParamMap, r.TagMap, r.Troubles)
	}
}
