package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
)

func TestFileNamesStayInTheirFolder(t *testing.T) {
	for key, want := range map[string]string{
		"val/samples": "val/samples", "../../etc/passwd": "_/_/etc/passwd", "/abs": "abs", "": "_", "a//b/.": "a/b/_", "x\x1b[31m\n": "x_[31m_", `c:\d`: "c__d",
	} {
		if got := fileName(key); got != want || !filepath.IsLocal(got) {
			t.Errorf("%q becomes %q, want %q", key, got, want)
		}
	}
}

// what the event files of the tests were made from holds images; their keys are
// listed, and written out as they were logged.
func TestMedia(t *testing.T) {
	t.Parallel()
	dir := foreign(t)
	var with string
	var found []exhibit
	for _, id := range []string{"tb/torch", "tb/tensors"} {
		if err := json.Unmarshal([]byte(must(t, 0, dir, "media", id, "-o", "json").out), &found); err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			if e.Kind == backends.MediaImage {
				with = id
			}
			if e.Steps == 0 || e.Kind == backends.MediaImage && len(e.Items) == 0 {
				t.Errorf("%s: %+v", id, e)
			}
		}
		if with != "" {
			break
		}
	}
	if with == "" {
		t.Fatal("no run has an image")
	}
	var images []exhibit
	for _, e := range found {
		if e.Kind == backends.MediaImage {
			images = append(images, e)
		}
	}
	key, to := images[0].Key, filepath.Join(dir, "saved")
	if out := must(t, 0, dir, "media", with, key).out; !strings.Contains(out, "image/png") {
		t.Errorf("%s", out)
	}
	if r := must(t, exitRefused, dir, "--read-only", "media", with, key, "--save", to); !strings.Contains(r.errs, "read-only") {
		t.Errorf("%s", r)
	}
	if out := must(t, 0, dir, "--dry-run", "media", with, key, "--save", to).out; !strings.Contains(out, "risk") {
		t.Errorf("%s", out)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a dry run or a refusal wrote")
	}
	must(t, 0, dir, "media", with, key, "--save", to)
	n := 0
	err := filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, readErr := os.ReadFile(path)
			if n++; readErr != nil || !strings.HasPrefix(string(b), "\x89PNG") {
				t.Errorf("%s: %v, %.8q", path, readErr, b)
			}
		}
		return err
	})
	if err != nil || n != len(images[0].Items) {
		t.Errorf("%d files of %d, %v", n, len(images[0].Items), err)
	}
	if out := must(t, 0, dir, "media", with, key, "--save", to).out; !strings.Contains(out, "0 files written") {
		t.Errorf("the second time: %s", out)
	}
	must(t, exitNotFound, dir, "media", with, "no-such-key")
}
