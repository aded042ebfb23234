package folder

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"flightdeck/backends"
)

func TestArtifactsStayInside(t *testing.T) {
	dir := t.TempDir()
	secret := write(t, dir, "secret.txt", "secret")
	write(t, dir, "a/toy.log", line("loss", 0, 1))
	write(t, dir, "a/sub/model.bin", "model")
	write(t, dir, "a/inner/toy.log", "")
	for link, to := range map[string]string{"a/out": secret, "a/up": "..", "a/sub/in": "model.bin", "a/loop": "."} {
		if err := os.Symlink(to, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
	}
	b := Open("toys", newTree(t, dir, TreeOptions{}), toy{}, Options{})
	ref := settled(t, b)["a"].Ref()
	list, err := b.Artifacts(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, a := range list {
		paths = append(paths, a.Path)
	}
	if want := []string{"sub/model.bin", "toy.log"}; !slices.Equal(paths, want) {
		t.Errorf("%v, want %v", paths, want)
	}
	f, err := b.OpenArtifact(t.Context(), ref, "sub/model.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, _ := io.ReadAll(f); string(text) != "model" {
		t.Errorf("%q", text)
	}
	for _, name := range []string{"../secret.txt", "/etc/passwd", "out", "up/secret.txt", "sub/../../secret.txt", "", ".", "sub", "no", "a\x00b"} {
		if f, err := b.OpenArtifact(t.Context(), ref, name); err == nil {
			f.Close()
			t.Errorf("%q opens", name)
		}
	}
}

func TestMediaAndHistograms(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/toy.log", "image cat 5 x\nimage cat 2 y\nimage cat 2 z\nhistogram w 3 7\nhistogram w 1 4\n")
	b := Open("toys", newTree(t, dir, TreeOptions{}), toy{}, Options{})
	ref := settled(t, b)["a"].Ref()
	media, err := b.Media(t.Context(), ref)
	if want := []backends.Media{{Kind: backends.MediaHistogram, Key: "w", Steps: 2}, {Kind: backends.MediaImage, Key: "cat", Steps: 2}}; err != nil || !slices.Equal(media, want) {
		t.Errorf("%v, %v", media, err)
	}
	hs, err := b.Histograms(t.Context(), ref, "w")
	if err != nil || len(hs) != 2 || hs[0].Step != 1 || hs[0].Count[0] != 4 {
		t.Errorf("%v, %v", hs, err)
	}
	items, err := b.MediaItems(t.Context(), ref, backends.MediaImage, "cat")
	if err != nil || len(items) != 3 || items[0].Place != "y" || items[1].Place != "z" {
		t.Fatalf("%v, %v", items, err)
	}
	f, err := b.OpenMedia(t.Context(), ref, items[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, _ := io.ReadAll(f); string(text) != "picture y" {
		t.Errorf("%q", text)
	}
	if _, err := b.Histograms(t.Context(), ref, "none"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// A list that got too long keeps its span and stays short.
func TestThinned(t *testing.T) {
	var l thinned[int]
	for i := range 10 * mostItems {
		l.add(i)
	}
	if len(l.items) > mostItems || len(l.items) < mostItems/2 || l.items[0] != 0 || l.items[len(l.items)-1] < 10*mostItems-2*l.stride {
		t.Errorf("%d items from %d to %d", len(l.items), l.items[0], l.items[len(l.items)-1])
	}
	for i, v := range l.items {
		if v != i*l.stride {
			t.Fatalf("item %d is %d, and not every %dth stands", i, v, l.stride)
		}
	}
}
