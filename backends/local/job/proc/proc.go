// Package proc reads Linux's /proc: who is alive, who descends from whom, what a
// tree of processes uses, and whether the kernel ran out of memory.
//
// A process is known by its Identity: pid, start time and boot, since pids are
// used again. Nothing here changes anything, and a process that ends while it is
// being read is simply not there.
package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Identity names one process for good: a pid alone is used again, within minutes
// on a busy machine and at once after a reboot.
type Identity struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot: field 22 of /proc/<pid>/stat
	Boot  string `json:"boot"`  // /proc/sys/kernel/random/boot_id
}

// Boot is the id of the kernel's current boot, "" when it cannot be read.
func Boot() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// Identify is the identity of the process that has this pid now; a zombie has one.
func Identify(pid int) (Identity, error) {
	s, ok := Read(pid)
	if !ok {
		return Identity{}, fmt.Errorf("process %d: no such process", pid)
	}
	return Identity{PID: pid, Start: s.Start, Boot: Boot()}, nil
}

// Self is the identity of this process.
func Self() (Identity, error) { return Identify(os.Getpid()) }

// Alive reports whether exactly this process still runs. A zombie does not.
func (i Identity) Alive() bool {
	if i.PID <= 0 {
		return false
	}
	s, ok := Read(i.PID)
	return ok && s.Start == i.Start && !s.Dead() && (i.Boot == "" || i.Boot == Boot())
}

// Stat is what /proc/<pid>/stat says of a process. Times are in clock ticks of
// 10 ms.
type Stat struct {
	PID, PPID, Group, Session int
	Name                      string // at most 15 bytes, chosen by the process itself
	State                     byte   // 'R', 'S', 'D', 'T', 'Z' …
	Start                     uint64
	Ticks                     uint64 // user and system
	Reaped                    uint64 // the same of children that ended and were waited for
	RSS                       int64  // pages
}

// Ticks of the clock in a second; the kernel's user interface has been fixed at
// this on every architecture that Go runs on.
const TicksPerSecond = 100

// Dead reports a zombie: it uses nothing and waits to be reaped.
func (s Stat) Dead() bool { return s.State == 'Z' || s.State == 'X' }

// Read reads the stat of one process; ok is false when there is none.
func Read(pid int) (Stat, bool) {
	var buf [1024]byte
	b, ok := slurp("/proc/"+strconv.Itoa(pid)+"/stat", buf[:])
	if !ok {
		return Stat{}, false
	}
	return ParseStat(b)
}

func slurp(path string, buf []byte) ([]byte, bool) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	n, err := f.Read(buf)
	return buf[:n], err == nil && n > 0
}

// ParseStat parses a line of /proc/<pid>/stat. The name may hold anything, spaces
// and parentheses too, so the fields are counted from the last parenthesis.
func ParseStat(b []byte) (Stat, bool) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 2 || end < open || end+2 > len(b) {
		return Stat{}, false
	}
	var s Stat
	var err error
	if s.PID, err = strconv.Atoi(string(bytes.TrimSpace(b[:open]))); err != nil || s.PID <= 0 {
		return Stat{}, false
	}
	s.Name = string(b[open+1 : end])
	f := bytes.Fields(b[end+1:])
	if len(f) < 22 || len(f[0]) != 1 {
		return Stat{}, false
	}
	s.State = f[0][0]
	num := func(i int) uint64 {
		n, e := strconv.ParseUint(string(f[i]), 10, 64)
		if e != nil && err == nil {
			err = e
		}
		return n
	}
	s.PPID, s.Group, s.Session = int(num(1)), int(num(2)), int(num(3))
	s.Ticks, s.Start = num(11)+num(12), num(19)
	reaped := func(i int) uint64 { // signed in the kernel's format
		n, _ := strconv.ParseInt(string(f[i]), 10, 64)
		return uint64(max(n, 0))
	}
	s.Reaped = reaped(13) + reaped(14)
	rss, _ := strconv.ParseInt(string(f[21]), 10, 64)
	s.RSS = max(rss, 0)
	return s, err == nil
}
