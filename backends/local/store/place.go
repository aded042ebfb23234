package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// shared are file systems on which several machines, or a user-space server, stand
// between SQLite's locks and the disk. Names are as mount(8) prints them.
// Numbers: linux/magic.h and the file systems' own sources.
func shared(fsType int64) (name string, ok bool) {
	switch uint32(fsType) {
	case 0x6969:
		return "NFS", true
	case 0x517b:
		return "SMB", true
	case 0xff534d42, 0xfe534d42:
		return "CIFS", true
	case 0x65735546:
		return "FUSE", true
	case 0x01021997:
		return "9p", true
	case 0x5346414f, 0x6b414653:
		return "AFS", true
	case 0x00c36400:
		return "Ceph", true
	case 0x0bd00bd0:
		return "Lustre", true
	case 0x47504653:
		return "GPFS", true
	}
	return "", false
}

// readOnly decides once, when the store is opened, whether it may be written.
func readOnly(dir string, o Options) (bool, string) {
	if o.ReadOnly {
		return true, "opened read-only"
	}
	at := existing(dir)
	if t, err := o.Statfs(at); err == nil {
		if name, ok := shared(t); ok {
			return true, fmt.Sprintf("%s is on %s, where SQLite's locks do not hold: writing could damage it; copy it to a local disk to write", dir, name)
		}
	}
	if err := unix.Access(at, unix.W_OK); err != nil {
		return true, fmt.Sprintf("%s cannot be written (%v)", dir, err)
	}
	if err := unix.Access(filepath.Join(dir, "store.db"), unix.W_OK); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, fmt.Sprintf("%s cannot be written (%v)", filepath.Join(dir, "store.db"), err)
	}
	return false, ""
}

// existing is dir or the nearest folder above it that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return dir
		}
		dir = up
	}
}

func fileSystem(path string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", path, err)
	}
	return int64(st.Type), nil
}
