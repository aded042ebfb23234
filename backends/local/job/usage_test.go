package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
)

func TestUsageOfTheWholeTree(t *testing.T) {
	r := newRoom(t)
	r.start("j1", "setsid sh -c 'while :; do :; done' & while :; do sleep 0.05; done")
	var last backends.Usage
	r.until("a grandchild's work is seen", func() bool {
		us, err := r.Usage(context.Background(), "j1")
		if err != nil {
			t.Fatal(err)
		}
		if len(us) > 0 {
			last = us[len(us)-1]
		}
		return last.CPU > 0.1
	})
	if last.Processes < 2 || last.Memory < 100<<10 || last.CPU > float64(runtime.NumCPU())+1 {
		t.Errorf("%+v", last)
	}
	if j := r.job("j1"); j.Usage == nil || j.Usage.Processes < 2 {
		t.Errorf("the job shows %+v", j.Usage)
	}
	if err := r.Stop(granted(), "j1", time.Second); err != nil {
		t.Fatal(err)
	}
	r.ended("j1")
	us, err := r.Usage(context.Background(), "j1")
	if err != nil {
		t.Fatal(err)
	}
	if got := parseUsage([]byte(r.text("j1", "t.usage"))); len(got) != len(us) {
		t.Errorf("the tracker was given %d of %d samples", len(got), len(us))
	}
}

func TestTheFileOfSamplesIsBoundedAndInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), usageFile)
	t0 := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	n := 0
	for range 3 { // a new supervisor goes on
		l, err := openUsage(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 2500 {
			if err := l.add(backends.Usage{At: t0.Add(time.Duration(n) * time.Second), Processes: 1, Memory: int64(n)}); err != nil {
				t.Fatal(err)
			}
			n++
		}
		if _, err := l.f.WriteString(`{"at":"2026-05-01T`); err != nil { // and was killed in the middle
			t.Fatal(err)
		}
		l.f.Close()
	}
	us, err := readUsage(path)
	if err != nil || len(us) > mostSamples || len(us) < mostSamples/2 {
		t.Fatalf("%d samples, %v", len(us), err)
	}
	if !slices.IsSortedFunc(us, func(a, b backends.Usage) int { return a.At.Compare(b.At) }) || us[len(us)-1].Memory != int64(n-1) {
		t.Errorf("the last is %+v", us[len(us)-1])
	}
	if last := lastUsage(path); last == nil || last.Memory != int64(n-1) {
		t.Errorf("read from the end: %+v", last)
	}
	if us, err := readUsage(path + ".none"); us != nil || err != nil {
		t.Errorf("without a file: %v %v", us, err)
	}
}

func TestSamplesStayInOrderThoughTheClockGoesBack(t *testing.T) {
	id, err := identityOfTest()
	if err != nil {
		t.Fatal(err)
	}
	s := sampler{crew: crew{id: "none", keeper: id, child: id}}
	now, wall := time.Now(), time.Now()
	var before time.Time
	for i := range 3 {
		u, ok, err := s.take(now.Add(time.Duration(i)*time.Second), wall.Add(-time.Duration(i)*time.Hour))
		if err != nil || ok != (i > 0) || ok && !u.At.After(before) || u.CPU < 0 {
			t.Errorf("%d: %+v %v %v", i, u, ok, err)
		}
		if ok {
			before = u.At
		}
	}
}

func FuzzUsage(f *testing.F) {
	b, _ := json.Marshal(backends.Usage{At: time.Now(), CPU: 1.5})
	f.Add(append(append(b, '\n'), b[:len(b)/2]...))
	f.Add([]byte("null\n{}\n[1]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, u := range parseUsage(b) {
			if u.At.IsZero() {
				t.Error("a sample without a time")
			}
		}
	})
}

func FuzzFolder(f *testing.F) {
	f.Add([]byte(`{"id":"j","spec":{"command":["x"]}}`), []byte(`{"keeper":{"pid":1}}`), []byte(`{"known":true}`), []byte(`{}`))
	f.Add([]byte(`{"spec":null`), []byte(``), []byte(`[]`), []byte("\x00"))
	f.Fuzz(func(t *testing.T, spec, state, exit, sup []byte) {
		dir := mkdir(t, filepath.Join(t.TempDir(), "j"))
		for name, b := range map[string][]byte{specFile: spec, stateFile: state, exitFile: exit, supervisorFile: sup} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		j := newView(dir).job()
		if j.ID != "j" || j.State == "" || !j.Active() && j.Exit == nil {
			t.Errorf("%+v", j)
		}
	})
}

func TestReplaceOnAFullDiskUsesTheSpare(t *testing.T) {
	dir := t.TempDir()
	if err := reserve(dir, stateFile); err != nil {
		t.Fatal(err)
	}
	// The temporary file is on a full device; the spare is not.
	if err := os.Symlink("/dev/full", filepath.Join(dir, stateFile+".tmp")); err != nil {
		t.Fatal(err)
	}
	if err := replace(dir, stateFile, state{Port: 4242}); err != nil {
		t.Fatal(err)
	}
	var st state
	if err := read(dir, stateFile, &st); err != nil || st.Port != 4242 {
		t.Errorf("%+v %v", st, err)
	}
	if fi, err := os.Stat(filepath.Join(dir, stateFile+".spare")); err != nil || fi.Size() != spareSize {
		t.Errorf("no new spare: %v", err)
	}
	for _, name := range []string{".tmp", ".spare"} {
		path := filepath.Join(dir, exitFile+name)
		if err := os.Symlink("/dev/full", path); err != nil {
			t.Fatal(err)
		}
	}
	if err := replace(dir, exitFile, exited{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("with both full: %v", err)
	}
}

// smaps sums one field of smaps_rollup, in bytes.
func smaps(t *testing.T, pid int, fields ...string) (n int64) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		f := strings.Fields(string(line))
		if len(f) == 3 && slices.Contains(fields, strings.TrimSuffix(f[0], ":")) {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			n += kb << 10
		}
	}
	return n
}

func TestKeeperAndSupervisorAreSmall(t *testing.T) {
	r := newRoom(t)
	j := r.start("j1", "while :; do sleep 0.2; done")
	sup, keeper := r.supervisor("j1"), r.state("j1").Keeper
	token := r.text("j1", tokenFile)
	for i := range 200 {
		if err := post(j, token, strings.Repeat(strconv.Itoa(i), 2000)); err != nil {
			t.Fatal(err)
		}
	}
	r.until("samples are taken", func() bool { us, _ := r.Usage(context.Background(), "j1"); return len(us) >= 2 })
	pss := smaps(t, keeper.PID, "Pss") + smaps(t, sup.PID, "Pss")
	// Pss shares the program's pages with this test's own process; alone they would
	// be the two's only.
	alone := smaps(t, keeper.PID, "Private_Clean", "Private_Dirty") + smaps(t, sup.PID, "Rss")
	t.Logf("keeper and supervisor: pss %.1f MB; %.1f MB if nobody shared", float64(pss)/1e6, float64(alone)/1e6)
	if pss > 25e6*memoryFactor || alone > 25e6*memoryFactor {
		t.Errorf("pss %d, alone %d: over 25 MB", pss, alone)
	}
}
