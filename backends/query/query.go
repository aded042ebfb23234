// Package query is the language of every list's filter: what a person types
// behind "/", what `flightdeck runs` takes, and what MLflow clients send.
//
// # Ours (Parse)
//
//	metrics.val_acc > 0.95 and (params.lr < 0.01 or tags.team = "vision")
//	otter and took > 10m and start > -2h and not state in (failed, killed)
//
// A clause is a field, an operator and a value. Fields are attributes by their
// bare name (state, start, took, …; the list's Schema says which) and keys of the
// entities metrics, params, tags and datasets: metrics.val_acc, metrics."val acc",
// params.`act/fn`. Operators are = == != <> < <= > >=, like and ilike (% is any
// text, _ any character), ~ and !~ (RE2, anywhere in the text), in (…), is null,
// each also with not. Clauses are joined by and, or, not and parentheses; clauses
// that merely follow each other are joined by and. Words of the language may be
// in any case. Text that is no clause is looked for in what the list shows of a
// row, whatever its case; the letters of a bare word may lie a little apart in
// the row's name, a quoted one must stand as it is.
//
// Values: numbers (1e-3, nan, inf), words, "quoted" or 'quoted' text in which a
// backslash escapes only quotes and itself (so patterns need no doubling), for
// times 2026-11-01, 2026-11-01T12:30, 12:30, today, yesterday, now, and -2h for
// two hours ago, for durations 90s, 10m, 1h30m, 2d, 1w.
//
// What a comparison means:
//   - A missing value matches no comparison, != and "not in" included, as in
//     MLflow; only "is null" finds it. "not" around a clause inverts its answer.
//   - Params and tags are text. An unquoted value that is a number is compared
//     numerically with every param that is one too, so lr = 0.01 finds "1e-2";
//     a quoted value is compared as text.
//   - metrics.loss = nan finds NaN; NaN is otherwise neither less nor greater.
//   - A date without a time equals every moment of its day; before and after are
//     measured from its beginning.
//
// # MLflow's (ParseMLflow, ParseOrderBy)
//
// The strict grammar of MLflow's search API, with its errors word for word where
// MLflow's own words do not depend on chance. Both parsers give the same tree, so
// one Match serves both.
//
// The registry and the logged models have grammars of their own there, which are less
// than this one and differ in their errors: ParseMLflowModels, ParseMLflowVersions and
// ParseMLflowLogged give a list of clauses that must all hold.
//
// The package knows no type of ours: a list supplies a Subject for a row and a
// Schema for its fields. Package of beside it does that for runs.
package query

import (
	"strings"
	"time"
)

// Kind is the type of a value.
type Kind uint8

// The kinds.
const (
	Text     Kind = iota
	Word          // text whose case does not matter: a state
	Number        //
	Time          // Num is milliseconds since 1970
	Duration      // Num is seconds
)

// Value is what a Subject has for an attribute. Alt is a second name for the same
// value, "" when there is none: a run that failed by diverging is both.
type Value struct {
	Str, Alt string
	Num      float64
	Kind     Kind
}

// TextValue is a value of the kind Text.
func TextValue(s string) Value { return Value{Kind: Text, Str: s} }

// NumberValue is a value of the kind Number.
func NumberValue(f float64) Value { return Value{Kind: Number, Num: f} }

// TimeValue is a value of the kind Time.
func TimeValue(t time.Time) Value { return Value{Kind: Time, Num: float64(t.UnixMilli())} }

// DurationValue is a value of the kind Duration.
func DurationValue(d time.Duration) Value { return Value{Kind: Duration, Num: d.Seconds()} }

// Subject is one row, as the language sees it. The second result is false when
// the row has no such value.
type Subject interface {
	Attr(name string) (Value, bool) // name as the Schema spells it
	Metric(key string) (float64, bool)
	Param(key string) (string, bool)
	Tag(key string) (string, bool)
	Text() []string // what bare text is looked for in, the row's name first
}

// Datasets is what a Subject implements besides when it has input datasets. A
// clause on datasets.name matches when any of the values does.
type Datasets interface {
	Dataset(field string) []string // field is name, digest or context
}

// Attr describes an attribute of a list.
type Attr struct {
	Name     string
	Aliases  []string // other spellings; case does not matter
	Kind     Kind
	Note     string            // half a line for completion
	Values   []string          // the possible ones, when they are few
	Synonyms map[string]string // lower-case words for values: training → running
}

// Schema is what a list knows about its fields. The zero Schema accepts every
// field. Keys and values are for completion and hints only: a key that no row has
// yet is no error.
type Schema struct {
	Attrs                 []Attr
	Metrics, Params, Tags []string          // known keys
	Entities              map[string]Entity // further names of entities: labels → Tags
	// Values gives known values of a field, for completion; may be nil.
	Values func(Field) []string
}

// Entity is the part of a row that a field is in.
type Entity uint8

// The entities.
const (
	Attribute Entity = iota
	Metrics
	Params
	Tags
	Dataset
)

func (e Entity) String() string {
	return [...]string{"attributes", "metrics", "params", "tags", "datasets"}[e]
}

// Field names a value of a row.
type Field struct {
	Entity Entity
	Key    string
}

// entity resolves the name before a dot.
func (s *Schema) entity(name string) (Entity, bool) {
	switch name {
	case "metrics", "metric":
		return Metrics, true
	case "params", "param", "parameters", "parameter":
		return Params, true
	case "tags", "tag":
		return Tags, true
	case "attributes", "attribute", "attr", "run":
		return Attribute, true
	case "datasets", "dataset":
		return Dataset, true
	}
	e, ok := s.Entities[name]
	return e, ok
}

// attr finds an attribute by its name or an alias.
func (s *Schema) attr(name string) (*Attr, bool) {
	for i := range s.Attrs {
		a := &s.Attrs[i]
		if strings.EqualFold(a.Name, name) {
			return a, true
		}
		for _, alias := range a.Aliases {
			if strings.EqualFold(alias, name) {
				return a, true
			}
		}
	}
	return nil, false
}

// keys are the known keys of an entity.
func (s *Schema) keys(e Entity) []string {
	switch e {
	case Metrics:
		return s.Metrics
	case Params:
		return s.Params
	case Tags:
		return s.Tags
	case Dataset:
		return []string{"name", "digest", "context"}
	}
	var names []string
	for _, a := range s.Attrs {
		names = append(names, a.Name)
	}
	return names
}
