package local

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"flightdeck/backends"
)

// pin makes the plan stale as soon as one of its targets changes in what a person
// sets: a run's name, tags and stage, a model's versions and aliases. Metrics and
// what the job says about itself do not count, or no plan for a run that trains
// would live long enough to be read.
func (l *Local) pin(ctx context.Context, p backends.Plan) (backends.Plan, error) {
	rev, err := l.rev(ctx, p)
	if err != nil {
		return p, err
	}
	p.Precondition = backends.Precondition{Rev: rev, Note: "nobody changed it since"}
	return p, nil
}

// fresh answers backends.ErrStale when a target changed since the plan was made.
func (l *Local) fresh(ctx context.Context, p backends.Plan) error {
	if p.Precondition.Rev == "" {
		return nil
	}
	rev, err := l.rev(ctx, p)
	if err != nil {
		return err
	}
	if rev != p.Precondition.Rev {
		return fmt.Errorf("%s: %w", strings.ToLower(p.Title), backends.ErrStale)
	}
	return nil
}

// rev is a digest of the plan's targets as they are now.
func (l *Local) rev(ctx context.Context, p backends.Plan) (string, error) {
	h := fnv.New64a()
	for _, ref := range p.Target {
		switch ref.Kind {
		case "run":
			r, err := l.Run(ctx, ref.ID)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "run %s %q %v\n", r.ID, r.Name, r.Deleted)
			for _, t := range r.Tags {
				if !strings.HasPrefix(t.Key, "flightdeck.") {
					fmt.Fprintf(h, "%q=%q\n", t.Key, t.Value)
				}
			}
		case "model":
			models, err := l.Models(ctx)
			if err != nil {
				return "", err
			}
			for _, m := range models {
				if m.Name != ref.ID {
					continue
				}
				fmt.Fprintf(h, "model %q %d\n", m.Name, len(m.Versions))
				for _, a := range slices.Sorted(maps.Keys(m.Aliases)) {
					fmt.Fprintf(h, "%q=%q\n", a, m.Aliases[a])
				}
			}
		}
	}
	return fmt.Sprintf("%016x", h.Sum64()), nil
}
