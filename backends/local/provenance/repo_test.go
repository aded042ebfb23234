package provenance

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
)

// repo is a real git repository in a folder of the test.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &repo{t, filepath.Join(dir, "a repo")}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("init", "--quiet", "--initial-branch=main")
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) path(name string) string { return filepath.Join(r.dir, name) }

func (r *repo) write(name, text string) {
	r.t.Helper()
	p := r.path(name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// commit makes a repository with some of everything in it.
func (r *repo) commit() {
	r.write("train.py", "print('one')\n")
	r.write("pkg/model.py", "class Model: pass\n")
	r.write("old.py", "# to be deleted\n")
	r.write("staged-away.py", "# to be deleted, staged\n")
	r.write("weights.bin", "\x00\x01\x02binary\xff\n")
	r.write("run.sh", "echo hi\n")
	r.write(".gitignore", "*.log\ndata/\n")
	r.write("with space and ünïcode\nnewline.txt", "odd\n")
	r.write("unchanged.txt", "same\n")
	r.check(os.Symlink("train.py", r.path("link.py")))
	r.git("add", "-A")
	r.git("commit", "--quiet", "-m", "first")
}

// dirty changes it in every way there is.
func (r *repo) dirty() {
	r.write("train.py", "print('two')\n\n")
	r.write("pkg/model.py", "class Model: int\n")
	r.git("add", "pkg/model.py")
	r.write("pkg/model.py", "class Model: int  # and once more\r\n\ttail without newline")
	r.check(os.Remove(r.path("old.py")))
	r.git("rm", "--quiet", "staged-away.py")
	r.write("weights.bin", "\x00\x01\x03other\xfe\n")
	r.check(os.Chmod(r.path("run.sh"), 0o755))
	r.write("with space and ünïcode\nnewline.txt", "odder\n")
	r.check(os.Remove(r.path("link.py")))
	r.check(os.Symlink("pkg/model.py", r.path("link.py")))
	r.write("added.py", "# staged, new\n")
	r.git("add", "added.py")
	r.git("mv", "unchanged.txt", "moved.txt")

	r.write("notes.md", "untracked\n")
	r.write("deep/er/空 \"quoted\"\n\ttab.txt", "untracked, odd name\n")
	r.write("empty.txt", "")
	r.write("tool", "#!/bin/sh\n")
	r.check(os.Chmod(r.path("tool"), 0o755))
	r.check(os.Symlink("notes.md", r.path("inside")))
	r.write("ignored.log", "not for the record\n")
	r.write("-dash", "an option's look\n")
}

// contents lists a tree without its repository and what git ignores.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		switch {
		case e.IsDir() && (e.Name() == ".git" || e.Name() == "data"):
			return fs.SkipDir
		case e.IsDir() || strings.HasSuffix(rel, ".log") || rel == ".git": // a linked worktree has a file of that name
		case e.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			out[rel] = "-> " + to
			return err
		default:
			info, err := e.Info()
			if err != nil {
				return err
			}
			data, err := os.ReadFile(p)
			out[rel] = fmt.Sprintf("%v %q", info.Mode().Perm()&0o100 != 0, data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameTree(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%q: %s, want %s", name, got[name], text)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%q should not be there", name)
		}
	}
}

// everything is a hash of all files under a folder, .git included, with their
// times: what is equal before and after was not written to.
func everything(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(h, p, info.Mode(), info.Size(), info.ModTime().UnixNano())
		if e.Type().IsRegular() {
			data, err := os.ReadFile(p)
			h.Write(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func granted(t *testing.T) context.Context {
	return backends.WithGrant(t.Context(), backends.Grant{Actor: "ada", Role: backends.Operator})
}

func (r *repo) capture(o Options) (backends.Provenance, Files) {
	r.t.Helper()
	if o.Dir == "" {
		o.Dir = r.dir
	}
	p, f, err := Capture(r.t.Context(), o)
	r.check(err)
	return p, f
}

// restore sends a record through a folder and back, and makes the tree again.
func (r *repo) restore(p backends.Provenance, f Files) (into string, lacks []string) {
	r.t.Helper()
	kept := filepath.Join(r.t.TempDir(), "record")
	r.check(Write(kept, p, f))
	p, err := Read(kept)
	r.check(err)
	into = filepath.Join(r.t.TempDir(), "again")
	err = Restore(granted(r.t), p, opener(kept), into)
	var lack *LackError
	if errors.As(err, &lack) {
		return into, lack.What
	}
	r.check(err)
	return into, nil
}

func opener(dir string) func(string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name)) }
}
