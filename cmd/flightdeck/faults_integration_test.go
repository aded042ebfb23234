//go:build integration && linux

//integration:needs git=git

package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ownMounts gives the calling test, and the processes that it starts, mounts of
// their own. It needs CAP_SYS_ADMIN. The thread is never given back: it ends with
// the test, and so nobody else sees the mounts.
func ownMounts(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatalf("a mount namespace takes root: %v", err)
	}
	mount(t, "", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

func mount(t *testing.T, from, to, kind string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount(from, to, kind, flags, data); err != nil {
		t.Fatalf("mount %s: %v", to, err)
	}
	if to != "/" && flags&unix.MS_REMOUNT == 0 {
		t.Cleanup(func() {
			if err := unix.Unmount(to, unix.MNT_DETACH); err != nil {
				t.Errorf("unmount %s: %v", to, err)
			}
		})
	}
}

// smallDisk is a workspace on a file system of 2 MB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=2m")
	return dir
}

// fill leaves no byte on the file system of dir, and says where it put them.
func fill(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{64 << 10, 4 << 10, 1} {
		for {
			if _, err = f.Write(make([]byte, size)); err != nil {
				break
			}
		}
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return name
}

// answer is what a call of the real program said, and its exit code.
type answer struct {
	out, err string
	code     int
}

func (a answer) String() string {
	return fmt.Sprintf("exit %d\n--- output\n%s--- errors\n%s", a.code, a.out, a.err)
}

// call runs the real program in dir.
func call(t *testing.T, dir string, args ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built(t), args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// expect fails unless the call ended with the code and said each of the words.
func expect(t *testing.T, what string, a answer, code int, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(a.out+a.err, w) {
			t.Errorf("%s does not say %q: %s", what, w, a)
		}
	}
	if a.code != code {
		t.Errorf("%s: want exit %d: %s", what, code, a)
	}
}

// recorded waits until a run is in the list with its exit. A job that ended on a
// full disk gets its run when there is room again and its keeper tries again, which
// it does every 30 s at the least.
func recorded(t *testing.T, dir, name, exit string) {
	t.Helper()
	eventually(t, name+" is recorded with "+exit, 90*time.Second, func() bool {
		rows, err := csv.NewReader(strings.NewReader(call(t, dir, "runs", "-o", "csv").out)).ReadAll()
		if err != nil || len(rows) == 0 {
			return false
		}
		for _, row := range rows[1:] {
			if row[slices.Index(rows[0], "run")] == name && row[slices.Index(rows[0], "exit")] == exit {
				return true
			}
		}
		return false
	})
}

// sound fails unless the doctor has nothing to say.
func sound(t *testing.T, dir string) {
	t.Helper()
	expect(t, "the doctor", call(t, dir, "doctor"), exitOK, "sound", "nothing stale")
}

// A command fills the disk under its workspace: it ends with its own code, what it
// said is kept, the next one is refused with the reason, and with room again its run
// is there and nothing is damaged.
func TestAJobFillsTheDisk(t *testing.T) {
	t.Parallel() // both wait for a keeper
	ownMounts(t)
	dir := smallDisk(t)
	a := call(t, dir, "run", "--name", "hungry", "--", "sh", "-c", "echo before; head -c 8000000 /dev/zero > big; echo after; exit 3")
	expect(t, "run", a, 3, "before\n", "No space left on device", "after\n", "the disk is full")

	fill(t, dir)
	a = call(t, dir, "run", "--", "true")
	expect(t, "run on a full disk", a, exitFailed, "flightdeck: start", "the disk is full (workspace ", "nothing was started", dir)
	if a.out != "" {
		t.Errorf("it says that it started: %s", a)
	}
	expect(t, "ps on a full disk", call(t, dir, "ps", "-a"), exitOK, "hungry", "exit 3")
	expect(t, "logs on a full disk", call(t, dir, "logs", "hungry"), exitOK, "before\n", "after\n")
	expect(t, "runs on a full disk", call(t, dir, "runs"), exitOK)
	sound(t, dir)

	for _, name := range []string{"big", "filler"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	recorded(t, dir, "hungry", "exit 3")
	expect(t, "tag with room again", call(t, dir, "tag", "hungry", "a=b"), exitOK)
	expect(t, "run with room again", call(t, dir, "run", "--", "sh", "-c", "echo fine"), exitOK, "fine\n")
	sound(t, dir)
}

// The output itself fills the disk. Its beginning is kept, and the code is the
// command's own.
func TestOutputFillsTheDisk(t *testing.T) {
	t.Parallel() // both wait for a keeper
	ownMounts(t)
	dir := smallDisk(t)
	a := call(t, dir, "run", "--name", "loud", "--", "sh", "-c", "echo first; head -c 8000000 /dev/zero | tr '\\0' x; exit 5")
	if a.code != 5 || !strings.HasPrefix(a.out, "first\nxxxx") || len(a.out) > 2<<20 {
		t.Errorf("exit %d, %d bytes of output: %.80q; errors: %s", a.code, len(a.out), a.out, a.err)
	}
	if !strings.Contains(a.err, "the disk is full") {
		t.Errorf("it does not say why its run is not recorded: %q", a.err)
	}
	expect(t, "run on a full disk", call(t, dir, "run", "--", "true"), exitFailed, "the disk is full", "nothing was started")

	mount(t, "tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=16m") // room
	recorded(t, dir, "loud", "exit 5")
	if got := call(t, dir, "logs", "loud"); got.code != exitOK || strings.TrimSpace(got.out) != strings.TrimSpace(a.out) {
		t.Errorf("exit %d: the log has %d bytes, and %d were seen", got.code, len(got.out), len(a.out))
	}
	sound(t, dir)
}

// A change for which there is no room is not half done.
func TestATagOnAFullDisk(t *testing.T) {
	ownMounts(t)
	dir := smallDisk(t)
	expect(t, "run", call(t, dir, "run", "--name", "first", "--", "true"), exitOK)
	filler := fill(t, dir)
	tags := []string{"tag", "first"}
	for i := range 40 {
		tags = append(tags, fmt.Sprintf("key%d=%s", i, strings.Repeat("v", 4000)))
	}
	expect(t, "tag on a full disk", call(t, dir, tags...), exitFailed, "disk full", "nothing was written")
	// Without a byte of room SQLite cannot open its index; that must be said so.
	if a := call(t, dir, "show", "first"); a.code != exitOK {
		expect(t, "show on a full disk", a, exitFailed, "disk full")
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if a := call(t, dir, "show", "first"); a.code != exitOK || strings.Contains(a.out, "key0") {
		t.Errorf("half of it was done: %s", a)
	}
	expect(t, "tag with room again", call(t, dir, tags...), exitOK)
	expect(t, "show", call(t, dir, "show", "first"), exitOK, "tags.key0", "tags.key39")
	sound(t, dir)
}

// On a read-only mount all that reads works, and each change is refused with the
// reason and the code for it.
func TestReadOnlyFolder(t *testing.T) {
	ownMounts(t)
	dir, ro := t.TempDir(), t.TempDir()
	expect(t, "run", call(t, dir, "run", "--name", "first", "--", "sh", "-c", "echo hello"), exitOK)
	mount(t, dir, ro, "", unix.MS_BIND, "")
	mount(t, "", ro, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"runs", []string{"first"}},
		{"show first", []string{"first", "finished"}},
		{"logs first", []string{"hello\n"}},
		{"ps -a", []string{"first", "exit 0"}},
		{"doctor", []string{"read-only file system", "sound"}},
		{"models", nil},
		{"tag first a=b --dry-run", []string{"Tag first"}},
	} {
		expect(t, c.args, call(t, ro, strings.Fields(c.args)...), exitOK, c.words...)
	}
	for _, args := range []string{"tag first a=b", "note first words", "delete first", "restart first", "run -- true", "train digits"} {
		a := call(t, ro, strings.Fields(args)...)
		expect(t, args, a, exitRefused, "read-only", ro)
		if n := strings.Count(a.err, "\n"); n != 1 || a.out != "" {
			t.Errorf("%s: not one line: %s", args, a)
		}
	}
	if a := call(t, dir, "show", "first"); strings.Contains(a.out, "tags.a") {
		t.Errorf("the tag was set all the same: %s", a)
	}
}
