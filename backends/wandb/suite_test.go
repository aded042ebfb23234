package wandb

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/backendtest"
	"flightdeck/backends/folder"
)

// TestSuite holds the recorded runs, as the engine serves them, to the contracts of
// all backends.
func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend {
		root := t.TempDir()
		for _, name := range []string{"wandb"} {
			if err := os.CopyFS(filepath.Join(root, name), os.DirFS(filepath.Join("testdata", filepath.Base(name)))); err != nil {
				t.Fatal(err)
			}
		}
		tree, err := folder.NewTree(t.Context(), root, folder.TreeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return folder.Open("runs", tree, Format{}, folder.Options{Grace: time.Nanosecond})
	})
}
