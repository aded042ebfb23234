package folder

import (
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// file is what a look at one file said.
type file struct {
	name        string
	size, mtime int64
	inode       uint64
}

// stamp sums up the files of a run, so that a change of any of them shows.
type stamp struct {
	files          int
	size           int64
	oldest, newest int64 // nanoseconds; 0 without files
	sum            uint64
}

func (s stamp) plus(o stamp) stamp {
	if s.files == 0 {
		s.oldest, s.newest = o.oldest, o.newest
	} else if o.files > 0 {
		s.oldest, s.newest = min(s.oldest, o.oldest), max(s.newest, o.newest)
	}
	s.files, s.size, s.sum = s.files+o.files, s.size+o.size, s.sum+o.sum
	return s
}

// weigh looks at the files of a folder that belongs to a run.
func (t *Tree) weigh(d *dir, mtime int64) {
	if !d.covered && !d.claimed() {
		return
	}
	var sum stamp
	if len(d.files) > manyFiles && !d.claimed() {
		sum = stamp{files: len(d.files), oldest: mtime, newest: mtime, sum: mixed(0, uint64(mtime), uint64(len(d.files)))}
	}
	fresh := d.files
	if sum.files == 0 {
		fresh = slices.Clone(d.files)
		for i := range fresh {
			fresh[i].read(d.path)
			if fresh[i].mtime != 0 {
				sum = sum.plus(fresh[i].stamp())
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d.files = fresh
	if sum == d.sum {
		return
	}
	if d.sum.files == 0 && d.sum.sum == 0 { // the first look: how long it has been quiet is what the files say
		if age := t.o.Now().Sub(time.Unix(0, sum.newest)); age > 0 {
			d.active = time.Now().Add(-age)
		}
	} else {
		d.active = time.Now()
	}
	d.sum = sum
	t.changed(&t.files)
}

// read looks at the file; one that is gone has no times.
func (f *file) read(dir string) {
	f.size, f.mtime, f.inode = 0, 0, 0
	fi, err := os.Stat(filepath.Join(dir, f.name))
	if err != nil || !fi.Mode().IsRegular() {
		return
	}
	f.size, f.mtime = fi.Size(), fi.ModTime().UnixNano()
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		f.inode = st.Ino
	}
}

func (f *file) stamp() stamp {
	return stamp{
		files: 1, size: f.size, oldest: f.mtime, newest: f.mtime,
		sum: mixed(nameHash(f.name), uint64(f.size), uint64(f.mtime), f.inode),
	}
}

func nameHash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// mixed folds numbers into one in which a change of any of them shows.
func mixed(h uint64, vs ...uint64) uint64 {
	const prime = 1099511628211
	for _, v := range vs {
		h = (h ^ v) * prime
		h ^= h >> 29
	}
	return h
}

// of is the stamp of a place; the lock is held.
func (t *Tree) of(p *Place) stamp {
	if d := t.dirs[p.Path]; d != nil {
		if p.Below {
			return d.all()
		}
		return d.sum
	}
	d := t.dirs[filepath.Dir(p.Path)]
	if d == nil {
		return stamp{}
	}
	i, ok := slices.BinarySearchFunc(d.files, filepath.Base(p.Path), func(f file, name string) int { return strings.Compare(f.name, name) })
	if !ok || d.files[i].mtime == 0 {
		return stamp{}
	}
	return d.files[i].stamp()
}

// all is the stamp of a folder with all below it.
func (d *dir) all() stamp {
	s := d.sum
	for _, sub := range d.subs {
		s = s.plus(sub.all())
	}
	return s
}

// again looks at the files of one place at once, without waiting for a pass.
func (t *Tree) again(p *Place) stamp {
	t.mu.Lock()
	busy := t.pass != nil
	d := t.dirs[p.Path]
	if d == nil {
		d = t.dirs[filepath.Dir(p.Path)]
	}
	t.mu.Unlock()
	if !busy && d != nil { // a pass that runs looks there itself
		t.refresh(d, p.Below && d.path == p.Path)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of(p)
}

// refresh looks at a folder, and at those below it, unless a pass begins meanwhile.
func (t *Tree) refresh(d *dir, below bool) {
	done := make(chan struct{})
	t.mu.Lock()
	if t.pass != nil || t.ctx.Err() != nil {
		t.mu.Unlock()
		return
	}
	t.pass = done // nobody else writes folders until this is over
	t.mu.Unlock()
	queue := []*dir{d}
	for len(queue) > 0 {
		d, queue = queue[0], queue[1:]
		if t.visit(d) && below {
			queue = append(queue, d.subs...)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass = nil
	close(done)
}

// whenOf is a file's time.
func whenOf(ns int64) time.Time {
	if ns == 0 || ns == math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// compareNatural orders names as people count: version_2 before version_10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if na > 0 && nb > 0 {
			x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
