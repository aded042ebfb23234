package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// files is the part of the store that deals with artifacts. A blob comes into
// being, and goes, only inside a write transaction: so nobody removes one that
// another process is just about to name.
type files struct{ *db }

func (f files) blobs() string { return filepath.Join(f.dir, "artifacts") }

// blob is where the file of a digest lies; two digits of it are a folder.
func (f files) blob(digest string) string {
	return filepath.Join(f.blobs(), digest[:2], digest[2:])
}

const digestPrefix = "sha256:"

// PutArtifact stores a file of a run under a path, over an older one. An error, a
// full disk among them, leaves nothing behind.
func (f files) PutArtifact(ctx context.Context, run, name string, r io.Reader) (backends.Artifact, error) {
	return f.put(ctx, name, r, func(t *tx, digest string, a *backends.Artifact) (string, error) { return t.name(run, digest, a) })
}

// put stores a file for which named writes down whose it is; named returns the digest
// of the file that was there before.
func (f files) put(ctx context.Context, name string, r io.Reader, named func(t *tx, digest string, a *backends.Artifact) (string, error)) (backends.Artifact, error) {
	a := backends.Artifact{Path: name}
	if err := checkPath(name); err != nil {
		return a, err
	}
	if err := f.mayPut(ctx); err != nil {
		return a, err
	}
	tmp, err := f.spool(ctx, r, &a)
	if err != nil {
		return a, fullOr(fmt.Errorf("put artifact %s: %w", name, err))
	}
	defer os.Remove(tmp) // gone already when all went well
	a.Time = f.o.Now()
	digest, old := strings.TrimPrefix(a.Digest, digestPrefix), ""
	err = f.write(ctx, "put artifact", func(t *tx) (err error) {
		old, err = named(t, digest, &a)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(f.blob(digest)), 0o755); err != nil {
			return err
		}
		return os.Rename(tmp, f.blob(digest))
	})
	switch {
	case err != nil: // the blob may be there though the commit failed
		err = errors.Join(fullOr(err), f.drop(context.WithoutCancel(ctx), []string{digest}))
	case old != "" && old != digest:
		err = f.drop(ctx, []string{old})
	}
	return a, err
}

// mayPut is asked before anything is spooled.
func (f files) mayPut(ctx context.Context) error {
	if err := backends.Check(ctx, "store", "put artifact"); err != nil {
		return err
	}
	if f.readOnly {
		return fmt.Errorf("put artifact: %w: %s", backends.ErrReadOnly, f.why)
	}
	return nil
}

// name writes down that the run has the blob under the artifact's path, and returns
// the digest of what it had there before.
func (t *tx) name(run, digest string, a *backends.Artifact) (old string, err error) {
	w, err := t.active(run)
	if err != nil {
		return "", err
	}
	err = t.each("SELECT digest FROM artifacts WHERE run = ? AND path = ?", func(s *sqlite.Stmt) error {
		old = s.ColumnText(0)
		return nil
	}, w.n, a.Path)
	if err != nil {
		return "", err
	}
	t.touch(ofRuns)
	return old, errors.Join(
		t.exec("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?)", w.n, a.Path, digest, a.Size, millis(a.Time)),
		t.exec("UPDATE runs SET rev = ? WHERE n = ?", t.rev, w.n),
	)
}

func fullOr(err error) error {
	if errors.Is(err, syscall.ENOSPC) && !errors.Is(err, ErrFull) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// spool copies r into a file beside the blobs and fills in size and digest.
func (f files) spool(ctx context.Context, r io.Reader, a *backends.Artifact) (string, error) {
	if err := os.MkdirAll(f.blobs(), 0o755); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(f.blobs(), tempPrefix)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, h), withContext{ctx, r})
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(tmp.Name()))
	}
	a.Size, a.Digest = n, digestPrefix+hex.EncodeToString(h.Sum(nil))
	return tmp.Name(), nil
}

const tempPrefix = ".part-"

// withContext ends a copy when its context does.
type withContext struct {
	ctx context.Context
	r   io.Reader
}

func (w withContext) Read(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(b)
}

// checkPath accepts a clean, relative, slash-separated path that says the same on
// every system.
func checkPath(p string) error {
	ok := p != "" && p == path.Clean(p) && fs.ValidPath(p) && p != "." && utf8.ValidString(p) &&
		!strings.ContainsAny(p, "\x00\\") && len(p) <= 4096
	if !ok {
		return invalid("Invalid path: %s", pyString(p))
	}
	return nil
}

// drop removes the blobs that nothing names any more.
func (f files) drop(ctx context.Context, digests []string) error {
	if there, err := f.exists(); len(digests) == 0 || err != nil || !there {
		return err
	}
	return f.write(ctx, "remove artifacts", func(t *tx) error {
		for _, digest := range digests {
			n, err := t.int("SELECT (SELECT count(*) FROM artifacts WHERE digest = ?1) + (SELECT count(*) FROM files WHERE digest = ?1)", digest)
			if err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			if err := os.Remove(f.blob(digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove artifact: %w", err)
			}
		}
		return nil
	})
}
