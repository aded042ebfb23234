package job

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// With another job in the same folder a place is this job's only if one of its
// processes is seen to write there.
func TestOwner(t *testing.T) {
	work, jobs := t.TempDir(), t.TempDir()
	const mine, rival = "20260101-000000-aaaaaa", "20260101-000001-bbbbbb"
	o := &owner{id: mine, jobs: jobs, dir: work}
	if own, known := o.owns(filepath.Join(work, "a")); !own || !known {
		t.Error("alone, and it does not own what is there")
	}
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(jobs, rival), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{specFile: spec{Spec: backends.JobSpec{Dir: filepath.Join(work, "sub")}}, stateFile: state{Child: self}} {
		if err := replace(filepath.Join(jobs, rival), name, v); err != nil {
			t.Fatal(err)
		}
	}
	o.asked = time.Time{}
	if _, known := o.owns(filepath.Join(work, "a")); known {
		t.Error("nobody writes there, and it knows whose it is")
	}
	o.files, o.at = []openFile{{filepath.Join(work, "a", "f"), true}, {filepath.Join(work, "b", "f"), false}}, time.Now().Add(time.Hour)
	for path, want := range map[string][2]bool{"a": {true, true}, "b": {false, true}, "ab": {false, false}} {
		if own, known := o.owns(filepath.Join(work, path)); own != want[0] || known != want[1] {
			t.Errorf("%s: %v, %v", path, own, known)
		}
	}
	o.pids = map[int]bool{41: true, 42: false}
	for dir, want := range map[string][2]bool{"mine": {true, true}, "theirs": {false, true}, "nobodys": {false, false}} {
		p := filepath.Join(work, dir)
		name := "events.out.tfevents.1700000000.host." + map[string]string{"mine": "41", "theirs": "42", "nobodys": "43"}[dir] + ".0"
		if err := os.MkdirAll(p, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if own, known := o.owns(p); own != want[0] || known != want[1] {
			t.Errorf("event files, %s: %v, %v", dir, own, known)
		}
	}
	o.asked = time.Time{}
	if err := replace(filepath.Join(jobs, rival), exitFile, exited{}); err != nil {
		t.Fatal(err)
	}
	o.asked = time.Time{}
	o.files = nil
	if own, _ := o.owns(filepath.Join(work, "b")); own {
		t.Error("it was the other one's, and became ours when that ended")
	}
	if own, _ := o.owns(filepath.Join(work, "c")); !own {
		t.Error("the other one has ended: what comes now is ours")
	}
}

func TestForWriting(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := os.Open(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for file, want := range map[*os.File]bool{f: true, r: false} {
		if got := forWriting(filepath.Join("/proc/self/fdinfo", itoa(file.Fd()))); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func itoa(fd uintptr) string {
	if fd < 10 {
		return string(rune('0' + fd))
	}
	return itoa(fd/10) + string(rune('0'+fd%10))
}
