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
	"path/filepath"
	"strings"

	"zombiezen.com/go/sqlite"
)

// files reads every blob that has a name and hashes it.
func (k *checker) files(ctx context.Context) error {
	total, err := k.c.int("SELECT coalesce(sum(size), 0) FROM (SELECT digest, size FROM artifacts UNION SELECT digest, size FROM files)")
	if err != nil {
		return err
	}
	done := int64(0)
	return k.c.each(`SELECT digest, size, min(place), count(*) FROM (
		SELECT digest, size, runs.id || '/' || path AS place FROM artifacts JOIN runs ON runs.n = run
		UNION ALL SELECT digest, size, path FROM files) GROUP BY digest`, func(s *sqlite.Stmt) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		k.progress(done, total, "artifacts")
		digest, size, where := s.ColumnText(0), s.ColumnInt64(1), s.ColumnText(2)
		if n := s.ColumnInt64(3); n > 1 {
			where += fmt.Sprintf(" and %d more", n-1)
		}
		done += size
		if len(digest) != sha256.Size*2 || strings.Trim(digest, "0123456789abcdef") != "" {
			k.add("artifact", where, "its digest is no digest", "")
			return nil
		}
		got, n, err := hashFile(ctx, k.blob(digest))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			k.add("artifact", where, "the file "+k.blob(digest)+" is gone", "put a copy there, or log it again")
		case err != nil:
			k.add("artifact", where, err.Error(), "")
		case n != size:
			k.add("artifact", where, fmt.Sprintf("the file has %d bytes and %d were stored", n, size), "put a good copy at "+k.blob(digest))
		case got != digest:
			k.add("artifact", where, "the file's content changed: its SHA-256 is "+got, "put a good copy at "+k.blob(digest))
		}
		return nil
	})
}

func hashFile(ctx context.Context, path string) (digest string, n int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err = io.Copy(h, withContext{ctx, f})
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// orphans lists files that nothing names: what a killed writer left.
func (k *checker) orphans(ctx context.Context) error {
	k.progress(0, 1, "orphans")
	err := filepath.WalkDir(k.blobs(), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), tempPrefix) {
			k.add("orphan", path, "an upload in parts that was never completed, or that is under way", "remove it when nothing runs")
			return fs.SkipDir
		}
		if e.IsDir() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			k.add("orphan", path, "an upload that was cut off, or that is under way", "remove it when nothing runs")
			return nil
		}
		digest := filepath.Base(filepath.Dir(path)) + e.Name()
		n, err := k.c.int("SELECT (SELECT count(*) FROM artifacts WHERE digest = ?1) + (SELECT count(*) FROM files WHERE digest = ?1)", digest)
		if err == nil && n == 0 {
			k.add("orphan", path, "nothing names it", "remove it when nothing runs")
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
