package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// Artifacts lists a run's files by path.
func (f files) Artifacts(ctx context.Context, run string) ([]backends.Artifact, error) {
	return f.ArtifactsIn(ctx, run, "")
}

// ArtifactsIn lists the files of a run that lie in a folder, at any depth; the folder
// "" holds them all.
func (f files) ArtifactsIn(ctx context.Context, run, folder string) (out []backends.Artifact, err error) {
	found := false
	err = f.read(ctx, func(c *conn) error {
		n, err := c.int("SELECT n FROM runs WHERE id = ?", run)
		if err != nil || n == 0 {
			return err
		}
		found = true
		from, to := inside(folder)
		out, err = c.artifacts("artifacts WHERE run = ? AND path >= ? AND path < ?", n, from, to)
		return err
	})
	if err == nil && !found {
		err = missing("Run with id=%s not found", run)
	}
	return out, err
}

// inside are the bounds of the paths in a folder.
func inside(folder string) (from, to string) {
	if folder == "" {
		return "", "\U0010ffff"
	}
	return folder + "/", folder + "0" // the character after the slash
}

func (c *conn) artifacts(of string, args ...any) (out []backends.Artifact, err error) {
	err = c.each("SELECT path, digest, size, time FROM "+of+" ORDER BY path", func(s *sqlite.Stmt) error {
		out = append(out, backends.Artifact{Path: s.ColumnText(0), Digest: digestPrefix + s.ColumnText(1), Size: s.ColumnInt64(2), Time: moment(s.ColumnInt64(3))})
		return nil
	}, args...)
	return out, err
}

// OpenArtifact reads a run's file. The caller closes it.
func (f files) OpenArtifact(ctx context.Context, run, name string) (io.ReadCloser, error) {
	_, file, err := f.ArtifactFile(ctx, run, name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// ArtifactFile is OpenArtifact with what is known of the file.
func (f files) ArtifactFile(ctx context.Context, run, name string) (backends.Artifact, *os.File, error) {
	return f.open(ctx, name, "artifacts WHERE run = (SELECT n FROM runs WHERE id = ?) AND path = ?", run, name)
}

func (f files) open(ctx context.Context, name, of string, args ...any) (a backends.Artifact, file *os.File, err error) {
	var found []backends.Artifact
	err = f.read(ctx, func(c *conn) (err error) {
		found, err = c.artifacts(of, args...)
		return err
	})
	if err != nil {
		return a, nil, err
	}
	if len(found) == 0 || len(found[0].Digest) != len(digestPrefix)+sha256.Size*2 {
		return a, nil, missing("No such artifact: '%s'", name)
	}
	file, err = os.Open(f.blob(strings.TrimPrefix(found[0].Digest, digestPrefix)))
	if err != nil {
		return a, nil, fmt.Errorf("open artifact %s: %w", name, err)
	}
	return found[0], file, nil
}
