package mlruns

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// maxValue bounds what is read of a param or a tag: MLflow allows 8,000 characters.
const maxValue = 256 << 10

// text is a value as MLflow's reader gives it: universal newlines, and none at the
// end is added or taken.
func text(b []byte) string {
	s := string(b)
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return s
}

// readMeta reads the run's meta.yaml; base.ID stays empty when that fails.
func (r *run) readMeta() {
	f, _, err := readMeta(r.dir)
	if err != nil {
		return
	}
	e := r.exp
	r.base = backends.Run{
		ID: r.id, Name: f["run_name"], Experiment: e.id, ExpName: e.e.Name, Status: entity.Status(f["status"]), User: f["user_id"],
		Deleted: f["lifecycle_stage"] == "deleted" || e.e.Deleted, Start: f.time("start_time"), End: f.time("end_time"),
		Backend: e.backend, Artifacts: f["artifact_uri"],
	}
	now := r.base
	if r.shown != nil { // the details stay until they are read again
		now.Params, now.Tags, now.Metrics, now.Inputs = r.shown.Params, r.shown.Tags, r.shown.Metrics, r.shown.Inputs
		now.Parent, now.Exit, now.Diverged, now.Job = r.shown.Parent, r.shown.Exit, r.shown.Diverged, r.shown.Job
		if now.Name == "" {
			now.Name = r.shown.Name
		}
	}
	r.shown = entity.Keep(r.shown, &now)
}

// readDetails reads all of the run beside its meta.yaml.
func (r *run) readDetails() {
	now := r.base
	walk(filepath.Join(r.dir, "params"), func(key, path string) {
		if b, err := readSmall(path, maxValue); err == nil {
			now.Params = append(now.Params, backends.Param{Key: key, Value: text(b)})
		}
	})
	walk(filepath.Join(r.dir, "tags"), func(key, path string) {
		if b, err := readSmall(path, maxValue); err == nil {
			now.Tags = append(now.Tags, backends.Tag{Key: key, Value: text(b)})
		}
	})
	seen := map[string]bool{}
	walk(filepath.Join(r.dir, "metrics"), func(key, path string) {
		t := r.metrics[key]
		if t == nil {
			t = &tail{}
			r.metrics[key] = t
		}
		if errors.Is(t.read(path, key, nil), errRewritten) {
			*t = tail{}
			_ = t.read(path, key, nil) // what can be read of it is shown
		}
		if seen[key] = true; t.any {
			now.Metrics = append(now.Metrics, t.last)
		}
	})
	for key := range r.metrics {
		if !seen[key] {
			delete(r.metrics, key)
		}
	}
	now.Inputs = r.inputs()
	entity.Finish(&now)
	r.detailed = true
	r.shown = entity.Keep(r.shown, &now)
}

// inputs are the data sets that the run read: each input names a data set of the
// experiment and has tags. Source: mlflow/store/tracking/file_store.py, log_inputs.
func (r *run) inputs() []backends.Dataset {
	dir := filepath.Join(r.dir, "inputs")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return nil
	}
	var out []backends.Dataset
	for _, d := range entries {
		if !d.IsDir() {
			continue
		}
		f, doc, err := readMeta(filepath.Join(dir, d.Name()))
		if err != nil || f["source_type"] != "DATASET" || !filepath.IsLocal(f["source_id"]) {
			continue
		}
		data, _, err := readMeta(filepath.Join(r.exp.dir, "datasets", f["source_id"]))
		if err != nil {
			continue
		}
		in := backends.Dataset{
			Name: data["name"], Digest: data["digest"], SourceType: data["source_type"], Source: data["source"],
			Schema: data["schema"], Profile: data["profile"],
		}
		var use []backends.Tag
		for k, v := range pairs(doc, "tags") {
			use = append(use, backends.Tag{Key: k, Value: v})
		}
		entity.Use(&in, use)
		out = append(out, in)
	}
	slices.SortFunc(out, func(a, b backends.Dataset) int { return strings.Compare(a.Name+a.Digest, b.Name+b.Digest) })
	return out
}
