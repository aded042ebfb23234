package job

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"flightdeck/backends/local/job/proc"
)

// owner tells the files of this job's processes from those of other jobs that work
// in the same folder: both write into runs/ or lightning_logs/, and a follower must
// not take one's metrics for the other's.
//
// What tells is a file that is open for writing, or the pid in the name of an event
// file. A program that does neither (CSVLogger opens its file for each write) cannot
// be told from its neighbour, and is not followed while it has one.
type owner struct {
	id   string
	jobs string // the folder of all jobs
	dir  string // the child's

	mu    sync.Mutex
	at    time.Time
	files []openFile
	pids  map[int]bool // of the jobs' processes so far: whether it is this job's
	alone bool
	asked time.Time
	// unsure are places that could have been another job's when they were first seen:
	// they stay so after that job has ended.
	unsure map[string]bool
}

// openFile is a file that some job's process has open for writing.
type openFile struct {
	path string
	mine bool
}

const (
	openAge    = time.Second // how long what was seen in /proc is good
	mostRivals = 500         // newest jobs that are looked at
	mostUnsure = 10_000
)

// owns implements backends.FollowSource.Owns.
func (o *owner) owns(path string) (mine, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.asked) > openAge {
		o.alone, o.asked = !o.rivals(), time.Now()
	}
	if o.alone && !o.unsure[path] {
		return true, true
	}
	if time.Since(o.at) > openAge {
		o.scan()
	}
	if mine, known := o.named(path); known {
		return mine, true
	}
	others := false
	for _, f := range o.files {
		if !below(f.path, path) {
			continue
		}
		if f.mine {
			return true, true
		}
		others = true
	}
	if o.unsure == nil {
		o.unsure = map[string]bool{}
	}
	if len(o.unsure) < mostUnsure {
		o.unsure[path] = true
	}
	return false, others
}

// below says whether a path is the folder, or in it.
func below(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/')
}

// rivals says whether another job runs that may write into the same folder.
func (o *owner) rivals() bool {
	entries, err := os.ReadDir(o.jobs)
	if err != nil {
		return false
	}
	slices.Reverse(entries) // ids begin with a time
	for i, e := range entries {
		if i == mostRivals {
			break
		}
		dir := filepath.Join(o.jobs, e.Name())
		if e.Name() == o.id || CheckID(e.Name()) != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, exitFile)); err == nil {
			continue
		}
		var sp spec
		var st state
		if read(dir, specFile, &sp) != nil || !below(sp.Spec.Dir, o.dir) && !below(o.dir, sp.Spec.Dir) {
			continue
		}
		if read(dir, stateFile, &st) == nil && st.Child.Alive() {
			return true
		}
	}
	return false
}

// named looks for the pid of a job's process in the names of event files, which end
// in .<host>.<pid>.<number>.
func (o *owner) named(dir string) (mine, known bool) {
	f, err := os.Open(dir)
	if err != nil {
		return false, false
	}
	defer f.Close()
	names, _ := f.Readdirnames(1000) // enough to tell
	for _, name := range names {
		if !strings.Contains(name, "tfevents") {
			continue
		}
		parts := strings.Split(name, ".")
		for _, p := range parts[max(0, len(parts)-3):] {
			pid, err := strconv.Atoi(p)
			if m, ok := o.pids[pid]; ok && err == nil {
				if mine, known = m, true; m {
					return true, true
				}
			}
		}
	}
	return mine, known
}

// scan notes what the processes of all jobs have open for writing.
func (o *owner) scan() {
	o.files, o.at = o.files[:0], time.Now()
	t, err := proc.Scan()
	if err != nil {
		return
	}
	if o.pids == nil || len(o.pids) > mostUnsure {
		o.pids = map[int]bool{}
	}
	t.All(func(s proc.Stat) {
		job, ok := proc.EnvironOf(s.PID).Lookup(envJob)
		if !ok {
			return
		}
		o.pids[s.PID] = job == o.id
		dir := "/proc/" + strconv.Itoa(s.PID)
		fds, err := os.ReadDir(dir + "/fd")
		if err != nil {
			return
		}
		for _, fd := range fds {
			path, err := os.Readlink(dir + "/fd/" + fd.Name())
			if err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/dev/") && forWriting(dir+"/fdinfo/"+fd.Name()) {
				o.files = append(o.files, openFile{path, job == o.id})
			}
		}
	})
}

// forWriting says whether an open file was opened for writing: fdinfo's flags are
// octal.
func forWriting(fdinfo string) bool {
	b, err := os.ReadFile(fdinfo)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseInt(strings.TrimSpace(text), 8, 64)
			return err == nil && flags&syscall.O_ACCMODE != syscall.O_RDONLY
		}
	}
	return false
}
