package mlruns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// registryFolder holds the registered models, beside the experiments. Source:
// mlflow/store/model_registry/file_store.py.
const registryFolder = "models"

// Models lists the registered models by name, with their versions, newest first.
func (f *Files) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	dir := filepath.Join(f.root, registryFolder)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the models in %s: %w", f.root, err)
	}
	var out []backends.RegisteredModel
	for _, d := range entries {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !d.IsDir() {
			continue
		}
		if m, ok := readModel(f.name, filepath.Join(dir, d.Name())); ok {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b backends.RegisteredModel) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func readModel(backend, dir string) (backends.RegisteredModel, bool) {
	meta, _, err := readMeta(dir)
	if err != nil {
		return backends.RegisteredModel{}, false
	}
	m := backends.RegisteredModel{
		Name: meta["name"], Description: meta["description"], Created: meta.time("creation_timestamp"), Updated: meta.time("last_updated_timestamp"),
		Tags: tags(dir), Backend: backend,
	}
	by := map[string][]string{}
	walk(filepath.Join(dir, "aliases"), func(alias, path string) {
		b, err := readSmall(path, maxValue)
		if err != nil {
			return
		}
		if m.Aliases == nil {
			m.Aliases = map[string]string{}
		}
		v := strings.TrimSpace(text(b))
		m.Aliases[alias] = v
		by[v] = append(by[v], alias)
	})
	entries, _ := os.ReadDir(dir) // it was read a moment ago
	for _, d := range entries {
		if !d.IsDir() || !strings.HasPrefix(d.Name(), "version-") {
			continue
		}
		place := filepath.Join(dir, d.Name())
		v, _, err := readMeta(place)
		if err != nil || v["current_stage"] == "Deleted_Internal" {
			continue
		}
		slices.Sort(by[v["version"]])
		m.Versions = append(m.Versions, backends.ModelVersion{
			Model: m.Name, Version: v["version"], Description: v["description"], Run: v["run_id"], Source: entity.SourcePath(v["source"], v["run_id"]),
			Created: v.time("creation_timestamp"), Updated: v.time("last_updated_timestamp"), Stage: v["current_stage"], RunLink: v["run_link"], Logged: v["model_id"],
			Tags: tags(place), Aliases: by[v["version"]],
		})
	}
	entity.SortVersions(m.Versions)
	return m, true
}

func tags(dir string) (out []backends.Tag) {
	walk(filepath.Join(dir, "tags"), func(key, path string) {
		if b, err := readSmall(path, maxValue); err == nil {
			out = append(out, backends.Tag{Key: key, Value: text(b)})
		}
	})
	slices.SortFunc(out, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}
