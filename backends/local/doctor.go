package local

import (
	"context"
	"fmt"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// Finding is one thing that the doctor looked at.
type Finding struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Fix    string `json:"fix,omitempty"`
	Bad    bool   `json:"bad"`
}

// Doctor checks the workspace and changes nothing. report may be nil.
func (l *Local) Doctor(ctx context.Context, report func(backends.Progress)) ([]Finding, error) {
	found := []Finding{{Check: "workspace", Result: l.o.Root}}
	if ro, why := l.ReadOnly(); ro {
		found = append(found, Finding{Check: "writing", Result: "read-only: " + why})
	}
	st, err := l.store()
	if err != nil {
		return nil, err
	}
	if st == nil {
		return append(found, Finding{Check: "store", Result: "none yet: the first run makes it"}), nil
	}
	found = append(found, storeFindings(ctx, st, report)...)
	stale, err := l.jobs.Stale(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range stale {
		found = append(found, Finding{Check: "job", Result: s.Path + ": " + s.Why, Fix: "flightdeck doctor --clean", Bad: true})
	}
	if len(stale) == 0 {
		found = append(found, Finding{Check: "jobs", Result: "nothing stale"})
	}
	return found, nil
}

func storeFindings(ctx context.Context, st *store.Store, report func(backends.Progress)) []Finding {
	problems, err := st.Check(ctx, report)
	if err != nil {
		return []Finding{{Check: "store", Result: err.Error(), Bad: true}}
	}
	if len(problems) == 0 {
		return []Finding{{Check: "store", Result: "sound"}}
	}
	var found []Finding
	for _, p := range problems {
		found = append(found, Finding{Check: "store", Result: fmt.Sprint(p), Bad: true})
	}
	return found
}
