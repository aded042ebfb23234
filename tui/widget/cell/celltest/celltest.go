// Package celltest is what the tests of widgets share: is a drawing exactly the
// cells that were asked for, and does its text look as it did.
package celltest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
)

// Themes is one of each kind: colours on dark and light, sixteen colours, none,
// and without our glyphs.
func Themes() map[string]*theme.Theme {
	return map[string]*theme.Theme{
		"dark":  theme.New(theme.Dark(), false),
		"light": theme.New(theme.Light(), false),
		"basic": theme.New(theme.Basic(true), false),
		"mono":  theme.New(theme.Mono(), false),
		"ascii": theme.New(theme.Mono(), true),
	}
}

// Size fails unless drawn is exactly w×h cells, whether a terminal measures by
// graphemes or by code points, and only colours text.
func Size(t testing.TB, drawn string, w, h int) {
	t.Helper()
	if w <= 0 || h <= 0 {
		if drawn != "" {
			t.Errorf("%d×%d cells hold %q", w, h, drawn)
		}
		return
	}
	rows := strings.Split(drawn, "\n")
	if len(rows) != h {
		t.Errorf("%d×%d: %d rows", w, h, len(rows))
	}
	for i, r := range rows {
		if g, wc := ansi.StringWidth(r), ansi.StringWidthWc(r); g != w || wc != w {
			t.Errorf("%d×%d: row %d is %d (%d) cells: %q", w, h, i, g, wc, ansi.Strip(r))
			return
		}
		if c := control(r); c != "" {
			t.Errorf("%d×%d: row %d holds %q", w, h, i, c)
			return
		}
	}
}

// control is the first thing in a row that is neither text nor a colour.
func control(row string) string {
	for i := 0; i < len(row); i++ {
		if row[i] == 0x1b {
			end := strings.IndexByte(row[i:], 'm')
			if end < 0 || !strings.HasPrefix(row[i:], "\x1b[") || strings.Trim(row[i+2:i+end], "0123456789;:") != "" {
				return row[i:min(i+8, len(row))]
			}
			i += end
			continue
		}
		if row[i] < 0x20 || row[i] == 0x7f {
			return row[i : i+1]
		}
	}
	return ""
}

// Text is a drawing without its colours and the blanks at the ends of its rows.
func Text(drawn string) string {
	rows := strings.Split(ansi.Strip(drawn), "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	return strings.Join(rows, "\n") + "\n"
}

// Golden compares a drawing's text with testdata/NAME.txt. A test that defines the
// flag -update writes it instead.
func Golden(t testing.TB, name, drawn string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	got := Text(drawn)
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs\n--- got\n%s--- want\n%s", name, got, want)
	}
}
