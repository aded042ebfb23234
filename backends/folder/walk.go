package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// dir is one folder of the tree. The walker alone writes it, under the tree's lock.
type dir struct {
	rel, path string
	depth     int
	subs      []*dir
	mtime     int64     // nanoseconds
	settled   bool      // the entries were read after mtime stood still
	barred    int64     // the mtime at which it held too much
	names     uint64    // digest of the entries' names; 0 before they were read
	claims    [][]Place // by the number of the format
	covered   bool      // it is below a place that says so
	files     []file    // of folders that belong to a run, sorted by name
	sum       stamp     // of files
	active    time.Time // when it changed last, as far as we know
}

const (
	deepest    = 48               // folders below one another
	coldAfter  = 10 * time.Minute // without a change
	coldEvery  = 8                // passes, for what is cold
	manyFiles  = 256              // in a folder that only belongs to a run: its own time must do
	fullSpeed  = 2 * time.Second  // of the first pass
	workSlice  = 5 * time.Millisecond
	restAfter  = 5 // slices of rest after one of work
	restAtInit = 1 // the same in the first pass
)

// skipped are folders that hold programs or stores, never runs.
func skipped(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "site-packages", "__pycache__", ".flightdeck", ".ipynb_checkpoints",
		".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".cache":
		return true
	}
	return false
}

// walk goes once through the tree, from the top down, and closes done at its end.
func (t *Tree) walk(done chan struct{}) {
	start := time.Now()
	t.mu.Lock()
	number, first, all := t.passes, t.passes == 0, t.passes == 0 || t.hurried > 0
	asked := len(t.formats)
	queue := []*dir{t.dirs[t.root]}
	t.mu.Unlock()
	rest := pacer{ctx: t.ctx, start: start, first: first, began: start}
	for len(queue) > 0 && t.ctx.Err() == nil {
		d := queue[0]
		queue = queue[1:]
		if all || !d.cold(number) {
			if !t.visit(d) {
				continue
			}
			t.mu.Lock()
			hurry := t.hurried > 0
			t.mu.Unlock()
			rest.breathe(hurry)
		}
		queue = append(queue, d.subs...)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended, t.took = time.Now(), rest.worked()
	if t.ctx.Err() == nil && asked == len(t.formats) {
		t.passes++
	}
	t.pass = nil
	close(done)
}

// pacer keeps a walk from taking a core for itself.
type pacer struct {
	ctx          context.Context
	start, began time.Time // of the walk; of this slice of work
	first        bool
	rested       time.Duration
}

func (p *pacer) worked() time.Duration { return time.Since(p.start) - p.rested }

func (p *pacer) breathe(hurry bool) {
	if hurry || p.first && time.Since(p.start) < fullSpeed || time.Since(p.began) < workSlice {
		return
	}
	d := restAfter * workSlice
	if p.first {
		d = restAtInit * workSlice
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	before := time.Now()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
	p.began = time.Now()
	p.rested += p.began.Sub(before)
}

// cold says that this pass may leave the folder out.
func (d *dir) cold(pass int) bool {
	return d.settled && time.Since(d.active) > coldAfter && (pass+len(d.path))%coldEvery != 0
}

// visit looks at one folder. It says false when that is gone.
func (t *Tree) visit(d *dir) bool {
	fi, err := os.Lstat(d.path)
	if err == nil && !fi.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		t.lost(d, err)
		return false
	}
	m := fi.ModTime().UnixNano()
	t.mu.Lock()
	formats, behind := t.formats, len(d.claims) < len(t.formats)
	t.mu.Unlock()
	if d.barred == m {
		return false
	}
	if m != d.mtime || !d.settled || behind {
		entries, err := t.list(d)
		if err != nil {
			t.lost(d, err)
			if _, many := err.(tooMany); many {
				d.barred = m
			}
			return false
		}
		t.take(d, entries, formats, m)
	}
	t.weigh(d, m)
	return true
}

// list reads a folder's entries, sorted by name, without what is left out.
func (t *Tree) list(d *dir) ([]fs.DirEntry, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(t.o.MostEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(entries) > t.o.MostEntries {
		return nil, tooMany(t.o.MostEntries)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.Type()&fs.ModeSymlink != 0 && !t.linked(filepath.Join(d.path, e.Name()))
	})
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

type tooMany int

func (n tooMany) Error() string { return "it holds more than " + itoa(int(n)) + " entries" }

// linked says whether a link leads to a file in the tree.
func (t *Tree) linked(path string) bool {
	to, err := filepath.EvalSymlinks(path)
	if err != nil || !strings.HasPrefix(to, t.root+string(filepath.Separator)) {
		return false
	}
	fi, err := os.Lstat(to)
	return err == nil && fi.Mode().IsRegular()
}

// lost notes that a folder is gone or cannot be read.
func (t *Tree) lost(d *dir, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !errors.Is(err, fs.ErrNotExist) {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		t.note(d.rel, err.Error())
	} else {
		delete(t.notes, d.rel)
	}
	if len(d.subs) > 0 || len(d.files) > 0 || slices.ContainsFunc(d.claims, func(c []Place) bool { return len(c) > 0 }) {
		t.changed(&t.places)
	}
	for _, s := range d.subs {
		t.drop(s)
	}
	d.subs, d.names, d.claims, d.files, d.sum, d.mtime, d.settled = nil, 0, make([][]Place, len(t.formats)), nil, stamp{}, 0, false
	if errors.Is(err, fs.ErrNotExist) && d.rel != "." {
		delete(t.dirs, d.path)
		if up := t.dirs[filepath.Dir(d.path)]; up != nil {
			up.subs = slices.DeleteFunc(slices.Clone(up.subs), func(s *dir) bool { return s == d })
			up.settled = false
		}
	}
}

const mostNotes = 1000

// note says what was left out; the lock is held.
func (t *Tree) note(rel, why string) {
	if len(t.notes) < mostNotes {
		t.notes[rel] = why
	}
}

// drop forgets a folder with all below it; the lock is held.
func (t *Tree) drop(d *dir) {
	delete(t.dirs, d.path)
	delete(t.notes, d.rel)
	for _, s := range d.subs {
		t.drop(s)
	}
}

// changed counts a change; the lock is held.
func (t *Tree) changed(what *uint64) {
	*what++
	t.moved = time.Now()
}

// take makes the folder what its entries say.
func (t *Tree) take(d *dir, entries []fs.DirEntry, formats []Format, mtime int64) {
	names := digest(entries)
	same := names == d.names && len(d.claims) == len(formats)
	claims := d.claims
	isEnv := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "pyvenv.cfg" }) // a virtual environment by any name
	if !same {
		claims = make([][]Place, len(formats))
		for i, f := range formats {
			if !isEnv {
				claims[i] = f.Places(d.path, d.rel, entries)
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.notes, d.rel)
	d.settled, d.mtime = d.mtime == mtime && same, mtime
	if same {
		return
	}
	d.active = time.Now()
	d.names, d.claims = names, claims
	t.changed(&t.places)
	t.descend(d, entries, isEnv)
	d.files = d.files[:0]
	if d.covered || d.claimed() {
		for _, e := range entries {
			if e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0 {
				d.files = append(d.files, file{name: e.Name()})
			}
		}
	}
}

// digest stands for the names and kinds of a folder's entries; it is never 0.
func digest(entries []fs.DirEntry) uint64 {
	h := uint64(len(entries)) + 1
	for _, e := range entries {
		h = mixed(h, nameHash(e.Name()), uint64(e.Type()))
	}
	return max(h, 1)
}

func (d *dir) claimed() bool {
	return slices.ContainsFunc(d.claims, func(c []Place) bool { return len(c) > 0 })
}

// descend makes the folders below d; the lock is held.
func (t *Tree) descend(d *dir, entries []fs.DirEntry, isEnv bool) {
	old := map[string]*dir{}
	for _, s := range d.subs {
		old[s.path] = s
	}
	var subs []*dir
	for _, e := range entries {
		if !e.IsDir() || isEnv || skipped(e.Name()) || d.depth == deepest {
			continue
		}
		p := filepath.Join(d.path, e.Name())
		s := old[p]
		if s == nil {
			if len(t.dirs) >= t.o.MostFolders {
				t.note(d.rel, "the tree holds more than "+itoa(t.o.MostFolders)+" folders: what comes after them is not looked at")
				break
			}
			s = &dir{rel: path.Join(d.rel, e.Name()), path: p, depth: d.depth + 1}
			t.dirs[p] = s
		}
		if covered := d.covered || d.covers(p); covered != s.covered {
			s.covered, s.settled, s.names = covered, false, 0
		}
		delete(old, p)
		subs = append(subs, s)
	}
	for _, s := range old {
		t.drop(s)
	}
	d.subs = subs
}

// covers says whether a folder in d belongs to a place of d.
func (d *dir) covers(sub string) bool {
	for _, c := range d.claims {
		for _, p := range c {
			if p.Below && (p.Path == d.path || p.Path == sub) {
				return true
			}
		}
	}
	return false
}
