// Package wandb reads the runs that Weights & Biases' client keeps on disk, in place
// and live: wandb/{offline-run,run}-<date>_<time>-<id>/run-<id>.wandb, which holds
// all that the run logged whether it was ever sent anywhere or not.
//
// The file is a log in LevelDB's framing with checksums of its own (log.go), of
// protobuf records (wire.go, records.go). History becomes points, histograms and
// media; samples of the machine become metrics below "system/", whose step is the
// number of the sample; what a script set in the summary alone becomes one point.
// Damage costs the block that it is in, and is told.
//
// Facts: core/internal/transactionlog, core/pkg/leveldb/record.go and
// wandb/proto/wandb_internal.proto of wandb 0.31.
package wandb

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"flightdeck/backends/folder"
	"flightdeck/backends/folder/grow"
)

// Format is Weights & Biases' way of writing runs.
type Format struct{}

// Kind is "wandb".
func (Format) Kind() string { return "wandb" }

// Places finds a folder with a run-<id>.wandb in it. Its experiment, W&B's project,
// stands in the log.
func (Format) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	for _, e := range entries {
		if id := idOf(e.Name()); id != "" && !e.IsDir() {
			return []folder.Place{{ID: rel, Name: id, Path: dir, Below: true}}
		}
	}
	return nil
}

// idOf is the id in run-<id>.wandb, "" for another file's name.
func idOf(name string) string {
	id, ok := strings.CutPrefix(name, "run-")
	if !ok {
		return ""
	}
	id, ok = strings.CutSuffix(id, ".wandb")
	if !ok {
		return ""
	}
	return id
}

// Open reads the run at p.
func (Format) Open(p folder.Place) folder.Reader {
	name := ""
	entries, _ := os.ReadDir(p.Path)
	for _, e := range entries {
		if idOf(e.Name()) != "" && !e.IsDir() {
			name = e.Name()
			break
		}
	}
	path := filepath.Join(p.Path, name)
	r := &reader{place: p, path: path, tail: grow.File{Path: path}}
	r.restart()
	return r
}
