package store

import (
	"context"
	"errors"
	"strings"

	"flightdeck/backends"
)

// NewVersion is a version to register.
type NewVersion struct {
	Model, Run, Source   string
	Place                string // URI of the files, when Source does not say it
	Description, RunLink string
	Logged               string // the logged model that it is a version of
	Tags                 []backends.Tag
}

// CreateVersion makes the next version of a model out of a run's artifact, and the
// model when it is not registered yet. A number is never given twice.
func (g registry) CreateVersion(ctx context.Context, model, run, source string) (backends.ModelVersion, error) {
	if err := checkModelName(model); err != nil {
		return backends.ModelVersion{}, err
	}
	return g.newVersion(ctx, NewVersion{Model: model, Run: run, Source: source}, func(t *tx) error {
		if run != "" {
			if _, err := t.row(run); err != nil {
				return err
			}
		}
		var refused *Error
		err := t.model(model)
		if errors.As(err, &refused) {
			return t.insertModel(model, "", nil)
		}
		return err
	})
}

// RegisterVersion makes the next version of a model that is registered. Like MLflow
// it believes what it is told of the run.
func (g registry) RegisterVersion(ctx context.Context, nv NewVersion) (backends.ModelVersion, error) {
	if err := checkModelName(nv.Model); err != nil {
		return backends.ModelVersion{}, err
	}
	for _, t := range nv.Tags {
		if t.Key == "mlflow.prompt.text" && checkLength("", maxModelTag, t.Value) != nil {
			return backends.ModelVersion{}, invalid("Prompt text exceeds max length of %d characters.", maxModelTag)
		}
		if err := checkTagOf(t, "", maxModelTag); err != nil {
			return backends.ModelVersion{}, err
		}
	}
	return g.newVersion(ctx, nv, func(t *tx) error { return t.model(nv.Model) })
}

func (g registry) newVersion(ctx context.Context, nv NewVersion, prepare func(*tx) error) (v backends.ModelVersion, err error) {
	err = g.write(ctx, "create model version", func(t *tx) error {
		if err := prepare(t); err != nil {
			return err
		}
		next, err := t.int("SELECT next FROM models WHERE name = ?", nv.Model)
		if err != nil {
			return err
		}
		var tags []backends.Tag
		for _, tag := range nv.Tags {
			tags = setPair(tags, tag)
		}
		t.touch(ofModels)
		err = errors.Join(
			t.exec("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", nv.Model, next, nv.Run, nv.Source, nv.Description,
				t.now, t.now, backends.StageNone, nv.RunLink, nv.Place, nv.Logged, packPairs(tags)),
			t.exec("UPDATE models SET next = ?, updated = ? WHERE name = ?", next+1, t.now, nv.Model),
		)
		if err == nil {
			v, err = g.written(t, nv.Model, next)
		}
		return err
	})
	return v, err
}

// written reads back what t wrote.
func (g registry) written(t *tx, model string, n int64) (backends.ModelVersion, error) {
	m, _, err := g.model(t.conn, model)
	v, _ := versionOf(m, n)
	return v, err
}

// DeleteVersion removes a version and its aliases for good.
func (g registry) DeleteVersion(ctx context.Context, model, version string) error {
	if _, err := versionNumber(version); err != nil {
		return err
	}
	if err := checkModelName(model); err != nil {
		return err
	}
	return g.writeRisk(ctx, "delete model version", backends.Destructive, func(t *tx) error {
		n, err := t.version(model, version)
		if err != nil {
			return err
		}
		t.touch(ofModels)
		return errors.Join(
			t.exec("DELETE FROM aliases WHERE model = ? AND version = ?", model, n),
			t.exec("DELETE FROM versions WHERE model = ? AND version = ?", model, n),
			t.exec("UPDATE models SET updated = ? WHERE name = ?", t.now, model),
		)
	})
}

// version checks that the version exists.
func (t *tx) version(model, version string) (int64, error) {
	n, err := versionNumber(version)
	if err != nil {
		return 0, err
	}
	found, err := t.int("SELECT count(*) FROM versions WHERE model = ? AND version = ?", model, n)
	if err == nil && found == 0 {
		err = noVersion(model, n)
	}
	return n, err
}

// DescribeVersion replaces a version's description; nil takes it away.
func (g registry) DescribeVersion(ctx context.Context, model, version string, description *string) (v backends.ModelVersion, err error) {
	if err := checkModelName(model); err != nil {
		return v, err
	}
	err = g.write(ctx, "describe model version", func(t *tx) error {
		n, err := t.version(model, version)
		if err != nil {
			return err
		}
		var text any
		if description != nil {
			text = *description
		}
		t.touch(ofModels)
		err = t.exec("UPDATE versions SET description = ?, updated = ? WHERE model = ? AND version = ?", text, t.now, model, n)
		if err == nil {
			v, err = g.written(t, model, n)
		}
		return err
	})
	return v, err
}

// Stages are the stages of a version, in MLflow's order.
func Stages() []string {
	return []string{backends.StageNone, backends.StageStaging, backends.StageProduction, backends.StageArchived}
}

// Stage is a stage as MLflow spells it, of one in any case.
func Stage(name string) (string, error) {
	for _, s := range Stages() {
		if strings.EqualFold(s, name) {
			return s, nil
		}
	}
	return "", invalid("Invalid Model Version stage: %s. Value must be one of %s.", name, strings.Join(Stages(), ", "))
}

// SetStage moves a version to a stage. archive moves the others that are there to
// Archived; it is for Staging and Production only.
func (g registry) SetStage(ctx context.Context, model, version, stage string, archive bool) (v backends.ModelVersion, err error) {
	to, err := Stage(stage)
	if err != nil {
		return v, err
	}
	if archive && to != backends.StageStaging && to != backends.StageProduction {
		return v, &Error{Internal, "Model version transition cannot archive existing model versions because '" + stage +
			"' is not an Active stage. Valid stages are ['Staging', 'Production']"}
	}
	if err := checkModelName(model); err != nil {
		return v, err
	}
	err = g.write(ctx, "set model version stage", func(t *tx) error {
		n, err := t.version(model, version)
		if err != nil {
			return err
		}
		t.touch(ofModels)
		if archive {
			err = t.exec("UPDATE versions SET stage = ?, updated = ? WHERE model = ? AND version <> ? AND stage = ?", backends.StageArchived, t.now, model, n, to)
		}
		err = errors.Join(err,
			t.exec("UPDATE versions SET stage = ?, updated = ? WHERE model = ? AND version = ?", to, t.now, model, n),
			t.exec("UPDATE models SET updated = ? WHERE name = ?", t.now, model),
		)
		if err == nil {
			v, err = g.written(t, model, n)
		}
		return err
	})
	return v, err
}

// LatestVersions are, for each stage that has any, the version of the greatest
// number, the lowest number first.
func LatestVersions(m backends.RegisteredModel) []backends.ModelVersion {
	var out []backends.ModelVersion
	seen := map[string]bool{}
	for _, v := range m.Versions { // the newest first
		if !seen[v.Stage] {
			seen[v.Stage] = true
			out = append([]backends.ModelVersion{v}, out...)
		}
	}
	return out
}
