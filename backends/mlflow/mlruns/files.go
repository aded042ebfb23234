// Package mlruns reads a folder that MLflow's FileStore writes, in place and live,
// and never writes there.
//
// The layout is mlflow/store/tracking/file_store.py's, of 2.x and 3.x. A folder of
// thousands of runs is read in two stages: the meta.yaml of each, which is a listing
// already, then params, tags, last metrics and inputs, a bundle of runs at a time.
// While someone watches (Notify runs), a listing returns what is read so far and a
// poke says that there is more; for everyone else it waits until all is there.
//
// What is in the folder is not trusted: links are not followed, names are taken
// from the folder and never joined from what a file says, and sizes are bounded.
package mlruns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// Files is the backend.
type Files struct {
	name, root string
	now        func() time.Time
	watched    atomic.Int32 // Notifies that run

	turn chan struct{} // held by whoever reads the folder; guards tree
	tree tree

	mu        sync.Mutex
	shown     []*backends.Run // both stages of life, newest first; replaced, never changed
	exps      []backends.Experiment
	complete  bool // shown has all details
	histories map[historyKey]*follower
}

// Open opens the folder called root. It reads nothing yet.
func Open(name, root string) *Files {
	if real, err := filepath.EvalSymlinks(root); err == nil { // the user's own link is fine
		root = real
	}
	f := &Files{name: name, root: root, now: time.Now, turn: make(chan struct{}, 1), histories: map[historyKey]*follower{}}
	f.tree = tree{backend: name, root: root, experiments: map[string]*experiment{}}
	return f
}

// Name is the backend's name.
func (f *Files) Name() string { return f.name }

// Where is the folder.
func (f *Files) Where() string { return f.root }

// firstLook is how long a listing that is watched goes on reading details before it
// shows what it has.
const firstLook = 150 * time.Millisecond

// Runs lists the runs.
func (f *Files) Runs(ctx context.Context, filter backends.RunFilter) ([]*backends.Run, error) {
	began := f.now()
	for {
		done, err := f.advance(ctx)
		if err != nil {
			return nil, err
		}
		if done || f.watched.Load() > 0 && f.now().Sub(began) > firstLook {
			break
		}
	}
	f.mu.Lock()
	all := f.shown
	f.mu.Unlock()
	out := make([]*backends.Run, 0, len(all))
	for _, r := range all {
		if r.Deleted == filter.Deleted && (filter.Experiment == "" || r.Experiment == filter.Experiment) && (filter.Job == "" || r.Job == filter.Job) {
			out = append(out, r)
		}
	}
	return out, nil
}

// Experiments lists the experiments, the deleted ones too.
func (f *Files) Experiments(ctx context.Context) ([]backends.Experiment, error) {
	if _, err := f.advance(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.exps, nil
}

// advance does a part of the reading that is due: a look over the folder, or the
// details of a bundle of runs. done says that there is no more now.
func (f *Files) advance(ctx context.Context) (done bool, err error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	changed, err := f.tree.step(ctx, f.now())
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return false, err
	}
	done = len(f.tree.pending) == 0
	if changed {
		f.publish(done)
	}
	return done, nil
}

// publish makes the tree's state what listings show.
func (f *Files) publish(complete bool) {
	runs, exps := f.tree.listing()
	entity.Sort(runs)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown, f.exps, f.complete = runs, exps, complete
}

// find is the run's place in the folder.
func (f *Files) find(ctx context.Context, id string) (*run, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for range 2 {
		if r := f.tree.find(id); r != nil {
			return r, nil
		}
		if _, err := f.tree.step(ctx, f.now()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("run %s in %s: %w", id, f.root, backends.ErrNotFound)
}

// Artifacts lists a run's files.
func (f *Files) Artifacts(ctx context.Context, ref backends.Ref) ([]backends.Artifact, error) {
	dir, err := f.artifactFolder(ctx, ref)
	if err != nil || dir == "" {
		return nil, err
	}
	return entity.List(ctx, dir)
}

func (f *Files) artifactFolder(ctx context.Context, ref backends.Ref) (string, error) {
	r, err := f.find(ctx, ref.ID)
	if err != nil {
		return "", err
	}
	here := filepath.Join(r.dir, "artifacts")
	if entries, err := os.ReadDir(here); err == nil && len(entries) > 0 {
		return here, nil
	}
	// A server keeps the files that it serves itself beside the folder of its runs.
	if dir := entity.ArtifactFolder(r.base.Artifacts, r.exp.id, r.id, filepath.Join(filepath.Dir(f.root), "mlartifacts")); dir != "" {
		return dir, nil
	}
	return here, nil
}

// OpenArtifact reads one of a run's files.
func (f *Files) OpenArtifact(ctx context.Context, ref backends.Ref, name string) (io.ReadCloser, error) {
	dir, err := f.artifactFolder(ctx, ref)
	if err != nil {
		return nil, err
	}
	return entity.Open(dir, name)
}

// Media lists the images of a run.
func (f *Files) Media(ctx context.Context, ref backends.Ref) ([]backends.Media, error) {
	files, err := f.Artifacts(ctx, ref)
	return entity.Media(files), err
}

// MediaItems lists the images of one key.
func (f *Files) MediaItems(ctx context.Context, ref backends.Ref, kind backends.MediaKind, key string) ([]backends.MediaItem, error) {
	files, err := f.Artifacts(ctx, ref)
	return entity.MediaItems(files, kind, key), err
}

// OpenMedia reads one image.
func (f *Files) OpenMedia(ctx context.Context, ref backends.Ref, item backends.MediaItem) (io.ReadCloser, error) {
	return f.OpenArtifact(ctx, ref, item.Place)
}

// pace is how often a watched folder is looked at.
const pace = time.Second

// Notify reads the folder until ctx ends, and pokes when a listing would say more.
func (f *Files) Notify(ctx context.Context, poke func(topic string)) error {
	f.watched.Add(1)
	defer f.watched.Add(-1)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var seen []*backends.Run
	told := time.Time{}
	for {
		done, err := f.advance(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f.mu.Lock()
		now := f.shown
		f.mu.Unlock()
		fresh := len(now) != len(seen) || len(now) > 0 && &now[0] != &seen[0]
		if fresh && (done || f.now().Sub(told) > 300*time.Millisecond) {
			seen, told = now, f.now()
			poke(backends.TopicRuns)
			poke(backends.TopicMetrics)
		}
		if !done && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
