package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"flightdeck/backends"
)

func put(t testing.TB, s *Store, run, path, content string) backends.Artifact {
	t.Helper()
	return must[backends.Artifact](t)(s.PutArtifact(owner(t), run, path, strings.NewReader(content)))
}

func content(t testing.TB, s *Store, run, path string) string {
	t.Helper()
	f := must[io.ReadCloser](t)(s.OpenArtifact(t.Context(), run, path))
	defer f.Close()
	return string(must[[]byte](t)(io.ReadAll(f)))
}

// blobFiles are the files under artifacts/.
func blobFiles(t testing.TB, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "artifacts"), func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, p)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func TestArtifacts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	a, b := newRun(t, s, NewRun{}).ID, newRun(t, s, NewRun{}).ID
	put(t, s, a, "model/weights.bin", "old")
	got := put(t, s, a, "model/weights.bin", "hello")
	put(t, s, a, "notes/x y.txt", "note")
	put(t, s, b, "same", "hello")
	equal(t, got.Digest, "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
	equal(t, content(t, s, a, "model/weights.bin"), "hello")
	equal(t, content(t, s, b, "same"), "hello")
	as := must[[]backends.Artifact](t)(s.Artifacts(t.Context(), a))
	if len(as) != 2 || as[0].Path != "model/weights.bin" || as[0].Size != 5 || as[0].Digest != got.Digest || as[1].Path != "notes/x y.txt" {
		t.Fatalf("%+v", as)
	}
	for _, bad := range []struct{ run, path string }{{a, "../x"}, {a, "/x"}, {a, "a\x00"}, {newID(), "x"}} {
		if _, err := s.PutArtifact(owner(t), bad.run, bad.path, strings.NewReader("x")); err == nil {
			t.Errorf("%q of %s was taken", bad.path, bad.run)
		}
	}
	for _, path := range []string{"nothing", "../" + filepath.Base(s.path())} {
		if _, err := s.OpenArtifact(t.Context(), a, path); !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("%s: %v", path, err)
		}
	}
	ok(t, s.DeleteRuns(owner(t), []string{a}))
	ok(t, s.PurgeRuns(owner(t), []string{a}))
	equal(t, content(t, s, b, "same"), "hello") // another run still has it
	if _, err := s.Artifacts(t.Context(), a); !errors.Is(err, backends.ErrNotFound) {
		t.Error(err)
	}
	if left := blobFiles(t, dir); len(left) != 1 {
		t.Errorf("what was overwritten or purged is still there: %v", left)
	}
	sound(t, s)
}

func TestAnUploadThatBreaksLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	run := newRun(t, s, NewRun{}).ID
	broken := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := s.PutArtifact(owner(t), run, "x", broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(owner(t))
	cancel()
	if _, err := s.PutArtifact(ctx, run, "x", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if left := blobFiles(t, dir); len(left) > 0 {
		t.Fatal(left)
	}
	sound(t, s)
}

func TestCheckFindsWhatHappenedToFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	run := newRun(t, s, NewRun{}).ID
	for i, what := range []string{"gone", "changed", "longer"} {
		put(t, s, run, what, strings.Repeat(what, i+1))
	}
	at := func(path string) string {
		for _, a := range must[[]backends.Artifact](t)(s.Artifacts(t.Context(), run)) {
			if a.Path == path {
				return s.blob(strings.TrimPrefix(a.Digest, digestPrefix))
			}
		}
		t.Fatal(path)
		return ""
	}
	ok(t, os.Remove(at("gone")))
	ok(t, os.WriteFile(at("changed"), []byte("CHANGEDchanged"), 0o644))
	ok(t, os.WriteFile(at("longer"), []byte("longer and longer"), 0o644))
	ok(t, os.WriteFile(filepath.Join(dir, "artifacts", tempPrefix+"1"), nil, 0o644))
	var last backends.Progress
	found := map[string]bool{}
	for _, p := range must[[]Problem](t)(s.Check(t.Context(), func(p backends.Progress) {
		if p.Done < last.Done {
			t.Errorf("progress went back from %+v to %+v", last, p)
		}
		last = p
	})) {
		found[p.Kind+" "+p.Object[max(0, strings.LastIndex(p.Object, "/")+1):]] = true
	}
	equal(t, found, map[string]bool{"artifact gone": true, "artifact changed": true, "artifact longer": true, "orphan " + tempPrefix + "1": true})
	if last.Done == 0 || last.Done > last.Total {
		t.Errorf("last progress %+v", last)
	}
}
