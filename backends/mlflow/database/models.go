package database

import (
	"context"
	"slices"
	"strconv"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// Models lists the registered models by name, with their versions, newest first.
func (d *Database) Models(ctx context.Context) (out []backends.RegisteredModel, err error) {
	err = d.read(ctx, func(c *conn) (err error) {
		out, err = models(c, d.name)
		return err
	})
	return out, err
}

func models(c *conn, backend string) (out []backends.RegisteredModel, err error) {
	if !c.schema.has("registered_models") || !c.schema.has("model_versions") {
		return nil, nil
	}
	err = c.each("SELECT "+c.schema.pick("registered_models", "name", "description", "creation_time", "last_updated_time")+" FROM registered_models ORDER BY name", func(s *sqlite.Stmt) error {
		out = append(out, backends.RegisteredModel{
			Name: s.ColumnText(0), Description: s.ColumnText(1), Created: moment(s.ColumnInt64(2)), Updated: moment(s.ColumnInt64(3)), Backend: backend,
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(c, "registered_model_tags", "name")
	if err != nil {
		return nil, err
	}
	versionTags, err := tagsOf(c, "model_version_tags", "name", "version")
	if err != nil {
		return nil, err
	}
	aliases := map[string]map[string]string{}
	if c.schema.has("registered_model_aliases") {
		if err := c.each("SELECT name, alias, version FROM registered_model_aliases", func(s *sqlite.Stmt) error {
			if aliases[s.ColumnText(0)] == nil {
				aliases[s.ColumnText(0)] = map[string]string{}
			}
			aliases[s.ColumnText(0)][s.ColumnText(1)] = s.ColumnText(2)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	versions := map[string][]backends.ModelVersion{}
	err = c.each("SELECT "+c.schema.pick("model_versions", "name", "version", "description", "run_id", "source", "creation_time", "last_updated_time", "current_stage", "run_link")+" FROM model_versions WHERE current_stage IS NOT 'Deleted_Internal'", func(s *sqlite.Stmt) error {
		v := backends.ModelVersion{
			Model: s.ColumnText(0), Version: s.ColumnText(1), Description: s.ColumnText(2), Run: s.ColumnText(3), Source: entity.SourcePath(s.ColumnText(4), s.ColumnText(3)),
			Created: moment(s.ColumnInt64(5)), Updated: moment(s.ColumnInt64(6)), Stage: s.ColumnText(7), RunLink: s.ColumnText(8), Tags: versionTags[s.ColumnText(0)+"\x00"+s.ColumnText(1)],
		}
		for a, n := range aliases[v.Model] {
			if n == v.Version {
				v.Aliases = append(v.Aliases, a)
			}
		}
		slices.Sort(v.Aliases)
		versions[v.Model] = append(versions[v.Model], v)
		return nil
	})
	for i := range out {
		m := &out[i]
		m.Tags, m.Aliases, m.Versions = tags[m.Name], aliases[m.Name], versions[m.Name]
		entity.SortVersions(m.Versions)
	}
	return out, err
}

func tagsOf(c *conn, table string, by ...string) (map[string][]backends.Tag, error) {
	out := map[string][]backends.Tag{}
	if !c.schema.has(table) {
		return out, nil
	}
	err := c.each("SELECT "+c.schema.pick(table, append([]string{"key", "value"}, by...)...)+" FROM "+table+` ORDER BY "key"`, func(s *sqlite.Stmt) error {
		k := s.ColumnText(2)
		if len(by) > 1 {
			k += "\x00" + strconv.FormatInt(s.ColumnInt64(3), 10)
		}
		out[k] = append(out[k], backends.Tag{Key: s.ColumnText(0), Value: s.ColumnText(1)})
		return nil
	})
	return out, err
}
