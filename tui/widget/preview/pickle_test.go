package preview

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What Python's own unpickler imports of each file (testdata/make.py notes it) is
// what we list, in its order. A name that is computed while it runs is "?".
func TestGlobalsAsPython(t *testing.T) {
	var truth map[string][]string
	if err := json.Unmarshal(file(t, "truth.json"), &truth); err != nil {
		t.Fatal(err)
	}
	if len(truth) < 50 {
		t.Fatalf("%d files", len(truth))
	}
	for name, want := range truth {
		if !strings.HasSuffix(name, ".pkl") && name != "old.pt" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			got, err := Globals(file(t, name))
			if name == "hidden-escape.pkl" {
				want = []string{"?.?"}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, Python imports %q", got, want)
			}
			if broken := strings.Contains(name, "broken"); broken != (err != nil) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Each file that runs code is marked, and no other.
func TestUnusual(t *testing.T) {
	var truth map[string][]string
	if err := json.Unmarshal(file(t, "truth.json"), &truth); err != nil {
		t.Fatal(err)
	}
	for name := range truth {
		d := whole(name, string(file(t, name)))
		hostile := strings.HasPrefix(name, "hidden") || strings.HasPrefix(name, "evil") || strings.HasPrefix(name, "eval") || name == "objects.npz"
		if got := strings.Contains(text(d), "! caution: loading it can run any code"); got != hostile {
			t.Errorf("%s: hostile %v, said so %v\n%s", name, hostile, got, text(d))
		}
	}
	for _, g := range []global{
		{"torch.hub", "load"},
		{"torch.nn", "os.System"},
		{"torch.nn.os", "system"},
		{"torch", "load"},
		{"torch", "Storage.x"},
		{"torchx.nn", "Linear"},
		{"numpy", "load"},
		{"numpy.testing._private.utils", "runstring"},
		{"collections", "OrderedDict.x"},
		{"builtins", "eval"},
		{"builtins", "getattr"},
		{"numpy", "float64 numpy.float32"},
		{"?", "?"},
		{"", ""},
		{"sklearn", ""},
		{"torch._utils", "_rebuild_x.y"},
		{"copyreg", "extension 4"},
	} {
		if usual(g) {
			t.Errorf("%s passes as usual", g)
		}
	}
	for _, g := range []global{
		{"torch._utils", "_rebuild_parameter"},
		{"torch", "BFloat16Storage"},
		{"torch.nn.modules.linear", "Linear"},
		{"sklearn.linear_model._logistic", "LogisticRegression"},
		{"collections", "OrderedDict"},
		{"numpy", "dtype"},
		{"torch", "float32"},
	} {
		if !usual(g) {
			t.Errorf("%s is marked", g)
		}
	}
}

func TestGlobalsErrors(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want []string
		err  string
	}{
		"nothing":               {"", nil, "ends early"},
		"no stop":               {"N", nil, "ends early"},
		"half a name":           {"cos\nsys", nil, "ends early"},
		"half a length":         {"X\x01", nil, "ends early"},
		"a length too long":     {"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", nil, "ends early"},
		"an unknown opcode":     {"cos\nsystem\n\x00", []string{"os.system"}, "unknown pickle opcode 0x00"},
		"nothing to pop":        {"0.", nil, "damaged"},
		"below the mark":        {"N(a.", nil, "damaged"},
		"no mark":               {"t.", nil, "damaged"},
		"a memo that is not":    {"h\x05.", nil, "damaged"},
		"a memo index of words": {"Npx\n.", nil, "damaged"},
		"an empty memo put":     {"\x94.", nil, "damaged"},
		"a stack global of one": {"\x8c\x01a\x93.", nil, "damaged"},
		"an extension":          {"\x82\x05.", []string{"copyreg.extension 5"}, ""},
		"a number as name":      {"K\x01K\x02\x93.", []string{"?.?"}, ""},
		"twice the same":        {"cos\nsystem\ncos\nsystem\n.", []string{"os.system"}, ""},
		"data behind it":        {"N.\x00\x01\x02", nil, ""},
		"a second one":          {"N.N.cos\nsystem\n.", []string{"os.system"}, ""},
		"names in data":         {"N.c\x01\x02\n\x03\n", nil, ""},
		"code behind it":        {"N.cos\nsystem\n(tR", []string{"os.system"}, "ends early"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Globals([]byte(c.data))
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

// What a hostile pickle can make grow has limits, and reaching one is said.
func TestGlobalsLimits(t *testing.T) {
	var names bytes.Buffer
	for i := range 3 * maxNames {
		names.WriteString("cm\nn" + strings.Repeat("x", i%100) + strings.Repeat("y", i/100) + "\n")
	}
	for name, data := range map[string][]byte{
		"the stack": bytes.Repeat([]byte("N"), maxDepth+10),
		"the marks": bytes.Repeat([]byte("("), maxDepth+10),
		"the memo":  append([]byte("N"), bytes.Repeat([]byte("\x94"), maxMemo+10)...),
		"the names": names.Bytes(),
	} {
		if got, err := Globals(data); err == nil || !strings.Contains(err.Error(), "too deep") || len(got) > maxNames+1 {
			t.Errorf("%s: %d names, %v", name, len(got), err)
		}
	}
	if _, err := Globals(bytes.Repeat([]byte("N0"), effort)); err == nil || !strings.Contains(err.Error(), "was not read") {
		t.Errorf("the effort: %v", err)
	}
}
