//go:build integration && linux

package store

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
)

// inMountNamespace runs the calling test again in a process with mounts of its own,
// and reports whether this is that process. It needs to be root.
func inMountNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("STORE_TEST_MOUNTS") == t.Name() {
		ok(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		return true
	}
	cmd := exec.Command(must[string](t)(os.Executable()), "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "STORE_TEST_MOUNTS="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

// TestFullFileSystem fills a file system of 2 MB with metrics, then with artifacts.
func TestFullFileSystem(t *testing.T) {
	if !inMountNamespace(t) {
		return
	}
	mnt := t.TempDir()
	ok(t, unix.Mount("tmpfs", mnt, "tmpfs", 0, "size=2m"))
	defer func() { ok(t, unix.Unmount(mnt, unix.MNT_DETACH)) }()
	dir := filepath.Join(mnt, ".flightdeck")
	s, err := Open(dir, Options{})
	ok(t, err)
	run := newRun(t, s, NewRun{}).ID
	filler := filepath.Join(mnt, "filler")
	ok(t, os.WriteFile(filler, make([]byte, 256<<10), 0o644))
	batches := 0
	for err == nil && batches < 1000 {
		if err = s.LogBatch(owner(t), run, series("loss", batches*1000, 1000), nil, nil); err == nil {
			batches++
		}
	}
	if !errors.Is(err, ErrFull) || batches == 0 {
		t.Fatalf("after %d batches: %v", batches, err)
	}
	t.Logf("after %d batches: %v", batches, err)
	if n := points(t, s, run, "loss").Len(); n != batches*1000 {
		t.Fatalf("%d batches were acknowledged, %d points can be read on the full disk", batches, n)
	}
	big := io.LimitReader(zeros{}, 4<<20)
	if _, err := s.PutArtifact(owner(t), run, "big", big); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if left := blobFiles(t, dir); len(left) > 0 {
		t.Fatalf("half a file is left: %v", left)
	}
	ok(t, s.Close())

	ok(t, os.Remove(filler)) // someone makes room
	again := open(t, dir, Options{})
	ok(t, again.LogBatch(owner(t), run, series("loss", batches*1000, 1000), nil, nil))
	if n := points(t, again, run, "loss").Len(); n != (batches+1)*1000 {
		t.Fatal(n)
	}
	put(t, again, run, "small", "fits")
	sound(t, again)
	ok(t, again.Close())
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestReadOnlyMount reads a store through a read-only bind, first while its log is
// not folded in.
func TestReadOnlyMount(t *testing.T) {
	if !inMountNamespace(t) {
		return
	}
	dir, mnt := t.TempDir(), t.TempDir()
	writer, err := Open(dir, Options{})
	ok(t, err)
	run := newRun(t, writer, NewRun{}).ID
	ok(t, writer.LogBatch(owner(t), run, series("loss", 0, 3000), nil, nil))
	ok(t, unix.Mount(dir, mnt, "", unix.MS_BIND, ""))
	ok(t, unix.Mount("", mnt, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	defer func() { ok(t, unix.Unmount(mnt, unix.MNT_DETACH)) }()
	for range 2 {
		s, err := Open(mnt, Options{})
		ok(t, err)
		if ro, why := s.ReadOnly(); !ro || !strings.Contains(why, "read-only file system") {
			t.Fatal(ro, why)
		}
		if n := points(t, s, run, "loss").Len(); n != 3000 {
			t.Fatal(n)
		}
		if err := s.LogMetric(owner(t), run, backends.Metric{Key: "x"}); !errors.Is(err, backends.ErrReadOnly) {
			t.Fatal(err)
		}
		sound(t, s)
		ok(t, s.Close())
		ok(t, writer.Close()) // folds the log in
	}
}
