package folder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// TreeOptions bound the work that a Tree makes of a folder.
type TreeOptions struct {
	MostEntries int           // of one folder; one that holds more is left out. 0 is 20,000
	MostFolders int           // in all; what comes after them is left out. 0 is 100,000
	Pace        time.Duration // between two looks while something happens. 0 is 1 s
	Now         func() time.Time
}

func (o TreeOptions) withDefaults() TreeOptions {
	if o.MostEntries == 0 {
		o.MostEntries = 20_000
	}
	if o.MostFolders == 0 {
		o.MostFolders = 100_000
	}
	if o.Pace == 0 {
		o.Pace = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Note is something of the tree that was left out, and why.
type Note struct {
	Path string `json:"path"` // relative to the root
	Why  string `json:"why"`
}

// Tree is a folder and all below it, as several backends look at it: walked once
// for all of them, and only when one asks.
//
// It notices by looking again: the times of folders say where something came or
// went, the sizes and times of files where something grew, and only in folders that
// belong to a run. What has been quiet for ten minutes is looked at more rarely. No
// watch is registered with the kernel: those are few, they are shared with every
// other program, and network file systems have none.
//
// Links to folders are not followed: what they lead to is either in the tree under
// its own name or none of its business. Links to files count when the file is in
// the tree.
type Tree struct {
	ctx  context.Context
	root string // absolute, without links
	o    TreeOptions

	mu      sync.Mutex
	formats []Format
	dirs    map[string]*dir // by path
	places  uint64          // rises when an answer of places may be another one
	files   uint64          // rises when a file of some run changed
	moved   time.Time       // when either rose
	passes  int             // complete ones since the last format came
	pass    chan struct{}   // closed when the running pass ends; nil while none runs
	ended   time.Time       // the last pass
	took    time.Duration   // the last pass
	hurried int             // callers who wait for the end of a pass
	notes   map[string]string
}

// NewTree makes the tree of root. Nothing is read before a backend asks. All that
// it does ends with ctx.
func NewTree(ctx context.Context, root string, o TreeOptions) (*Tree, error) {
	abs, err := filepath.Abs(root)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("look into %s: %w", root, err)
	}
	fi, err := os.Stat(abs)
	if err == nil && !fi.IsDir() {
		err = fmt.Errorf("it is not a folder")
	}
	if err != nil {
		return nil, fmt.Errorf("look into %s: %w", root, err)
	}
	t := &Tree{ctx: ctx, root: abs, o: o.withDefaults(), dirs: map[string]*dir{}, notes: map[string]string{}}
	t.dirs[abs] = &dir{rel: ".", path: abs}
	return t, nil
}

// Root is the folder's path, without links in it.
func (t *Tree) Root() string { return t.root }

// Notes is what was left out and why, by path.
func (t *Tree) Notes() []Note {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Note, 0, len(t.notes))
	for p, why := range t.notes {
		out = append(out, Note{p, why})
	}
	slices.SortFunc(out, func(a, b Note) int { return compareNatural(a.Path, b.Path) })
	return out
}

// register makes a format known, by its kind, and gives its number.
func (t *Tree) register(f Format) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.formats, func(o Format) bool { return o.Kind() == f.Kind() }); i >= 0 {
		return i
	}
	t.formats = append(t.formats, f)
	t.passes = 0 // what was read before has to be asked again
	return len(t.formats) - 1
}

// counts is how often places and files have changed.
func (t *Tree) counts() (places, files uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.places, t.files
}

// whole says whether the tree has been walked to its end.
func (t *Tree) whole() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.passes > 0
}

// look begins a look at the tree if the last one is older than stale, and waits for
// its end, but no longer than wait. It says whether the tree is known as a whole.
func (t *Tree) look(ctx context.Context, stale, wait time.Duration) bool {
	done := t.begin(stale)
	if done == nil {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	case <-t.ctx.Done():
	}
	return t.whole()
}

// settle walks the tree anew and waits for the end of it.
func (t *Tree) settle(ctx context.Context) error {
	t.mu.Lock()
	t.hurried++
	running := t.pass != nil && t.passes > 0
	t.mu.Unlock()
	defer func() { t.mu.Lock(); t.hurried--; t.mu.Unlock() }()
	for n := 0; n < 1 || running && n < 2; n++ { // one that runs already may have passed by what was written since
		select {
		case <-t.begin(0):
		case <-ctx.Done():
			return ctx.Err()
		case <-t.ctx.Done():
			return t.ctx.Err()
		}
	}
	return nil
}

// begin starts a pass unless one runs, and gives its end: nil when the last one is
// recent enough.
func (t *Tree) begin(stale time.Duration) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pass != nil {
		return t.pass
	}
	if stale > 0 && t.passes > 0 && time.Since(t.ended) < max(stale, 4*t.took) {
		return nil
	}
	done := make(chan struct{})
	if t.ctx.Err() != nil {
		close(done)
		return done
	}
	t.pass = done
	go t.walk(done)
	return done
}

// pace is how long to wait before the next look: longer where a look costs much, and
// where nothing has happened for long.
func (t *Tree) pace() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := max(t.o.Pace, 20*t.took)
	switch quiet := time.Since(t.moved); {
	case quiet > 10*time.Minute:
		return 5 * d
	case quiet > time.Minute:
		return 2 * d
	}
	return d
}
