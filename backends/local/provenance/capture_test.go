package provenance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.dirty()
	before := everything(t, r.dir)
	p, f := r.capture(Options{Dir: r.path("pkg"), Command: []string{"python", "train.py", "--seed", "7"}, Env: []string{"A=1", "API_TOKEN=hush"}, Version: "v1"})
	if everything(t, r.dir) != before {
		t.Error("capturing wrote into the repository")
	}
	if p.GitCommit != r.git("rev-parse", "HEAD") || p.GitBranch != "main" || p.GitRoot != r.dir || p.Dir != r.path("pkg") || p.Seed != "7" || p.Version != "v1" || p.Host == "" {
		t.Errorf("%+v", p)
	}
	wantChanged := []string{"added.py", "link.py", "moved.txt", "old.py", "pkg/model.py", "run.sh", "staged-away.py", "train.py", "unchanged.txt", "weights.bin", "with space and ünïcode\nnewline.txt"}
	if slices.Sort(p.Changed); !slices.Equal(p.Changed, wantChanged) {
		t.Errorf("changed %q", p.Changed)
	}
	wantUntracked := []string{"-dash", "deep/er/空 \"quoted\"\n\ttab.txt", "empty.txt", "inside", "notes.md", "tool"}
	if !slices.Equal(p.Untracked, wantUntracked) || len(p.Skipped) != 0 || len(p.Lacks) != 0 {
		t.Errorf("untracked %q, skipped %q, lacks %q", p.Untracked, p.Skipped, p.Lacks)
	}
	want := contents(t, r.dir)
	r.git("stash", "--quiet", "--include-untracked") // the tree must come from the record, not from what lies here
	into, lacks := r.restore(p, f)
	sameTree(t, want, contents(t, into))
	if len(lacks) != 1 || !strings.Contains(lacks[0], "API_TOKEN") {
		t.Errorf("lacking %q", lacks)
	}
	if WorkDir(p, into) != filepath.Join(into, "pkg") {
		t.Errorf("it would run in %s", WorkDir(p, into))
	}
	again, _, err := Capture(t.Context(), Options{Dir: into})
	if err != nil || again.GitCommit != p.GitCommit || again.GitBranch != "" {
		t.Errorf("the new tree is of commit %s, branch %q (%v)", again.GitCommit, again.GitBranch, err)
	}
}

func TestCleanTreeKeepsNoFiles(t *testing.T) {
	r := newRepo(t)
	r.commit()
	p, f := r.capture(Options{})
	if len(p.Changed)+len(p.Untracked)+len(p.Lacks)+len(f.Diff)+len(f.Untracked) != 0 {
		t.Errorf("%+v, %d and %d bytes", p, len(f.Diff), len(f.Untracked))
	}
	into, lacks := r.restore(p, f)
	sameTree(t, contents(t, r.dir), contents(t, into))
	if lacks != nil {
		t.Errorf("lacking %q", lacks)
	}
}

func TestSettingsOfTheUserDoNotSpoilThePatch(t *testing.T) {
	r := newRepo(t)
	r.commit()
	for _, s := range [][2]string{
		{"diff.noprefix", "true"},
		{"diff.mnemonicPrefix", "true"},
		{"diff.external", "false"},
		{"color.ui", "always"},
		{"diff.renames", "copies"},
		{"diff.context", "0"},
		{"core.quotePath", "true"},
		{"status.showUntrackedFiles", "no"},
		{"diff.relative", "true"},
		{"core.fsmonitor", "/bin/false"},
		{"core.pager", "false"},
	} {
		r.git("config", s[0], s[1])
	}
	r.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch \"$PWD/hooked\"\n")
	r.check(os.Chmod(r.path(".git/hooks/post-checkout"), 0o755))
	r.dirty()
	want := contents(t, r.dir)
	p, f := r.capture(Options{})
	into, lacks := r.restore(p, f)
	sameTree(t, want, contents(t, into))
	if lacks != nil {
		t.Errorf("lacking %q", lacks)
	}
}

func TestNoCommitsYet(t *testing.T) {
	r := newRepo(t)
	r.write("train.py", "print(1)\n")
	r.write("staged.py", "print(2)\n")
	r.git("add", "staged.py")
	p, f := r.capture(Options{})
	if p.GitCommit != "" || p.GitBranch != "main" || !slices.Equal(p.Untracked, []string{"staged.py", "train.py"}) || len(p.Changed) != 0 {
		t.Errorf("%+v", p)
	}
	into, lacks := r.restore(p, f)
	sameTree(t, contents(t, r.dir), contents(t, into))
	if len(lacks) != 1 || !strings.Contains(lacks[0], "a commit") {
		t.Errorf("lacking %q", lacks)
	}
}

func TestNoRepository(t *testing.T) {
	dir := t.TempDir()
	p, f, err := Capture(t.Context(), Options{Dir: dir, Command: []string{"true"}})
	if err != nil || p.GitRoot != "" || f.Diff != nil || f.Untracked != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if len(p.Lacks) != 1 || !strings.Contains(p.Lacks[0], "not in a git repository") {
		t.Errorf("lacks %q", p.Lacks)
	}
}

func TestNoGitProgram(t *testing.T) {
	r := newRepo(t)
	r.commit()
	t.Setenv("PATH", t.TempDir())
	p, _ := r.capture(Options{Command: []string{"true"}})
	if len(p.Lacks) != 1 || !strings.Contains(p.Lacks[0], "no git program") || p.Command[0] != "true" {
		t.Errorf("%+v", p)
	}
}

func TestNoSuchFolder(t *testing.T) {
	if _, _, err := Capture(t.Context(), Options{Dir: "/no/such/folder"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestCaptureEndsWithItsContext(t *testing.T) {
	r := newRepo(t)
	r.commit()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Capture(ctx, Options{Dir: r.dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestGitVariablesOfAnotherRepositoryAreNotHeard(t *testing.T) {
	r := newRepo(t)
	r.commit()
	other := newRepo(t)
	t.Setenv("GIT_DIR", other.path(".git"))
	t.Setenv("GIT_WORK_TREE", other.dir)
	t.Setenv("GIT_INDEX_FILE", other.path(".git/index"))
	p, _ := r.capture(Options{})
	if p.GitRoot != r.dir || p.GitCommit == "" {
		t.Errorf("%+v", p)
	}
}

func TestDetachedAndWorktree(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.git("checkout", "--quiet", "--detach")
	if p, _ := r.capture(Options{}); p.GitBranch != "" || p.GitCommit == "" {
		t.Errorf("detached: %+v", p)
	}
	r.git("worktree", "add", "--quiet", "-b", "other", "../linked")
	linked := &repo{t, filepath.Join(filepath.Dir(r.dir), "linked")}
	linked.write("train.py", "print('in the worktree')\n")
	p, f := linked.capture(Options{})
	if p.GitRoot != linked.dir || p.GitBranch != "other" {
		t.Errorf("worktree: %+v", p)
	}
	into, _ := linked.restore(p, f)
	sameTree(t, contents(t, linked.dir), contents(t, into))
}

func TestWhatIsTooBigOrSecretIsSkippedByName(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.write("big.bin", strings.Repeat("x", maxFile+1))
	r.write("just.bin", strings.Repeat("x", maxFile))
	r.write(".env", "KEY=1")
	r.write("deploy.txt", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n")
	r.write(".flightdeck/jobs/1/output", "our own")
	r.check(os.Symlink("/etc/passwd", r.path("out")))
	r.check(os.Symlink("../..", r.path("pkg/up")))
	if err := exec.Command("mkfifo", r.path("pipe")).Run(); err != nil {
		t.Fatal(err)
	}
	sub := &repo{t, r.path("nested")}
	r.check(os.Mkdir(sub.dir, 0o755))
	sub.git("init", "--quiet")
	p, f := r.capture(Options{})
	if !slices.Equal(p.Untracked, []string{"just.bin"}) {
		t.Errorf("untracked %q", p.Untracked)
	}
	all := strings.Join(p.Skipped, "\n")
	for _, want := range []string{"big.bin: 1 MB, over 1 MB", ".env: its name", "deploy.txt: it holds a private key", `out: a link to "/etc/passwd"`, `pkg/up: a link to "../.."`} {
		if !strings.Contains(all, want) {
			t.Errorf("skipped does not say %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, ".flightdeck") || bytes.Contains(f.Untracked, []byte("our own")) {
		t.Error("our own folder is part of the code")
	}
	_, lacks := r.restore(p, f)
	if got := strings.Join(lacks, "\n"); !strings.Contains(got, "big.bin") {
		t.Errorf("restoring does not say what was skipped: %s", got)
	}
}

func TestUntrackedFilesTogetherAreBounded(t *testing.T) {
	r := newRepo(t)
	r.commit()
	for i := range 12 {
		r.write(fmt.Sprintf("part%02d.bin", i), strings.Repeat("x", maxFile))
	}
	p, f := r.capture(Options{})
	if len(p.Untracked) != 10 || len(p.Skipped) != 2 || int64(len(f.Untracked)) > maxUntracked+1<<20 {
		t.Errorf("%d kept, skipped %q, %d bytes", len(p.Untracked), p.Skipped, len(f.Untracked))
	}
}

func TestBigDiffIsLacking(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.write("train.py", strings.Repeat("a line that was not there\n", maxDiff/20))
	p, f := r.capture(Options{})
	if f.Diff != nil || len(p.Lacks) != 1 || !strings.Contains(p.Lacks[0], "over 10 MB") || !slices.Equal(p.Changed, []string{"train.py"}) {
		t.Errorf("%d bytes of diff, changed %q, lacks %q", len(f.Diff), p.Changed, p.Lacks)
	}
	into, lacks := r.restore(p, f)
	if got := strings.Join(lacks, "\n"); !strings.Contains(got, "train.py") || !strings.Contains(got, "over 10 MB") {
		t.Errorf("lacking %s", got)
	}
	if contents(t, into)["train.py"] != `false "print('one')\n"` {
		t.Error("the rest of the tree was not made")
	}
}

func TestUnfinishedMerge(t *testing.T) {
	r := newRepo(t)
	r.commit()
	r.git("checkout", "--quiet", "-b", "side")
	r.write("train.py", "print('side')\n")
	r.git("commit", "--quiet", "-am", "side")
	r.git("checkout", "--quiet", "main")
	r.write("train.py", "print('main')\n")
	r.git("commit", "--quiet", "-am", "main")
	cmd := exec.Command("git", "-C", r.dir, "-c", "user.name=a", "-c", "user.email=b", "merge", "side")
	if err := cmd.Run(); err == nil {
		t.Fatal("the merge had no conflict")
	}
	r.write("notes.md", "beside it\n")
	p, f := r.capture(Options{})
	if !slices.Equal(p.Changed, []string{"train.py"}) || len(p.Lacks) != 1 || !strings.Contains(p.Lacks[0], "merge") {
		t.Errorf("changed %q, lacks %q", p.Changed, p.Lacks)
	}
	into, _ := r.restore(p, f)
	sameTree(t, contents(t, r.dir), contents(t, into))
}

func TestSubmodulesAreSaidToBeLacking(t *testing.T) {
	lib := newRepo(t)
	lib.commit()
	r := newRepo(t)
	r.commit()
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.dir, "lib")
	r.git("commit", "--quiet", "-m", "with a submodule")
	r.write("lib/train.py", "changed inside\n")
	p, f := r.capture(Options{})
	if len(p.Lacks) != 1 || !strings.Contains(p.Lacks[0], "submodule lib") {
		t.Errorf("lacks %q", p.Lacks)
	}
	_, lacks := r.restore(p, f)
	if got := strings.Join(lacks, "\n"); !strings.Contains(got, "submodules: check them out") {
		t.Errorf("lacking %s", got)
	}
}

// This program's own trainer needs no code of the folder that it runs in.
func TestOwnCommandLacksNoCode(t *testing.T) {
	for _, own := range []bool{false, true} {
		p, _, err := Capture(t.Context(), Options{Dir: t.TempDir(), Command: []string{"flightdeck", "train", "digits"}, Own: own})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(p.Lacks) == 0; got != own {
			t.Errorf("own %v: lacks %q", own, p.Lacks)
		}
	}
}
