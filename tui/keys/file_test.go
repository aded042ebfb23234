package keys

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, err := Parse([]byte("# mine\n[keys]\n\"runs.stop\" = \"S\"\nruns.copy = 'y ctrl+y' # both\n\"shell.zoom\" = \"\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Override{{"runs.stop", []string{"S"}, 3}, {"runs.copy", []string{"y", "ctrl+y"}, 4}, {"shell.zoom", []string{}, 5}}
	if !slices.EqualFunc(got, want, func(a, b Override) bool {
		return a.ID == b.ID && slices.Equal(a.Keys, b.Keys) && a.Line == b.Line
	}) {
		t.Errorf("parsed %+v, want %+v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[keys]\n\"runs.stop\" = \"S\"\n"))
	f.Add([]byte("[keys]\nruns.stop = \"ctrl+shift+x\"\n[[keys]]"))
	f.Add([]byte("keys.a = \"+\"\n"))
	f.Add([]byte("[keys]\na={b=\"c\"}"))
	f.Add([]byte("[keys]\n\"\\u0000\" = \"\"\"x\n\ny\"\"\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := Parse(data)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, o := range all {
			if o.ID == "" && !strings.Contains(string(data), `""`) && !strings.Contains(string(data), "''") {
				t.Errorf("an override without an ID from %q", data)
			}
			if o.Line < 1 || o.Line > lines {
				t.Errorf("line %d of %d", o.Line, lines)
			}
			for _, k := range o.Keys {
				if strings.ContainsAny(k, " \t\n") || k == "" {
					t.Errorf("key %q", k)
				}
			}
		}
	})
}

// The motions of the default map do not contradict each other.
func TestDefaultBindsOnce(t *testing.T) {
	by := map[string]string{}
	for _, b := range Default().Lists() {
		for _, k := range b.Keys() {
			if other, twice := by[k]; twice {
				t.Errorf("key %q is both %q and %q", k, other, b.Help().Desc)
			}
			by[k] = b.Help().Desc
		}
	}
}
