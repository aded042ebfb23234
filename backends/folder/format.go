// Package folder reads runs that other programs write into files: in place, live,
// and without ever writing there.
//
// A Format knows one program's way of writing. It says which places in the tree
// are runs, and opens a Reader for each; all the rest is here: walking the tree
// and noticing what changed, reading on when a file grows, keeping points in
// memory for every client, listing, artifacts, pokes, and following the same
// files for a job.
//
// Several backends may look at one tree. A place that one Format claims is not
// listed by the next: Options.Except says whose places are skipped.
package folder

import (
	"context"
	"io"
	"io/fs"
	"time"

	"flightdeck/backends"
)

// Format is one program's way of writing runs into a folder. It holds no state.
type Format interface {
	Kind() string // "tensorboard"
	// Places is which runs the folder dir holds itself, not those below it. It sees
	// names only, and is asked again when the entries change. rel is dir relative to
	// the tree's root, "." for the root itself.
	Places(dir, rel string, entries []fs.DirEntry) []Place
	// Open begins to read a run. It must not block for long; what cannot be read is
	// the Reader's error.
	Open(p Place) Reader
}

// Place is one run in the tree.
type Place struct {
	ID         string // stable and unique in the tree: its path relative to the root, slash-separated
	Name       string // as people call it
	Experiment string // what groups it with its siblings: "lightning_logs"; "" is the root's name
	Path       string // the folder or file it is in
	Parent     string // ID of the run that it belongs to; "" for none
	Below      bool   // what is below Path is part of this run: no place is looked for there
}

// Reader reads one run, on and on. It is used by one goroutine at a time.
type Reader interface {
	// Read tells what is new since the last call, and returns. An incomplete record at
	// the end of a file is not an error: it is read when the rest is there. Damage is
	// told with Sink.Trouble and does not end the run. Read returns early with ctx's
	// error, and then goes on from there the next time.
	Read(ctx context.Context, to Sink) error
	io.Closer
}

// Sink takes what a Reader found. Keys are as written, not made safe.
type Sink interface {
	// Info replaces what was known about the run beside its params and tags.
	Info(Info)
	Params(...backends.Param)
	Tags(...backends.Tag)
	// Points appends to the history of a metric. The columns are copied.
	Points(key string, p backends.Points)
	// Rewind forgets the points of all keys with a step of at least step: a run that
	// was preempted goes on from an earlier one.
	Rewind(step int64)
	// Forget forgets all points, params and media: the file was written anew.
	Forget()
	Histograms(key string, h ...backends.Histogram)
	Media(kind backends.MediaKind, key string, items ...backends.MediaItem)
	// Trouble says what of the run cannot be read, and why: shown with the run.
	Trouble(err error)
}

// KeyRewinder is a Sink that can rewind one key alone, as this package's can. In
// TensorBoard's files each tag begins anew by itself: others, that a restarted run
// did not write again, stand.
type KeyRewinder interface {
	RewindKey(key string, step int64)
}

// Info is what a format knows of a run as a whole. A zero Start or End is taken
// from the files' times; an empty Status from whether they still grow.
type Info struct {
	Name       string
	Experiment string // "" is the Place's
	Status     backends.RunStatus
	Start      time.Time
	End        time.Time
	User       string
	Inputs     []backends.Dataset
}

// MediaOpener is a Reader that can open what it told with Sink.Media. It may be
// called while Read runs, and on a Reader that has read nothing yet: the readers of
// runs that ended are closed, so what it takes to find an item is in item.Place.
type MediaOpener interface {
	OpenMedia(ctx context.Context, item backends.MediaItem) (io.ReadCloser, error)
}

// Lister is a Reader that knows which files of the place are the run's artifacts.
// Without it they are the files below the place's folder.
type Lister interface {
	Artifacts(ctx context.Context) ([]backends.Artifact, error)
}
