package folder

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
)

func ids(all map[string]*backends.Run) []string { return slices.Sorted(maps.Keys(all)) }

// Links to folders lead nowhere; one to a file counts if the file is in the tree.
func TestLinks(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret/toy.log", line("loss", 0, 1))
	dir := t.TempDir()
	write(t, dir, "a/toy.log", line("loss", 0, 1))
	write(t, dir, "data/real.log", line("loss", 0, 1))
	for _, d := range []string{"in", "out", "b"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"a/loop": "..", "latest": "a", "away": outside, "in/toy.log": "../data/real.log", "out/toy.log": filepath.Join(outside, "secret", "toy.log"), "b/toy.log": "toy.log",
	} {
		if err := os.Symlink(to, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "root")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	b := Open("toys", newTree(t, link, TreeOptions{}), toy{}, Options{})
	if got := ids(settled(t, b)); !slices.Equal(got, []string{"a", "in"}) {
		t.Errorf("%v", got)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/toy.log", "")
	for _, d := range []string{".git", ".venv", "venv", "node_modules", "lib/site-packages", "__pycache__", ".flightdeck"} {
		write(t, dir, d+"/x/toy.log", "")
	}
	write(t, dir, "my-env/pyvenv.cfg", "home = /usr/bin")
	write(t, dir, "my-env/toy.log", "")
	write(t, dir, "my-env/lib/toy.log", "")
	for i := range 30 {
		write(t, dir, fmt.Sprintf("images/%d.png", i), "")
	}
	tree := newTree(t, dir, TreeOptions{MostEntries: 20})
	b := Open("toys", tree, toy{}, Options{})
	if got := ids(settled(t, b)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%v", got)
	}
	if notes := tree.Notes(); len(notes) != 1 || notes[0].Path != "images" || notes[0].Why != "it holds more than 20 entries" {
		t.Errorf("%v", notes)
	}
}

func TestTooManyFolders(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		write(t, dir, fmt.Sprintf("run_%02d/toy.log", i), "")
	}
	tree := newTree(t, dir, TreeOptions{MostFolders: 20})
	if n := len(settled(t, Open("toys", tree, toy{}, Options{}))); n != 19 {
		t.Errorf("%d runs", n)
	}
	if notes := tree.Notes(); len(notes) != 1 || !strings.Contains(notes[0].Why, "more than 20 folders") {
		t.Errorf("%v", notes)
	}
}

// A folder that cannot be read is said, and read when it can be. Root may read
// everything, so that the refusal is given to the walker by hand.
func TestAFolderThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/toy.log", "")
	write(t, dir, "b/toy.log", "")
	tree := newTree(t, dir, TreeOptions{})
	b := Open("toys", tree, toy{}, Options{})
	settled(t, b)
	at := filepath.Join(tree.Root(), "b")
	tree.lost(tree.dirs[at], &fs.PathError{Op: "open", Path: at, Err: syscall.EACCES})
	b.sync()
	list, err := b.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(list) != 1 || list[0].ID != "a" {
		t.Errorf("%v, %v", list, err)
	}
	if notes := tree.Notes(); len(notes) != 1 || notes[0] != (Note{"b", "permission denied"}) {
		t.Errorf("%v", notes)
	}
	if got := ids(settled(t, b)); !slices.Equal(got, []string{"a", "b"}) || len(tree.Notes()) != 0 {
		t.Errorf("%v, %v", got, tree.Notes())
	}
}

func TestRootThatIsNone(t *testing.T) {
	file := write(t, t.TempDir(), "f", "")
	for _, p := range []string{file, filepath.Join(t.TempDir(), "none")} {
		if _, err := NewTree(t.Context(), p, TreeOptions{}); err == nil {
			t.Errorf("%s is taken", p)
		}
	}
}

// Formats that come later see what was walked before.
func TestAFormatThatComesLater(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/toy.log", "")
	write(t, dir, "a/late.log", "")
	tree := newTree(t, dir, TreeOptions{})
	settled(t, Open("toys", tree, toy{}, Options{}))
	late := Open("lates", tree, toy{kind: "late"}, Options{})
	list, err := late.Runs(t.Context(), backends.RunFilter{})
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// A folder is asked about once, and again when its entries change.
func TestPlacesAreAskedWhenEntriesChange(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "a/toy.log", "")
	f := toy{seen: &counts{}}
	b := Open("toys", newTree(t, dir, TreeOptions{}), f, Options{})
	for range 3 {
		settled(t, b)
	}
	asked := f.seen.asked.Load()
	if asked != 2 {
		t.Errorf("asked %d times about two folders", asked)
	}
	appendTo(t, p, line("loss", 0, 1))
	settled(t, b)
	if n := f.seen.asked.Load() - asked; n != 0 {
		t.Errorf("a file grew, and it was asked %d times", n)
	}
	write(t, dir, "a/more.txt", "")
	settled(t, b)
	if n := f.seen.asked.Load() - asked; n != 1 {
		t.Errorf("an entry came, and it was asked %d times", n)
	}
}

// Everything ends with the context of the tree.
func TestEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	dir := t.TempDir()
	for i := range 300 {
		write(t, dir, fmt.Sprintf("run_%d/toy.log", i), line("loss", 0, 1))
	}
	ctx, cancel := context.WithCancel(t.Context())
	tree, err := NewTree(ctx, dir, TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b := Open("toys", tree, toy{}, Options{})
	ended := make(chan error, 1)
	go func() { ended <- b.Notify(t.Context(), func(string) {}) }()
	if _, err := b.Runs(t.Context(), backends.RunFilter{}); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-ended
	if err := b.Settle(t.Context()); err == nil {
		t.Error("it settles although the tree has ended")
	}
	deadline, tick := time.After(5*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}

func TestCompareNatural(t *testing.T) {
	names := []string{"a", "a1", "a2", "a10", "a010b", "b", "version_9", "version_10", ""}
	want := []string{"", "a", "a1", "a2", "a10", "a010b", "b", "version_9", "version_10"}
	slices.SortFunc(names, compareNatural)
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}

func BenchmarkOpen5000(b *testing.B) {
	dir := b.TempDir()
	for i := range 5000 {
		p := write(b, dir, fmt.Sprintf("exp_%d/run_%d/toy.log", i%7, i), "param lr 0.1\n"+line("loss", 0, 1)+line("loss", 1, 2)+line("acc", 1, 2))
		age(b, p, time.Hour)
		write(b, dir, fmt.Sprintf("exp_%d/run_%d/sub/model.bin", i%7, i), "")
	}
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		tree, err := NewTree(ctx, dir, TreeOptions{})
		if err != nil {
			b.Fatal(err)
		}
		be := Open("toys", tree, toy{}, Options{})
		start := time.Now()
		list, err := be.Runs(ctx, backends.RunFilter{})
		if err != nil || len(list) == 0 {
			b.Fatal(len(list), err)
		}
		first := time.Since(start)
		detailed := 0
		for _, r := range list {
			if len(r.Metrics) > 0 {
				detailed++
			}
		}
		if err := be.Settle(ctx); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(first.Milliseconds()), "ms-first")
		b.ReportMetric(float64(len(list)), "runs-first")
		b.ReportMetric(float64(detailed), "detailed-first")
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-all")
		start = time.Now()
		if _, err := be.Runs(ctx, backends.RunFilter{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Microseconds()), "us-again")
		start = time.Now()
		if err := tree.settle(ctx); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-pass")
		cancel()
	}
}
