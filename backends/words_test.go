package backends

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"a  b\tc", []string{"a", "b", "c"}},
		{`python train.py --name 'wide net' --x "a\"b" c\ d`, []string{"python", "train.py", "--name", "wide net", "--x", `a"b`, "c d"}},
		{`'' ""`, []string{"", ""}},
		{`"a\nb" 'a\nb'`, []string{`a\nb`, `a\nb`}},
	} {
		got, err := Split(c.line)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Split(%q) = %q, %v; want %q", c.line, got, err, c.want)
		}
	}
	for _, bad := range []string{`'a`, `"a`, `a\`} {
		if got, err := Split(bad); err == nil {
			t.Errorf("Split(%q) = %q, want an error", bad, got)
		}
	}
}

func FuzzJoinSplit(f *testing.F) {
	f.Add("a b", "it's", "\\\"$`\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if !validWords(a, b, c) {
			return
		}
		words := []string{a, b, c}
		got, err := Split(Join(words))
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("Split(Join(%q)) = %q, %v", words, got, err)
		}
	})
}

// validWords leaves out what a string of runes cannot carry unchanged.
func validWords(words ...string) bool {
	for _, w := range words {
		for _, r := range w {
			if r == '\uFFFD' {
				return false
			}
		}
	}
	return true
}
