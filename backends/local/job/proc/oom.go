package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// OOMKills counts the processes that the kernel killed for want of memory: one
// counter of the machine and one of each memory cgroup that this process is in.
type OOMKills map[string]uint64

// ReadOOMKills reads the counters below root, "/" but in tests. What a kernel does
// not have is left out.
func ReadOOMKills(root string) OOMKills {
	kills := OOMKills{}
	note := func(path string) bool {
		b, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		n, ok := field(b, "oom_kill")
		if ok {
			kills[path] = n
		}
		return ok
	}
	note(filepath.Join(root, "proc/vmstat"))
	b, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return kills
	}
	for line := range bytes.Lines(b) {
		f := bytes.SplitN(bytes.TrimSpace(line), []byte(":"), 3)
		if len(f) != 3 {
			continue
		}
		// Below a container's own cgroup namespace or mount the path is not there, and
		// the mount itself is the process' cgroup: hence the path "" after it.
		mounts, name := []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}, "memory.events"
		if string(f[0]) != "0" {
			if !bytes.Contains(append([]byte(","), append(f[1], ',')...), []byte(",memory,")) {
				continue
			}
			mounts, name = []string{"sys/fs/cgroup/memory"}, "memory.oom_control"
		}
		for _, m := range mounts {
			if note(filepath.Join(root, m, string(f[2]), name)) || note(filepath.Join(root, m, name)) {
				break
			}
		}
	}
	return kills
}

// Rose reports whether any counter is higher than it was before.
func (k OOMKills) Rose(before OOMKills) bool {
	for path, n := range k {
		if old, ok := before[path]; ok && n > old {
			return true
		}
	}
	return false
}

func field(b []byte, name string) (uint64, bool) {
	for line := range bytes.Lines(b) {
		key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if string(key) == name {
			n, err := strconv.ParseUint(string(value), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
