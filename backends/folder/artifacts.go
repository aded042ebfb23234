package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
)

// mostArtifacts is how many files of a run are listed.
const mostArtifacts = 10_000

// Artifacts lists the run's files. Their digests are not known: the files are
// others', may be huge, and may be written at this moment.
func (b *Backend) Artifacts(ctx context.Context, ref backends.Ref) ([]backends.Artifact, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	place, inner := r.place, map[string]bool{}
	for _, o := range b.order {
		if o != r {
			inner[o.place.Path] = true
		}
	}
	b.mu.Unlock()
	reader := b.format.Open(place)
	defer reader.Close()
	if l, ok := reader.(Lister); ok {
		list, err := l.Artifacts(ctx)
		if err != nil {
			return nil, fmt.Errorf("artifacts of run %s: %w", ref, err)
		}
		list = slices.DeleteFunc(slices.Clone(list), func(a backends.Artifact) bool { return !fs.ValidPath(a.Path) || a.Path == "." })
		slices.SortFunc(list, func(x, y backends.Artifact) int { return strings.Compare(x.Path, y.Path) })
		return list, nil
	}
	list, err := filesOf(ctx, place, inner)
	if err != nil {
		return nil, fmt.Errorf("artifacts of run %s: %w", ref, err)
	}
	return list, nil
}

// base is the folder that a run's artifact paths start from.
func base(p Place) (dir string, only string, err error) {
	fi, err := os.Lstat(p.Path)
	switch {
	case err != nil:
		return "", "", err
	case fi.IsDir():
		return p.Path, "", nil
	}
	return filepath.Dir(p.Path), filepath.Base(p.Path), nil
}

// filesOf lists what is below a place, without the places of other runs.
func filesOf(ctx context.Context, p Place, inner map[string]bool) ([]backends.Artifact, error) {
	dir, only, err := base(p)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []backends.Artifact
	if only != "" {
		fi, err := root.Lstat(only)
		if err != nil {
			return nil, err
		}
		return append(out, backends.Artifact{Path: only, Size: fi.Size(), Time: fi.ModTime()}), nil
	}
	err = fs.WalkDir(root.FS(), ".", func(rel string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil // what cannot be read is not listed
		case d.IsDir() && rel != "." && (skipped(d.Name()) || inner[filepath.Join(dir, filepath.FromSlash(rel))] || strings.Count(rel, "/") > deepest):
			return fs.SkipDir
		case !d.Type().IsRegular() || inner[filepath.Join(dir, filepath.FromSlash(rel))]:
			return nil
		}
		fi, err := d.Info()
		if err != nil {
			return nil
		}
		out = append(out, backends.Artifact{Path: rel, Size: fi.Size(), Time: fi.ModTime()})
		if len(out) == mostArtifacts {
			return fs.SkipAll
		}
		return nil
	})
	return out, err
}

// OpenArtifact opens one of the run's files. No path leads out of the run's folder,
// by a link neither.
func (b *Backend) OpenArtifact(ctx context.Context, ref backends.Ref, name string) (io.ReadCloser, error) {
	r, err := b.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	place := r.place
	b.mu.Unlock()
	f, err := openBelow(place, name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			err = backends.ErrNotFound
		}
		return nil, fmt.Errorf("artifact %s of run %s: %w", name, ref, err)
	}
	return f, nil
}

func openBelow(p Place, name string) (io.ReadCloser, error) {
	if !fs.ValidPath(name) || path.Clean(name) != name {
		return nil, fs.ErrInvalid
	}
	dir, _, err := base(p)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	fi, err := root.Stat(name) // asked first: to open a pipe would wait for its writer
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, err
	}
	return root.Open(name)
}
