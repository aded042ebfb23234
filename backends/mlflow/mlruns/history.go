package mlruns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"flightdeck/backends"
)

type historyKey struct{ run, key string }

// follower is one metric's file, read on when someone asks.
type follower struct {
	mu   sync.Mutex
	tail tail
	h    *backends.History
}

// History is the points of one metric, in the order in which they were logged.
func (f *Files) History(ctx context.Context, ref backends.Ref, key string) (*backends.History, error) {
	r, err := f.find(ctx, ref.ID)
	if err != nil {
		return nil, err
	}
	if !filepath.IsLocal(key) || filepath.Clean(key) != key {
		return nil, fmt.Errorf("metric %q of %s: %w", key, r.id, backends.ErrNotFound)
	}
	f.mu.Lock()
	k := historyKey{r.dir, key}
	w := f.histories[k]
	if w == nil {
		w = &follower{h: &backends.History{Key: key}}
		f.histories[k] = w
	}
	f.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if linked(r.dir, filepath.Join("metrics", key)) {
		return w.h, nil
	}
	path := filepath.Join(r.dir, "metrics", key)
	err = w.read(ctx, path, key)
	if errors.Is(err, errRewritten) {
		w.tail, w.h = tail{}, &backends.History{Key: key}
		err = w.read(ctx, path, key)
	}
	if errors.Is(err, fs.ErrNotExist) || isFolderError(err) { // a metric that the run has not
		return w.h, nil
	}
	return w.h, err
}

// read appends what is new.
func (w *follower) read(ctx context.Context, path, key string) error {
	var p backends.Points
	err := w.tail.read(path, key, func(m backends.Metric) {
		p.Step, p.Time, p.Value = append(p.Step, m.Step), append(p.Time, m.Time), append(p.Value, m.Value)
	})
	if p.Len() > 0 {
		w.h.Append(p)
	}
	return errors.Join(err, ctx.Err())
}

// linked reports whether a part of a path below dir is a link.
func linked(dir, path string) bool {
	for part := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		dir = filepath.Join(dir, part)
		if isLink(dir) {
			return true
		}
	}
	return false
}
