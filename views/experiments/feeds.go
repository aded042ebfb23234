package experiments

import (
	"context"
	"slices"

	"flightdeck/backends"
	"flightdeck/backends/hub"
)

// feed is the runs of one source.
type feed struct {
	source string
	*hub.Handle[[]*backends.Run]
}

// feeds is the runs of every source.
type feeds []feed

// watchRuns watches the runs of every source.
func (d *Desk) watchRuns(ctx context.Context, poke chan struct{}) feeds {
	var out feeds
	for _, b := range d.sources {
		if l, ok := b.(backends.RunLister); ok {
			k := hub.Key{Backend: b.Name(), Capability: backends.TopicRuns}
			out = append(out, feed{b.Name(), hub.Watch(ctx, d.hub, poke, k, func(ctx context.Context) ([]*backends.Run, error) {
				return l.Runs(ctx, backends.RunFilter{})
			})})
		}
	}
	return out
}

// snapshot is all runs of all sources, each run once: what a job's run was followed
// from is read in place too. While none has another answer than old it is the same
// slice.
func (v feeds) snapshot(old []*backends.Run) []*backends.Run {
	if len(v) == 1 {
		return v[0].Result().Value
	}
	var all []*backends.Run
	for _, f := range v {
		all = append(all, f.Result().Value...)
	}
	if all = backends.WithoutTwins(all); slices.Equal(all, old) {
		return old
	}
	return all
}

// failing is the first source that does not answer; nil while all do.
func (v feeds) failing() *feed {
	for i := range v {
		if v[i].Result().Err != nil {
			return &v[i]
		}
	}
	return nil
}

// waiting says that no source has answered yet.
func (v feeds) waiting() bool {
	for _, f := range v {
		if f.Result().OK {
			return false
		}
	}
	return len(v) > 0
}
