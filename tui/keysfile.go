package tui

import (
	"fmt"
	"slices"
	"strings"

	"flightdeck/tui/keys"
)

// LoadKeys reads a keys file (keys.Parse) for Config.Keys, against the tabs that
// the shell will have. An ID that no action has is an error, and so is a key that
// would do two things in one pane; both name the line and the IDs.
func LoadKeys(data []byte, tabs []Tab) (map[string]string, error) {
	overrides, err := keys.Parse(data)
	if err != nil {
		return nil, err
	}
	shell := New(Config{Tabs: tabs}).shell()
	groups := [][]Action{shell}
	for _, t := range tabs {
		for _, v := range t.Panes {
			groups = append(groups, append(slices.Clone(v.Actions()), shell...))
		}
	}
	own := bindings{}
	for _, o := range overrides {
		if !known(groups, o.ID) {
			return nil, fmt.Errorf("line %d: no action is called %q%s", o.Line, o.ID, near(groups, o.ID))
		}
		own[o.ID] = strings.Join(o.Keys, " ")
	}
	for _, g := range groups {
		if err := conflict(g, own, overrides); err != nil {
			return nil, err
		}
	}
	return own, nil
}

func known(groups [][]Action, id string) bool {
	return slices.ContainsFunc(groups, func(g []Action) bool {
		return slices.ContainsFunc(g, func(a Action) bool { return a.ID == id })
	})
}

// near is the action whose ID looks most like id.
func near(groups [][]Action, id string) string {
	best, score := "", 0
	_, last, _ := strings.Cut(id, ".")
	for _, g := range groups {
		for _, a := range g {
			if m, ok := fuzzy(words(last), a.ID); ok && m.score > score {
				best, score = a.ID, m.score
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", perhaps %q", best)
}

// conflict finds a key that the file makes do two things among actions that are
// there together.
func conflict(group []Action, own bindings, overrides []keys.Override) error {
	by := map[string]string{}
	for _, a := range group {
		for _, k := range own.apply(a).Key.Keys() {
			other, taken := by[k]
			by[k] = a.ID
			if !taken || other == a.ID {
				continue
			}
			for _, o := range overrides {
				if o.ID == a.ID || o.ID == other {
					return fmt.Errorf("line %d: key %q would be both %s and %s", o.Line, k, other, a.ID)
				}
			}
		}
	}
	return nil
}
