package output

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

// naive cuts a whole output into pieces in the plainest way.
func naive(b []byte) (pieces []string) {
	for len(b) > 0 {
		line, rest, found := bytes.Cut(b, []byte("\n"))
		for len(line) > MaxPiece {
			pieces = append(pieces, string(line[:MaxPiece]))
			line = line[MaxPiece:]
		}
		if found || len(line) > 0 {
			pieces = append(pieces, string(line))
		}
		b = rest
	}
	return pieces
}

type file struct {
	t     *testing.T
	src   Source
	ended atomic.Bool
}

func newFile(t *testing.T, content string) *file {
	t.Helper()
	dir := t.TempDir()
	f := &file{t: t}
	f.src = Source{Output: filepath.Join(dir, "output"), Index: filepath.Join(dir, "output.idx"), Now: time.Now, Poll: 250 * time.Millisecond, Ended: f.ended.Load}
	f.write(content)
	return f
}

func (f *file) write(s string) {
	f.t.Helper()
	w, err := os.OpenFile(f.src.Output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = w.WriteString(s)
		w.Close()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *file) index(at ...time.Time) {
	f.t.Helper()
	x, err := NewIndexer(f.src.Output, f.src.Index)
	if err != nil {
		f.t.Fatal(err)
	}
	defer x.Close()
	for _, now := range append(at, time.Now())[:max(1, len(at))] {
		if _, err := x.Step(now); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *file) lines(o backends.LogOptions) (out []backends.LogLine) {
	f.t.Helper()
	for l, err := range f.src.Lines(context.Background(), o) {
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

func texts(ls []backends.LogLine) (out []string) {
	for _, l := range ls {
		out = append(out, string(l.Text))
	}
	return out
}

func TestPieces(t *testing.T) {
	long := strings.Repeat("x", MaxPiece)
	for _, c := range []struct {
		name, in string
		partial  []bool
	}{
		{"nothing", "", nil},
		{"one", "a\n", []bool{false}},
		{"unfinished", "a\nb", []bool{false, false}},
		{"empty lines", "\n\n\n", []bool{false, false, false}},
		{"exactly full", long + "\nb\n", []bool{false, false}},
		{"one more", long + "y\nb\n", []bool{true, false, false}},
		{"twice full", long + long + "\n", []bool{true, false}},
		{"full and unfinished", long, []bool{false}},
		{"control bytes", "a\x00\x1b[31m\r\x07\n\xff\xfe\n", []bool{false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFile(t, c.in)
			f.ended.Store(true)
			got := f.lines(backends.LogOptions{})
			if !slices.Equal(texts(got), naive([]byte(c.in))) || len(got) != len(c.partial) {
				t.Fatalf("got %d pieces, want %d", len(got), len(c.partial))
			}
			for i, l := range got {
				if l.Seq != int64(i) || l.Partial != c.partial[i] {
					t.Errorf("piece %d has seq %d and partial %v", i, l.Seq, l.Partial)
				}
			}
		})
	}
}

func TestAnyStartIsTheSameLine(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "line %d %s\n", i, strings.Repeat("z", i%700))
	}
	b.WriteString(strings.Repeat("w", 3*MaxPiece+5) + "\nend\nrest")
	f := newFile(t, b.String())
	want := naive([]byte(b.String()))
	for _, indexed := range []bool{false, true} {
		if indexed {
			f.index()
		}
		for _, from := range []int64{0, 1, 1500, 2999, 3000, 3002, int64(len(want)) - 1, int64(len(want)), 1 << 40} {
			got := f.lines(backends.LogOptions{From: from})
			tail := want[min(from, int64(len(want))):]
			if !slices.Equal(texts(got), tail) || len(got) > 0 && got[0].Seq != from {
				t.Errorf("from %d (indexed %v): %d lines, want %d", from, indexed, len(got), len(tail))
			}
		}
		for _, n := range []int64{1, 2, 5, 2000, 1 << 40} {
			got := f.lines(backends.LogOptions{Tail: n})
			tail := want[max(0, int64(len(want))-n):]
			if !slices.Equal(texts(got), tail) || got[0].Seq != int64(len(want)-len(tail)) {
				t.Errorf("tail %d (indexed %v): %d lines, want %d", n, indexed, len(got), len(tail))
			}
		}
	}
}

func TestTimesComeFromTheIndexAndNeverGoBack(t *testing.T) {
	t0 := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	f := newFile(t, "a\nb\n")
	f.index(t0)
	f.write("c\nd")
	f.index(t0.Add(time.Minute))
	f.write("d\ne\n")
	f.index(t0.Add(-time.Hour)) // the clock went back
	f.ended.Store(true)
	got := f.lines(backends.LogOptions{})
	want := []time.Duration{0, 0, time.Minute, time.Minute, time.Minute}
	if len(got) != len(want) {
		t.Fatalf("%q", texts(got))
	}
	for i, l := range got {
		if !l.Time.Equal(t0.Add(want[i])) {
			t.Errorf("%q at %v, want +%v", l.Text, l.Time, want[i])
		}
	}
	if got := texts(f.lines(backends.LogOptions{Since: t0.Add(time.Second)})); !slices.Equal(got, []string{"c", "dd", "e"}) {
		t.Errorf("since: %q", got)
	}
}

func TestADamagedIndexLosesNoLine(t *testing.T) {
	in := strings.Repeat("some line of text\n", 200_000)
	f := newFile(t, in)
	f.index()
	good, err := os.ReadFile(f.src.Index)
	if err != nil {
		t.Fatal(err)
	}
	if len(good) < 3*entrySize {
		t.Fatalf("only %d bytes of index", len(good))
	}
	f.ended.Store(true)
	for name, b := range map[string][]byte{
		"empty": {}, "half an entry": good[:entrySize+7], "garbage": bytes.Repeat([]byte{0xff}, 100),
		"zeros behind": append(slices.Clone(good), make([]byte, 3*entrySize)...),
	} {
		if err := os.WriteFile(f.src.Index, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := f.lines(backends.LogOptions{Tail: 3}); len(got) != 3 || got[0].Seq != 199_997 {
			t.Errorf("%s: tail %v", name, got)
		}
		f.index() // goes on behind the good part
		if got := f.lines(backends.LogOptions{From: 150_000}); len(got) != 50_000 {
			t.Errorf("%s: %d lines", name, len(got))
		}
	}
}

func TestThinnedIndexStillSeeks(t *testing.T) {
	f := newFile(t, "")
	x, err := NewIndexer(f.src.Output, f.src.Index)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range 100 {
		f.write(fmt.Sprintf("line %d\n", i))
		if _, err := x.Step(time.Unix(int64(i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.thin(); err != nil {
		t.Fatal(err)
	}
	f.write("line 100\n")
	if _, err := x.Step(time.Unix(100, 0)); err != nil || x.count != 51 {
		t.Fatalf("%d entries, %v", x.count, err)
	}
	f.ended.Store(true)
	got := f.lines(backends.LogOptions{From: 77})
	if len(got) != 24 || string(got[0].Text) != "line 77" || got[0].Time.Unix() != 77 || got[1].Time.Unix() != 79 {
		t.Errorf("%d lines, the first %q at %v, then %v", len(got), got[0].Text, got[0].Time, got[1].Time)
	}
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, "a\nhal")
		got := make(chan string, 100)
		go func() {
			defer close(got)
			for l, err := range f.src.Lines(t.Context(), backends.LogOptions{Follow: true}) {
				if err != nil {
					t.Error(err)
				}
				got <- fmt.Sprintf("%d %q %v", l.Seq, l.Text, l.Partial)
			}
		}()
		want := func(want string) {
			t.Helper()
			if s := <-got; s != want {
				t.Errorf("got %s, want %s", s, want)
			}
		}
		want(`0 "a" false`)
		begin := time.Now()
		want(`1 "hal" true`)
		if d := time.Since(begin); d <= 0 || d > time.Second {
			t.Errorf("a quiet line came after %v", d)
		}
		f.write("f a")
		want(`1 "f a" true`)
		f.write(" line\nb\n")
		want(`1 " line" false`)
		want(`2 "b" false`)
		f.write("last")
		f.ended.Store(true)
		want(`3 "last" false`)
		if s, ok := <-got; ok {
			t.Errorf("and then %s", s)
		}
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, "a\n")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		var last error
		for _, err := range f.src.Lines(ctx, backends.LogOptions{Follow: true}) {
			last = err
		}
		if last != context.Canceled {
			t.Errorf("ended with %v", last)
		}
	})
}

func TestTheReceiverMayStop(t *testing.T) {
	f := newFile(t, strings.Repeat("a\n", 1000))
	n := 0
	for _, err := range f.src.Lines(context.Background(), backends.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Error(n)
	}
}

func TestOneEndlessLineNeedsLittleMemory(t *testing.T) {
	const size = 64 << 20
	f := newFile(t, "")
	w, err := os.Create(f.src.Output)
	if err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte{0x1b, 'x', 0, '\r'}, 1<<18)
	for range size / len(block) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	f.index()
	f.ended.Store(true)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var most uint64
	var total int64
	for l, err := range f.src.Lines(context.Background(), backends.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Text) > MaxPiece {
			t.Fatalf("a piece of %d bytes", len(l.Text))
		}
		total += int64(len(l.Text))
		if l.Seq%128 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc)
		}
	}
	if total != size {
		t.Errorf("%d bytes, want %d", total, size)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("it held %d bytes", grown)
	}
	if got := f.lines(backends.LogOptions{Tail: 2}); len(got) != 2 || got[0].Seq != size/MaxPiece-2 {
		t.Errorf("tail: %d pieces", len(got))
	}
}

func TestAnOutputThatIsNotThere(t *testing.T) {
	f := newFile(t, "")
	if err := os.Remove(f.src.Output); err != nil {
		t.Fatal(err)
	}
	if got := f.lines(backends.LogOptions{Tail: 1}); len(got) != 0 {
		t.Errorf("%v", got)
	}
	f.src.Poll = time.Millisecond
	time.AfterFunc(20*time.Millisecond, func() { f.write("late\n"); f.ended.Store(true) })
	if got := texts(f.lines(backends.LogOptions{Follow: true})); !slices.Equal(got, []string{"late"}) {
		t.Errorf("followed: %q", got)
	}
	if err := os.Mkdir(f.src.Output+".dir", 0o700); err != nil {
		t.Fatal(err)
	}
	f.src.Output += ".dir"
	var errs []error
	for _, err := range f.src.Lines(context.Background(), backends.LogOptions{Tail: 1}) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || errs[0] == nil {
		t.Errorf("a folder as output: %v", errs)
	}
}

func FuzzCounter(f *testing.F) {
	f.Add([]byte("a\nb"), 1)
	f.Add(bytes.Repeat([]byte("x"), 100), 3)
	f.Fuzz(func(t *testing.T, seed []byte, step int) {
		// Long enough to meet the limit, whatever the seed.
		in := bytes.Repeat(seed, 1+(2*MaxPiece+10)/(len(seed)+1))
		step = 1 + (step&0xffff)*3
		var c Counter
		for b := in; len(b) > 0; {
			n := min(step, len(b))
			c.Add(b[:n])
			b = b[n:]
		}
		pieces := naive(in)
		open := len(in) > 0 && in[len(in)-1] != '\n' && c.Offset > c.Start
		want := int64(len(pieces))
		if open {
			want--
		}
		if c.Seq != want || c.Offset != int64(len(in)) || c.Start > c.Offset {
			t.Errorf("%+v, want %d whole pieces", c, want)
		}
		var got int64
		for b := in; len(b) > 0; {
			n, done := Next(b)
			if !done {
				break
			}
			got++
			b = b[n:]
		}
		if got != c.Seq {
			t.Errorf("Next gives %d pieces, Counter %d", got, c.Seq)
		}
	})
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte{}, []byte("a\nb\n"))
	f.Add(bytes.Repeat([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 9), []byte("a\nb\nc\nd\n"))
	f.Fuzz(func(t *testing.T, idx, out []byte) {
		x := newFile(t, string(out))
		if err := os.WriteFile(x.src.Index, idx, 0o600); err != nil {
			t.Fatal(err)
		}
		x.ended.Store(true)
		n := 0
		for l, err := range x.src.Lines(context.Background(), backends.LogOptions{Tail: 5, Since: time.Unix(1, 0)}) {
			if err != nil || l.Seq < 0 {
				t.Fatal(l, err)
			}
			n++
		}
		x.index()
		if got := len(x.lines(backends.LogOptions{})); got > len(out) {
			t.Errorf("%d lines of %d bytes", got, len(out))
		}
	})
}

func BenchmarkTail(b *testing.B) {
	dir := b.TempDir()
	src := Source{Output: filepath.Join(dir, "o"), Index: filepath.Join(dir, "i"), Now: time.Now, Poll: time.Second, Ended: func() bool { return true }}
	if err := os.WriteFile(src.Output, bytes.Repeat([]byte("epoch 3 step 1200 loss 0.1234 acc 0.98\n"), 1<<20), 0o600); err != nil {
		b.Fatal(err)
	}
	x, err := NewIndexer(src.Output, src.Index)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := x.Step(time.Now()); err != nil {
		b.Fatal(err)
	}
	x.Close()
	for b.Loop() {
		for _, err := range src.Lines(context.Background(), backends.LogOptions{Tail: 100}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkLines(b *testing.B) {
	src := Source{Output: filepath.Join(b.TempDir(), "o"), Now: time.Now, Ended: func() bool { return true }}
	text := bytes.Repeat([]byte("epoch 3 step 1200 loss 0.1234 acc 0.98\n"), 1<<18)
	if err := os.WriteFile(src.Output, text, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, err := range src.Lines(context.Background(), backends.LogOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
