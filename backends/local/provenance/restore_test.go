package provenance

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
)

func TestMissingCommit(t *testing.T) {
	r := newRepo(t)
	r.commit()
	p, _ := r.capture(Options{})
	p.GitCommit = strings.Repeat("ab", 20)
	into := filepath.Join(t.TempDir(), "again")
	err := Restore(granted(t), p, nil, into)
	var lack *LackError
	if !errors.As(err, &lack) || lack.Made || !strings.Contains(err.Error(), p.GitCommit) || !strings.Contains(err.Error(), "fetch it") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(into); !errors.Is(err, fs.ErrNotExist) {
		t.Error("half a tree is left")
	}
	for _, bad := range []string{"--upload-pack=touch x", "HEAD", "a b"} {
		p.GitCommit = bad
		if err := Restore(granted(t), p, nil, into); err == nil || !strings.Contains(err.Error(), "not a commit") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCommitThatNoBranchHolds(t *testing.T) {
	r := newRepo(t)
	r.commit()
	p, f := r.capture(Options{})
	want := contents(t, r.dir)
	r.write("train.py", "print('amended')\n")
	r.git("commit", "--quiet", "--all", "--amend", "-m", "amended")
	into, _ := r.restore(p, f)
	sameTree(t, want, contents(t, into))
}

func TestRestoreNeedsAGrantAndANewFolder(t *testing.T) {
	r := newRepo(t)
	r.commit()
	p, _ := r.capture(Options{})
	into := filepath.Join(t.TempDir(), "again")
	var denied *backends.DeniedError
	if err := Restore(t.Context(), p, nil, into); !errors.As(err, &denied) {
		t.Errorf("without a grant: %v", err)
	}
	if _, err := os.Stat(into); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was made without a grant")
	}
	r.check(os.Mkdir(into, 0o755))
	if err := Restore(granted(t), p, nil, into); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a folder that exists: %v", err)
	}
	if _, err := os.Stat(into); err != nil {
		t.Error("a folder that was there is gone")
	}
}

func TestPatchThatDoesNotFit(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.write("train.py", "print('two')\n")
	p, f := r.capture(Options{})
	f.Diff = bytes.ReplaceAll(f.Diff, []byte("one"), []byte("uno"))
	kept, into := filepath.Join(t.TempDir(), "record"), filepath.Join(t.TempDir(), "again")
	r.check(Write(kept, p, f))
	if err := Restore(granted(t), p, opener(kept), into); err == nil || !strings.Contains(err.Error(), "train.py") {
		t.Errorf("%v", err)
	}
}

func TestPatchCannotLeaveTheTree(t *testing.T) {
	for name, diff := range map[string]string{
		"above":          "diff --git a/../evil b/../evil\nnew file mode 100644\n--- /dev/null\n+++ b/../evil\n@@ -0,0 +1 @@\n+x\n",
		"the repository": "diff --git a/.git/hooks/post-checkout b/.git/hooks/post-checkout\nnew file mode 100755\n--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+x\n",
	} {
		r := newRepo(t)
		r.commit()
		p, f := r.capture(Options{})
		p.Changed, f.Diff = []string{"x"}, []byte(diff)
		base := t.TempDir()
		kept := filepath.Join(base, "record")
		r.check(Write(kept, p, f))
		err := Restore(granted(t), p, opener(kept), filepath.Join(base, "again"))
		if _, serr := os.Stat(filepath.Join(base, "evil")); err == nil || serr == nil {
			t.Errorf("%s: %v, written outside: %v", name, err, serr == nil)
		}
	}
}

// BenchmarkCapture is what recording costs before a job starts: two changed files
// and one untracked in a small repository.
func BenchmarkCapture(b *testing.B) {
	t := &testing.T{}
	dir := b.TempDir()
	r := &repo{t, dir}
	r.git("init", "--quiet")
	r.write("train.py", "print(1)\n")
	r.git("add", "-A")
	r.git("commit", "--quiet", "-m", "x")
	r.write("train.py", "print(2)\n")
	r.write("notes.md", "x\n")
	for b.Loop() {
		p, _, err := Capture(b.Context(), Options{Dir: dir, Command: []string{"true"}, Env: os.Environ()})
		if err != nil || len(p.Changed) != 1 {
			b.Fatal(err)
		}
	}
}
