package grow

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// all takes everything and notes restarts.
type all struct {
	text     bytes.Buffer
	restarts int
}

func (a *all) read(t *testing.T, f *File) error {
	t.Helper()
	return f.Read(t.Context(), func() { a.restarts++; a.text.Reset() }, func(p []byte, at int64, _ time.Time) int {
		if at != int64(a.text.Len()) {
			t.Errorf("bytes at %d, %d were read", at, a.text.Len())
		}
		a.text.Write(p)
		return len(p)
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f, a := &File{Path: path}, &all{}
	if err := a.read(t, f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	big := strings.Repeat("0123456789", 100_000)
	for i, c := range []struct {
		name     string
		text     string
		replaced bool // by another file of the same name
		restarts int
	}{
		{"short", "one", false, 0},
		{"the same", "one", false, 0},
		{"grown", "one two", false, 0},
		{"shorter", "on", false, 1},
		{"longer, and another", "two three", false, 2},
		{"replaced by a longer one", "two three four", true, 3},
		{"emptied", "", false, 4},
		{"big", big, false, 4},
		{"big and grown", big + "x", false, 4},
		{"another seam", strings.Repeat("0123456789", 99_999) + "----------xy", false, 5},
		{"another head", "-" + big[1:] + "xyz", false, 6},
	} {
		if c.replaced {
			if err := os.Rename(path, path+"~"); err != nil {
				t.Fatal(err)
			}
		}
		write(t, path, c.text)
		// Two writes within the clock's grain must not look like none.
		at := time.Unix(1_700_000_000+int64(i), 0)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		if err := a.read(t, f); err != nil {
			t.Fatal(err)
		}
		if a.text.String() != c.text || a.restarts != c.restarts {
			t.Fatalf("%s: %d bytes of %d, %d restarts, want %d", c.name, a.text.Len(), len(c.text), a.restarts, c.restarts)
		}
	}
}

func TestFileGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f, a := &File{Path: path}, &all{}
	write(t, path, "one")
	if err := a.read(t, f); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := a.read(t, f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	write(t, path, "one more")
	if err := a.read(t, f); err != nil || a.restarts != 1 || a.text.String() != "one more" {
		t.Errorf("%v, %d restarts, %q", err, a.restarts, a.text.String())
	}
}

// TestFileTruncatedMeanwhile is a writer that begins anew between two pieces.
func TestFileTruncatedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, strings.Repeat("a", 3*Piece))
	f := &File{Path: path}
	var text []byte
	restarts := 0
	err := f.Read(t.Context(), func() { restarts++; text = nil }, func(p []byte, _ int64, _ time.Time) int {
		if len(text) == 0 && restarts == 0 {
			write(t, path, strings.Repeat("b", 2*Piece))
		}
		text = append(text, p...)
		return len(p)
	})
	if want := strings.Repeat("b", 2*Piece); err != nil || restarts != 1 || string(text) != want {
		t.Errorf("%v, %d restarts, %d bytes", err, restarts, len(text))
	}
}

// TestFileGoesOn ends a read by its context, and reads the rest with the next.
func TestFileGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, strings.Repeat("a", 3*Piece))
	f := &File{Path: path}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	take := func(p []byte, _ int64, _ time.Time) int { cancel(); n += len(p); return len(p) }
	if err := f.Read(ctx, func() { t.Error("restarted") }, take); !errors.Is(err, context.Canceled) || n != Piece {
		t.Errorf("%v after %d bytes", err, n)
	}
	if err := f.Read(t.Context(), func() { t.Error("restarted") }, take); err != nil || n != 3*Piece {
		t.Errorf("%v after %d bytes", err, n)
	}
}

func TestFileTakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 2*MaxPiece); err != nil {
		t.Fatal(err)
	}
	f, most := &File{Path: path}, 0
	err := f.Read(t.Context(), func() {}, func(p []byte, _ int64, _ time.Time) int { most = max(most, len(p)); return 0 })
	if err == nil || most != MaxPiece {
		t.Errorf("%v after pieces of %d", err, most)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir, "/dev/zero", filepath.Join(dir, "none")} {
		if f, _, err := Open(path); err == nil {
			f.Close()
			t.Errorf("%s was opened", path)
		}
	}
}

func TestSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	s := &Small{Path: path, Limit: 10}
	broken := errors.New("broken")
	n := 0
	parse := func(b []byte) error {
		if n++; string(b) == "bad" {
			return broken
		}
		return nil
	}
	step := func(name string, changed bool, wantErr string) {
		t.Helper()
		got, err := s.Read(parse)
		if got != changed || (wantErr == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: changed %v, %v", name, got, err)
		}
	}
	step("not there", false, "")
	write(t, path, "good")
	step("new", true, "")
	step("again", false, "")
	write(t, path, "bad")
	step("half written", false, "")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	step("broken", true, "broken")
	step("and told once", false, "")
	write(t, path, "longer than ten")
	step("too long", false, "longer than")
	write(t, path, "good again")
	s.Again()
	step("after a change", true, "")
	if n != 4 {
		t.Errorf("%d parsed", n)
	}
}

func TestTableLongRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	long := strings.Repeat("x", MaxRecord+Piece)
	write(t, path, "a,b\n1,2\n\""+long+"\n3,4\n5,6\n")
	var rows []string
	troubles := 0
	tab := &Table{File: File{Path: path}, Comma: ','}
	err := tab.Read(t.Context(), Rows{
		Header:  func([]string) {},
		Row:     func(c [][]byte, _ time.Time) { rows = append(rows, string(bytes.Join(c, []byte("|")))) },
		Trouble: func(error) { troubles++ },
	})
	if err != nil || strings.Join(rows, " ") != "1|2 3|4 5|6" || troubles != 1 {
		t.Errorf("%d rows, %d troubles, %v", len(rows), troubles, err)
	}
}

// FuzzCells holds cells against encoding/csv where that takes the line.
func FuzzCells(f *testing.F) {
	for _, s := range []string{"a,b", `"a,b",c`, `"a""b",`, `a"b,c`, `"a"b,c`, `"open,b`, "", ",", `"x` + "\n" + `y",1`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := Cells(nil, []byte(line), ',')
		if len(got) == 0 {
			t.Fatal("no cells")
		}
		r := csv.NewReader(strings.NewReader(line))
		want, err := r.Read()
		if err != nil || strings.Contains(line, "\r") || r.InputOffset() != int64(len(line)) || strings.HasPrefix(line, "\n") || strings.HasSuffix(line, "\n") {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %q, want %q", line, got, want)
		}
		for i := range want {
			if string(got[i]) != want[i] {
				t.Errorf("%q: %q, want %q", line, got, want)
			}
		}
	})
}
