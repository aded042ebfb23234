// Package lightning reads what PyTorch Lightning's loggers write, in place and live:
// <save_dir>/<name>/version_<n> with metrics.csv (CSVLogger, Fabric's too) or event
// files (TensorBoardLogger), hparams.yaml and checkpoints.
//
// CSVLogger appends rows, and writes the whole file anew when a metric comes that it
// had no column for: then all is forgotten and read again. It keeps rows back for
// 100 steps by default, so a live run moves in jumps. Rows have a step and no time:
// a point's time is when the file was last written as it was read.
//
// Event files are read by formats that the caller hands over, since no backend knows
// another. A metric that has a column in metrics.csv is taken from there, where it is
// exact. Checkpoints are artifacts by their name; no pickle is ever read.
//
// Facts: lightning/fabric/loggers/csv_logs.py, pytorch/callbacks/model_checkpoint.py.
package lightning

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"flightdeck/backends/folder"
)

// Names of files that Lightning writes.
const (
	metricsFile    = "metrics.csv"
	hparamsFile    = "hparams.yaml"
	checkpointsDir = "checkpoints"
)

// Format is Lightning's way of writing runs. Inner are formats that may lie beside
// hparams.yaml: TensorBoard's.
type Format struct{ Inner []folder.Format }

// Kind is "lightning".
func (Format) Kind() string { return "lightning" }

// Places finds a folder with metrics.csv, or with hparams.yaml and something else
// that a logger makes: hparams.yaml alone may be anybody's configuration.
func (f Format) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	var metrics, hparams, sure bool
	for _, e := range entries {
		switch name := e.Name(); {
		case name == metricsFile && !e.IsDir():
			metrics = true
		case name == hparamsFile && !e.IsDir():
			hparams = true
		case name == checkpointsDir && e.IsDir():
			sure = true
		}
	}
	if !metrics && !hparams {
		return nil
	}
	sure = sure || strings.HasPrefix(path.Base(dir), "version_")
	if !metrics && !sure && !f.holdsRun(dir, rel, entries) {
		return nil
	}
	name, experiment := names(rel)
	if rel == "." {
		name = filepath.Base(dir)
	}
	return []folder.Place{{ID: rel, Name: name, Experiment: experiment, Path: dir}}
}

func (f Format) holdsRun(dir, rel string, entries []fs.DirEntry) bool {
	for _, in := range f.Inner {
		if len(in.Places(dir, rel, entries)) > 0 {
			return true
		}
	}
	return false
}

// names makes "version_0" of "lightning_logs" from lightning_logs/version_0, and
// "b/version_0" of it from b/lightning_logs/version_0, as a may have one too.
func names(rel string) (name, experiment string) {
	if rel == "." {
		return "", ""
	}
	parent, base := path.Split(rel)
	parent = strings.TrimSuffix(parent, "/")
	if parent == "" {
		return base, ""
	}
	return path.Join(path.Dir(parent), base), path.Base(parent)
}

// Open reads the run at p.
func (f Format) Open(p folder.Place) folder.Reader { return newReader(f.Inner, p) }
