package tuitest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

//nolint:gochecknoglobals // a flag can only be registered once a process
var update = flag.Bool("update", false, "rewrite the expected screens")

// Golden compares the screen's text with testdata/NAME.txt; -update rewrites it.
func (x *Harness) Golden(name string) *Harness {
	x.t.Helper()
	Golden(x.t, name+".txt", x.Text()+"\n")
	return x
}

// GoldenStyled compares the screen with its colours with testdata/NAME.ansi.
func (x *Harness) GoldenStyled(name string) *Harness {
	x.t.Helper()
	Golden(x.t, name+".ansi", x.Styled()+"\n")
	return x
}

// Golden compares text with the file testdata/NAME.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with -update and look at it", err)
	}
	if got == string(want) {
		return
	}
	t.Errorf("%s differs from the screen; if the screen is right, -update\n%s", path, diff(string(want), got))
}

// diff shows the lines that differ.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		var a, c string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			c = g[i]
		}
		if a != c {
			b.WriteString("want " + a + "\ngot  " + c + "\n")
		}
	}
	return b.String()
}
