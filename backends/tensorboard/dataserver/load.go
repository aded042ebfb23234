package dataserver

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard/events"
)

// What is looked at below a folder at most.
const (
	maxFolders = 200_000
	maxDepth   = 64
)

// Load looks for event files and reads what is new in them, again and again as the
// options say, until ctx ends.
func (s *Server) Load(ctx context.Context) {
	for {
		s.loadOnce(ctx)
		if s.o.Reload == 0 {
			return
		}
		timer := time.NewTimer(s.o.Reload)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// loadOnce reads all runs, as many at once as there are cores. Those that were
// written last come first.
func (s *Server) loadOnce(ctx context.Context) {
	work := make(chan *logRun)
	var all sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for r := range work {
				r.load(ctx, s.o.Log)
			}
		})
	}
	for _, r := range s.discover(ctx) {
		select {
		case work <- r:
		case <-ctx.Done():
		}
	}
	close(work)
	all.Wait()
}

// found is a folder with event files.
type found struct {
	id, dir string
	newest  time.Time
}

// discover makes the runs those of the folders that are there.
func (s *Server) discover(ctx context.Context) []*logRun {
	w := walker{ctx: ctx}
	root, err := os.Stat(s.o.Logdir)
	if err != nil || !root.IsDir() {
		s.o.Log("%s: no such folder yet", s.o.Logdir)
	} else {
		w.walk(s.o.Logdir, ".", []fs.FileInfo{root})
	}
	slices.SortStableFunc(w.found, func(a, b found) int { return b.newest.Compare(a.newest) })
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.runs
	s.runs = make(map[string]*logRun, len(w.found))
	out := make([]*logRun, 0, len(w.found))
	for _, f := range w.found {
		r := old[f.id]
		if r == nil {
			r = newLogRun(f.id, f.dir)
		}
		s.runs[f.id] = r
		out = append(out, r)
	}
	return out
}

// walker looks for folders with event files. Links are followed, as TensorBoard
// does, but not back into a folder that is being walked.
type walker struct {
	ctx   context.Context
	seen  int
	found []found
}

func (w *walker) walk(dir, id string, above []fs.FileInfo) {
	if w.seen++; w.seen > maxFolders || len(above) > maxDepth || w.ctx.Err() != nil {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // a folder that may not be read holds no runs for us
	}
	var newest time.Time
	files := 0
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
			fi, err := os.Stat(path)
			if err == nil && fi.IsDir() {
				if !slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, fi) }) {
					w.walk(path, join(id, e.Name()), append(slices.Clip(above), fi))
				}
				continue
			}
		}
		if !events.IsFile(e.Name()) {
			continue
		}
		files++
		if fi, err := os.Stat(path); err == nil && fi.ModTime().After(newest) {
			newest = fi.ModTime()
		}
	}
	if files > 0 {
		w.found = append(w.found, found{id, dir, newest})
	}
}

// join is the name of a run: its path in the folder, with slashes.
func join(id, name string) string {
	if id == "." {
		return name
	}
	return id + "/" + name
}

// all is every run, by name: those of event files, and those of the source.
func (s *Server) all(ctx context.Context) ([]run, error) {
	var out []run
	s.mu.RLock()
	for _, r := range s.runs {
		out = append(out, r)
	}
	s.mu.RUnlock()
	if s.o.Source != nil {
		more, err := s.fromSource(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	slices.SortFunc(out, func(a, b run) int { return strings.Compare(a.name(), b.name()) })
	return out, nil
}

func (s *Server) find(ctx context.Context, name string) (run, error) {
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.name() == name {
			return r, nil
		}
	}
	return nil, backends.ErrNotFound
}
