package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Folder is the name of the folder that makes its parent a workspace.
const Folder = ".flightdeck"

// Workspace finds the workspace of dir: the nearest folder, upwards, that holds
// .flightdeck. found is false when there is none, and root is then dir itself,
// which becomes a workspace with the first write.
func Workspace(dir string) (root string, found bool, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", false, fmt.Errorf("workspace of %s: %w", dir, err)
	}
	switch fi, err := os.Stat(dir); {
	case errors.Is(err, os.ErrNotExist):
		return "", false, &missingError{dir}
	case err != nil:
		return "", false, fmt.Errorf("workspace %s: %w", dir, bare(err))
	case !fi.IsDir():
		return "", false, fmt.Errorf("workspace %s: it is not a folder", dir)
	}
	for at := dir; ; {
		if fi, err := os.Stat(filepath.Join(at, Folder)); err == nil && fi.IsDir() {
			return at, true, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return dir, false, nil
		}
		at = up
	}
}

// missingError says that the folder of a workspace is not there.
type missingError struct{ dir string }

func (e *missingError) Error() string        { return "workspace " + e.dir + ": no such folder" }
func (e *missingError) Is(target error) bool { return target == os.ErrNotExist }

// makeFolder makes the workspace's folder, which ignores itself in git so that no
// one commits runs by accident.
func makeFolder(root string) error {
	dir := filepath.Join(root, Folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make workspace: %w", err)
	}
	ignore := filepath.Join(dir, ".gitignore")
	f, err := os.OpenFile(ignore, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make workspace: %w", err)
	}
	_, err = f.WriteString("*\n")
	return errors.Join(err, f.Close())
}
