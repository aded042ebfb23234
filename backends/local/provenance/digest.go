package provenance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
)

// data records the digest of each path of data.
func (c *capture) data(ctx context.Context, paths []string, report func(backends.Progress)) error {
	d := newDigester(ctx, report)
	for _, p := range paths {
		d.measure(absolute(c.p.Dir, p))
	}
	for _, p := range paths {
		sum, profile, err := d.digest(absolute(c.p.Dir, p))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			c.lack("the data %s: %v", p, bare(err))
			continue
		}
		c.p.Data = append(c.p.Data, backends.Dataset{Name: filepath.Base(p), Digest: sum, SourceType: "local", Source: p, Profile: profile})
	}
	return nil
}

func absolute(dir, p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(dir, p)
}

// digester hashes files and folders, and says how far it has come.
type digester struct {
	ctx    context.Context
	report func(backends.Progress)
	done   backends.Progress
	said   int64
	buf    []byte
}

func newDigester(ctx context.Context, report func(backends.Progress)) *digester {
	return &digester{ctx: ctx, report: report, done: backends.Progress{Unit: "bytes"}, buf: make([]byte, 1<<18)}
}

// measure adds up what there is to hash; it is only for the progress.
func (d *digester) measure(path string) {
	if d.report == nil {
		return
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	_ = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				d.done.Total += info.Size()
			}
		}
		return d.ctx.Err()
	})
}

// digest is the sha256 of a file, or of a folder's listing: one record for each
// entry under it, in the order of their paths, made of what it is, its size, its
// own sha256 and its path. Times, owners and permissions do not count, so a copy
// has the same digest. The path itself may be a link; a link inside counts with
// its target's text, and with the content when that is a file.
func (d *digester) digest(path string) (sum, profile string, err error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", "", err
	}
	var t tree
	switch {
	case info.Mode().IsRegular():
		t.files = 1
		if sum, t.bytes, err = d.file(real); err != nil {
			return "", "", err
		}
	case info.IsDir():
		if sum, err = d.folder(real, &t); err != nil {
			return "", "", err
		}
	default:
		return "", "", errors.New("neither a file nor a folder")
	}
	doc, err := json.Marshal(map[string]int64{"files": t.files, "bytes": t.bytes})
	return "sha256:" + sum, string(doc), err
}

type tree struct{ files, bytes int64 }

func (d *digester) folder(root string, t *tree) (string, error) {
	var names []string
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if rel, err := filepath.Rel(root, p); err != nil {
			return err
		} else if rel != "." {
			names = append(names, filepath.ToSlash(rel))
		}
		return d.ctx.Err()
	})
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		if err := d.entry(h, root, name, t); err != nil {
			return "", fmt.Errorf("%s: %w", name, bare(err))
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// entry adds one record. Lengths stand before what may hold any byte, so that no
// two trees spell the same listing.
func (d *digester) entry(h hash.Hash, root, name string, t *tree) error {
	path := filepath.Join(root, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	record := func(kind string, size int64, sum, text string) {
		fmt.Fprintf(h, "%s %d %s %d:%s %d:%s\n", kind, size, sum, len(text), text, len(name), name)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		record("dir", 0, "-", "")
	case mode.IsRegular():
		sum, n, err := d.file(path)
		if err != nil {
			return err
		}
		t.files, t.bytes = t.files+1, t.bytes+n
		record("file", n, sum, "")
	case mode&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		sum, n := "-", int64(0)
		if to, err := os.Stat(path); err == nil && to.Mode().IsRegular() {
			if sum, n, err = d.file(path); err != nil {
				return err
			}
			t.files, t.bytes = t.files+1, t.bytes+n
		}
		record("link", n, sum, target)
	default:
		record("other", 0, "-", mode.Type().String())
	}
	return nil
}

func (d *digester) file(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	var n int64
	for {
		if err := d.ctx.Err(); err != nil {
			return "", n, err
		}
		k, err := f.Read(d.buf)
		h.Write(d.buf[:k])
		n += int64(k)
		d.advance(int64(k), path)
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), n, nil
		}
		if err != nil {
			return "", n, err
		}
	}
}

// advance reports at each 8 MB and at the end.
func (d *digester) advance(n int64, path string) {
	d.done.Done += n
	if d.report != nil && (d.done.Done-d.said >= 8<<20 || d.done.Done == d.done.Total && d.said != d.done.Done) {
		d.said = d.done.Done
		d.done.Note = strings.ToValidUTF8(filepath.Base(path), "\ufffd")
		d.report(d.done)
	}
}
