// Package hydra reads the output folders of Hydra, in place and live: a run is a
// folder with .hydra/{config,hydra,overrides}.yaml in it, outputs/<date>/<time> by
// default, a sweep one with multirun.yaml and a run in a folder below it for each
// job. The composed configuration is the run's params, with interpolations left as
// text.
//
// Hydra logs no metrics itself. Curves come from what the script's own logger left in
// the folder, read by formats that the caller hands over, since no backend knows
// another; without any, from what the job's log says in lines.
//
// Facts: hydra/core/utils.py, hydra/conf, hydra/grammar of Hydra 1.3.
package hydra

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"flightdeck/backends/folder"
)

const (
	dotHydra  = ".hydra"
	sweepFile = "multirun.yaml"
	sweepBest = "optimization_results.yaml"
)

// Format is Hydra's way of writing runs. Inner are formats whose curves and media
// may lie in an output folder; Format itself is not one of them.
type Format struct{ Inner []folder.Format }

// Kind is "hydra".
func (Format) Kind() string { return "hydra" }

// Places finds a run or a sweep. The job's name, the experiment, is that of its log;
// without one it comes with the configuration.
func (Format) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	isRun, isSweep, logs := false, false, []string{}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == dotHydra && e.IsDir():
			isRun = true
		case name == sweepFile && !e.IsDir():
			isSweep = true
		case strings.HasSuffix(name, ".log") && !e.IsDir():
			logs = append(logs, strings.TrimSuffix(name, ".log"))
		}
	}
	if !isRun && !isSweep {
		return nil
	}
	job := ""
	if isRun && len(logs) == 1 {
		job = logs[0]
	}
	return []folder.Place{{
		ID: rel, Name: title(job, rel), Experiment: job, Path: dir, Parent: parent(dir, rel), Below: isRun,
	}}
}

// parent is the sweep that the folder lies in, within the tree.
func parent(dir, rel string) string {
	for range 8 {
		if rel == "." {
			return ""
		}
		dir, rel = filepath.Dir(dir), path.Dir(rel)
		if fi, err := os.Lstat(filepath.Join(dir, sweepFile)); err == nil && fi.Mode().IsRegular() {
			return rel
		}
	}
	return ""
}

// title is the job's name with the time that Hydra named the folder by.
func title(job, rel string) string {
	base := path.Base(rel)
	if rel == "." {
		base = ""
	}
	if isClock(base) {
		base = strings.ReplaceAll(base, "-", ":")
		if date := path.Base(path.Dir(rel)); len(date) == len("2006-01-02") && date[4] == '-' {
			base = date + " " + base
		}
	}
	return strings.TrimSpace(job + " " + base)
}

// isClock reports whether the name is a time as Hydra writes it: 18-26-44.
func isClock(name string) bool {
	if len(name) != len("15-04-05") || name[2] != '-' || name[5] != '-' {
		return false
	}
	return strings.Trim(name, "0123456789-") == ""
}

// Open reads the run or the sweep at p.
func (f Format) Open(p folder.Place) folder.Reader {
	if _, err := os.Lstat(filepath.Join(p.Path, dotHydra)); err != nil {
		return newSweep(p)
	}
	return newReader(f.Inner, p)
}
