package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// registry is the part of the store that deals with registered models. What writes
// them is in registrywrite.go, and of their versions in registryversions.go.
type registry struct{ *db }

// Models lists the registered models by name, with their versions, newest first.
func (g registry) Models(ctx context.Context) (out []backends.RegisteredModel, err error) {
	err = g.read(ctx, func(c *conn) error {
		out, err = g.models(c, "")
		return err
	})
	return out, err
}

// Model is the registered model of that name; one that is not there is an *Error.
func (g registry) Model(ctx context.Context, name string) (m backends.RegisteredModel, err error) {
	if err := checkModelName(name); err != nil {
		return m, err
	}
	found := false
	err = g.read(ctx, func(c *conn) error {
		m, found, err = g.model(c, name)
		return err
	})
	if err == nil && !found {
		err = noModel(name)
	}
	return m, err
}

// Version is one version of a registered model; one that is not there is an *Error.
func (g registry) Version(ctx context.Context, model, version string) (v backends.ModelVersion, err error) {
	if err := checkModelName(model); err != nil {
		return v, err
	}
	n, err := versionNumber(version)
	if err != nil {
		return v, err
	}
	v, found := v, false
	err = g.read(ctx, func(c *conn) error {
		m, _, err := g.model(c, model)
		v, found = versionOf(m, n)
		return err
	})
	if err == nil && !found {
		err = noVersion(model, n)
	}
	return v, err
}

func noModel(name string) error { return missing("Registered Model with name=%s not found", name) }

func noVersion(model string, n int64) error {
	return missing("Model Version (name=%s, version=%d) not found", model, n)
}

// versionNumber reads a number as Python's int does.
func versionNumber(version string) (int64, error) {
	s := strings.TrimSpace(version)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && !strings.HasPrefix(s, "_") && !strings.HasSuffix(s, "_") && !strings.Contains(s, "__") {
		n, err = strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	}
	if err != nil {
		return 0, invalid("Parameter 'version' must be an integer, got '%s'.", version)
	}
	return n, nil
}

func versionOf(m backends.RegisteredModel, n int64) (backends.ModelVersion, bool) {
	for _, v := range m.Versions {
		if v.Version == strconv.FormatInt(n, 10) {
			return v, true
		}
	}
	return backends.ModelVersion{}, false
}

func (g registry) model(c *conn, name string) (m backends.RegisteredModel, found bool, err error) {
	ms, err := g.models(c, name)
	if err != nil || len(ms) == 0 {
		return m, false, err
	}
	return ms[0], true, nil
}

// models reads the models, or the one called only.
func (g registry) models(c *conn, only string) (out []backends.RegisteredModel, err error) {
	where, args := func(string) string { return "" }, []any(nil)
	if only != "" {
		where, args = func(column string) string { return " WHERE " + column + " = ?" }, []any{only}
	}
	at := map[string]int{}
	var bad error
	tags := func(s *sqlite.Stmt, col int) []backends.Tag {
		t, err := unpackPairs[backends.Tag](s.ColumnText(col), nil)
		if err != nil {
			bad = g.damaged(fmt.Errorf("tags of model %s: %w", s.ColumnText(0), err))
		}
		return t
	}
	err = c.each("SELECT name, description, created, updated, tags FROM models"+where("name")+" ORDER BY name", func(s *sqlite.Stmt) error {
		at[s.ColumnText(0)] = len(out)
		out = append(out, backends.RegisteredModel{
			Name: s.ColumnText(0), Description: s.ColumnText(1), Created: moment(s.ColumnInt64(2)), Updated: moment(s.ColumnInt64(3)),
			Tags: tags(s, 4), Backend: "local",
		})
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	const columns = "model, version, run, source, description, created, tags, updated, stage, link, place, logged"
	err = c.each("SELECT "+columns+" FROM versions"+where("model")+" ORDER BY model, version DESC", func(s *sqlite.Stmt) error {
		m := &out[at[s.ColumnText(0)]]
		m.Versions = append(m.Versions, backends.ModelVersion{
			Model: m.Name, Version: s.ColumnText(1), Run: s.ColumnText(2), Source: s.ColumnText(3),
			Description: s.ColumnText(4), NoText: s.ColumnType(4) == sqlite.TypeNull, Created: moment(s.ColumnInt64(5)), Tags: tags(s, 6),
			Updated: moment(s.ColumnInt64(7)), Stage: s.ColumnText(8), RunLink: s.ColumnText(9), Place: s.ColumnText(10), Logged: s.ColumnText(11),
		})
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	return out, errors.Join(bad, c.each("SELECT model, alias, version FROM aliases"+where("model")+" ORDER BY model, alias", func(s *sqlite.Stmt) error {
		addAlias(&out[at[s.ColumnText(0)]], s.ColumnText(1), s.ColumnText(2))
		return nil
	}, args...))
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
