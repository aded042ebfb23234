package backends

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
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

// What is shown as a command line, typed again, is the same command.
func FuzzJoinSplit(f *testing.F) {
	f.Add("a b", "it's", "\\\"$`\n")
	f.Add("", "\xff\x00", "ä ~ * ?")
	f.Add("--lr=0.1", "#", "a\tb")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		words := []string{a, b, c}
		got, err := Split(Join(words))
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("Split(Join(%q)) = %q, %v", words, got, err)
		}
	})
}

// Split never loses a byte that is neither a quote, a backslash nor a blank.
func FuzzSplit(f *testing.F) {
	f.Add(`a "b c" d\ e 'f"g'`)
	f.Add(`"`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		const special = "\"'\\ \t\n"
		drop := func(r byte) bool { return strings.IndexByte(special, r) >= 0 }
		var want, got []byte
		for i := range len(line) {
			if !drop(line[i]) {
				want = append(want, line[i])
			}
		}
		for _, w := range words {
			for i := range len(w) {
				if !drop(w[i]) {
					got = append(got, w[i])
				}
			}
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("Split(%q) = %q", line, words)
		}
	})
}

// A shell reads what we write as we mean it.
func TestQuoteAsTheShell(t *testing.T) {
	words := []string{"plain", "two words", "it's", `"`, `\`, "$HOME `id` $(id)", "", "*", "~", "a\nb", "#no", "!x", "{a,b}", "é", "-n", "a=b", "\xff"}
	out, err := exec.Command("sh", "-c", "printf '%s\\0' "+Join(words)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
		t.Errorf("the shell reads %q, want %q", got, words)
	}
}
