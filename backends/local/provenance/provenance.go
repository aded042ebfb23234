// Package provenance writes down where a run comes from, and makes it again.
//
// Capture only reads: the commit, the diff of tracked files, small untracked ones,
// the command, the environment with its secrets masked, the digests of data. What
// it could not keep it names, in Lacks and Skipped, so that nobody believes a run
// to be reproducible that is not. Write and Read keep all that in a folder, as
// three files that other tools open too: provenance.json, diff.patch (git apply)
// and untracked.tar.
//
// Restore makes the working tree again in a new folder and says in one list what
// is still lacking. Compare holds two runs' metrics against each other, bit by bit.
//
// The git program is the only one that is called, never with a lock or a hook. A
// machine without it, or a folder without a repository, is recorded as such.
package provenance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"flightdeck/backends"
)

// Options say what is about to run.
type Options struct {
	Dir     string // where it runs; "" is the current folder
	Command []string
	Env     []string // "NAME=value"; the last of a name counts
	Data    []string // files and folders, relative to Dir
	Version string   // of this program
	Own     bool     // the command is this program itself: a folder outside of git lacks nothing
	// Report hears how far the digests of Data have come, in bytes; may be nil.
	Report func(backends.Progress)
}

// Files is what is too big for a Provenance's own fields.
type Files struct {
	Diff      []byte // git diff --binary against the commit; empty when nothing changed
	Untracked []byte // a tar of the files in Provenance.Untracked; empty when there are none
}

// The names of what Write makes.
const (
	ProvenanceFile = "provenance.json"
	DiffFile       = "diff.patch"
	UntrackedFile  = "untracked.tar"
)

// The most that is kept. What is over is named in Lacks or Skipped.
const (
	maxDiff      = 10 << 20
	maxFile      = 1 << 20  // of one untracked file
	maxUntracked = 10 << 20 // of all of them
	maxEntries   = 10_000   // untracked files that are looked at
	maxSkipped   = 100      // that are named
)

// Capture records what is about to run. It fails only when ctx ends or Dir cannot
// be read; whatever else is missing is named in the answer.
func Capture(ctx context.Context, o Options) (backends.Provenance, Files, error) {
	dir, err := filepath.Abs(o.Dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return backends.Provenance{}, Files{}, fmt.Errorf("record where it runs: %w", err)
	}
	c := &capture{own: o.Own, p: backends.Provenance{Dir: dir, OS: runtime.GOOS + "/" + runtime.GOARCH, Version: o.Version, Seed: seedOf(o.Command)}}
	if c.p.Host, err = os.Hostname(); err != nil {
		c.lack("the host's name: %v", err)
	}
	c.command(o.Command)
	c.env(o.Env)
	if err := c.code(ctx); err != nil {
		return backends.Provenance{}, Files{}, err
	}
	if err := c.data(ctx, o.Data, o.Report); err != nil {
		return backends.Provenance{}, Files{}, err
	}
	return c.p, c.files, nil
}

// capture is a record in the making.
type capture struct {
	p     backends.Provenance
	files Files
	own   bool
}

func (c *capture) lack(format string, args ...any) {
	c.p.Lacks = append(c.p.Lacks, fmt.Sprintf(format, args...))
}

// skip names an untracked file that is not kept; beyond maxSkipped, how many.
func (c *capture) skip(path, why string) {
	if len(c.p.Skipped) < maxSkipped {
		c.p.Skipped = append(c.p.Skipped, path+": "+why)
	} else if len(c.p.Skipped) == maxSkipped {
		c.p.Skipped = append(c.p.Skipped, "and more")
	}
}

// Write puts a record into dir, which it makes. Only the owner may read it: masked
// or not, an environment is nobody else's business.
func Write(dir string, p backends.Provenance, f Files) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep provenance: %w", err)
	}
	doc, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("keep provenance: %w", err)
	}
	// The document is last: where it is, the others are whole.
	for _, file := range []struct {
		name string
		data []byte
	}{{DiffFile, f.Diff}, {UntrackedFile, f.Untracked}, {ProvenanceFile, append(doc, '\n')}} {
		if len(file.data) == 0 {
			continue
		}
		tmp := filepath.Join(dir, "."+file.name+".new")
		if err := os.WriteFile(tmp, file.data, 0o600); err != nil {
			return fmt.Errorf("keep provenance: %w", err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, file.name)); err != nil {
			return fmt.Errorf("keep provenance: %w", err)
		}
	}
	return nil
}

// Read reads the record in dir.
func Read(dir string) (backends.Provenance, error) {
	return Load(func(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name)) })
}

// Load reads the record whose files open opens.
func Load(open func(name string) (io.ReadCloser, error)) (backends.Provenance, error) {
	var p backends.Provenance
	data, err := load(open, ProvenanceFile, maxDiff)
	if err != nil {
		return p, fmt.Errorf("read provenance: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("read provenance: %w", err)
	}
	return p, nil
}

// load reads one file of a record, up to a size.
func load(open func(name string) (io.ReadCloser, error), name string, most int64) ([]byte, error) {
	f, err := open(name)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: %w", backends.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s is over %s", name, size(most))
	}
	return data, err
}

// size writes a number of bytes as people do.
func size(n int64) string {
	const units = "kMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/1024, 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return fmt.Sprintf("%.3g %cB", v, units[i])
}
