package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"flightdeck/backends"
)

func TestRegistry(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{}).ID
	ok(t, s.CreateModel(owner(t), "other", "described", []backends.Tag{{Key: "k", Value: "v"}}))
	version := func(want string) {
		t.Helper()
		v := must[backends.ModelVersion](t)(s.CreateVersion(owner(t), "digits", run, "model"))
		if v.Version != want || v.Run != run || v.Source != "model" {
			t.Fatalf("%+v, want version %s", v, want)
		}
	}
	version("1")
	version("2")
	ok(t, s.SetAlias(owner(t), "digits", "champion", "1"))
	ok(t, s.SetAlias(owner(t), "digits", "champion", "2"))
	ok(t, s.SetAlias(owner(t), "digits", "shadow", "1"))
	ok(t, s.SetModelTag(owner(t), "digits", "", backends.Tag{Key: "task", Value: "vision"}))
	ok(t, s.SetModelTag(owner(t), "digits", "1", backends.Tag{Key: "ok", Value: "yes"}))
	ok(t, s.DeleteVersion(owner(t), "digits", "2"))
	version("3")

	ms := must[[]backends.RegisteredModel](t)(s.Models(t.Context()))
	if len(ms) != 2 || ms[0].Name != "digits" || ms[1].Description != "described" {
		t.Fatalf("%+v", ms)
	}
	d := ms[0]
	equal(t, d.Aliases, map[string]string{"shadow": "1"})
	equal(t, d.Tags, []backends.Tag{{Key: "task", Value: "vision"}})
	if len(d.Versions) != 2 || d.Versions[0].Version != "3" || d.Versions[1].Version != "1" {
		t.Fatalf("%+v", d.Versions)
	}
	equal(t, d.Versions[1].Aliases, []string{"shadow"})
	equal(t, d.Versions[1].Tags, []backends.Tag{{Key: "ok", Value: "yes"}})
	ok(t, s.DeleteAlias(owner(t), "digits", "shadow"))
	ok(t, s.DeleteAlias(owner(t), "digits", "shadow"))

	for name, c := range map[string]struct {
		err  error
		code string
		text string
	}{
		"taken":      {s.CreateModel(owner(t), "other", "", nil), AlreadyExists, "Registered Model (name=other) already exists."},
		"version":    {s.SetAlias(owner(t), "digits", "a", "99"), DoesNotExist, "Model Version (name=digits, version=99) not found"},
		"model":      {s.SetAlias(owner(t), "none", "a", "1"), DoesNotExist, "Model Version (name=none, version=1) not found"},
		"latest":     {s.SetAlias(owner(t), "digits", "Latest", "1"), InvalidParameter, "'latest' alias name (case insensitive) is reserved."},
		"v1":         {s.SetAlias(owner(t), "digits", "v1", "1"), InvalidParameter, "Version alias name 'v1' is reserved."},
		"characters": {s.SetAlias(owner(t), "digits", "a b", "1"), InvalidParameter, "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."},
		"empty":      {s.SetAlias(owner(t), "digits", "", "1"), InvalidParameter, "Registered model alias name cannot be empty."},
		"slash":      {s.CreateModel(owner(t), "a/b", "", nil), InvalidParameter, "Invalid model name 'a/b'. Names cannot contain '/' or ':'."},
		"number":     {s.DeleteVersion(owner(t), "digits", "x"), InvalidParameter, "Parameter 'version' must be an integer, got 'x'."},
		"run":        {second(s.CreateVersion(owner(t), "digits", newID(), "m")), DoesNotExist, ""},
	} {
		var e *Error
		if !errors.As(c.err, &e) || e.Code != c.code || c.text != "" && e.Message != c.text {
			t.Errorf("%s: %v\nwant %s: %s", name, c.err, c.code, c.text)
		}
	}
	sound(t, s)
}

func TestRegistryAsMLflow(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	ok(t, s.CreateModel(owner(t), "digits", "", nil))
	for _, source := range []string{"s3://b/1", "s3://b/2", "s3://b/3"} {
		v := must[backends.ModelVersion](t)(s.RegisterVersion(owner(t), NewVersion{Model: "digits", Source: source, Tags: []backends.Tag{{Key: "k", Value: "v"}}}))
		if v.Stage != backends.StageNone || v.Source != source || len(v.Tags) != 1 {
			t.Fatalf("%+v", v)
		}
	}
	if _, err := s.RegisterVersion(owner(t), NewVersion{Model: "none", Source: "s3://b/1"}); !errors.Is(err, backends.ErrNotFound) {
		t.Fatal(err)
	}
	for version, stage := range map[string]string{"1": "production", "2": "Staging"} {
		must[backends.ModelVersion](t)(s.SetStage(owner(t), "digits", version, stage, false))
	}
	v := must[backends.ModelVersion](t)(s.SetStage(owner(t), "digits", "3", "PRODUCTION", true))
	equal(t, v.Stage, backends.StageProduction)
	m := must[backends.RegisteredModel](t)(s.Model(t.Context(), "digits"))
	equal(t, []string{m.Versions[0].Stage, m.Versions[1].Stage, m.Versions[2].Stage}, []string{"Production", "Staging", "Archived"})
	if latest := LatestVersions(m); len(latest) != 3 || latest[0].Version != "1" {
		t.Fatalf("%+v", latest)
	}

	if v := must[backends.ModelVersion](t)(s.DescribeVersion(owner(t), "digits", "1", nil)); !v.NoText {
		t.Fatalf("%+v still has a description", v)
	}
	text := "first"
	if v := must[backends.ModelVersion](t)(s.DescribeVersion(owner(t), "digits", "01", &text)); v.NoText || v.Description != text {
		t.Fatalf("%+v", v)
	}

	ok(t, s.SetAlias(owner(t), "digits", "champion", "2"))
	ok(t, s.RenameModel(owner(t), "digits", "numbers"))
	v = must[backends.ModelVersion](t)(s.AliasedVersion(t.Context(), "numbers", "champion"))
	equal(t, []string{v.Model, v.Version}, []string{"numbers", "2"})
	v = must[backends.ModelVersion](t)(s.AliasedVersion(t.Context(), "numbers", "LATEST"))
	equal(t, v.Version, "3")
	ok(t, s.DeleteVersion(owner(t), "numbers", "3"))
	ok(t, s.DeleteModelTag(owner(t), "numbers", "1", "k"))
	ok(t, s.DeleteModelTag(owner(t), "numbers", "1", "k"))
	v = must[backends.ModelVersion](t)(s.Version(t.Context(), "numbers", "1"))
	equal(t, len(v.Tags), 0)
	sound(t, s)
	ok(t, s.DeleteModel(owner(t), "numbers"))
	equal(t, len(must[[]backends.RegisteredModel](t)(s.Models(t.Context()))), 0)
	sound(t, s)
}

// A rename or a deletion changes nothing when it is refused.
func TestRegistryRefusesWhole(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	ok(t, s.CreateModel(owner(t), "a", "", nil))
	ok(t, s.CreateModel(owner(t), "b", "", []backends.Tag{{Key: TagPrompt, Value: "true"}}))
	for name, c := range map[string]struct {
		err  error
		code string
	}{
		"rename to a taken name": {s.RenameModel(owner(t), "a", "b"), AlreadyExists},
		"rename to nothing":      {s.RenameModel(owner(t), "a", " "), InvalidParameter},
		"rename none":            {s.RenameModel(owner(t), "none", "c"), DoesNotExist},
		"a model for a prompt":   {s.CreateModel(owner(t), "b", "", nil), AlreadyExists},
		"archive for archived":   {second(s.SetStage(owner(t), "a", "1", "Archived", true)), Internal},
		"no such stage":          {second(s.SetStage(owner(t), "a", "1", "Shelved", false)), InvalidParameter},
		"no version":             {second(s.SetStage(owner(t), "a", "1", "Staging", false)), DoesNotExist},
		"a text for a number":    {second(s.DescribeVersion(owner(t), "a", "1.5", nil)), InvalidParameter},
	} {
		var e *Error
		if !errors.As(c.err, &e) || e.Code != c.code {
			t.Errorf("%s: %v, want %s", name, c.err, c.code)
		}
	}
	ms := must[[]backends.RegisteredModel](t)(s.Models(t.Context()))
	if len(ms) != 2 || ms[0].Name != "a" || ms[1].Name != "b" {
		t.Fatalf("%+v", ms)
	}
}

// A store of the first schema keeps its models, their versions and aliases.
func TestRegistryOfTheFirstSchema(t *testing.T) {
	dir := t.TempDir()
	c := must[*conn](t)(openConn(filepath.Join(dir, "store.db"), sqlite.OpenReadWrite|sqlite.OpenCreate))
	first := string(must[[]byte](t)(schemaFiles.ReadFile("schema/1.sql")))
	ok(t, sqlitex.ExecuteScript(c.Conn, first, &sqlitex.ExecOptions{Named: map[string]any{":now": int64(1)}}))
	tags := packPairs([]backends.Tag{{Key: "k", Value: "v"}})
	ok(t, c.exec("INSERT INTO models VALUES ('digits', 'described', 5, 6, 4, ?)", tags))
	ok(t, c.exec("INSERT INTO versions VALUES ('digits', 1, 'r', 'model', 'one', 7, ?), ('digits', 3, 'r', 'model', '', 8, x'')", tags))
	ok(t, c.exec("INSERT INTO aliases VALUES ('digits', 'champion', 3)"))
	ok(t, c.exec(fmt.Sprintf("PRAGMA application_id=%d", applicationID)))
	ok(t, c.exec("PRAGMA user_version=1"))
	ok(t, c.Close())

	s := open(t, dir, Options{})
	m := must[backends.RegisteredModel](t)(s.Model(t.Context(), "digits"))
	if m.Description != "described" || len(m.Tags) != 1 || len(m.Versions) != 2 || m.Aliases["champion"] != "3" {
		t.Fatalf("%+v", m)
	}
	v := m.Versions[1]
	if v.Version != "1" || v.Run != "r" || v.Source != "model" || v.Description != "one" || v.Stage != backends.StageNone || !v.Updated.Equal(v.Created) || len(v.Tags) != 1 {
		t.Fatalf("%+v", v)
	}
	next := must[backends.ModelVersion](t)(s.RegisterVersion(owner(t), NewVersion{Model: "digits", Source: "s3://b/x"}))
	equal(t, next.Version, "4")
	ok(t, s.RenameModel(owner(t), "digits", "numbers"))
	sound(t, s)
}
