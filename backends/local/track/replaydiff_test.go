package track

import (
	"regexp"
	"slices"
	"strings"
)

// differ compares one answer with the recorded one.
type differ struct {
	*replay
	x     exchange
	found []string
}

func (d *differ) add(parts ...any) { d.found = append(d.found, clip(parts...)) }

// learn pairs the ids that stand at the same places.
func (d *differ) learn(got, want any) {
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		for k, v := range want {
			d.learn(got[k], v)
		}
	case []any:
		got, _ := got.([]any)
		for i := range min(len(got), len(want)) {
			d.learn(got[i], want[i])
		}
	case string:
		got, _ := got.(string)
		if _, known := d.ids[want]; !known && want != "" && anID.FindString(want) == want && anID.FindString(got) == got && got != "" {
			d.ids[want] = got
		}
	}
}

// made are the fields that say when the server did something.
var made = regexp.MustCompile(`^(creation_time|last_update_time|(creation|last_updated)_timestamp(_ms)?|creationTime|lastUpdateTime)$`)

// compare says where an answer differs. A recording of the version that we answer
// as must be met exactly; of another, and of the UI, all that it holds must be there.
func (d *differ) compare(at string, got, want any) {
	switch want := want.(type) {
	case map[string]any:
		got, isMap := got.(map[string]any)
		if !isMap {
			d.add(at, ": ", show(got), ", want ", show(want))
			return
		}
		for k, v := range want {
			g, there := got[k]
			switch {
			case !there && d.changed(at, k):
			case !there:
				d.add(at, ".", k, " is missing, want ", show(v))
			case made.MatchString(k):
				if show(g) == "" || strings.Trim(show(g), `"0123456789`) != "" || strings.HasPrefix(show(g), `"`) != strings.HasPrefix(show(v), `"`) {
					d.add(at, ".", k, ": ", show(g), " is no time, want ", show(v))
				}
			default:
				d.compare(at+"."+k, g, v)
			}
		}
		for k, g := range got {
			if _, there := want[k]; !there && d.ours && !d.ui {
				d.add(at, ".", k, " is too much: ", show(g))
			}
		}
	case []any:
		d.list(at, got, want)
	case string:
		got, isString := got.(string)
		if !isString || sets(got) != sets(want) {
			d.add(at, ": ", show(got), "\n\twant ", show(want))
		}
	default:
		if show(got) != show(want) {
			d.add(at, ": ", show(got), ", want ", show(want))
		}
	}
}

// unordered are the lists in whose order MLflow promises nothing.
var unordered = regexp.MustCompile(`(^|\.)(data\.(metrics|params|tags)|tags|aliases|params|dataset_inputs|datasetInputs|model_inputs|model_outputs|dataset_summaries|latest_versions|registration)$`)

func (d *differ) list(at string, got any, want []any) {
	list, isList := got.([]any)
	if !isList || len(list) != len(want) {
		d.add(at, " has ", len(list), " elements, want ", len(want), "\n\t", show(got), "\n\t", show(want))
		return
	}
	if unordered.MatchString(at) {
		byText := func(a, b any) int { return strings.Compare(stable(a), stable(b)) }
		list, want = slices.Clone(list), slices.Clone(want)
		slices.SortFunc(list, byText)
		slices.SortFunc(want, byText)
	}
	for i := range want {
		d.compare(at, list[i], want[i])
	}
}

// stable is a list's element without the times that differ.
func stable(v any) string {
	return regexp.MustCompile(`"\w*(timestamp|time)\w*":"?\d+"?,?`).ReplaceAllString(show(v), "")
}

var aSet = regexp.MustCompile(`\{'[^{}]*'\}`)

// sets sorts what Python printed of a set, and drops what a message quotes of SQL.
func sets(s string) string {
	if before, _, cut := strings.Cut(s, " Error: ("); cut {
		s = before
	}
	return aSet.ReplaceAllStringFunc(s, func(set string) string {
		parts := strings.Split(strings.Trim(set, "{}"), ", ")
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	})
}
