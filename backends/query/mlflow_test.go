package query

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recorded is what MLflow's own parser, version 3.17.2, answered to a filter, and
// whether its filter kept the run that mlflowRun copies.
type recorded struct {
	Filter string `json:"filter"`
	Parsed []struct {
		Type, Key, Comparator string
		Value                 any
	} `json:"parsed"`
	Match bool   `json:"match"`
	Error string `json:"error"`
	Code  string `json:"code"`
}

func lines[T any](t *testing.T, file string) []T {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	for s := bufio.NewScanner(f); s.Scan(); {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if len(out) < 20 {
		t.Fatalf("%s: only %d lines", file, len(out))
	}
	return out
}

var mlflowRun = row{
	attrs: map[string]Value{
		"run_id": TextValue("21a89d401bc64917b1fc032621426396"), "run_name": TextValue("brisk-otter"), "user_id": TextValue("root"),
		"status": TextValue("FINISHED"), "artifact_uri": TextValue("mlflow-artifacts:/1/21a8/artifacts"),
		"start_time": {Kind: Time, Num: 1795440851155}, "end_time": {Kind: Time, Num: 1795440852155},
	},
	metrics:  map[string]float64{"val_acc": 0.975, "loss": math.NaN(), "a": 1.5, "act/fn": 2, "val acc": -3},
	params:   map[string]string{"lr": "0.01", "act/fn": "relu", "opt": "Adam", "quote": "it's"},
	tags:     map[string]string{"k": "Value", "team": "vision", "mlflow.user": "root"},
	datasets: map[string][]string{"name": {"six"}, "digest": {"3efaaf32"}, "context": {"train"}},
}

var pySet = regexp.MustCompile(`\{('[^']*'(?:, )?)+\}`)

// unordered sorts the sets in a message: Python prints them in an order that
// changes from run to run.
func unordered(message string) string {
	return pySet.ReplaceAllStringFunc(message, func(set string) string {
		items := strings.Split(strings.Trim(set, "{}"), ", ")
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	})
}

// refused are filters that MLflow takes and then compares a string with a tuple,
// which is false here and an SQL error in its usual store. We say what is wrong.
var refused = map[string]string{
	"run_id = ('a')": "Expected a quoted string value for attributes. Got value ('a')",
}

func TestMLflowAnswersAsMLflow(t *testing.T) {
	for _, r := range lines[recorded](t, "mlflow-3.17.2-filters.jsonl") {
		x, err := ParseMLflow(r.Filter)
		if message, ok := refused[r.Filter]; ok {
			if err == nil || err.Error() != message {
				t.Errorf("%s: got %v", r.Filter, err)
			}
			continue
		}
		if r.Error != "" {
			e, ok := err.(*MLflowError)
			if !ok || unordered(e.Message) != unordered(r.Error) || e.Code != r.Code {
				t.Errorf("%s:\n got %v\nwant %s", r.Filter, err, r.Error)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", r.Filter, err)
			continue
		}
		if got := x.Match(mlflowRun); got != r.Match {
			t.Errorf("%s: got %v", r.Filter, got)
		}
		if got := clauses(x); len(got) != len(r.Parsed) {
			t.Errorf("%s: %d clauses, MLflow has %d", r.Filter, len(got), len(r.Parsed))
		} else {
			for i, p := range r.Parsed {
				if want := []any{p.Type, mlflowKey(p.Key), strings.ToUpper(p.Comparator), p.Value}; !reflect.DeepEqual(got[i], want) {
					t.Errorf("%s: got %v, MLflow has %v", r.Filter, got[i], want)
				}
			}
		}
	}
}

// clauses writes a tree as MLflow's parser gives it.
func clauses(x Expr) (out [][]any) {
	and, ok := x.(And)
	if !ok {
		and = And{x}
	}
	for _, c := range and {
		switch c := c.(type) {
		case *Cmp:
			var v any = c.Value.Text
			if c.Field.Entity == Attribute && c.Value.isNum {
				v = c.Value.num
			}
			out = append(out, []any{mlflowName(c.Field.Entity), c.Field.Key, strings.ToUpper(c.Op.String()), v})
		case *In:
			var vs []any
			for _, v := range c.Values {
				vs = append(vs, v.Text)
			}
			op := "IN"
			if c.Not {
				op = "NOT IN"
			}
			out = append(out, []any{mlflowName(c.Field.Entity), c.Field.Key, op, vs})
		case Null:
			op := "IS NULL"
			if c.Not {
				op = "IS NOT NULL"
			}
			out = append(out, []any{mlflowName(c.Field.Entity), c.Field.Key, op, nil})
		}
	}
	return out
}

// TestMLflowWire holds the answers of two real servers, order_by included.
func TestMLflowWire(t *testing.T) {
	type exchange struct {
		Version, Filter, Code, Message string
		OrderBy                        []string `json:"order_by"`
		Status                         int
	}
	for _, r := range lines[exchange](t, "mlflow-wire.jsonl") {
		_, err := ParseMLflow(r.Filter)
		for _, o := range r.OrderBy {
			if err == nil {
				_, err = ParseOrderBy(o)
			}
		}
		if (err == nil) != (r.Status == 200) {
			t.Errorf("%s %s: got %v, the server answered %d", r.Filter, r.OrderBy, err, r.Status)
		}
		if e, ok := err.(*MLflowError); ok && (unordered(e.Message) != unordered(r.Message) || e.Code != r.Code) {
			t.Errorf("%s:\n got %s\nwant %s", r.Filter, e.Message, r.Message)
		}
		if e, ok := err.(*MLflowError); ok && r.Version == "3.17.2" && e.Message != r.Message {
			t.Errorf("%s: not in the recorded order:\n got %s\nwant %s", r.Filter, e.Message, r.Message)
		}
	}
}

func TestOrderByAsMLflow(t *testing.T) {
	type order struct {
		OrderBy   string `json:"order_by"`
		Type, Key string
		Asc       bool
		Error     string
	}
	for _, r := range lines[order](t, "mlflow-3.17.2-orders.jsonl") {
		o, err := ParseOrderBy(r.OrderBy)
		if r.Error != "" {
			if err == nil || unordered(err.Error()) != unordered(r.Error) {
				t.Errorf("%s:\n got %v\nwant %s", r.OrderBy, err, r.Error)
			}
			continue
		}
		if err != nil || mlflowName(o.Field.Entity) != r.Type || o.Field.Key != mlflowKey(r.Key) || o.Desc == r.Asc {
			t.Errorf("%s: got %+v %v, MLflow has %+v", r.OrderBy, o, err, r)
		}
	}
}

func TestOrderNaNAndMissingLast(t *testing.T) {
	rows := []row{{}, {metrics: map[string]float64{"a": math.NaN()}}, {metrics: map[string]float64{"a": 1}}, {metrics: map[string]float64{"a": 2}}}
	for clause, want := range map[string][]int{"metrics.a": {2, 3, 1, 0}, "metrics.a DESC": {3, 2, 1, 0}} {
		o, err := ParseOrderBy(clause)
		if err != nil {
			t.Fatal(err)
		}
		got := []int{0, 1, 2, 3}
		slices.SortStableFunc(got, func(i, j int) int { return o.Compare(rows[i], rows[j]) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v", clause, got)
		}
	}
}

func FuzzParseMLflow(f *testing.F) {
	for _, s := range []string{
		"", "metrics.a > 1 AND params.lr = '0.01'", "run_id NOT IN ('a', \"b\")", "tags.`a b` LIKE '%x_'", "a b c, d = 1", "metrics.a-b > -1e-3",
		"params.x = 'it''s", "tags.k IS NOT NULL", "((;", "/* x */ a = 1 -- y", "日本.日 = '本'", "'\\'", "\xff = '\xfe'",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		x, err := ParseMLflow(src)
		if err != nil {
			if e := err.(*MLflowError); e.Code == "" || e.Message == "" {
				t.Fatalf("%q: %+v", src, e)
			}
			return
		}
		x.Match(mlflowRun)
		if _, err := ParseOrderBy(src); err == nil && src == "" {
			t.Fatal("an empty order")
		}
	})
}
