package store

import (
	"context"
	"errors"
	"io"
	"os"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// Files that are no run's, under paths that their clients chose: those of a logged
// model are at <experiment>/models/<model>/artifacts.

// PutFile stores a file under a path, over an older one, as PutArtifact does.
func (f files) PutFile(ctx context.Context, name string, r io.Reader) (backends.Artifact, error) {
	return f.put(ctx, name, r, func(t *tx, digest string, a *backends.Artifact) (old string, err error) {
		err = t.each("SELECT digest FROM files WHERE path = ?", func(s *sqlite.Stmt) error {
			old = s.ColumnText(0)
			return nil
		}, a.Path)
		if err != nil {
			return "", err
		}
		t.touch(ofRuns)
		return old, t.exec("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", a.Path, digest, a.Size, millis(a.Time))
	})
}

// FilesIn lists the files in a folder, at any depth, by path.
func (f files) FilesIn(ctx context.Context, folder string) (out []backends.Artifact, err error) {
	err = f.read(ctx, func(c *conn) (err error) {
		from, to := inside(folder)
		out, err = c.artifacts("files WHERE path >= ? AND path < ?", from, to)
		return err
	})
	return out, err
}

// OpenFile reads a file. The caller closes it.
func (f files) OpenFile(ctx context.Context, name string) (backends.Artifact, *os.File, error) {
	return f.open(ctx, name, "files WHERE path = ?", name)
}

// DeleteFiles removes a file, or all in a folder, for good, and says how many.
func (f files) DeleteFiles(ctx context.Context, name string) (int, error) {
	return f.remove(ctx, name, func(*tx) (string, []any, error) { return "files WHERE", nil, nil })
}

// DeleteArtifacts does so with a run's; name "" is all of them.
func (f files) DeleteArtifacts(ctx context.Context, run, name string) (int, error) {
	return f.remove(ctx, name, func(t *tx) (string, []any, error) {
		w, err := t.row(run)
		if err != nil {
			return "", nil, err
		}
		return "artifacts WHERE run = ?4 AND", []any{w.n}, t.exec("UPDATE runs SET rev = ? WHERE n = ?", t.rev, w.n)
	})
}

func (f files) remove(ctx context.Context, name string, of func(*tx) (table string, args []any, err error)) (int, error) {
	var blobs []string
	err := f.writeRisk(ctx, "delete artifacts", backends.Destructive, func(t *tx) error {
		table, args, err := of(t)
		if err != nil {
			return err
		}
		from, to := inside(name)
		args = append([]any{name, from, to}, args...)
		where := table + " (path = ?1 OR path >= ?2 AND path < ?3)"
		err = t.each("SELECT digest FROM "+where, func(s *sqlite.Stmt) error {
			blobs = append(blobs, s.ColumnText(0))
			return nil
		}, args...)
		if err != nil || len(blobs) == 0 {
			return err
		}
		t.touch(ofRuns)
		return t.exec("DELETE FROM "+where, args...)
	})
	if err != nil {
		return 0, err
	}
	return len(blobs), errors.Join(f.drop(ctx, blobs))
}
