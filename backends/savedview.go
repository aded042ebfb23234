package backends

import (
	"context"
	"encoding/json"
)

// TopicViews is poked when a saved view may have changed.
const TopicViews = "views"

// SavedView is an arrangement of a tab under a name: columns, filter, charts. What
// is in Data is the tab's own; it may have been edited by hand or come from another
// version, and the tab reads it accordingly.
type SavedView struct {
	Tab  string          `json:"tab"` // "experiments"
	Name string          `json:"name"`
	Data json.RawMessage `json:"data,omitempty"`
}

// SavedViews is what a workspace has for one tab.
type SavedViews struct {
	Views []SavedView // by name
	Last  string      // the one that was used last; "" is none
}

// Capabilities around saved views.
type (
	SavedViewLister interface {
		SavedViews(ctx context.Context, tab string) (SavedViews, error)
	}
	// SavedViewKeeper plans to save a view, in the place of one with its name, and to
	// delete one. Undo brings back what was there.
	SavedViewKeeper interface {
		PlanSaveView(ctx context.Context, v SavedView) (Plan, error)
		PlanDeleteView(ctx context.Context, tab, name string) (Plan, error)
	}
	// SavedViewUser remembers which view was used last, "" for none. It is a write,
	// and needs a grant; nobody is asked for it, for it changes only what is shown
	// first the next time.
	SavedViewUser interface {
		UseView(ctx context.Context, tab, name string) error
	}
)
