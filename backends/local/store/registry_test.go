package store

import (
	"errors"
	"testing"

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
		"model":      {s.SetAlias(owner(t), "none", "a", "1"), DoesNotExist, "Registered Model with name=none not found"},
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
