package provenance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
)

// LackError lists what is lacking of a run that was to be made again.
type LackError struct {
	What []string // each a sentence that says what to do about it, or what was not recorded
	Made bool     // the tree was made nevertheless, as far as it could be
}

func (e *LackError) Error() string { return "lacking: " + strings.Join(e.What, "; ") }

// Restore makes the working tree of a record again in the new folder into: the
// commit, the diff over it, the untracked files. The new folder is a repository of
// its own that borrows the objects of the old one. open opens the record's files.
// Data outside of git is linked to where it was, after its digest was compared.
//
// It returns a *LackError when something is missing, everything in one list; with
// Made set the tree is there, and the caller decides. WorkDir says where to run in
// it, Environ with which variables.
func Restore(ctx context.Context, p backends.Provenance, open func(name string) (io.ReadCloser, error), into string) (err error) {
	if err := backends.Check(ctx, "file", "restore a working tree in "+into); err != nil {
		return err
	}
	into, err = filepath.Abs(into)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Mkdir(into, 0o755); err != nil { // it must be new: what is restored is what was there, and no more
		return fmt.Errorf("restore: %w", err)
	}
	r := &restorer{p: p, into: into}
	if err := r.tree(ctx, open); err != nil {
		_ = os.RemoveAll(into) // ours, and of no use
		return err
	}
	if err := r.data(ctx); err != nil {
		_ = os.RemoveAll(into)
		return err
	}
	for _, s := range p.Skipped {
		r.lack("the untracked file " + s)
	}
	r.lacks = append(r.lacks, p.Lacks...)
	_, unset := Environ(p, os.Environ())
	r.lacks = append(r.lacks, unset...)
	if len(r.lacks) > 0 {
		return &LackError{What: r.lacks, Made: true}
	}
	return nil
}

type restorer struct {
	p     backends.Provenance
	into  string
	lacks []string
}

func (r *restorer) lack(s string) { r.lacks = append(r.lacks, s) }

func (r *restorer) tree(ctx context.Context, open func(name string) (io.ReadCloser, error)) error {
	if r.p.GitCommit != "" {
		if err := r.checkout(ctx); err != nil {
			return err
		}
		if len(r.p.Changed) > 0 {
			if err := r.patch(ctx, open); err != nil {
				return err
			}
		}
	}
	if len(r.p.Untracked) == 0 {
		return nil
	}
	f, err := open(UntrackedFile)
	if err != nil {
		r.lack(fmt.Sprintf("%d untracked files: %v", len(r.p.Untracked), err))
		return nil
	}
	defer f.Close()
	refused, err := unpack(f, r.into)
	if err != nil {
		return fmt.Errorf("restore the untracked files: %w", err)
	}
	r.lacks = append(r.lacks, refused...)
	return nil
}

// checkout makes the commit's tree. A clone that shares objects finds also commits
// that no branch leads to any more.
func (r *restorer) checkout(ctx context.Context) error {
	commit, root := r.p.GitCommit, r.p.GitRoot
	if strings.Trim(commit, "0123456789abcdef") != "" || len(commit) < 7 {
		return fmt.Errorf("restore: %q is not a commit", commit)
	}
	_, _, err := output(git(ctx, root, "cat-file", "-e", commit+"^{commit}"), maxFile)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &LackError{What: []string{fmt.Sprintf("the commit %s: it is not in %s (any more); fetch it there first", commit, root)}}
	}
	for _, args := range [][]string{
		{"clone", "--quiet", "--no-checkout", "--shared", "--template=", "--", root, r.into},
		{"checkout", "--quiet", "--detach", commit, "--"},
	} {
		if _, _, err := output(git(ctx, r.into, args...), maxFile); err != nil {
			return fmt.Errorf("restore commit %.7s: %w", commit, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(r.into, ".gitmodules")); err == nil {
		r.lack("the submodules: check them out in the new folder (git submodule update --init)")
	}
	return nil
}

func (r *restorer) patch(ctx context.Context, open func(name string) (io.ReadCloser, error)) error {
	diff, err := load(open, DiffFile, maxDiff)
	if err != nil {
		r.lack(fmt.Sprintf("the changes of %d tracked files (%s): %v", len(r.p.Changed), strings.Join(r.p.Changed, ", "), err))
		return nil
	}
	cmd := git(ctx, r.into, "apply", "--binary", "--whitespace=nowarn", "-")
	cmd.Stdin = bytes.NewReader(diff)
	if _, _, err := output(cmd, maxFile); err != nil {
		return fmt.Errorf("restore the changed files: %w", err)
	}
	return nil
}

// data compares the recorded digests with what is there now. What git does not hold
// is linked into the new tree, where it lies unchanged at its old place.
func (r *restorer) data(ctx context.Context) error {
	d := newDigester(ctx, nil)
	for _, set := range r.p.Data {
		if set.SourceType != "local" {
			continue
		}
		old := absolute(r.p.Dir, set.Source)
		rel, inside := inTree(r.p, old)
		if inside {
			sum, _, err := d.digest(filepath.Join(r.into, rel))
			if err == nil && sum == set.Digest {
				continue
			}
		}
		sum, _, err := d.digest(old)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.lack(fmt.Sprintf("the data %s: %v", set.Source, bare(err)))
		case sum != set.Digest:
			r.lack(fmt.Sprintf("the data %s as it was: it had %s, now %s has %s", set.Source, set.Digest, old, sum))
		case inside:
			if err := r.overlay(old, rel); err != nil {
				r.lack(fmt.Sprintf("the data %s in the new tree: %v", set.Source, bare(err)))
			}
		}
	}
	return nil
}

// overlay links whatever of old is not in the new tree at rel. A folder of which
// git holds a part gets links to the rest.
func (r *restorer) overlay(old, rel string) error {
	root, err := os.OpenRoot(r.into)
	if err != nil {
		return err
	}
	defer root.Close()
	if dir := filepath.Dir(rel); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return filepath.WalkDir(old, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(old, p)
		if err != nil {
			return err
		}
		name := filepath.Join(rel, below)
		switch _, err := root.Lstat(name); {
		case errors.Is(err, fs.ErrNotExist):
			if err := root.Symlink(p, name); err != nil {
				return err
			}
			if e.IsDir() {
				return fs.SkipDir
			}
		case err != nil: // through a link of this tree: what is behind it is old already
			if e.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
}

// inTree is a path relative to what is restored: the repository, or without one
// the folder of the run.
func inTree(p backends.Provenance, path string) (string, bool) {
	root := p.GitRoot
	if root == "" {
		root = p.Dir
	}
	if root == "" {
		return "", false
	}
	rel, err := filepath.Rel(root, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

// WorkDir is where in a restored tree the command has to run.
func WorkDir(p backends.Provenance, into string) string {
	if rel, ok := inTree(p, p.Dir); ok {
		return filepath.Join(into, rel)
	}
	return into
}

// Environ is the recorded environment, where masked variables have the values of
// the current one. lacks names those that are masked and not set now.
func Environ(p backends.Provenance, current []string) (env, lacks []string) {
	now := map[string]string{}
	for _, v := range current {
		name, value, _ := strings.Cut(v, "=")
		now[name] = value
	}
	for name, value := range p.Env {
		if value == backends.Masked {
			var ok bool
			if value, ok = now[name]; !ok {
				lacks = append(lacks, fmt.Sprintf("the variable %s: its value was not recorded; set it", name))
				continue
			}
		}
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	slices.Sort(lacks)
	return env, lacks
}
