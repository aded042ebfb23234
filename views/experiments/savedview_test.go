package experiments

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseView(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing said", `{}`, ""},
		{"by hand", `{"filter": "metrics.val_acc > 0.9", "group": "seeds", "charts": {"pinned": ["val_loss"], "smooth": 0.6}}`, ""},
		{"misspelt", `{"filtr": "x"}`, `unknown field "filtr"`},
		{"no JSON", `filter: x`, "invalid character"},
		{"empty", ``, "EOF"},
		{"two of them", `{} {}`, "there is more after it"},
		{"too smooth", `{"charts":{"smooth":1}}`, "smooth 1 is not between"},
		{"another chart", `{"charts":{"kind":"Pie"}}`, `no chart kind "Pie"`},
		{"too wide", `{"widths":{"run":201}}`, "201 cells wide"},
		{"control", `{"filter":"a\u001b[2J"}`, "control character"},
		{"long", `{"filter":"` + strings.Repeat("x", longestText+1) + `"}`, "more than 2000 bytes"},
		{"many", `{"columns":["` + strings.Repeat(`x","`, mostListed) + `"]}`, "more than 500 names"},
		{"wrong type", `{"columns":{}}`, "cannot unmarshal"},
	} {
		_, err := parseView([]byte(c.in))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// What can be read is written so that it is read back as the same, and never has
// what a view must not hold.
func FuzzParseView(f *testing.F) {
	f.Add([]byte(`{"columns":["run","metrics.val_acc"],"widths":{"run":20},"sort":"metrics.val_acc","descending":true,"filter":"otter","group":"params.lr","baseline":"local/1","delta":true}`))
	f.Add([]byte(`{"charts":{"kind":"Parallel","metric":"loss","pinned":["a"],"x":"epoch","smooth":0.6,"log_x":true,"log":{"loss":true},"axes":["params.lr"],"shade":"metrics.a","axis_log":{"params.lr":false},"scatter_x":"params.lr","scatter_y":"metrics.a"}}`))
	f.Add([]byte(`{"charts":{"smooth":1e999}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parseView(data)
		if err != nil {
			return
		}
		if s := v.Charts.Smooth; !(s >= 0 && s <= mostSmooth) {
			t.Errorf("smooth is %v", s)
		}
		if strings.ContainsAny(v.Filter, "\x1b\x00\n") {
			t.Errorf("the filter is %q", v.Filter)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseView(out)
		if err != nil {
			t.Fatalf("%s is not read back: %v", out, err)
		}
		again, _ := json.Marshal(back)
		if string(again) != string(out) {
			t.Errorf("%s comes back as %s", out, again)
		}
	})
}
