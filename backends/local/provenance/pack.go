package provenance

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// pack keeps the files as a tar that is equal for equal files: sorted, without
// owners and times. What cannot be kept is skipped by name.
func (c *capture) pack(names []string) {
	root, err := os.OpenRoot(c.p.GitRoot)
	if err != nil {
		c.lack("untracked files: %v", err)
		return
	}
	defer root.Close()
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > maxEntries {
		c.lack("%d of %d untracked files: only %d are looked at", len(names)-maxEntries, len(names), maxEntries)
		names = names[:maxEntries]
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	room := int64(maxUntracked)
	for _, name := range names {
		if ours(name) {
			continue
		}
		n, err := packFile(w, root, name, room)
		if err != nil {
			c.skip(name, err.Error())
			continue
		}
		room -= n
		c.p.Untracked = append(c.p.Untracked, name)
	}
	if err := w.Close(); err != nil { // only after a failed write, and a buffer's do not fail
		c.lack("untracked files: %v", err)
		return
	}
	if len(c.p.Untracked) > 0 {
		c.files.Untracked = buf.Bytes()
	}
}

// packFile adds one file or symbolic link. Its error says why it is not kept; then
// nothing was added.
func packFile(w *tar.Writer, root *os.Root, name string, room int64) (int64, error) {
	if strings.HasSuffix(name, "/") {
		return 0, errors.New("a git repository of its own")
	}
	if err := safeName(name); err != nil {
		return 0, err
	}
	info, err := root.Lstat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist): // deleted, or gone since
		return 0, errors.New("gone")
	case err != nil:
		return 0, bare(err)
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return 0, packLink(w, root, name)
	case !mode.IsRegular():
		return 0, errors.New("not a regular file")
	case secretFile(name):
		return 0, errors.New("its name says that it holds secrets")
	case info.Size() > maxFile:
		return 0, fmt.Errorf("%s, over %s", size(info.Size()), size(maxFile))
	case info.Size() > room:
		return 0, fmt.Errorf("untracked files together are over %s", size(maxUntracked))
	}
	data, err := content(root, name, min(maxFile, room))
	if err != nil {
		return 0, err
	}
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: mode, Format: tar.FormatPAX}); err != nil {
		return 0, err
	}
	_, err = w.Write(data)
	return int64(len(data)), err
}

func packLink(w *tar.Writer, root *os.Root, name string) error {
	target, err := root.Readlink(filepath.FromSlash(name))
	if err != nil {
		return bare(err)
	}
	if err := safeLink(name, target); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777, Format: tar.FormatPAX})
}

// content is the file whole. It may have grown since it was looked at.
func content(root *os.Root, name string, most int64) ([]byte, error) {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, bare(err)
	case int64(len(data)) > most:
		return nil, errors.New("it grows")
	case bytes.Contains(data, []byte("PRIVATE KEY-----")):
		return nil, errors.New("it holds a private key")
	}
	return data, nil
}

// bare is the reason without the path, which stands before it already.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// safeName refuses a path that would be written outside the tree, or into the
// repository itself, where it could become a hook or a setting that git obeys.
func safeName(name string) error {
	if name == "" || strings.ContainsRune(name, 0) || path.Clean(name) != name || !filepath.IsLocal(filepath.FromSlash(name)) || name == "." {
		return fmt.Errorf("the path %q leads outside the tree", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if gitFolder(part) {
			return fmt.Errorf("the path %q leads into a repository", name)
		}
	}
	return nil
}

// gitFolder reports whether some file system takes the name for .git: those that
// ignore case, trailing dots and blanks, or characters that are not seen, and the
// short names of another.
func gitFolder(part string) bool {
	part = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, part)
	part, _, _ = strings.Cut(part, ":")
	part = strings.TrimRight(part, ". ")
	return strings.EqualFold(part, ".git") || strings.EqualFold(part, "git~1")
}

// safeLink refuses a link that leads out of the tree by its own words. What it
// meets on its way is the business of os.Root.
func safeLink(name, target string) error {
	if target == "" || path.IsAbs(target) || filepath.IsAbs(target) || strings.ContainsRune(target, 0) {
		return fmt.Errorf("a link to %q, outside the tree", target)
	}
	depth := strings.Count(name, "/")
	for part := range strings.SplitSeq(target, "/") {
		switch {
		case part == "..":
			depth--
		case part != "." && part != "":
			depth++
		}
		if depth < 0 {
			return fmt.Errorf("a link to %q, outside the tree", target)
		}
		if gitFolder(part) {
			return fmt.Errorf("a link to %q, into a repository", target)
		}
	}
	return nil
}
