package provenance

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// unpack writes the files of a tar under into, and nothing anywhere else: names
// are checked by their words, and os.Root refuses whatever a link on the way would
// lead out. Links come last, and one that leads out of the tree together with
// others is taken away again. refused names what was not written.
func unpack(r io.Reader, into string) (refused []string, err error) {
	root, err := os.OpenRoot(into)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	type link struct{ name, target string }
	var links []link
	room, t := int64(maxUntracked), tar.NewReader(r)
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refused, err
		}
		if n >= maxEntries {
			return refused, fmt.Errorf("over %d files", maxEntries)
		}
		if why := unwanted(h, room); why != nil {
			refused = append(refused, fmt.Sprintf("the untracked file %q: %v", h.Name, why))
			continue
		}
		if h.Typeflag == tar.TypeSymlink {
			links = append(links, link{h.Name, h.Linkname})
			continue
		}
		room -= h.Size
		if err := write(root, h, t); err != nil {
			refused = append(refused, fmt.Sprintf("the untracked file %q: %v", h.Name, bare(err)))
		}
	}
	for _, l := range links {
		if err := symlink(root, l.name, l.target); err != nil {
			refused = append(refused, fmt.Sprintf("the untracked link %q: %v", l.name, bare(err)))
		}
	}
	for _, l := range links {
		name := filepath.FromSlash(l.name)
		if _, err := root.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = root.Remove(name)
			refused = append(refused, fmt.Sprintf("the untracked link %q: %v", l.name, bare(err)))
		}
	}
	return refused, nil
}

// unwanted says why an entry is not written.
func unwanted(h *tar.Header, room int64) error {
	if err := safeName(h.Name); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeReg:
		if h.Size > maxFile || h.Size > room {
			return errors.New("it is too big")
		}
		return nil
	case tar.TypeSymlink:
		return safeLink(h.Name, h.Linkname)
	}
	return errors.New("neither a file nor a link")
}

func write(root *os.Root, h *tar.Header, data io.Reader) error {
	name := filepath.FromSlash(h.Name)
	if err := parents(root, h.Name); err != nil {
		return err
	}
	perm := fs.FileMode(0o644)
	if h.Mode&0o111 != 0 {
		perm = 0o755
	}
	// A file that is there already is an unmerged one. It is replaced, not written
	// into: it could be a link.
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, data)
	return errors.Join(err, f.Close())
}

func symlink(root *os.Root, name, target string) error {
	if err := parents(root, name); err != nil {
		return err
	}
	return root.Symlink(target, filepath.FromSlash(name))
}

func parents(root *os.Root, name string) error {
	if dir := path.Dir(name); dir != "." {
		return root.MkdirAll(filepath.FromSlash(dir), 0o755)
	}
	return nil
}
