package provenance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// git is one call of the git program in a folder. It takes no locks, runs no hook,
// pager, external diff or file watcher, and never asks for a password; what the
// environment says about another repository is not heard.
func git(ctx context.Context, dir string, args ...string) *exec.Cmd {
	base := []string{
		"-C", dir, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false",
		"-c", "advice.detachedHead=false", "-c", "color.ui=never",
	}
	cmd := exec.CommandContext(ctx, "git", append(base, args...)...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_ALTERNATE_OBJECT_DIRECTORIES":
			return true
		}
		return false
	}), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "LC_ALL=C")
	return cmd
}

// output runs git and gives at most so many bytes of what it wrote; over reports
// that there was more. The error says what git said.
func output(cmd *exec.Cmd, most int64) (out []byte, over bool, err error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, false, err
	}
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	out, err = io.ReadAll(io.LimitReader(pipe, most+1))
	if over = int64(len(out)) > most; over {
		_ = cmd.Process.Kill() // its pipe is full; what it would still say is not wanted
		_ = cmd.Wait()
		return out[:most], true, nil
	}
	if werr := cmd.Wait(); werr != nil {
		return nil, false, gitError(said.String(), werr)
	}
	return out, false, err
}

func gitError(said string, err error) error {
	if said = strings.TrimSpace(said); said != "" {
		return fmt.Errorf("git: %s", strings.TrimPrefix(said, "fatal: "))
	}
	return fmt.Errorf("git: %w", err)
}

// code records the repository around the folder: three calls of git.
func (c *capture) code(ctx context.Context) error {
	root, _, err := output(git(ctx, c.p.Dir, "rev-parse", "--show-toplevel"), maxFile)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && c.own:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		c.lack("the code: there is no git program on this machine")
		return nil
	case err != nil && strings.Contains(err.Error(), "not a git repository"):
		c.lack("the code: %s is not in a git repository", c.p.Dir)
		return nil
	case err != nil: // a bare one, or one that git does not trust
		c.lack("the code: %v", err)
		return nil
	}
	c.p.GitRoot = strings.TrimSuffix(string(root), "\n")
	st, err := c.status(ctx)
	if err != nil {
		return err
	}
	if c.p.GitCommit != "" && len(c.p.Changed) > 0 {
		if err := c.diff(ctx); err != nil {
			return err
		}
	}
	c.pack(st)
	return ctx.Err()
}

// most that git status may say: ten thousands of long names.
const maxStatus = 8 << 20

// status reads commit, branch and changed files, and returns the paths whose
// content the diff does not hold.
func (c *capture) status(ctx context.Context) ([]string, error) {
	out, over, err := output(git(ctx, c.p.GitRoot, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames"), maxStatus)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		c.lack("the state of the code: %v", err)
		return nil, nil
	}
	if over {
		c.lack("some changed or untracked files: there are more than can be listed")
		out = out[:bytes.LastIndexByte(out, 0)+1]
	}
	s := parseStatus(string(out))
	c.p.GitCommit, c.p.GitBranch, c.p.Changed = s.commit, s.branch, s.changed
	for _, sub := range s.submodules {
		c.lack("the changes of the submodule %s", sub)
	}
	if s.commit == "" {
		c.lack("a commit: %s has none yet, so its files are kept as untracked ones", c.p.GitRoot)
		c.p.Changed = nil
		return append(s.untracked, s.changed...), nil
	}
	if len(s.unmerged) > 0 {
		c.lack("a merge that is not finished: %s", strings.Join(s.unmerged, ", "))
	}
	return append(s.untracked, s.unmerged...), nil
}

// status is what git status --porcelain=v2 -z says.
type status struct {
	commit, branch string
	changed        []string // tracked and different from the commit, unmerged ones included
	unmerged       []string
	untracked      []string // one that ends in a slash is a repository of its own
	submodules     []string // that differ from what their parent records
}

func parseStatus(out string) status {
	var s status
	for entry := range strings.SplitSeq(out, "\x00") {
		if len(entry) < 3 {
			continue
		}
		kind, rest := entry[0], entry[2:]
		switch kind {
		case '#':
			s.header(rest)
		case '?':
			s.untracked = append(s.untracked, rest)
		case '1', 'u':
			// XY sub mH mI mW hH hI path, and two more fields when unmerged.
			n := 8
			if kind == 'u' {
				n = 10
			}
			f := strings.SplitN(rest, " ", n)
			if len(f) < n || f[n-1] == "" {
				continue
			}
			name := f[n-1]
			if strings.HasPrefix(f[1], "S") {
				s.submodules = append(s.submodules, name)
				continue
			}
			s.changed = append(s.changed, name)
			if kind == 'u' {
				s.unmerged = append(s.unmerged, name)
			}
		}
	}
	return s
}

func (s *status) header(line string) {
	name, value, _ := strings.Cut(line, " ")
	switch name {
	case "branch.oid":
		if value != "(initial)" {
			s.commit = value
		}
	case "branch.head":
		if value != "(detached)" {
			s.branch = value
		}
	}
}

// diff keeps what changed in tracked files, staged or not. The options undo every
// setting of the user that would make a patch which cannot be applied.
func (c *capture) diff(ctx context.Context) error {
	out, over, err := output(git(ctx, c.p.GitRoot, "diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames",
		"--no-relative", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3", c.p.GitCommit), maxDiff)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		c.lack("the diff of %d changed files: %v", len(c.p.Changed), err)
	case over:
		c.lack("the diff of %d changed files: it is over %s", len(c.p.Changed), size(maxDiff))
	default:
		c.files.Diff = out
	}
	return nil
}

// ours is whether a path is inside our own folder, which never belongs to the code.
func ours(name string) bool {
	return slices.Contains(strings.Split(path.Clean(name), "/"), ".flightdeck")
}
