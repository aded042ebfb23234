package hydra

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/flat"
	"flightdeck/backends/folder/grow"
)

// sweep reads multirun.yaml: the run that the jobs of a sweep belong to. What a
// sweeper found best is in optimization_results.yaml.
type sweep struct {
	place   folder.Place
	config  grow.Small
	results grow.Small
}

// tagBest is before the keys of the results.
const tagBest = "hydra.results."

func newSweep(p folder.Place) *sweep {
	return &sweep{
		place:   p,
		config:  grow.Small{Path: filepath.Join(p.Path, sweepFile)},
		results: grow.Small{Path: filepath.Join(p.Path, sweepBest)},
	}
}

// Read tells what is new.
func (s *sweep) Read(_ context.Context, to folder.Sink) error {
	var all []backends.Param
	var list []string
	changed, err := s.config.Read(func(data []byte) (err error) {
		if all, err = flat.YAML(data); err == nil {
			list, err = flat.List(data, "hydra", "overrides", "task")
		}
		return err
	})
	if err != nil {
		to.Trouble(err)
	}
	if changed && len(all) > 0 {
		s.tell(all, list, to)
	}
	return s.best(to)
}

// tell gives the configuration that the sweep began with, apart from Hydra's own.
func (s *sweep) tell(all []backends.Param, list []string, to folder.Sink) {
	var own, params []backends.Param
	for _, p := range all {
		if strings.HasPrefix(p.Key, "hydra.") {
			own = append(own, p)
		} else {
			params = append(params, p)
		}
	}
	job, _, tags := describe(own)
	to.Info(folder.Info{Name: title(job, s.place.ID), Experiment: job})
	if len(list) > 0 {
		tags = append(tags, overrideTags(list)...)
	}
	to.Tags(tags...)
	to.Params(params...)
}

// best tells the results: the best value as a metric of one point, the rest as tags.
func (s *sweep) best(to folder.Sink) error {
	var results []backends.Param
	changed, err := s.results.Read(func(data []byte) (err error) {
		results, err = flat.YAML(data)
		return err
	})
	if err != nil {
		to.Trouble(err)
	}
	if !changed {
		return nil
	}
	at := time.Now()
	if fi, err := os.Stat(s.results.Path); err == nil {
		at = fi.ModTime()
	}
	for _, p := range results {
		if v, err := strconv.ParseFloat(p.Value, 64); err == nil && p.Key == "best_value" {
			to.Points(p.Key, backends.Points{Step: []int64{0}, Time: []int64{at.UnixMilli()}, Value: []float64{v}})
			continue
		}
		to.Tags(backends.Tag{Key: tagBest + p.Key, Value: p.Value})
	}
	return nil
}

// Close has nothing to close.
func (*sweep) Close() error { return nil }
