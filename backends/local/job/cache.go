package job

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// stamp tells whether a file is still the one that was read.
type stamp struct {
	ino   uint64
	size  int64
	mtime int64
}

func stampOf(path string) stamp {
	fi, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	s := stamp{size: fi.Size(), mtime: fi.ModTime().UnixNano()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		s.ino = st.Ino
	}
	return s
}

// recent reports a change so fresh that another one within the same tick of the
// file system's clock would leave the same stamp.
func (s stamp) recent() bool {
	return s.mtime != 0 && time.Since(time.Unix(0, s.mtime)).Abs() < 50*time.Millisecond
}

// files are those whose change changes the job.
func files() [6]string {
	return [6]string{specFile, stateFile, supervisorFile, exitFile, stopFile, usageFile}
}

type cached struct {
	job     *backends.Job
	view    *view
	folder  uint64 // inode
	stamps  [6]stamp
	settled bool
}

// newer orders by start, by the count and not by the clock, which may go back.
func newer(a, b *cached) int {
	return -cmp.Or(cmp.Compare(a.view.spec.Order, b.view.spec.Order), a.view.spec.Created.Compare(b.view.spec.Created), cmp.Compare(a.job.ID, b.job.ID))
}

// refresh brings one job up to date, nil if its folder is no job. same tells that no
// folder was added or removed since the last time.
func (j *Jobs) refresh(id string, same bool) *cached {
	c, dir := j.cache[id], j.Dir(id)
	if c != nil && c.settled && (same || stampOf(dir).ino == c.folder) {
		return c
	}
	var now [6]stamp
	fresh := false
	for i, name := range files() {
		now[i] = stampOf(filepath.Join(dir, name))
		fresh = fresh || now[i].recent()
	}
	if c != nil && !fresh && now == c.stamps && c.view.alive() == c.view.life {
		return c
	}
	v := newView(dir)
	if v.specErr != nil && v.stErr != nil && v.exit == nil && os.IsNotExist(v.specErr) {
		delete(j.cache, id) // half-made, or just going: Stale speaks of it
		return nil
	}
	next := &cached{job: v.job(), view: v, folder: stampOf(dir).ino, stamps: now, settled: v.settled()}
	if c != nil && reflect.DeepEqual(c.job, next.job) {
		next.job = c.job
	}
	j.cache[id] = next
	return next
}

// reap takes in the keepers that we started and that have ended since: as long as
// we live they would be zombies.
func (j *Jobs) reap() {
	left := j.started[:0]
	for _, p := range j.started {
		if s, ok := proc.Read(p.Pid); ok && !s.Dead() {
			left = append(left, p)
			continue
		}
		_, _ = p.Wait() // at once: it is a zombie
	}
	j.started = left
}
