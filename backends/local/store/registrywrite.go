package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// TagPrompt is the tag of a registered model that is none but a prompt, when its
// value is true: MLflow keeps prompts in the registry and hides them from its searches.
const TagPrompt = "mlflow.prompt.is_prompt"

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
		old, taken, err := g.model(t.conn, name)
		switch {
		case err != nil:
			return err
		case taken:
			return nameTaken(name, kindOfModel(old.Tags), kindOfModel(sorted))
		}
		return t.insertModel(name, description, sorted)
	})
}

func kindOfModel(tags []backends.Tag) string {
	if v, _ := pairValue(tags, TagPrompt); strings.EqualFold(v, "true") {
		return "Prompt"
	}
	return "Registered Model"
}

func nameTaken(name, old, now string) error {
	if old != now {
		return &Error{AlreadyExists, fmt.Sprintf("Tried to create a %s with name %s, but the name is already taken by a %s."+
			" MLflow does not allow creating a model and a prompt with the same name.", strings.ToLower(now), pyString(name), strings.ToLower(old))}
	}
	return &Error{AlreadyExists, fmt.Sprintf("%s (name=%s) already exists.", now, name)}
}

func (t *tx) insertModel(name, description string, tags []backends.Tag) error {
	t.touch(ofModels)
	return t.exec("INSERT INTO models VALUES (?, ?, ?, ?, 1, ?)", name, description, t.now, t.now, packPairs(tags))
}

func (t *tx) model(name string) error {
	n, err := t.int("SELECT count(*) FROM models WHERE name = ?", name)
	if err == nil && n == 0 {
		err = noModel(name)
	}
	return err
}

// RenameModel gives a model another name, which its versions and aliases follow.
func (g registry) RenameModel(ctx context.Context, name, to string) error {
	if strings.TrimSpace(to) == "" {
		return invalid("Missing value for required parameter 'new_name'.")
	}
	for _, n := range [...]string{to, name} {
		if err := checkModelName(n); err != nil {
			return err
		}
	}
	return g.write(ctx, "rename model", func(t *tx) error {
		if err := t.model(name); err != nil {
			return err
		}
		n, err := t.int("SELECT count(*) FROM models WHERE name = ?1 AND ?1 <> ?2", to, name)
		if err != nil {
			return err
		}
		if n > 0 {
			return &Error{AlreadyExists, fmt.Sprintf("Registered Model (name=%s) already exists.", to)}
		}
		t.touch(ofModels)
		return errors.Join( // for a moment the versions belong to none
			t.exec("PRAGMA defer_foreign_keys=1"),
			t.exec("UPDATE models SET name = ?, updated = ? WHERE name = ?", to, t.now, name),
			t.exec("UPDATE versions SET model = ?, updated = ? WHERE model = ?", to, t.now, name),
			t.exec("UPDATE aliases SET model = ? WHERE model = ?", to, name),
		)
	})
}

// DescribeModel replaces a model's description.
func (g registry) DescribeModel(ctx context.Context, name, description string) error {
	if err := checkModelName(name); err != nil {
		return err
	}
	return g.write(ctx, "describe model", func(t *tx) error {
		if err := t.model(name); err != nil {
			return err
		}
		t.touch(ofModels)
		return t.exec("UPDATE models SET description = ?, updated = ? WHERE name = ?", description, t.now, name)
	})
}

// DeleteModel removes a model with its versions and aliases for good.
func (g registry) DeleteModel(ctx context.Context, name string) error {
	if err := checkModelName(name); err != nil {
		return err
	}
	return g.writeRisk(ctx, "delete model", backends.Destructive, func(t *tx) error {
		if err := t.model(name); err != nil {
			return err
		}
		t.touch(ofModels)
		return errors.Join(
			t.exec("DELETE FROM aliases WHERE model = ?", name),
			t.exec("DELETE FROM versions WHERE model = ?", name),
			t.exec("DELETE FROM models WHERE name = ?", name),
		)
	})
}

// SetAlias points an alias at a version; it leaves the version that it had.
func (g registry) SetAlias(ctx context.Context, model, alias, version string) error {
	for _, err := range [...]error{checkModelName(model), checkAlias(alias), checkAliasFree(alias)} {
		if err != nil {
			return err
		}
	}
	return g.write(ctx, "set alias", func(t *tx) error {
		n, err := t.version(model, version)
		if err != nil {
			return err
		}
		t.touch(ofModels)
		return t.exec("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", model, alias, n)
	})
}

// DeleteAlias removes an alias; one that is not there is fine, as MLflow has it.
func (g registry) DeleteAlias(ctx context.Context, model, alias string) error {
	if err := errors.Join(checkModelName(model), checkAlias(alias)); err != nil {
		return err
	}
	return g.write(ctx, "delete alias", func(t *tx) error {
		if err := t.model(model); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM aliases WHERE model = ? AND alias = ?", model, alias); err != nil || t.Changes() == 0 {
			return err
		}
		t.touch(ofModels)
		return nil
	})
}

// AliasedVersion is the version that an alias points at. The alias latest, in any
// case, is that of the greatest number.
func (g registry) AliasedVersion(ctx context.Context, model, alias string) (backends.ModelVersion, error) {
	none := backends.ModelVersion{}
	for _, err := range [...]error{checkModelName(model), checkAlias(alias)} {
		if err != nil {
			return none, err
		}
	}
	m, err := g.Model(ctx, model)
	if err != nil {
		return none, err
	}
	if strings.EqualFold(alias, "latest") {
		if len(m.Versions) == 0 {
			return none, missing("Latest version not found for model %s.", model)
		}
		return m.Versions[0], nil
	}
	for _, v := range m.Versions {
		if v.Version == m.Aliases[alias] {
			return v, nil
		}
	}
	return none, invalid("Registered model alias %s not found.", alias)
}

// SetModelTag sets a tag of a model, or of one of its versions when version is not
// empty.
func (g registry) SetModelTag(ctx context.Context, model, version string, tag backends.Tag) error {
	if err := checkModelName(model); err != nil {
		return err
	}
	if version != "" {
		if _, err := versionNumber(version); err != nil {
			return err
		}
	}
	if err := checkTagOf(tag, "", maxModelTag); err != nil {
		return err
	}
	return g.retag(ctx, "set model tag", model, version, func(tags []backends.Tag) []backends.Tag { return setPair(tags, tag) })
}

// DeleteModelTag removes such a tag; one that is not there is fine, as MLflow has it.
func (g registry) DeleteModelTag(ctx context.Context, model, version, key string) error {
	if err := checkModelName(model); err != nil {
		return err
	}
	if version != "" {
		if _, err := versionNumber(version); err != nil {
			return err
		}
	}
	if err := checkName(key, "key"); err != nil {
		return err
	}
	return g.retag(ctx, "delete model tag", model, version, func(tags []backends.Tag) []backends.Tag {
		if i := findPair(tags, key); i < len(tags) && tags[i].Key == key {
			return append(tags[:i], tags[i+1:]...)
		}
		return tags
	})
}

func (g registry) retag(ctx context.Context, what, model, version string, f func([]backends.Tag) []backends.Tag) error {
	return g.write(ctx, what, func(t *tx) error {
		get, set, args := "SELECT tags FROM models WHERE name = ?", "UPDATE models SET tags = ?2 WHERE name = ?1", []any{model}
		if version != "" {
			n, err := t.version(model, version)
			if err != nil {
				return err
			}
			get, set, args = "SELECT tags FROM versions WHERE model = ? AND version = ?", "UPDATE versions SET tags = ?3 WHERE model = ?1 AND version = ?2", []any{model, n}
		} else if err := t.model(model); err != nil {
			return err
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
		return t.exec(set, append(args, packPairs(f(tags)))...)
	})
}
