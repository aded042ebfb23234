package preview

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell/celltest"
)

// Whatever the name, the size and the bytes: it ends, takes what it may, is drawn
// in exactly its cells, and only colours text.
func FuzzParse(f *testing.F) {
	files, err := os.ReadDir(filepath.Join("testdata", "files"))
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		f.Add(e.Name(), int64(0), file(f, e.Name()), uint8(20))
	}
	for _, kind := range []string{"png", "jpeg", "gif"} {
		f.Add("a."+kind, int64(0), encoded(f, kind, 3, 5), uint8(9))
	}
	for name, data := range map[string]string{
		"a.json": `{"a":[1,2,[]],"b":"\u001b"}`, "a.csv": "a,b\n1,\"x\ny\"\n", "a.tsv": "a\t1\n", "a.txt": "\x1b]0;x\x07日本e\u0301\t\x9b", "a": "\x00\x01", "b.json": "{",
	} {
		f.Add(name, int64(1<<40), []byte(data), uint8(1))
	}
	themes := celltest.Themes()
	f.Fuzz(func(t *testing.T, name string, size int64, data []byte, w uint8) {
		if len(data) > 1<<20 {
			return
		}
		d := Parse(name, size, data)
		if len(d.Rows) > maxRows+20 {
			t.Fatalf("%d rows", len(d.Rows))
		}
		if d.Image != nil && max(d.Image.Rect.Dx(), d.Image.Rect.Dy()) > thumb {
			t.Fatalf("keeps an image of %v", d.Image.Rect)
		}
		for _, look := range []string{"dark", "ascii"} {
			var v View
			v.Show(d)
			for _, h := range []int{1, 2, 7} {
				celltest.Size(t, v.Render(themes[look], int(w), h), int(w), h)
			}
			v.Key(tea.KeyPressMsg{Code: tea.KeyRight})
			v.Key(tea.KeyPressMsg{Code: tea.KeyEnd})
			celltest.Size(t, v.Render(themes[look], int(w), 4), int(w), 4)
		}
	})
}

// What is found in a beginning of a file stays found in the whole, so that nothing
// behind an import can hide it.
func FuzzGlobals(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "files", "*.pkl"))
	if err != nil || len(files) == 0 {
		f.Fatal(errors.Join(err, errors.New("no pickles")))
	}
	for _, name := range files {
		f.Add(file(f, filepath.Base(name)))
	}
	f.Add([]byte("cos\nsystem\n(S'true'\ntR."))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		names, err := Globals(data)
		seen := map[string]bool{}
		for _, n := range names {
			seen[n] = true
		}
		if len(names) > maxNames+1 {
			t.Fatalf("%d names", len(names))
		}
		before, _ := Globals(data[:len(data)/2])
		for _, n := range before {
			if !seen[n] {
				t.Fatalf("%q is in the first half, and in the whole it is not: %q", n, names)
			}
		}
		if again, err2 := Globals(data); fmt.Sprint(again, err2) != fmt.Sprint(names, err) {
			t.Fatalf("%q, %v; then %q, %v", names, err, again, err2)
		}
	})
}
