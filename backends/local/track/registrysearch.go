package track

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
	"flightdeck/backends/query"
)

// MLflow's limits of one page.
const (
	maxModelPage   = 1000
	modelPage      = 100
	maxVersionPage = 200_000
)

// pageSize is max_results, at most limit.
func (f *fields) pageSize(limit, none int64) int64 {
	n, ok := f.integer("max_results")
	if !ok {
		n = none
	}
	if raw := f.m["max_results"]; n > limit {
		f.fail("Invalid value %s for parameter 'max_results' supplied:  Hint: Value was of type '%s'.%s", raw, pythonType(raw), seeDocs)
	}
	return n
}

// spoken is an error of the query language as the API says it.
func spoken(err error) error {
	var e *query.MLflowError
	if errors.As(err, &e) {
		return &apiError{e.Code, e.Message}
	}
	return err
}

func (a *api) searchModels(ctx context.Context, in *fields) (any, error) {
	filter, size, order, token := in.text("filter"), in.pageSize(maxModelPage, modelPage), in.list("order_by"), in.text("page_token")
	if in.err != nil {
		return nil, in.err
	}
	clauses, err := query.ParseMLflowModels(filter)
	if err != nil {
		return nil, spoken(err)
	}
	less, err := modelOrder(order)
	if err != nil {
		return nil, err
	}
	all, err := a.st.Models(ctx)
	if err != nil {
		return nil, err
	}
	prompts := asksForPrompts(clauses)
	all = slices.DeleteFunc(all, func(m backends.RegisteredModel) bool {
		return !matches(clauses, prompts, hasPromptTag(m.Tags), m.Tags, func(string) string { return m.Name }, 0)
	})
	slices.SortStableFunc(all, less)
	all, next, err := page(all, token, size)
	if err != nil {
		return nil, err
	}
	var out []wireModel
	for _, m := range all {
		out = append(out, wireModelOf(m))
	}
	return struct {
		Models []wireModel `json:"registered_models,omitempty"`
		Next   string      `json:"next_page_token,omitempty"`
	}{out, next}, nil
}

func hasPromptTag(tags []backends.Tag) bool {
	return slices.Contains(tags, backends.Tag{Key: store.TagPrompt, Value: "true"})
}

// asksForPrompts decides, by the first clause on that tag, whether a search is for
// prompts. Any other search does not find them.
func asksForPrompts(clauses []query.Clause) bool {
	for _, c := range clauses {
		if c.Entity == query.Tags && c.Key == store.TagPrompt {
			text := strings.ToLower(c.Text)
			return c.Op == "=" && text == "true" || c.Op == "!=" && text == "false"
		}
	}
	return false
}

// matches decides whether a model or a version is found. A tag that is not there
// matches nothing, != included.
func matches(clauses []query.Clause, prompts, isPrompt bool, tags []backends.Tag, attr func(string) string, version int64) bool {
	if !prompts && isPrompt {
		return false
	}
	for i := range clauses {
		c := &clauses[i]
		switch {
		case c.Entity == query.Tags && c.Key == store.TagPrompt && !prompts: // said already
		case c.Entity == query.Tags:
			at := slices.IndexFunc(tags, func(t backends.Tag) bool { return t.Key == c.Key })
			if at < 0 || !c.Holds(tags[at].Value) {
				return false
			}
		case c.Key == "version_number":
			if !c.HoldsNumber(float64(version)) {
				return false
			}
		case !c.Holds(attr(c.Key)):
			return false
		}
	}
	return true
}

type modelLess = func(a, b backends.RegisteredModel) int

func modelOrder(clauses []string) (modelLess, error) {
	var by []modelLess
	seen := map[string]bool{}
	for _, clause := range clauses {
		key, desc, err := query.ParseOrderModels(clause)
		if err != nil {
			return nil, spoken(err)
		}
		less := func(a, b backends.RegisteredModel) int { return strings.Compare(a.Name, b.Name) }
		switch key {
		case "name":
		case "timestamp", "last_updated_timestamp":
			key, less = "last_updated_time", func(a, b backends.RegisteredModel) int { return a.Updated.Compare(b.Updated) }
		default:
			return nil, refuse("Invalid order by key '%s' specified. Valid keys are '{'timestamp', 'name'}'", key)
		}
		if seen[key] {
			return nil, orderedTwice(clauses)
		}
		seen[key] = true
		by = append(by, directed(less, desc))
	}
	by = append(by, func(a, b backends.RegisteredModel) int { return strings.Compare(a.Name, b.Name) })
	return chain(by), nil
}

func orderedTwice(clauses []string) error {
	return &apiError{internal, "`order_by` contains duplicate fields: " + pyTexts(clauses)}
}

func directed[T any](less func(a, b T) int, desc bool) func(a, b T) int {
	if desc {
		return func(a, b T) int { return less(b, a) }
	}
	return less
}

// chain compares by the first that differs.
func chain[T any](by []func(a, b T) int) func(a, b T) int {
	return func(a, b T) int {
		for _, less := range by {
			if c := less(a, b); c != 0 {
				return c
			}
		}
		return 0
	}
}

func (a *api) searchVersions(ctx context.Context, in *fields) (any, error) {
	filter, size, order, token := in.text("filter"), in.pageSize(maxVersionPage, maxVersionPage), in.list("order_by"), in.text("page_token")
	if in.err != nil {
		return nil, in.err
	}
	if size < 1 {
		return nil, refuse("Invalid value for max_results. It must be a positive integer, but got %d", size)
	}
	clauses, err := query.ParseMLflowVersions(filter)
	if err != nil {
		return nil, spoken(err)
	}
	less, err := versionOrder(order)
	if err != nil {
		return nil, err
	}
	models, err := a.st.Models(ctx)
	if err != nil {
		return nil, err
	}
	prompts := asksForPrompts(clauses)
	var all []backends.ModelVersion
	for _, m := range models {
		of := slices.ContainsFunc(m.Versions, func(v backends.ModelVersion) bool { return hasPromptTag(v.Tags) })
		for _, v := range m.Versions {
			if matches(clauses, prompts, of, v.Tags, attrOf(v), versionNumber(v)) {
				all = append(all, v)
			}
		}
	}
	slices.SortStableFunc(all, less)
	all, next, err := page(all, token, size)
	if err != nil {
		return nil, err
	}
	var out []wireVersion
	for _, v := range all {
		v.Aliases = nil // MLflow leaves them out here
		out = append(out, wireVersionOf(v))
	}
	return struct {
		Versions []wireVersion `json:"model_versions,omitempty"`
		Next     string        `json:"next_page_token,omitempty"`
	}{out, next}, nil
}

func attrOf(v backends.ModelVersion) func(string) string {
	return func(key string) string {
		switch key {
		case "run_id":
			return v.Run
		case "source_path":
			return sourceOf(v)
		}
		return v.Model
	}
}

func versionNumber(v backends.ModelVersion) int64 {
	n, _ := json.Number(v.Version).Int64() // the store made it of a number
	return n
}

type versionLess = func(a, b backends.ModelVersion) int

func versionOrder(clauses []string) (versionLess, error) {
	orders := map[string]versionLess{
		"name":                   func(a, b backends.ModelVersion) int { return strings.Compare(a.Model, b.Model) },
		"version_number":         func(a, b backends.ModelVersion) int { return cmp.Compare(versionNumber(a), versionNumber(b)) },
		"creation_timestamp":     func(a, b backends.ModelVersion) int { return a.Created.Compare(b.Created) },
		"last_updated_timestamp": func(a, b backends.ModelVersion) int { return a.Updated.Compare(b.Updated) },
	}
	asked := clauses
	if len(asked) == 0 {
		asked = []string{"last_updated_timestamp DESC"}
	}
	var by []versionLess
	seen := map[string]bool{}
	for _, clause := range asked {
		key, desc, err := query.ParseOrderVersions(clause)
		if err != nil {
			return nil, spoken(err)
		}
		if seen[key] {
			return nil, orderedTwice(clauses)
		}
		seen[key] = true
		by = append(by, directed(orders[key], desc))
	}
	by = append(by, orders["name"], directed(orders["version_number"], true))
	return chain(by), nil
}
