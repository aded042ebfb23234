// Package dvclive reads what DVCLive writes, in place and live: a folder, "dvclive"
// by default, with plots/metrics/<name>.tsv per metric, metrics.json with the latest
// values, params.yaml, and images below plots/images.
//
// A metric's file grows by a row a step; with a fresh Live all are removed first, and
// then the run is another one. Samples of the machine are metrics below "system/".
// Rows have a time only if the script asked for it: others count as written when the
// file was, as it was read. dvc.yaml describes plots and is not read; reports are
// artifacts.
//
// Facts: dvclive/live.py, plots/metric.py, plots/image.py.
package dvclive

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"flightdeck/backends/folder"
)

// Format is DVCLive's way of writing runs.
type Format struct{}

// Kind is "dvclive".
func (Format) Kind() string { return "dvclive" }

// Places finds a folder with the files that Live makes. DVC's own projects have
// metrics.json and plots too, so plots must hold what Live puts there.
func (Format) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	var metrics, params, plots bool
	for _, e := range entries {
		switch e.Name() {
		case "metrics.json":
			metrics = !e.IsDir()
		case "params.yaml":
			params = !e.IsDir()
		case "plots":
			plots = e.IsDir()
		}
	}
	named := path.Base(filepath.ToSlash(dir)) == "dvclive"
	if !(named && (metrics || params || plots)) && !(plots && holdsPlots(dir)) {
		return nil
	}
	name, experiment := names(rel)
	return []folder.Place{{ID: rel, Name: name, Experiment: experiment, Path: dir, Below: true}}
}

func holdsPlots(dir string) bool {
	for _, sub := range []string{"metrics", "images"} {
		if fi, err := os.Lstat(filepath.Join(dir, "plots", sub)); err == nil && fi.IsDir() {
			return true
		}
	}
	return false
}

// names makes "exp1" of "runs" from runs/exp1/dvclive, and the same from runs/exp1.
func names(rel string) (name, experiment string) {
	if up := path.Dir(rel); path.Base(rel) == "dvclive" && up != "." {
		rel = up
	}
	if rel == "." {
		return "", ""
	}
	if experiment = path.Dir(rel); experiment == "." {
		experiment = ""
	}
	return path.Base(rel), experiment
}

// Open reads the run at p.
func (Format) Open(p folder.Place) folder.Reader { return newReader(p) }
