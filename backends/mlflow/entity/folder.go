package entity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
)

// LocalPath is the folder on this machine that an artifact URI names, "" when it
// names none: a bare path or file:, in the spellings that MLflow writes.
func LocalPath(uri string) string {
	switch scheme, _, found := strings.Cut(uri, ":"); {
	case strings.HasPrefix(uri, "/"):
		return filepath.Clean(uri)
	case !found, !strings.EqualFold(scheme, "file"):
		return ""
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host != "" && u.Host != "localhost" || !path.IsAbs(u.Path) {
		return ""
	}
	return filepath.Clean(u.Path)
}

// ArtifactFolder is where the artifacts of a run lie on this machine, "" when that
// is nowhere. The URI is what some file or database says and is believed only where
// it has MLflow's form, …/<run>/artifacts: it must not make other folders readable.
// beside are roots under which the same experiment and run are looked for, because
// stores get moved.
func ArtifactFolder(uri, experiment, run string, beside ...string) string {
	if p := LocalPath(uri); strings.HasSuffix(filepath.ToSlash(p), "/"+run+"/artifacts") && isFolder(p) {
		return p
	}
	for _, root := range beside {
		if p := filepath.Join(root, experiment, run, "artifacts"); filepath.IsLocal(experiment) && filepath.IsLocal(run) && isFolder(p) {
			return p
		}
	}
	return ""
}

func isFolder(p string) bool {
	fi, err := os.Stat(p)
	return err == nil && fi.IsDir()
}

// maxArtifacts bounds one listing.
const maxArtifacts = 100_000

// List is the files below a folder. Links are not followed and not listed. Digests
// are not known: reading a folder of checkpoints to list it would take minutes.
func List(ctx context.Context, folder string) ([]backends.Artifact, error) {
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list artifacts: %w", err)
	}
	defer root.Close()
	var out []backends.Artifact
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if !d.Type().IsRegular() {
			return nil
		}
		if len(out) == maxArtifacts {
			return fs.SkipAll
		}
		fi, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) { // it went meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		out = append(out, backends.Artifact{Path: p, Size: fi.Size(), Time: fi.ModTime()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list artifacts in %s: %w", folder, err)
	}
	slices.SortFunc(out, func(a, b backends.Artifact) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// Open opens a file below a folder; a path or a link that leads out of it is
// refused.
func Open(folder, name string) (io.ReadCloser, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, fmt.Errorf("artifact %q: %w", name, backends.ErrNotFound)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", name, notFound(err))
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", name, notFound(err))
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() { // a pipe would block for ever
		return nil, errors.Join(fmt.Errorf("artifact %s: %w: it is not a file", name, backends.ErrNotFound), f.Close())
	}
	return f, nil
}

func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return backends.ErrNotFound
	}
	return err
}
