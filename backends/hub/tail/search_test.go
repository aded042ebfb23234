package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"flightdeck/backends"
)

func found(t testing.TB, l *Log, q Query, from int64, back bool) (hits []int64) {
	t.Helper()
	total, last := int64(0), int64(-1)
	for h, err := range l.Search(t.Context(), q, from, back) {
		if err != nil {
			t.Fatal(err)
		}
		if h.Match {
			hits = append(hits, h.Seq)
		}
		if h.Done < last {
			t.Fatalf("progress went from %d to %d", last, h.Done)
		}
		total, last = h.Total, h.Done
	}
	if last != total && last >= 0 {
		t.Fatalf("ended at %d of %d", last, total)
	}
	return hits
}

func TestSearchFindsWhatIsShown(t *testing.T) {
	lines := []string{
		"loss=0.5 lr=1e-3", "LOSS=0.4", "plain", "\x1b[31mlo\x1b[0mss in colour", "10%\r50%\rloss at the end\r", "hidden loss\rgone",
		"\x1b]0;loss\x07title", "Straße loss", "STRASSE", "ends here\r", "été", "ÉTÉ", "K\u212a", "",
	}
	for _, tt := range []struct {
		q    Query
		want []int64
	}{
		{Query{Text: "loss"}, []int64{0, 1, 3, 4, 7}},
		{Query{Text: "loss", Case: CaseExact}, []int64{0, 3, 4, 7}},
		{Query{Text: "LOSS"}, []int64{1}},
		{Query{Text: "LOSS", Case: CaseIgnore}, []int64{0, 1, 3, 4, 7}},
		{Query{Text: "été"}, []int64{10, 11}},
		{Query{Text: "Été"}, nil},
		{Query{Text: "here"}, []int64{9}},
		{Query{Text: "here$", Regexp: true}, []int64{9}},
		{Query{Text: `loss=0\.\d`, Regexp: true}, []int64{0, 1}},
		{Query{Text: `Loss=0\.\d`, Regexp: true}, nil},
		{Query{Text: `(?i)Loss=0\.\d`, Regexp: true}, []int64{0, 1}},
		{Query{Text: `^$`, Regexp: true}, []int64{13}},
		{Query{Text: `kk`, Regexp: true}, []int64{12}},
		{Query{Text: `\Qloss`, Regexp: true}, []int64{0, 1, 3, 4, 7}},
		{Query{Text: `[^a]loss`, Regexp: true}, []int64{7}},
		{Query{Text: "0.5 lr=1e-3\nLOSS"}, nil},
		{Query{Text: `3\nLOSS`, Regexp: true}, nil},
		{Query{Text: `(1e|0\.4)`, Regexp: true}, []int64{0, 1}},
	} {
		t.Run(fmt.Sprint(tt.q), func(t *testing.T) {
			l := open(t, Options{})
			for _, s := range lines {
				add(t, l, text(s))
			}
			if got := found(t, l, tt.q, 0, false); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got := found(t, l, tt.q, 100, true); !slices.Equal(reversed(got), tt.want) {
				t.Errorf("back: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSearchInALineThatGrew(t *testing.T) {
	l := open(t, Options{})
	add(t, l, backends.LogLine{Text: []byte("hidden\r"), Partial: true}, text("shown"))
	if got := found(t, l, Query{Text: "hidden"}, 0, false); len(got) != 0 {
		t.Fatalf("what was written over is found: %v", got)
	}
	if got := found(t, l, Query{Text: "^shown", Regexp: true}, 0, false); len(got) != 1 {
		t.Fatalf("what shows is not found: %v", got)
	}
}

func reversed(s []int64) []int64 {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

func TestSearchAcrossSpilledBlocks(t *testing.T) {
	l := open(t, small)
	const n = 20_000
	for i := range n {
		s := words(i)
		if i%3000 == 0 {
			s = "WARN \x1b[1m" + s
		}
		add(t, l, text(s))
	}
	for _, q := range []Query{
		{Text: "line 4"},
		{Text: "LINE 4", Case: CaseIgnore},
		{Text: `line \d*7 xx$`, Regexp: true},
		{Text: `^l[a-z]+ 77`, Regexp: true},
		{Text: "line", Level: LevelWarn},
		{Text: "nothing of it"},
	} {
		re := regexp.MustCompile("(?i)" + q.Text)
		var all []int64
		for _, line := range l.Lines(0, n, nil) {
			if re.Match(plain(new([]byte), line.Text)) && rank(line.Level) >= q.Level {
				all = append(all, line.Seq)
			}
		}
		for _, from := range []int64{0, 1, 12_345, n - 1, 2 * n} {
			at, there := slices.BinarySearch(all, from)
			on, back := all[at:], all[:at]
			if there {
				back = all[:at+1]
			}
			if got := found(t, l, q, from, false); !slices.Equal(got, on) {
				t.Fatalf("%v from %d: %d hits, want %d", q, from, len(got), len(on))
			}
			if got := reversed(found(t, l, q, from, true)); !slices.Equal(got, back) {
				t.Fatalf("%v back from %d: %d hits, want %d", q, from, len(got), len(back))
			}
		}
	}
}

func TestSearchGivesLosses(t *testing.T) {
	l := open(t, Options{})
	add(t, l, text("a"), backends.LogLine{Text: []byte("b"), Skipped: 7}, backends.LogLine{Text: []byte("a"), Skipped: 2})
	var got []string
	for h, err := range l.Search(t.Context(), Query{Text: "a"}, 0, false) {
		if err != nil {
			t.Fatal(err)
		}
		if h.Seq >= 0 {
			got = append(got, fmt.Sprint(h.Seq, h.Match, h.Loss))
		}
	}
	if want := []string{"0 true false", "1 false true", "2 true true"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestSearchStops(t *testing.T) {
	l := open(t, small)
	for i := range 50_000 {
		add(t, l, text(words(i)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for h, err := range l.Search(ctx, Query{Text: "line"}, 0, false) {
		if h.Match {
			n++
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || n > blockLines {
		t.Fatalf("%d hits after the ctx ended: %v", n, last)
	}
	for range l.Search(t.Context(), Query{Text: "line"}, 0, true) {
		break
	}
}

func TestBadQuery(t *testing.T) {
	l := open(t, Options{})
	add(t, l, text("x"))
	for _, q := range []Query{{Text: "("}, {Text: "("}, {}} {
		q.Regexp = true
		n := 0
		for _, err := range l.Search(t.Context(), q, 0, false) {
			if n++; err == nil {
				t.Errorf("%v: no error", q)
			}
		}
		if n != 1 {
			t.Errorf("%v: %d answers", q, n)
		}
	}
}

// FuzzSearch compares with the plainest search there is.
func FuzzSearch(f *testing.F) {
	f.Add([]byte("epoch 1\nLoss 0.3\n\x1b[1mloss\x1b[m\n10%\rloss"), "loss", false, uint8(0))
	f.Add([]byte("aab\nab"), "a+b$", true, uint8(1))
	f.Add([]byte("\xff\xfe\nK\u212a"), "k", true, uint8(0))
	f.Add([]byte("a]b\x1b[0"), "[]]", true, uint8(2))
	f.Fuzz(func(t *testing.T, log []byte, query string, isRegexp bool, c uint8) {
		q := Query{Text: query, Regexp: isRegexp, Case: c % 3}
		l := New(Options{})
		lines := bytes.Split(log, []byte("\n"))
		for _, s := range lines {
			add(t, l, backends.LogLine{Text: s})
		}
		if !isRegexp && !utf8.ValidString(query) && q.Case != CaseExact {
			return // refused or compared by bytes: either is good
		}
		pattern := query
		if !isRegexp {
			pattern = regexp.QuoteMeta(query)
		}
		re, err := regexp.Compile(pattern)
		if err != nil || query == "" {
			return
		}
		small := strings.ToLower(query) == query
		if isRegexp {
			small = false // what capitals means there is the matcher's own affair
			if q.Case == CaseSmart {
				return
			}
		}
		if q.Case == CaseIgnore || q.Case == CaseSmart && small {
			re = regexp.MustCompile("(?i)" + pattern)
		}
		var want []int64
		for i, s := range lines {
			s = bytes.TrimRight(s, "\r")
			if re.Match(plain(new([]byte), s)) {
				want = append(want, int64(i))
			}
		}
		got := found(t, l, q, 0, false)
		if !isRegexp && isASCII(query) {
			// Without case, a literal of ASCII means ASCII's letters.
			if !subset(got, want) {
				t.Fatalf("%q: got %v, of %v", query, got, want)
			}
			return
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", query, got, want)
		}
	})
}

func subset(a, of []int64) bool {
	for _, x := range a {
		if !slices.Contains(of, x) {
			return false
		}
	}
	return true
}

func FuzzLower(f *testing.F) {
	f.Add([]byte("AZaz@[`{\x80\xc1ÄHELLO, World"))
	f.Fuzz(func(t *testing.T, b []byte) {
		want := bytes.Clone(b)
		for i, c := range want {
			if c >= 'A' && c <= 'Z' {
				want[i] = c + 32
			}
		}
		if got := lower(nil, b); !bytes.Equal(got, want) {
			t.Fatalf("%q became %q", b, got)
		}
	})
}

func million(b *testing.B) *Log {
	l := open(b, Options{})
	var batch []backends.LogLine
	for i := range 1_000_000 {
		s := fmt.Sprintf("2026-11-24T12:31:%02d.%03dZ INFO worker-%d step=%d loss=%.4f val_acc=0.9%d throughput=1033/s eta=0:%02d", i/1000%60, i%1000, i%8, i, 1/float64(i+1), i%100, i%60)
		batch = append(batch, text(s))
		if len(batch) == 1000 {
			add(b, l, batch...)
			batch = batch[:0]
		}
	}
	return l
}

// BenchmarkSearch is one whole search of a million lines, and for first the time to
// the first hit.
func BenchmarkSearch(b *testing.B) {
	l := million(b)
	for _, bb := range []struct {
		name  string
		q     Query
		first bool
	}{
		{"literal/rare", Query{Text: "step=777777 ", Case: CaseExact}, false},
		{"literal/none", Query{Text: "Traceback", Case: CaseExact}, false},
		{"literal/ignore case", Query{Text: "step=777777 "}, false},
		{"literal/every line", Query{Text: "loss", Case: CaseExact}, false},
		{"regexp/with literal", Query{Text: `step=77777\d `, Regexp: true}, false},
		{"regexp/without literal", Query{Text: `[0-9]+\.[0-9]{9}`, Regexp: true}, false},
		{"regexp/first hit", Query{Text: `w[a-z]+-[37] .*=\d+/s`, Regexp: true}, true},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				for h, err := range l.Search(b.Context(), bb.q, 0, false) {
					if err != nil {
						b.Fatal(err)
					}
					if bb.first && h.Match {
						break
					}
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	l := open(b, Options{})
	var batch []backends.LogLine
	for i := range 1000 {
		batch = append(batch, text(`{"time":"2026-11-24T12:31:04Z","level":"info","msg":"step","step":`+fmt.Sprint(i)+`,"loss":0.123}`))
	}
	b.SetBytes(100 * 1000)
	for b.Loop() {
		add(b, l, batch...)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkLevelFilter(b *testing.B) {
	l := million(b)
	for b.Loop() {
		if n := l.Count(0, l.Len(), LevelError); n != 0 {
			b.Fatal(n)
		}
		if _, ok := l.Step(0, false, LevelError); ok {
			b.Fatal("found one")
		}
	}
}

func BenchmarkLinesFromFile(b *testing.B) {
	l := million(b)
	var into []Line
	i := int64(0)
	for b.Loop() {
		i = (i + 77_777) % 900_000
		into = l.Lines(i, i+50, into)
	}
}
