package main

import (
	"context"

	"flightdeck/backends"
	"flightdeck/views/experiments"
)

// remembers lets a tab write down which saved view was used last, under the grant
// of its client. A client that may not write goes without.
func (c *cli) remembers(from []backends.Backend) func(*experiments.Desk) {
	return func(d *experiments.Desk) {
		if c.grant == nil || c.readOnly {
			return
		}
		for _, b := range from {
			if u, ok := b.(backends.SavedViewUser); ok {
				d.Remembers(func(ctx context.Context, tab, name string) error { return u.UseView(c.granted(ctx), tab, name) })
				return
			}
		}
	}
}
