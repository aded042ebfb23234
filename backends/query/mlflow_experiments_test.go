package query

import (
	"errors"
	"testing"
)

// What MLflow 3.17.2 answers, but for the order of the sets in it.
func TestExperimentFilters(t *testing.T) {
	const keys, texts = "{'name', 'creation_time', 'last_update_time', 'experiment_id'}", "{'ILIKE', '!=', '=', 'LIKE', 'IN', 'NOT IN'}"
	for filter, want := range map[string]string{
		"":                                       "",
		"name = 'Default'":                       "",
		"name = 'a' name = 'b'":                  "",
		"creation_time > 0":                      "",
		"experiment_id IN ('0','1')":             "",
		"tags.x IS NULL":                         "",
		"tags.`a b` = 'x' AND tags.\"y\" != '1'": "",
		" ":                                      "Invalid filter ' '. Could not be parsed.",
		"nope = 'x'":                             "Invalid attribute key 'nope' specified. Valid keys are '" + keys + "'",
		"name > 'x'":                             "Invalid comparator '>' not one of '" + texts + "'",
		"name IN ('Default')":                    "Only ['experiment_id'] attributes support comparison with a list of quoted string values.",
		"name IS NULL":                           "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'",
		"name = Default":                         "Invalid clause(s) in filter string: name, =, Default",
		"tags.a = 'x' or name='b'":               "Invalid clause(s) in filter string: or",
		"creation_time > 'x'":                    "Expected numeric value type for numeric attribute: creation_time. Found 'x'",
		"creation_time = 1.5":                    "Invalid value for numeric attribute 'creation_time': '1.5'",
		"experiment_id = 0":                      "Expected a quoted string value for attributes. Got value 0",
		"experiment_id = 'x'":                    "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
		"experiment_id LIKE '0'":                 "Invalid comparator for experiment_id: LIKE",
		"tag.x = 5":                              "Expected a quoted string value for tag (e.g. 'my-value'). Got value 5",
		"tags.k > 'x'":                           "Invalid comparator for tag: >",
		"metrics.a > 1":                          "Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')",
	} {
		_, err := ParseMLflowExperiments(filter)
		var m *MLflowError
		got := ""
		if errors.As(err, &m) {
			got = m.Message
		}
		if got != want {
			t.Errorf("%q: %q\nwant %q", filter, got, want)
		}
	}
	for clause, want := range map[string]string{
		"name": "", "name DESC": "", "experiment_id": "",
		"nope":                "Invalid attribute key 'nope' specified. Valid keys are '" + keys + "'",
		"name FOO":            "Invalid ordering key in order_by clause 'name FOO'.",
		"tags.x":              "Invalid order_by entity: tag",
		"attributes.name":     "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')",
		"name ASC, creation_": "Invalid order_by clause 'name ASC, creation_'. Could not be parsed.",
		"":                    "Invalid order_by clause ''. Could not be parsed.",
	} {
		_, _, err := ParseOrderExperiments(clause)
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%q: %v\nwant %q", clause, err, want)
		}
	}
}

func FuzzExperimentFilter(f *testing.F) {
	for _, s := range []string{"name = 'a' AND tags.b LIKE 'c%'", "experiment_id NOT IN ('1', '2')", "creation_time >= 5", "tags.`x` IS NOT NULL"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		clauses, err := ParseMLflowExperiments(filter)
		if err != nil && len(clauses) > 0 {
			t.Fatal("clauses beside an error")
		}
		for i := range clauses {
			clauses[i].Holds("a")
			clauses[i].HoldsNumber(1)
		}
	})
}
