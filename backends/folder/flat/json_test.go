package flat

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	for _, c := range []struct{ key, in, want string }{
		{"a", "1e-3", "a=1e-3\n"},
		{"a", `"text \"q\" \u00e9\ud83d\ude00"`, "a=text \"q\" é😀\n"},
		{"a", "null", "a=null\n"},
		{"a", `{"b": [1, true, null], "c": {"d": "x", "e": {}}, "f": []}`, "a.b=[1, true, null]\na.c.d=x\na.c.e={}\na.f=[]\n"},
		{"a", `[{"b": 1}, 2]`, "a.0.b=1\na.1=2\n"},
		{"a", `{"b": NaN, "c": [-Infinity, "NaN"]}`, "a.b=NaN\na.c=[-Infinity, NaN]\n"},
		{"", `{"a": 1, "a": 2}`, "a=2\n"},
		{"", "3", ""},
	} {
		got, err := JSON(c.key, []byte(c.in))
		if err != nil || text(got) != c.want {
			t.Errorf("%s: got\n%serror %v, want\n%s", c.in, text(got), err, c.want)
		}
	}
	for _, in := range []string{"", "{", `{"a"`, `[1,`, "x", strings.Repeat("[", 100_000), `{"a" 1}`} {
		if got, err := JSON("a", []byte(in)); err == nil {
			t.Errorf("%.20q: %v", in, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{
		`{"a": 1}`:                         `{"a": 1}`,
		`[NaN, Infinity, -Infinity]`:       `["NaN", "Infinity", "-Infinity"]`,
		`{"NaN": "an \"Infinity\" NaN\\"}`: `{"NaN": "an \"Infinity\" NaN\\"}`,
	} {
		if got := string(Numbers([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": {"b": [1, null, "x"]}}`, `[NaN, -Infinity]`, `"\ud83d"`, `{"a": {}, "a": []}`, "[[[[", "1 2"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if json.Valid(data) && !json.Valid(Numbers(data)) {
			t.Errorf("%q became %q", data, Numbers(data))
		}
		got, err := JSON("k", data)
		seen := map[string]bool{}
		for _, p := range got {
			if !strings.HasPrefix(p.Key, "k") || seen[p.Key] {
				t.Errorf("key %q (error %v)", p.Key, err)
			}
			seen[p.Key] = true
		}
	})
}
