package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
)

func text(s string) backends.LogLine { return backends.LogLine{Text: []byte(s)} }

func open(t testing.TB, o Options) *Log {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	l := New(o)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func add(t testing.TB, l *Log, lines ...backends.LogLine) {
	t.Helper()
	if err := l.Append(lines...); err != nil {
		t.Fatal(err)
	}
}

// small has a window of a few blocks.
var small = Options{Budget: 4 << 20}

// words makes lines that tell their number.
func words(i int) string {
	return fmt.Sprintf("line %d %s", i, strings.Repeat("x", i%170))
}

func TestReadBackWhatWasSpilled(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Budget: 4 << 20, Dir: dir})
	rnd := rand.New(rand.NewPCG(1, 2))
	const n = 60_000
	start := time.Unix(1_700_000_000, 5)
	var want []backends.LogLine
	for i := range n {
		line := backends.LogLine{Text: []byte(words(i)), Time: start.Add(time.Duration(i) * time.Second), Source: []string{"", "api", "worker"}[rnd.IntN(3)], Stream: "stderr"}
		if rnd.IntN(1000) == 0 {
			line.Skipped = int64(rnd.IntN(50) + 1)
		}
		if i%7 == 0 {
			line.Time = time.Time{}
		}
		want = append(want, line)
	}
	for at := 0; at < n; {
		k := min(n, at+1+rnd.IntN(3000))
		add(t, l, want[at:k]...)
		at = k
	}
	if l.Len() != n || l.First() != 0 {
		t.Fatalf("Len, First = %d, %d", l.Len(), l.First())
	}
	if !l.blocks[5].spilled || l.blocks[len(l.blocks)-1].spilled {
		t.Fatal("the older blocks should be in the file, the last one in memory")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Fatalf("the file has a name: %v %v", left, err)
	}
	got := l.Lines(0, n, nil)
	if len(got) != n {
		t.Fatalf("%d lines, want %d", len(got), n)
	}
	for range 200 { // and in any order
		from := rnd.Int64N(n)
		for _, g := range l.Lines(from, from+30, nil) {
			got[g.Seq] = g
		}
	}
	for i, w := range want {
		g := got[i]
		if g.Seq != int64(i) || !bytes.Equal(g.Text, w.Text) || !g.Time.Equal(w.Time) || g.Source != w.Source || g.Stream != w.Stream || g.Skipped != w.Skipped || g.Partial {
			t.Fatalf("line %d: got %+v, want %+v", i, g, w)
		}
	}
}

func TestFileHasNoOtherReaders(t *testing.T) {
	f, err := unlinked(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fi, err := f.(*os.File).Stat()
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v", fi.Mode())
	}
	if n := fi.Sys().(*syscall.Stat_t).Nlink; n != 0 {
		t.Fatalf("%d names", n)
	}
}

func TestPiecesGrowInPlace(t *testing.T) {
	l := open(t, Options{})
	add(t, l, backends.LogLine{Text: []byte("epoch 1 "), Partial: true})
	before := l.Lines(0, 1, nil)[0]
	rev := l.Rev()
	add(t, l, backends.LogLine{Text: []byte("ERROR done")}, text("next"))
	if got := l.Lines(0, 9, nil); len(got) != 2 || string(got[0].Text) != "epoch 1 ERROR done" || got[0].Partial || string(got[1].Text) != "next" {
		t.Fatalf("got %v", got)
	}
	if got := l.Lines(0, 1, nil)[0].Level; got != LevelError {
		t.Fatalf("level of the whole line is %d", got)
	}
	if string(before.Text) != "epoch 1 " || !before.Partial || l.Rev() == rev {
		t.Fatalf("what was handed out changed: %q, rev %d", before.Text, l.Rev())
	}
}

func TestPiecesOfTwoSourcesStayApart(t *testing.T) {
	l := open(t, Options{})
	add(t, l, backends.LogLine{Text: []byte("a1"), Source: "a", Partial: true}, backends.LogLine{Text: []byte("b"), Source: "b"}, backends.LogLine{Text: []byte("a2"), Source: "a"})
	got := l.Lines(0, 9, nil)
	if len(got) != 3 || !got[0].Partial || string(got[2].Text) != "a2" {
		t.Fatalf("got %v", got)
	}
}

func TestLongLineIsKeptInPieces(t *testing.T) {
	l := open(t, small)
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MB
	add(t, l, backends.LogLine{Text: long, Skipped: 3}, text("end"))
	var all []byte
	got := l.Lines(0, l.Len(), nil)
	for i, g := range got[:len(got)-1] {
		if len(g.Text) > MaxPiece {
			t.Fatalf("piece of %d bytes", len(g.Text))
		}
		if last := i == len(got)-2; g.Partial == last || (g.Skipped == 3) != (i == 0) {
			t.Fatalf("piece %d: partial %v, skipped %d", i, g.Partial, g.Skipped)
		}
		all = append(all, g.Text...)
	}
	if !bytes.Equal(all, long) {
		t.Fatal("the pieces are not the line")
	}
}

func TestStepAndCountAgreeWithLines(t *testing.T) {
	l := open(t, small)
	levelled := []string{"DEBUG a", "INFO a", "plain", "WARN a", "ERROR a"}
	rnd := rand.New(rand.NewPCG(3, 4))
	const n = 40_000
	for i := range n {
		s := levelled[2]
		if i > 20_000 || i < 9000 {
			s = levelled[rnd.IntN(5)]
		}
		line := text(s + strings.Repeat(" ", 100))
		if rnd.IntN(5000) == 0 {
			line.Skipped = 1
		}
		add(t, l, line)
	}
	all := l.Lines(0, n, nil)
	for level := range levels {
		shown := func(i int) bool {
			lv := all[i].Level
			if lv == LevelNone {
				lv = LevelInfo
			}
			return lv >= level || all[i].Skipped > 0
		}
		from := rnd.Int64N(n)
		for i, c := from, int64(0); i < n; i++ {
			if shown(int(i)) {
				c++
			}
			if i%97 == 0 && l.Count(from, i+1, level) != c {
				t.Fatalf("level %d: Count(%d, %d) = %d, want %d", level, from, i+1, l.Count(from, i+1, level), c)
			}
		}
		last := int64(-1)
		for i := range n {
			if i%13 == 0 {
				if at, ok := l.Step(int64(i)-1, true, level); ok != (last >= 0) || ok && at != last {
					t.Fatalf("level %d: back from %d: %d %v, want %d", level, i-1, at, ok, last)
				}
			}
			if !shown(i) {
				continue
			}
			if at, ok := l.Step(last+1, false, level); !ok || at != int64(i) {
				t.Fatalf("level %d: on from %d: %d %v, want %d", level, last+1, at, ok, i)
			}
			last = int64(i)
		}
	}
}

func TestClosed(t *testing.T) {
	l := open(t, small)
	for i := range 20_000 {
		add(t, l, text(words(i)))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(text("x")); !errors.Is(err, ErrClosed) {
		t.Fatalf("Append: %v", err)
	}
	if got := l.Lines(0, 20_000, nil); len(got) != 0 {
		t.Fatalf("%d lines", len(got))
	}
}

func TestManyWatchersOneSlot(t *testing.T) {
	l := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	a, b := make(chan struct{}, 1), make(chan struct{}, 1)
	l.Changed(ctx, a)
	l.Changed(t.Context(), b)
	for range 3 { // nobody receives: nobody waits
		add(t, l, text("x"))
	}
	<-a
	<-b
	select {
	case <-a:
		t.Fatal("signals were queued")
	default:
	}
	cancel()
	for n := 2; n != 1; {
		runtime.Gosched()
		l.watch.mu.Lock()
		n = len(l.watch.all)
		l.watch.mu.Unlock()
	}
	add(t, l, text("x"))
	select {
	case <-a:
		t.Fatal("a signal after its ctx ended")
	case <-b:
	}
}

// TestTogether reads, searches and appends at once; the race detector and the
// checks watch.
func TestTogether(t *testing.T) {
	l := open(t, small)
	const n = 30_000
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var into []Line
			for l.Len() < n {
				end := l.Len()
				into = l.Lines(max(0, end-200), end, into)
				for _, g := range into {
					if w := words(int(g.Seq)); !g.Partial && string(g.Text) != w || !strings.HasPrefix(w, string(g.Text)) {
						t.Errorf("line %d is %q", g.Seq, g.Text)
						return
					}
				}
				l.Count(0, end, LevelWarn)
				l.Step(end, true, LevelWarn)
			}
		})
	}
	wg.Go(func() {
		for l.Len() < n {
			for range l.Search(t.Context(), Query{Text: "99"}, 0, false) {
				continue
			}
		}
	})
	for i := range n {
		w := words(i)
		add(t, l, backends.LogLine{Text: []byte(w[:3]), Partial: true}, text(w[3:]))
	}
	wg.Wait()
}

func TestMemoryStaysSmall(t *testing.T) {
	l := New(Options{Dir: t.TempDir()})
	defer l.Close()
	before := heap()
	peak := uint64(0)
	var batch []backends.LogLine
	for i := range 1_000_000 {
		batch = append(batch, text(words(i)))
		if len(batch) == 1000 {
			add(t, l, batch...)
			batch = batch[:0]
		}
		if i%100_000 == 0 {
			peak = max(peak, heap())
		}
	}
	for h, err := range l.Search(t.Context(), Query{Text: "line 77777"}, 0, false) {
		if err != nil || h.Match && h.Seq < 77777 {
			t.Fatal(h, err)
		}
	}
	for i := int64(0); i < 1_000_000; i += 9999 {
		l.Lines(i, i+50, nil)
	}
	peak = max(peak, heap())
	used := int64(peak) - int64(before)
	t.Logf("%.1f MB for %d lines, %.0f MB of text", float64(used)/1e6, l.Len(), float64(l.end)/1e6)
	if used > 12<<20 {
		t.Fatalf("%d bytes of heap", used)
	}
	runtime.KeepAlive(l)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestEndlessNamesShareOne(t *testing.T) {
	l := open(t, Options{})
	for i := range maxNames + 100 {
		add(t, l, backends.LogLine{Source: fmt.Sprint("pod-", i), Text: []byte("x")})
	}
	got := l.Lines(0, l.Len(), nil)
	if got[0].Source != "pod-0" || got[maxNames-2].Source != "pod-4094" || got[maxNames+50].Source != "other sources" || len(l.traces) != maxNames {
		t.Fatalf("%q, %q, %q; %d traces", got[0].Source, got[maxNames-2].Source, got[maxNames+50].Source, len(l.traces))
	}
}
