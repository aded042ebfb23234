package proc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const tail = " S 7 8 9 0 -1 4194560 100 0 0 0 11 12 13 14 20 0 5 0 4242 1000 333 18446744073709551615 1 1 0\n"
	for _, c := range []struct {
		in   string
		want Stat
		ok   bool
	}{
		{"42 (python3)" + tail, Stat{PID: 42, PPID: 7, Group: 8, Session: 9, Name: "python3", State: 'S', Start: 4242, Ticks: 23, Reaped: 27, RSS: 333}, true},
		{"42 (a) R 1 (b))" + tail, Stat{PID: 42, PPID: 7, Group: 8, Session: 9, Name: "a) R 1 (b)", State: 'S', Start: 4242, Ticks: 23, Reaped: 27, RSS: 333}, true},
		{"", Stat{}, false},
		{"42 (x", Stat{}, false},
		{"42 (x) S 1 2", Stat{}, false},
		{"x (x)" + tail, Stat{}, false},
		{"42 (x) S a b c" + strings.Repeat(" z", 30), Stat{}, false},
	} {
		got, ok := ParseStat([]byte(c.in))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %+v %v", c.in, got, ok)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("1 (a) b) Z 0 0 0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := ParseStat(b); ok && (s.PID <= 0 || s.RSS < 0) {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzEnviron(f *testing.F) {
	f.Add([]byte("A=1\x00B=2\x00"), "B")
	f.Add([]byte("\x00\x00=\x00A"), "A")
	f.Fuzz(func(t *testing.T, b []byte, key string) {
		v, ok := Environ(b).Lookup(key)
		if !ok {
			return
		}
		whole := "\x00" + string(b)
		if !strings.Contains(whole, "\x00"+key+"="+v) {
			t.Errorf("%q has no %s=%s", b, key, v)
		}
	})
}

func TestEnvironLookup(t *testing.T) {
	e := Environ("PATH=/bin\x00FLIGHTDECK_JOB_DIR=/x\x00FLIGHTDECK_JOB=j1\x00EMPTY=\x00LAST=z")
	for key, want := range map[string]string{"FLIGHTDECK_JOB": "j1", "EMPTY": "", "LAST": "z"} {
		if got, ok := e.Lookup(key); !ok || got != want {
			t.Errorf("%s: %q %v", key, got, ok)
		}
	}
	if _, ok := e.Lookup("JOB"); ok {
		t.Error("found half a name")
	}
}

func TestIdentity(t *testing.T) {
	me, err := Self()
	if err != nil || !me.Alive() || me.PID != os.Getpid() {
		t.Fatalf("%+v %v", me, err)
	}
	for name, other := range map[string]Identity{
		"another start": {me.PID, me.Start + 1, me.Boot}, "another boot": {me.PID, me.Start, "x"}, "nobody": {}, "no such pid": {1 << 30, 1, me.Boot},
	} {
		if other.Alive() {
			t.Errorf("%s is alive", name)
		}
	}
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if s, ok := Read(id.PID); ok && s.Dead() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
	}
	if id.Alive() {
		t.Error("a zombie is alive")
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := Identify(id.PID); err == nil {
		t.Error("a process that is gone has an identity")
	}
}

func TestTreeAndTotals(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sh -c 'sleep 100 & wait' & i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo; wait")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	var all []Stat
	for deadline := time.Now().Add(10 * time.Second); len(all) < 3 && time.Now().Before(deadline); {
		tab, err := Scan()
		if err != nil {
			t.Fatal(err)
		}
		all = all[:0]
		self, ok := Read(cmd.Process.Pid)
		if !ok {
			t.Fatal("the child is gone")
		}
		all = append(all, self)
		tab.Descend(self.PID, func(s Stat) bool { all = append(all, s); return true })
	}
	sum := Sum(all)
	if sum.Processes != 3 || sum.Memory < 100<<10 || sum.CPU <= 0 {
		t.Errorf("%+v of %+v", sum, all)
	}
	for _, s := range all {
		if p, err := os.FindProcess(s.PID); err == nil {
			_ = p.Kill()
		}
	}
	_ = cmd.Wait()
}

func TestParseIO(t *testing.T) {
	r, w := ParseIO([]byte("rchar: 5\nwchar: 6\nsyscr: 1\nsyscw: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: -3\n"))
	if r != 4096 || w != 8192 {
		t.Error(r, w)
	}
	if r, w := ParseIO([]byte("read_bytes: x\nwrite_bytes: -1\n")); r != 0 || w != 0 {
		t.Error(r, w)
	}
}

func TestOOMKills(t *testing.T) {
	for _, c := range []struct {
		name, cgroup string
		files        map[string]string
		counter      string
	}{
		{"version 2", "0::/user.slice/job\n", map[string]string{
			"sys/fs/cgroup/user.slice/job/memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill %d\noom_group_kill 0\n",
		}, "sys/fs/cgroup/user.slice/job/memory.events"},
		{"version 2 inside a container", "0::/../x\n", map[string]string{"sys/fs/cgroup/memory.events": "oom 1\noom_kill %d\n"}, "sys/fs/cgroup/memory.events"},
		{"version 1", "5:cpu:/\n4:hugetlb,memory:/box/a\n", map[string]string{
			"sys/fs/cgroup/memory/box/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill %d\n",
		}, "sys/fs/cgroup/memory/box/a/memory.oom_control"},
		{"the machine", "", map[string]string{"proc/vmstat": "pgfault 1\noom_kill %d\n"}, "proc/vmstat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			put := func(name, text string) {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			put("proc/self/cgroup", c.cgroup)
			set := func(n int) OOMKills {
				for name, text := range c.files {
					put(name, fmt.Sprintf(text, n))
				}
				return ReadOOMKills(root)
			}
			before := set(4)
			if before[filepath.Join(root, c.counter)] != 4 {
				t.Fatalf("read %v", before)
			}
			if set(4).Rose(before) {
				t.Error("the same is no rise")
			}
			if !set(5).Rose(before) {
				t.Error("a rise is not seen")
			}
		})
	}
	if len(ReadOOMKills(t.TempDir())) != 0 {
		t.Error("counters of nothing")
	}
}
