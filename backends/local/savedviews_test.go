package local

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
)

func TestSavedViewsAreFiles(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if all, err := l.SavedViews(t.Context(), "experiments"); err != nil || len(all.Views) > 0 || all.Last != "" {
		t.Errorf("an empty workspace has %v, %v", all, err)
	}
	if _, err := os.Stat(filepath.Join(dir, Folder)); !errors.Is(err, os.ErrNotExist) {
		t.Error("reading makes the workspace")
	}
	save := func(name, data string) {
		t.Helper()
		apply(t, l)(l.PlanSaveView(t.Context(), backends.SavedView{Tab: "experiments", Name: name, Data: json.RawMessage(data)}))
	}
	save("seeds of lr", `{"group":"seeds"}`)
	save("../../é/%", `{}`)
	all, err := l.SavedViews(t.Context(), "experiments")
	if err != nil || len(all.Views) != 2 || all.Views[0].Name != "../../é/%" || string(all.Views[1].Data) != "{\n  \"group\": \"seeds\"\n}\n" {
		t.Fatalf("the views are %v, %v", all, err)
	}
	files, err := os.ReadDir(filepath.Join(dir, Folder, "views", "experiments"))
	if err != nil || len(files) != 2 || files[0].Name() != "%2E%2E%2F%2E%2E%2F%C3%A9%2F%25.json" {
		t.Errorf("the files are %v, %v", files, err)
	}
	// Another one of the same name takes its place, and undo brings the old one back.
	p, err := l.PlanSaveView(t.Context(), backends.SavedView{Tab: "experiments", Name: "seeds of lr", Data: json.RawMessage(`{"group":""}`)})
	if err != nil || len(p.Against) != 1 {
		t.Fatalf("the plan is %+v, %v", p, err)
	}
	r := apply(t, l)(p, err)
	apply(t, l)(*r.Undo, nil)
	if v, err := l.view(t.Context(), "experiments", "seeds of lr"); err != nil || string(v.Data) != "{\n  \"group\": \"seeds\"\n}\n" {
		t.Errorf("after undo it is %s, %v", v.Data, err)
	}
	r = apply(t, l)(l.PlanDeleteView(t.Context(), "experiments", "seeds of lr"))
	if _, err := l.view(t.Context(), "experiments", "seeds of lr"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("it is deleted, and still: %v", err)
	}
	apply(t, l)(*r.Undo, nil)
	if _, err := l.view(t.Context(), "experiments", "seeds of lr"); err != nil {
		t.Error(err)
	}
}

func TestTheLastViewIsRemembered(t *testing.T) {
	l := open(t, t.TempDir())
	ctx := backends.WithGrant(t.Context(), backends.Grant{Actor: "ada", Role: backends.Operator})
	for _, name := range []string{"one", "seeds of lr", ""} {
		if err := l.UseView(ctx, "experiments", name); err != nil {
			t.Fatal(err)
		}
		if all, err := l.SavedViews(ctx, "experiments"); err != nil || all.Last != name {
			t.Errorf("the last is %q, %v, want %q", all.Last, err, name)
		}
	}
	var denied *backends.DeniedError
	if err := l.UseView(t.Context(), "experiments", "one"); !errors.As(err, &denied) {
		t.Errorf("without a grant: %v", err)
	}
	if err := l.UseView(ctx, "../jobs", "one"); err == nil {
		t.Error("a tab may lead out of its folder")
	}
}

func TestHostileViews(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	views := filepath.Join(dir, Folder, "views", "experiments")
	if err := os.MkdirAll(filepath.Join(views, "folder.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"big.json": strings.Repeat(" ", mostViewSize+1), "good.json": "{}", ".last": strings.Repeat("x", mostViewSize+1), "no.txt": "{}", "%zz.json": "no json"} {
		if err := os.WriteFile(filepath.Join(views, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(views, "link.json")); err != nil {
		t.Fatal(err)
	}
	all, err := l.SavedViews(t.Context(), "experiments")
	if err != nil || len(all.Views) != 2 || all.Views[0].Name != "%zz" || all.Views[1].Name != "good" || all.Last != "" {
		t.Errorf("the views are %v, %v", all, err)
	}
	for _, bad := range []backends.SavedView{{Tab: "experiments", Data: []byte("{}")}, {Tab: "a/b", Name: "x", Data: []byte("{}")}, {Tab: "experiments", Name: strings.Repeat("x", 81), Data: []byte("{}")}, {Tab: "experiments", Name: "x", Data: []byte("{")}} {
		if _, err := l.PlanSaveView(t.Context(), bad); err == nil {
			t.Errorf("%+v can be saved", bad)
		}
	}
}

func FuzzViewName(f *testing.F) {
	for _, s := range []string{"seeds of lr", "..", "a/b", "%41", "é\x00", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		file := escaped(name)
		if strings.ContainsAny(file, "./\\\x00") {
			t.Errorf("%q is the file %q", name, file)
		}
		if back := unescaped(file); back != name {
			t.Errorf("%q comes back as %q", name, back)
		}
	})
}
