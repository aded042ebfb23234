package folder

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/backends"
)

// toy is a format of these tests: a folder with a file toy.log, of lines
//
//	point KEY STEP TIME VALUE · param K V · tag K V · name N · end STATUS · rewind STEP · forget · bad TEXT
type toy struct {
	kind  string
	below bool
	seen  *counts
}

// counts is what a toy was asked for.
type counts struct{ opened, open, reads, asked atomic.Int64 }

func (f toy) Kind() string {
	if f.kind == "" {
		return "toy"
	}
	return f.kind
}

func (f toy) file() string { return f.Kind() + ".log" }

func (f toy) Places(dir, rel string, entries []fs.DirEntry) (out []Place) {
	if f.seen != nil {
		f.seen.asked.Add(1)
	}
	for _, e := range entries {
		if e.Name() == f.file() && !e.IsDir() {
			exp := ""
			if i := strings.LastIndexByte(rel, '/'); i > 0 {
				exp = rel[:i]
			}
			out = append(out, Place{ID: rel, Name: filepath.Base(dir), Experiment: exp, Path: dir, Below: f.below})
		}
	}
	return out
}

func (f toy) Open(p Place) Reader {
	if f.seen != nil {
		f.seen.opened.Add(1)
		f.seen.open.Add(1)
	}
	return &toyReader{f: f, path: filepath.Join(p.Path, f.file())}
}

type toyReader struct {
	f    toy
	path string
	at   int64
}

func (r *toyReader) Close() error {
	if r.f.seen != nil {
		r.f.seen.open.Add(-1)
	}
	return nil
}

func (r *toyReader) Read(ctx context.Context, to Sink) error {
	if r.f.seen != nil {
		r.f.seen.reads.Add(1)
	}
	f, err := os.Open(r.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.Size() < r.at {
		r.at = 0
		to.Forget()
	}
	all, err := io.ReadAll(io.NewSectionReader(f, r.at, 1<<30))
	if err != nil {
		return err
	}
	all = all[:bytes.LastIndexByte(all, '\n')+1]
	s := bufio.NewScanner(bytes.NewReader(all))
	for s.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.at += int64(len(s.Bytes())) + 1
		r.line(s.Text(), to)
	}
	return s.Err()
}

func (r *toyReader) line(text string, to Sink) {
	w := strings.Fields(text)
	if len(w) == 0 {
		return
	}
	n := func(i int) int64 { v, _ := strconv.ParseInt(w[i], 10, 64); return v }
	switch w[0] {
	case "point":
		v, _ := strconv.ParseFloat(w[4], 64)
		to.Points(w[1], backends.Points{Step: []int64{n(2)}, Time: []int64{n(3)}, Value: []float64{v}})
	case "param":
		to.Params(backends.Param{Key: w[1], Value: w[2]})
	case "tag":
		to.Tags(backends.Tag{Key: w[1], Value: w[2]})
	case "name":
		to.Info(Info{Name: w[1]})
	case "end":
		to.Info(Info{Status: backends.RunStatus(w[1]), End: time.UnixMilli(9e11)})
	case "rewind":
		to.Rewind(n(1))
	case "forget":
		to.Forget()
	case "bad":
		to.Trouble(errors.New(w[1]))
	case "image":
		to.Media(backends.MediaImage, w[1], backends.MediaItem{Step: n(2), Place: w[3]})
	case "histogram":
		to.Histograms(w[1], backends.Histogram{Step: n(2), Left: []float64{0}, Right: []float64{1}, Count: []float64{float64(n(3))}})
	}
}

func (r *toyReader) OpenMedia(_ context.Context, item backends.MediaItem) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("picture " + item.Place)), nil
}

// write makes a file below dir, and its folders.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// age sets a file's time back.
func age(t testing.TB, path string, d time.Duration) {
	t.Helper()
	at := time.Now().Add(-d)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func newTree(t testing.TB, dir string, o TreeOptions) *Tree {
	t.Helper()
	tree, err := NewTree(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// settled is all runs once everything was read.
func settled(t testing.TB, b *Backend) map[string]*backends.Run {
	t.Helper()
	if err := b.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := b.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*backends.Run{}
	for _, r := range list {
		out[r.ID] = r
	}
	return out
}

func history(t testing.TB, b *Backend, id, key string) *backends.History {
	t.Helper()
	h, err := b.History(t.Context(), backends.Ref{Kind: "run", ID: id}, key)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func line(key string, step int64, v any) string {
	return fmt.Sprintf("point %s %d %d %v\n", key, step, 1_700_000_000_000+step*1000, v)
}
