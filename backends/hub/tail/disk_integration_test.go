//go:build integration && linux

package tail

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
)

// TestSpillOnAFullDisk spills to a file system of 1 MB, in a mount namespace of its
// own (CAP_SYS_ADMIN): what did not fit is counted, all else can be read, and with
// room again nothing more is lost.
func TestSpillOnAFullDisk(t *testing.T) {
	runtime.LockOSThread() // never given back: the thread ends with the test, and its mounts with it
	if err := errors.Join(unix.Unshare(unix.CLONE_NEWNS), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")); err != nil {
		t.Fatalf("a mount namespace takes root: %v", err)
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	l := New(Options{Budget: 2 << 20, Dir: dir})
	defer l.Close()
	n := 0
	grow := func(lines int) (trouble error) {
		for range lines {
			trouble = errors.Join(trouble, l.Append(backends.LogLine{Text: fmt.Appendf(nil, "line %d of a log that is longer than its disk", n)}))
			n++
		}
		return trouble
	}
	if err := grow(100_000); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("5 MB on 1 MB: %v", err)
	}
	lost, err := l.Lost()
	if lost == 0 || !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("%d lines lost, %v", lost, err)
	}
	check := func(want int64) {
		t.Helper()
		seen, skipped := int64(0), int64(0)
		for _, line := range l.Lines(0, l.Len(), nil) {
			if got, want := string(line.Text), fmt.Sprintf("line %d of a log that is longer than its disk", line.Seq); got != want {
				t.Fatalf("%q, want %q", got, want)
			}
			seen++
			skipped += line.Skipped
		}
		if seen+skipped != int64(n) || skipped != want {
			t.Errorf("%d lines read and %d said to be lost, of %d; Lost says %d", seen, skipped, n, want)
		}
	}
	check(lost)

	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=32m"); err != nil {
		t.Fatal(err)
	}
	if err := grow(50_000); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if now, err := l.Lost(); now != lost || err != nil {
		t.Errorf("with room again %d lines are lost, before %d; %v", now, lost, err)
	}
	check(lost)
}
