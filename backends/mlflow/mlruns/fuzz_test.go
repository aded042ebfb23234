package mlruns

import (
	"bytes"
	"io"
	"maps"
	"strings"
	"testing"

	"flightdeck/backends/mlflow/recorded"
)

// Whatever the quick reader takes, the YAML library reads the same.
func FuzzMeta(f *testing.F) {
	f.Add([]byte("name: digits\nexperiment_id: '0'\nend_time: null\ntags: []\n"))
	f.Add([]byte("run_name: 'it''s'\nstart_time: 1790000000000\nuser_id: me\n"))
	f.Add([]byte("run_name: \"\\tx\"\n"))
	f.Add([]byte("run_name: 1e5\nartifact_uri: file:///tmp/a b/x\n"))
	f.Add([]byte("name: a: b\n"))
	f.Add([]byte("name: yes\nname: no\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		quick, ok := parsePlain(doc)
		if !ok {
			_, _ = parseYAML(doc) // must not panic
			return
		}
		slow, err := parseYAML(doc)
		if err != nil {
			t.Fatalf("%q: read as %q, but the library says %v", doc, quick, err)
		}
		maps.DeleteFunc(quick, func(_, v string) bool { return v == "" })
		maps.DeleteFunc(slow, func(_, v string) bool { return v == "" })
		if !maps.Equal(quick, slow) {
			t.Fatalf("%q: %q, the library %q", doc, quick, slow)
		}
	})
}

// A file cut anywhere gives the points of its whole lines, however it is read.
func FuzzLines(f *testing.F) {
	f.Add([]byte("1790000000000 0.5 1\n1790000000001 nan 2\n1790000000002 -inf\n"), 7)
	f.Add([]byte("1 2 3 name digest\r\n\n x \n"), 1)
	f.Add([]byte(strings.Repeat("9", 9000)+"\n1 1 1\n"), 4096)
	f.Fuzz(func(t *testing.T, doc []byte, chunk int) {
		var want []string
		var total int64
		for line := range bytes.Lines(doc) {
			if line[len(line)-1] != '\n' {
				break
			}
			total += int64(len(line))
			if line = line[:len(line)-1]; len(line) > maxLine {
				line = nil
			}
			want = append(want, string(line))
		}
		s := splitter{r: &dribble{doc, max(1, min(chunk, 1<<16))}, buf: make([]byte, 512)}
		var size int64
		for i := 0; ; i++ {
			line, n, err := s.next()
			if err != nil {
				if i != len(want) || size != total {
					t.Fatalf("%d lines of %d bytes, want %d of %d", i, size, len(want), total)
				}
				return
			}
			size += n
			if i >= len(want) || string(line) != want[i] {
				t.Fatalf("line %d is %q", i, line)
			}
			if m, ok := point(line); ok && m.Key != "" {
				t.Fatalf("a point came with the key %q", m.Key)
			}
		}
	})
}

// dribble gives a few bytes at a time.
type dribble struct {
	b []byte
	n int
}

func (d *dribble) Read(p []byte) (int, error) {
	if len(d.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, d.b[:min(d.n, len(d.b))])
	d.b = d.b[n:]
	return n, nil
}

// The names that MLflow itself had to quote are read as it reads them, by the quick
// reader or by the library: that they are is seen by comparing whole stores, and here
// that the quick one is used at all.
func TestMostAreReadQuickly(t *testing.T) {
	for _, v := range recorded.Versions() {
		f := Open("x", recorded.Runs(t, v))
		if _, err := f.Experiments(t.Context()); err != nil {
			t.Fatal(err)
		}
		quick, all := 0, 0
		f.tree.each(func(r *run) {
			b, err := readSmall(r.dir+"/meta.yaml", maxMeta)
			if err != nil {
				t.Fatal(err)
			}
			if all++; func() bool { _, ok := parsePlain(b); return ok }() {
				quick++
			}
		})
		if quick < all*2/3 {
			t.Errorf("%s: only %d of %d were read by hand", v, quick, all)
		}
	}
}
