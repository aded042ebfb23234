package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// registry is the part of the store that deals with registered models.
type registry struct{ *db }

// Models lists the registered models by name, with their versions, newest first.
func (g registry) Models(ctx context.Context) ([]backends.RegisteredModel, error) {
	var out []backends.RegisteredModel
	err := g.read(ctx, func(c *conn) error {
		at := map[string]int{}
		var bad error
		tags := func(s *sqlite.Stmt, col int) []backends.Tag {
			t, err := unpackPairs[backends.Tag](s.ColumnText(col), nil)
			if err != nil {
				bad = g.damaged(fmt.Errorf("tags of model %s: %w", s.ColumnText(0), err))
			}
			return t
		}
		err := c.each("SELECT name, description, created, updated, tags FROM models ORDER BY name", func(s *sqlite.Stmt) error {
			at[s.ColumnText(0)] = len(out)
			out = append(out, backends.RegisteredModel{
				Name: s.ColumnText(0), Description: s.ColumnText(1), Created: moment(s.ColumnInt64(2)), Updated: moment(s.ColumnInt64(3)),
				Tags: tags(s, 4), Backend: "local",
			})
			return nil
		})
		if err != nil {
			return err
		}
		err = c.each("SELECT model, version, run, source, description, created, tags FROM versions ORDER BY model, version DESC", func(s *sqlite.Stmt) error {
			m := &out[at[s.ColumnText(0)]]
			m.Versions = append(m.Versions, backends.ModelVersion{
				Model: m.Name, Version: s.ColumnText(1), Run: s.ColumnText(2), Source: s.ColumnText(3),
				Description: s.ColumnText(4), Created: moment(s.ColumnInt64(5)), Tags: tags(s, 6),
			})
			return nil
		})
		if err != nil {
			return err
		}
		return errors.Join(bad, c.each("SELECT model, alias, version FROM aliases ORDER BY model, alias", func(s *sqlite.Stmt) error {
			addAlias(&out[at[s.ColumnText(0)]], s.ColumnText(1), s.ColumnText(2))
			return nil
		}))
	})
	return out, err
}

func addAlias(m *backends.RegisteredModel, alias, version string) {
	if m.Aliases == nil {
		m.Aliases = map[string]string{}
	}
	m.Aliases[alias] = version
	for i := range m.Versions {
		if v := &m.Versions[i]; v.Version == version {
			v.Aliases = append(v.Aliases, alias)
		}
	}
}

// CreateModel registers a name. One that is taken is an *Error.
func (g registry) CreateModel(ctx context.Context, name, description string, tags []backends.Tag) error {
	if err := checkModelName(name); err != nil {
		return err
	}
	var sorted []backends.Tag
	for _, t := range tags {
		if err := checkTagOf(t, "", maxModelTag); err != nil {
			return err
		}
		sorted = setPair(sorted, t)
	}
	return g.write(ctx, "create model", func(t *tx) error {
		n, err := t.int("SELECT count(*) FROM models WHERE name = ?", name)
		if err != nil {
			return err
		}
		if n > 0 {
			return &Error{AlreadyExists, fmt.Sprintf("Registered Model (name=%s) already exists.", name)}
		}
		return t.insertModel(name, description, sorted)
	})
}

func (t *tx) insertModel(name, description string, tags []backends.Tag) error {
	t.touch(ofModels)
	return t.exec("INSERT INTO models VALUES (?, ?, ?, ?, 1, ?)", name, description, t.now, t.now, packPairs(tags))
}

// CreateVersion makes the next version of a model out of a run's artifact, and the
// model when it is not registered yet. A number is never given twice.
func (g registry) CreateVersion(ctx context.Context, model, run, source string) (backends.ModelVersion, error) {
	v := backends.ModelVersion{Model: model, Run: run, Source: source}
	if err := checkModelName(model); err != nil {
		return v, err
	}
	err := g.write(ctx, "create model version", func(t *tx) error {
		next, err := t.int("SELECT next FROM models WHERE name = ?", model)
		if err != nil {
			return err
		}
		if next == 0 {
			if err := t.insertModel(model, "", nil); err != nil {
				return err
			}
			next = 1
		}
		if run != "" {
			if _, err := t.row(run); err != nil {
				return err
			}
		}
		t.touch(ofModels)
		v.Version, v.Created = strconv.FormatInt(next, 10), moment(t.now)
		return errors.Join(
			t.exec("INSERT INTO versions VALUES (?, ?, ?, ?, '', ?, x'')", model, next, run, source, t.now),
			t.exec("UPDATE models SET next = ?, updated = ? WHERE name = ?", next+1, t.now, model),
		)
	})
	return v, err
}

// DeleteVersion removes a version and its aliases for good.
func (g registry) DeleteVersion(ctx context.Context, model, version string) error {
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
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return 0, invalid("Parameter 'version' must be an integer, got '%s'.", version)
	}
	if err := t.model(model); err != nil {
		return 0, err
	}
	found, err := t.int("SELECT count(*) FROM versions WHERE model = ? AND version = ?", model, n)
	if err == nil && found == 0 {
		err = missing("Model Version (name=%s, version=%s) not found", model, version)
	}
	return n, err
}

func (t *tx) model(name string) error {
	n, err := t.int("SELECT count(*) FROM models WHERE name = ?", name)
	if err == nil && n == 0 {
		err = missing("Registered Model with name=%s not found", name)
	}
	return err
}

// SetAlias points an alias at a version; it leaves the version that it had.
func (g registry) SetAlias(ctx context.Context, model, alias, version string) error {
	if err := checkAlias(alias); err != nil {
		return err
	}
	return g.write(ctx, "set alias", func(t *tx) error {
		n, err := t.version(model, version)
		if err != nil {
			return err
		}
		t.touch(ofModels)
		return errors.Join(
			t.exec("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", model, alias, n),
			t.exec("UPDATE models SET updated = ? WHERE name = ?", t.now, model),
		)
	})
}

// DeleteAlias removes an alias; one that is not there is fine, as MLflow has it.
func (g registry) DeleteAlias(ctx context.Context, model, alias string) error {
	return g.write(ctx, "delete alias", func(t *tx) error {
		if err := t.model(model); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM aliases WHERE model = ? AND alias = ?", model, alias); err != nil || t.Changes() == 0 {
			return err
		}
		t.touch(ofModels)
		return t.exec("UPDATE models SET updated = ? WHERE name = ?", t.now, model)
	})
}

// SetModelTag sets a tag of a model, or of one of its versions when version is not
// empty.
func (g registry) SetModelTag(ctx context.Context, model, version string, tag backends.Tag) error {
	if err := checkTagOf(tag, "", maxModelTag); err != nil {
		return err
	}
	return g.write(ctx, "set model tag", func(t *tx) error {
		if err := t.model(model); err != nil {
			return err
		}
		get, set, args := "SELECT tags FROM models WHERE name = ?", "UPDATE models SET tags = ?2 WHERE name = ?1", []any{model}
		if version != "" {
			n, err := t.version(model, version)
			if err != nil {
				return err
			}
			get, set, args = "SELECT tags FROM versions WHERE model = ? AND version = ?", "UPDATE versions SET tags = ?3 WHERE model = ?1 AND version = ?2", []any{model, n}
		}
		var tags []backends.Tag
		err := t.each(get, func(s *sqlite.Stmt) (err error) {
			tags, err = unpackPairs[backends.Tag](s.ColumnText(0), nil)
			return err
		}, args...)
		if err != nil {
			return err
		}
		t.touch(ofModels)
		return errors.Join(
			t.exec(set, append(args, packPairs(setPair(tags, tag)))...),
			t.exec("UPDATE models SET updated = ? WHERE name = ?", t.now, model),
		)
	})
}
