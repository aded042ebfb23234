//go:build integration

package job

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// As root: a mount namespace of its own takes CAP_SYS_ADMIN.
func TestAWorkspaceOnAFullDisk(t *testing.T) {
	cmd := exec.Command(os.Args[0], "full-disk", t.TempDir(), filepath.Join(t.TempDir(), "gate"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
