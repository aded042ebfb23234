package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is one process as /proc shows it. Pids are reused; a pid with its start
// time is not.
type process struct {
	pid, parent int
	start       string
	args        string
}

func readProcess(pid int) (process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	cmdline, err2 := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || err2 != nil {
		return process{}, false
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if f[0] == "Z" || f[0] == "X" {
		return process{}, false
	}
	parent, err := strconv.Atoi(f[1])
	return process{pid, parent, f[19], strings.ReplaceAll(strings.TrimRight(string(cmdline), "\x00"), "\x00", " ")}, err == nil
}

func processes(t testing.TB) []process {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// matching are the processes whose command line holds all parts.
func matching(t testing.TB, parts ...string) []process {
	t.Helper()
	var hits []process
next:
	for _, p := range processes(t) {
		for _, part := range parts {
			if !strings.Contains(p.args, part) {
				continue next
			}
		}
		hits = append(hits, p)
	}
	return hits
}

// children are the processes that a workspace's jobs run, by what a job's child
// carries in its environment.
func children(t testing.TB, ws string) []process {
	t.Helper()
	var out []process
	for _, p := range processes(t) {
		env, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "environ"))
		if err == nil && bytes.Contains(env, []byte("FLIGHTDECK_JOB_DIR="+filepath.Join(ws, ".flightdeck", "jobs")+"/")) {
			out = append(out, p)
		}
	}
	return out
}

func alive(p process) bool {
	now, ok := readProcess(p.pid)
	return ok && now.start == p.start
}

// eventually polls until ok, with a deadline for the whole machine being slow.
func eventually(t testing.TB, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %s: %s", limit, what)
}

func kill9(t testing.TB, p process) {
	t.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill -9 %d (%s): %v", p.pid, p.args, err)
	}
}
