package query

import (
	"errors"
	"slices"
	"testing"
)

// What MLflow 3.17.2 answers to the same filters is replayed in package track.
func TestParseModels(t *testing.T) {
	for filter, want := range map[string]string{
		"name = 'a'": "a", "name != 'a'": "A b ä", "name LIKE '_'": "A a b ä", "name LIKE 'A%'": "A", "name ILIKE 'a'": "A a", "name ILIKE 'Ä'": "",
		"name IN ('a', 'b')": "a b", "name NOT IN ('a')": "A b ä", `name = "b"`: "b", "attribute.name = 'a' AND name = 'a'": "a", "": "A a b ä",
	} {
		clauses, err := ParseMLflowModels(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		}
		var got string
		for _, name := range []string{"A", "a", "b", "ä"} {
			if !slices.ContainsFunc(clauses, func(c Clause) bool { return !c.Holds(name) }) {
				got += " " + name
			}
		}
		if got != "" {
			got = got[1:]
		}
		if got != want {
			t.Errorf("%s holds for %q, want %q", filter, got, want)
		}
	}
}

func TestModelFilterErrors(t *testing.T) {
	models := func(s string) error { _, err := ParseMLflowModels(s); return err }
	versions := func(s string) error { _, err := ParseMLflowVersions(s); return err }
	logged := func(s string) error { _, err := ParseMLflowLogged(s); return err }
	for _, c := range []struct {
		parse  func(string) error
		filter string
		want   string
	}{
		{models, "run_id = 'x'", "Invalid attribute key 'run_id' specified. Valid keys are '{'name'}'"},
		{models, "params.a = '1'", "Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')"},
		{models, "name > 'a'", "Invalid comparator for attribute: >"},
		{models, "tags.t IN ('a')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('a')"},
		{models, "name IN 'a'", "Invalid clause(s) in filter string: name, IN, 'a'"},
		{models, "name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: OR"},
		{versions, "version = 1", "Invalid clause(s) in filter string: version, =, 1"},
		{versions, "version_number = 1.5", "Invalid value for numeric attribute 'version_number': 1.5"},
		{versions, "version_number LIKE '1'", "Invalid comparator for attribute version_number: LIKE"},
		{versions, "source_path IN ('x')", "Only ['name', 'run_id'] attributes support comparison with a list of quoted string values."},
		{versions, "run_id = 5", "Only the '{'version_number', 'creation_timestamp', 'last_updated_timestamp'}' attributes support comparison with numeric values."},
		{logged, "tag.a = 'b'", "Invalid entity type: 'tag'. Expected one of ['attributes', 'metrics', 'params', 'tags']."},
		{logged, "metrics.a LIKE '1'", "Invalid comparison operator for metrics.a: 'LIKE'. Expected one of ('<', '<=', '>', '>=', '=', '!=')."},
		{logged, "params.a > '1'", "Invalid comparison operator for params.a: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')."},
		{logged, "foo = 'x'", "type object 'SqlLoggedModel' has no attribute 'foo'"},
		{logged, "metrics.a > 'x'", `could not convert string to float: "'x'"`},
		{logged, "a = 'b'; c = 'd'", `Invalid filter string: "a = 'b'; c = 'd'". Expected a single SQL expression.`},
	} {
		err := c.parse(c.filter)
		var e *MLflowError
		if !errors.As(err, &e) || e.Message != c.want {
			t.Errorf("%s: %v\nwant %s", c.filter, err, c.want)
		}
	}
}

func TestModelOrders(t *testing.T) {
	for clause, want := range map[string]string{
		"name": "name", "name DESC": "name desc", "timestamp desc": "timestamp desc", "`name` ASC": "name", "`name`": "`name`",
		"": "!Invalid order_by clause ''. Could not be parsed.", " name": "!Invalid order_by clause ' name'. Could not be parsed.",
		"name FOO": "!Invalid ordering key in order_by clause 'name FOO'.", "version": "!Invalid order_by clause 'version'. Could not be parsed.",
	} {
		key, desc, err := ParseOrderModels(clause)
		got := key
		if desc {
			got += " desc"
		}
		if err != nil {
			got = "!" + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", clause, got, want)
		}
	}
}

func FuzzParseModels(f *testing.F) {
	for _, s := range []string{
		"", "name = 'a' AND tags.`mlflow.prompt.is_prompt` != 'true'", "version_number >= 2", "run_id NOT IN ('a', \"b\")", "metrics.a > 1e-3 AND params.p IN ('1','2')",
		"name IS NULL", "name = ('a')", "((;", "tags.\"a b\" ILIKE '%x_'", "日本.日 = '本'", "\xff = '\xfe'", "`a`.`b` DESC",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, parse := range []func(string) ([]Clause, error){ParseMLflowModels, ParseMLflowVersions, ParseMLflowLogged} {
			clauses, err := parse(src)
			var e *MLflowError
			if err != nil && (!errors.As(err, &e) || e.Code == "" || e.Message == "") {
				t.Fatalf("%q: %+v", src, err)
			}
			for i := range clauses {
				clauses[i].Holds("a")
				clauses[i].HoldsNumber(1)
			}
		}
		if _, _, err := ParseOrderVersions(src); err == nil && src == "" {
			t.Fatal("an empty order")
		}
	})
}
