//go:build integration

//integration:peer train
//integration:needs git=git

package dvclive

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"flightdeck/backends/folder/sinktest"
)

// TestLiveDVCLive follows a run while DVCLive writes it in a repository, and at the
// end has what the library's own parse_metrics reads.
func TestLiveDVCLive(t *testing.T) {
	dir := t.TempDir()
	script, err := filepath.Abs("testdata/make.py")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(os.Getenv("FLIGHTDECK_PEERS_DIR"), "train/bin")
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "DVC_NO_ANALYTICS=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	for _, args := range [][]string{{"git", "init", "-q"}, {"git", "commit", "-q", "--allow-empty", "-m", "x"}, {filepath.Join(bin, "python"), "-m", "dvc", "init", "-q"}} {
		c := exec.CommandContext(t.Context(), args[0], args[1:]...)
		c.Dir, c.Env = dir, env
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	c := exec.CommandContext(t.Context(), filepath.Join(bin, "python"), script)
	c.Dir, c.Env = dir, env
	runs := sinktest.Follow(t, Format{}, dir, c)
	r := runs["dvclive"]
	if r == nil {
		t.Fatalf("runs %v", runs)
	}
	load(t, filepath.Join(dir, "want.json")).check(t, &r.Sink)
	if r.Live == 0 || r.ParamMap["net.act"] != "relu" || len(r.Items["image samples"]) != 5 || len(r.Troubles) > 0 {
		t.Errorf("%d points were seen live; params %v, images %v, troubles %q", r.Live, r.ParamMap, r.Items, r.Troubles)
	}
}
