package provenance

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
)

func digestOf(t *testing.T, path string) string {
	t.Helper()
	sum, _, err := newDigester(t.Context(), nil).digest(path)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDigestOfAFileIsWhatSha256sumSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digits.csv")
	put(t, path, strings.Repeat("0,1,2\n", 100_000))
	out, err := exec.Command("sha256sum", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := digestOf(t, path); got != "sha256:"+strings.Fields(string(out))[0] {
		t.Errorf("%s, sha256sum says %s", got, out)
	}
}

func TestDigestOfAFolder(t *testing.T) {
	made := func(change func(dir string)) string {
		dir := filepath.Join(t.TempDir(), "data")
		put(t, filepath.Join(dir, "train/a.txt"), "a")
		put(t, filepath.Join(dir, "train/b.txt"), "b")
		put(t, filepath.Join(dir, "test/a.txt"), "a")
		if err := os.Symlink("../train/a.txt", filepath.Join(dir, "test/link")); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(dir)
		}
		return digestOf(t, dir)
	}
	base := made(nil)
	if base != made(nil) {
		t.Error("two copies differ")
	}
	for name, change := range map[string]func(dir string){
		"times": func(dir string) {
			must(t, os.Chtimes(filepath.Join(dir, "train/a.txt"), time.Unix(1, 0), time.Unix(1, 0)))
		},
		"permissions": func(dir string) { must(t, os.Chmod(filepath.Join(dir, "train/a.txt"), 0o600)) },
	} {
		if made(change) != base {
			t.Errorf("%s count", name)
		}
	}
	seen := map[string]string{base: "nothing"}
	for name, change := range map[string]func(dir string){
		"content": func(dir string) { put(t, filepath.Join(dir, "train/a.txt"), "A") },
		"name": func(dir string) {
			must(t, os.Rename(filepath.Join(dir, "train/a.txt"), filepath.Join(dir, "train/c.txt")))
		},
		"place": func(dir string) {
			must(t, os.Rename(filepath.Join(dir, "train/b.txt"), filepath.Join(dir, "test/b.txt")))
		},
		"one more":      func(dir string) { put(t, filepath.Join(dir, "train/d.txt"), "") },
		"empty folder":  func(dir string) { must(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755)) },
		"newline":       func(dir string) { put(t, filepath.Join(dir, "train/a.txt\nfile 1"), "a") },
		"link's target": func(dir string) { relink(t, filepath.Join(dir, "test/link"), "../train/b.txt") },
		"broken link":   func(dir string) { relink(t, filepath.Join(dir, "test/link"), "nowhere") },
		"swapped": func(dir string) {
			put(t, filepath.Join(dir, "train/a.txt"), "b")
			put(t, filepath.Join(dir, "train/b.txt"), "a")
		},
	} {
		sum := made(change)
		if other, ok := seen[sum]; ok {
			t.Errorf("%s gives the digest of %s", name, other)
		}
		seen[sum] = name
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func relink(t *testing.T, path, target string) {
	t.Helper()
	must(t, os.Remove(path))
	must(t, os.Symlink(target, path))
}

func TestDataIsRecordedWithProgress(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "data/a.bin"), strings.Repeat("x", 20<<20))
	put(t, filepath.Join(dir, "one.csv"), "1,2\n")
	var said []backends.Progress
	p, _, err := Capture(t.Context(), Options{Dir: dir, Data: []string{"data", "one.csv", "missing.csv"}, Report: func(p backends.Progress) { said = append(said, p) }})
	must(t, err)
	if len(p.Data) != 2 || p.Data[0].Name != "data" || p.Data[0].Profile != `{"bytes":20971520,"files":1}` || p.Data[1].Digest != fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("1,2\n"))) {
		t.Errorf("%+v", p.Data)
	}
	if last := said[len(said)-1]; len(said) < 3 || last.Done != last.Total || last.Total != 20<<20+4 || last.Unit != "bytes" {
		t.Errorf("progress %+v", said)
	}
	if got := strings.Join(p.Lacks, "\n"); !strings.Contains(got, "the data missing.csv: no such file") {
		t.Errorf("lacks %s", got)
	}
}

func TestDigestEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.bin"), strings.Repeat("x", 20<<20))
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := Capture(ctx, Options{Dir: dir, Data: []string{"a.bin"}, Report: func(backends.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestDataInTheRestoredTree(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.write("tracked.csv", "1\n")
	r.write("data/README", "the only tracked file there\n")
	r.git("add", "--force", "-A", ".")
	r.git("commit", "--quiet", "-m", "data")
	r.write("data/big.csv", "ignored by git\n")
	r.write("raw/data/all.csv", "a folder of which git holds nothing\n")
	elsewhere := filepath.Join(t.TempDir(), "shared.csv")
	put(t, elsewhere, "of all\n")
	p, f := r.capture(Options{Data: []string{"tracked.csv", "data/big.csv", "data", "raw/data", elsewhere}})
	into, lacks := r.restore(p, f)
	if lacks != nil {
		t.Errorf("lacking %q", lacks)
	}
	for name, want := range map[string]string{"tracked.csv": "1\n", "data/big.csv": "ignored by git\n", "data/README": "the only tracked file there\n", "raw/data/all.csv": "a folder of which git holds nothing\n"} {
		if data, err := os.ReadFile(filepath.Join(into, name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	r.write("data/big.csv", "changed since\n")
	must(t, os.Remove(elsewhere))
	_, lacks = r.restore(p, f)
	got := strings.Join(lacks, "\n")
	for _, want := range []string{"the data data/big.csv as it was: it had sha256:", "the data data as it was", "the data " + elsewhere + ": no such file"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacking does not say %q:\n%s", want, got)
		}
	}
}

// BenchmarkDigest is the speed of hashing a folder of data.
func BenchmarkDigest(b *testing.B) {
	dir := b.TempDir()
	for i := range 64 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), make([]byte, 1<<20), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(64 << 20)
	for b.Loop() {
		if _, _, err := newDigester(b.Context(), nil).digest(dir); err != nil {
			b.Fatal(err)
		}
	}
}
