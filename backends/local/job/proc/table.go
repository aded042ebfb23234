package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Table is all processes at about one moment. It is not atomic: a process that
// forks while the table is read may hide a child, so who must find all scans again.
type Table struct {
	byPID    map[int]Stat
	children map[int][]int
}

// Scan reads the table.
func Scan() (*Table, error) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	t := &Table{byPID: make(map[int]Stat, len(names)), children: make(map[int][]int, len(names))}
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil {
			continue
		}
		if s, ok := Read(pid); ok {
			t.byPID[pid] = s
			t.children[s.PPID] = append(t.children[s.PPID], pid)
		}
	}
	return t, nil
}

// Find is the process with this identity.
func (t *Table) Find(i Identity) (Stat, bool) {
	s, ok := t.byPID[i.PID]
	return s, ok && s.Start == i.Start && !s.Dead()
}

// All calls f for every process that is not a zombie.
func (t *Table) All(f func(Stat)) {
	for _, s := range t.byPID {
		if !s.Dead() {
			f(s)
		}
	}
}

// Descend calls f for every descendant of pid, zombies left out; where f returns
// false, the descendants of that one are left out too.
func (t *Table) Descend(pid int, f func(Stat) bool) {
	for _, c := range t.children[pid] {
		s := t.byPID[c]
		if s.Dead() || c == pid {
			continue
		}
		if f(s) {
			t.Descend(c, f)
		}
	}
}

// Environ is the environment that a process was started with. It is empty for
// another user's process and for one that ended.
type Environ []byte

// EnvironOf reads the environment of a process.
func EnvironOf(pid int) Environ {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return nil
	}
	return b
}

// Lookup is the value of a variable.
func (e Environ) Lookup(key string) (string, bool) {
	for rest := []byte(e); len(rest) > 0; {
		var kv []byte
		kv, rest, _ = bytes.Cut(rest, []byte{0})
		if len(kv) > len(key) && kv[len(key)] == '=' && string(kv[:len(key)]) == key {
			return string(kv[len(key)+1:]), true
		}
	}
	return "", false
}
