// Package inner reads places that lie inside a run of another format as a part of
// that run: the event files in a Hydra output folder, the ones beside Lightning's
// hparams.yaml. The outer format does not know which formats there are; it is given
// them.
//
// Several readers then share one Sink, which knows one run only. A key belongs to
// the reader that told it first; from another one it is told as "<place>/key". What
// a reader takes back is its own alone: metrics one by one, and where there is more
// than metrics, all is forgotten and read again.
package inner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"flightdeck/backends"
	"flightdeck/backends/folder"
)

// Limits of what lies inside one run.
const (
	maxReaders = 64
	maxFolders = 4096
	maxDepth   = 12
)

// Group is what lies inside one run. A nil Group has nothing in it.
type Group struct {
	formats []folder.Format
	root    string
	below   bool // not only the folder itself

	// Outer says which keys the outer format tells itself: points under them are left
	// to it. It is nil while that tells none.
	Outer func(key string) bool
	// First is called before the first point of all is told: what the outer format told
	// for want of better can be taken back. It may be nil.
	First func(to folder.Sink)
	begun bool

	mu      sync.Mutex // of readers: OpenMedia comes while Read runs
	readers []*reader
	known   map[string]bool
	owner   map[string]*reader // of keys, with their kind
	again   bool               // all has to be read once more
	deaf    bool               // what came too often is not done: a Forget that comes with each read
	told    bool               // anything, since the last Forget
}

// New makes the group of what lies in root, and below it if so.
func New(formats []folder.Format, root string, below bool) *Group {
	g := &Group{formats: formats, root: root, below: below, known: map[string]bool{}}
	g.clear()
	return g
}

func (g *Group) clear() {
	g.owner, g.again, g.told = map[string]*reader{}, false, false
}

// reader is one place inside.
type reader struct {
	folder.Reader
	g     *Group
	place folder.Place
	open  func() folder.Reader
	id    string // of place and format, in MediaItem.Place
	to    *sink
}

// Read tells what is new in all places. When it says forgot, it has called
// to.Forget, and what the outer format told has to be told again. Info, tags and
// params of the places are not told: they are the outer run's to say.
func (g *Group) Read(ctx context.Context, to folder.Sink) (forgot bool, err error) {
	if g == nil || len(g.formats) == 0 {
		return false, nil
	}
	g.look()
	const rounds = 3
	for i := range rounds {
		g.deaf = i == rounds-1
		if err := g.round(ctx, to); err != nil {
			return forgot, err
		}
		if !g.again {
			break
		}
		to.Forget()
		forgot = true
		g.Restart()
	}
	return forgot, nil
}

func (g *Group) round(ctx context.Context, to folder.Sink) error {
	g.mu.Lock()
	readers := slices.Clone(g.readers)
	g.mu.Unlock()
	for _, r := range readers {
		r.to.Sink = to
		err := r.Read(ctx, r.to)
		if e := ctx.Err(); e != nil {
			return e
		}
		if g.again {
			return nil
		}
		if err != nil {
			to.Trouble(fmt.Errorf("%s: %w", r.place.ID, err))
		}
	}
	return nil
}

// Told reports whether anything was told since the last Restart: a Forget of the
// outer format would lose it.
func (g *Group) Told() bool { return g != nil && g.told }

// Restart begins from the start again, after a Forget.
func (g *Group) Restart() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.readers {
		_ = r.Close()
		r.Reader = r.open()
		r.to = newSink(r)
	}
	g.clear()
}

// Close closes all readers.
func (g *Group) Close() error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for _, r := range g.readers {
		errs = append(errs, r.Close())
	}
	g.readers = nil
	return errors.Join(errs...)
}

// OpenMedia opens what a reader inside told; ok is false when it is not of one.
func (g *Group) OpenMedia(ctx context.Context, item backends.MediaItem) (rc io.ReadCloser, ok bool, err error) {
	if g == nil {
		return nil, false, nil
	}
	id, place, cut := strings.Cut(item.Place, separator)
	if !cut {
		return nil, false, nil
	}
	g.look() // it may never have been read since it was opened
	g.mu.Lock()
	i := slices.IndexFunc(g.readers, func(r *reader) bool { return r.id == id })
	if i < 0 {
		g.mu.Unlock()
		return nil, false, nil
	}
	opener, can := g.readers[i].Reader.(folder.MediaOpener)
	g.mu.Unlock()
	if !can {
		return nil, true, fmt.Errorf("open %s: %w", item.Place, errors.ErrUnsupported)
	}
	item.Place = place
	rc, err = opener.OpenMedia(ctx, item)
	return rc, true, err
}

// separator parts a reader's id from its own words in a MediaItem's Place.
const separator = "\x00inner\x00"

// look finds places that came since the last time.
func (g *Group) look() {
	found := map[string]*reader{}
	left := maxFolders
	g.walk(g.root, ".", 0, &left, found)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if g.known[id] || len(g.readers) >= maxReaders {
			continue
		}
		r := found[id]
		g.known[id] = true
		r.g, r.id = g, id
		r.Reader = r.open()
		r.to = newSink(r)
		g.readers = append(g.readers, r)
	}
}

// walk asks the formats about dir, in their order: the first that claims it has it.
func (g *Group) walk(dir, rel string, depth int, left *int, found map[string]*reader) {
	if *left--; *left < 0 || depth > maxDepth {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Type()&fs.ModeSymlink != 0 })
	for _, f := range g.formats {
		places := f.Places(dir, rel, entries)
		for _, p := range places {
			found[f.Kind()+":"+p.ID] = &reader{place: p, open: func() folder.Reader { return f.Open(p) }}
		}
		if slices.ContainsFunc(places, func(p folder.Place) bool { return p.Below }) {
			return
		}
		if len(places) > 0 {
			break
		}
	}
	if !g.below {
		return
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			g.walk(filepath.Join(dir, e.Name()), path.Join(rel, e.Name()), depth+1, left, found)
		}
	}
}
