package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func schema() Schema {
	return Schema{
		"Query": {
			"thing": {Kind: Object, Of: "Thing", Resolve: func(_ context.Context, _, args map[string]any) (any, error) {
				in, _ := args["input"].(map[string]any)
				if in["id"] != "1" {
					return nil, errors.New("no thing")
				}
				return map[string]any{
					"id": "1", "start_time": json.Number("5"), "share": json.Number("0.5"),
					"tags": []any{map[string]any{"key": "a", "value": "b"}}, "names": []any{"x"},
				}, nil
			}},
		},
		"Thing": {
			"id": {}, "startTime": {Kind: Long}, "endTime": {Kind: Long}, "share": {Kind: Float}, "none": {Kind: Float}, "text": {},
			"tags": {Kind: Objects, Of: "Tag"}, "more": {Kind: Objects, Of: "Tag"}, "names": {Kind: Strings}, "deep": {Kind: Object, Of: "Thing"},
		},
		"Tag": {"key": {}, "value": {}},
	}
}

func TestExecute(t *testing.T) {
	one := map[string]any{"input": map[string]any{"id": "1"}}
	for query, want := range map[string]string{
		`query Q($input: In! = {id: "2"}) @component(name: "x") { thing(input: $input) { id startTime __typename } }`:                                         `{"data":{"thing":{"__typename":"Thing","id":"1","startTime":"5"}},"errors":null}`,
		`{ thing(input: {id: "1"}) { endTime share none text more { key } names deep { id } } }`:                                                              `{"data":{"thing":{"deep":null,"endTime":"0","more":[],"names":["x"],"none":null,"share":0.5,"text":""}},"errors":null}`,
		`{ a: thing(input: {id: "1"}) { tags { key, value } } b: thing(input: {id: "2"}) { id } } # end`:                                                      `{"data":{"a":{"tags":[{"key":"a","value":"b"}]},"b":null},"errors":["no thing"]}`,
		`query($input: In!) { thing(input: $input) { ...F ... on Thing { share } id @skip(if: true) } } fragment F on Thing { startTime @include(if: true) }`: `{"data":{"thing":{"share":0.5,"startTime":"5"}},"errors":null}`,
		`{ x }`:                  `{"data":null,"errors":["Cannot query field 'x' on type 'Query'."]}`,
		`{ thing }`:              `{"data":null,"errors":["Field 'thing' of type 'Thing' must have a selection of subfields. Did you mean 'thing { ... }'?"]}`,
		`{ thing { id { x } } }`: `{"data":null,"errors":["Field 'id' must not have a selection since it has no subfields."]}`,
		`{ thing { ...No } }`:    `{"data":null,"errors":["Unknown fragment 'No'."]}`,
		`query {`:                `{"data":null,"errors":["Syntax Error: expected a name, found \"\""]}`,
		``:                       `{"data":null,"errors":["Syntax Error: unexpected end"]}`,
		`mutation { x }`:         `{"data":null,"errors":["Syntax Error: unexpected \"mutation\""]}`,
		`query A { __typename } query B { __typename }`: `{"data":null,"errors":["Must provide operation name if query contains multiple operations."]}`,
	} {
		b, err := json.Marshal(schema().Execute(t.Context(), query, "", one))
		if got := strings.NewReplacer(`\u003c`, "<").Replace(string(b)); err != nil || got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	two := schema().Execute(t.Context(), `query A { __typename } query B { b: __typename }`, "B", nil)
	if len(two.Data) != 1 || two.Data["b"] != "Query" {
		t.Errorf("%+v", two)
	}
}

func TestWhatAQueryMayCost(t *testing.T) {
	loop := `{ ...F } fragment F on Query { ...F }`
	deep := "{ thing(input:{id:\"1\"}) " + strings.Repeat("{ deep ", 60) + "{ id }" + strings.Repeat("}", 61)
	wide := "{" + strings.Repeat(" __typename", maxFields+1) + "}"
	bomb := `{ ...A } fragment A on Query { ...B ...B ...B ...B ...B ...B ...B ...B } fragment B on Query { ...C ...C ...C ...C ...C ...C ...C ...C }
		fragment C on Query { ...D ...D ...D ...D ...D ...D ...D ...D } fragment D on Query { ...E ...E ...E ...E ...E ...E ...E ...E } fragment E on Query { __typename }`
	for _, q := range []string{loop, deep, wide, bomb, strings.Repeat("{", 100_000), "{ thing(input: " + strings.Repeat("[", 1000) + ") { id } }"} {
		if r := schema().Execute(t.Context(), q, "", nil); r.Data != nil || len(r.Errors) != 1 {
			t.Errorf("%.60s: %+v", q, r)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add(`query Q($input: In! = {id: "2"}) @component(name: "x") { a: thing(input: $input) { id ...F @skip(if: $b) } } fragment F on Thing { tags { key } }`)
	f.Add(`{ thing(input: {id: [1, -2.5e3, true, null, WORD, "s\n"]}) { id } }`)
	f.Fuzz(func(t *testing.T, q string) {
		if _, err := json.Marshal(schema().Execute(t.Context(), q, "", map[string]any{"b": true})); err != nil {
			t.Fatal(err)
		}
	})
}
