package cell

import (
	"flag"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
)

var _ = flag.Bool("update", false, "there are no golden files here; make golden asks every package")

func themes() []*theme.Theme {
	return []*theme.Theme{
		theme.New(theme.Dark(), false), theme.New(theme.Light(), false), theme.New(theme.Contrast(), false),
		theme.New(theme.Basic(true), false), theme.New(theme.Mono(), false), theme.New(theme.Mono(), true), theme.New(theme.Dark(), true),
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in    string
		w     int
		fit   string
		right string
	}{
		{"abc", 5, "abc  ", "  abc"},
		{"abc", 3, "abc", "abc"},
		{"abcd", 3, "ab…", "ab…"},
		{"abcd", 1, "…", "…"},
		{"abcd", 0, "", ""},
		{"你好吗", 4, "你… ", " 你…"},
		{"你好吗", 5, "你好…", "你好…"},
		{"", 2, "  ", "  "},
		{"a\tb", 3, "a …", "a …"},
	} {
		if got := Fit(c.in, c.w, "…"); got != c.fit {
			t.Errorf("Fit(%q, %d) = %q, want %q", c.in, c.w, got, c.fit)
		}
		if got := Right(c.in, c.w, "…"); got != c.right {
			t.Errorf("Right(%q, %d) = %q, want %q", c.in, c.w, got, c.right)
		}
	}
}

func TestWrap(t *testing.T) {
	got := strings.Join(Wrap("wider net, same data; compare\n\nwith averyveryverylongword 你好你好", 10), "|")
	if want := "wider net,|same data;|compare||with|averyveryv|erylongwor|d 你好你好"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestBlock is every size, with lines that are too long, too few, styled or wide.
func TestBlock(t *testing.T) {
	th := theme.New(theme.Dark(), false)
	lines := []string{th.Plain.Warning.Render("a warning that is long"), "", "你好你好", "x"}
	for w := 0; w < 30; w++ {
		for h := 0; h < 7; h++ {
			checkSize(t, Block(lines, w, h), w, h)
		}
	}
}

func checkSize(t *testing.T, s string, w, h int) {
	t.Helper()
	if w <= 0 || h <= 0 {
		if s != "" {
			t.Errorf("%dx%d is not empty", w, h)
		}
		return
	}
	rows := strings.Split(s, "\n")
	if len(rows) != h {
		t.Errorf("%dx%d has %d rows", w, h, len(rows))
	}
	for i, r := range rows {
		if got := ansi.StringWidth(r); got != w {
			t.Errorf("%dx%d: row %d has %d cells: %q", w, h, i, got, ansi.Strip(r))
		}
	}
}

// TestLine draws one of each at every width, theme and background.
func TestLine(t *testing.T) {
	for _, th := range themes() {
		for _, set := range []*theme.Set{&th.Plain, &th.Raised, &th.Row} {
			for w := 0; w < 70; w++ {
				l := NewLine(th, set, w)
				l.Space(2).Mark(set.Engaged, th.Glyph.Running, set.Text, "training 你好").Fill(20).Bar(set.Title, 0.5, 12).Space(1)
				l.Metric(math.NaN(), true, Four).Fill(40).Raw(set.Target.Render("raw你"), 5).Space(9)
				checkSize(t, l.Render(), w, 1)
				var b strings.Builder
				l.Write(&b, w, AlignRight)
				checkSize(t, b.String(), w, 1)
				l.Ends(NewLine(th, set, w).Put(set.Quiet, "8 of 8").Space(1))
				checkSize(t, l.Render(), w, 1)
			}
		}
	}
}

func TestLineText(t *testing.T) {
	th := theme.New(theme.Mono(), false)
	set := &th.Plain
	line := func(w int) *Line { return NewLine(th, set, w) }
	for _, c := range []struct{ got, want string }{
		{line(8).Put(set.Text, "a long name").Render(), "a long …"},
		{line(8).Put(set.Text, "12345678").Space(4).Render(), "12345678"},
		{line(8).Put(set.Text, "12345678").Put(set.Text, "9").Render(), "1234567…"},
		{line(5).Put(set.Text, "a\x1b[2Jb\u202e").Render(), `ab\u…`},
		{line(12).Put(set.Text, "left").Ends(line(12).Put(set.Text, "right")).Render(), "left   right"},
		{line(12).Put(set.Text, "much too long").Ends(line(12).Put(set.Text, "right")).Render(), "much … right"},
		{line(6).Bar(set.Text, 0, 6).Render(), "──────"},
		{line(6).Bar(set.Text, 0.001, 6).Render(), "━─────"},
		{line(6).Bar(set.Text, 0.999, 6).Render(), "━━━━━─"},
		{line(6).Bar(set.Text, 1, 6).Render(), "━━━━━━"},
		{line(6).Bar(set.Text, math.NaN(), 6).Render(), "──────"},
		{line(8).Metric(1, false, Four).Render(), "–       "},
		{line(8).Metric(math.Inf(-1), true, Four).Render(), "-Inf    "},
	} {
		if got := ansi.Strip(c.got); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct{ got, want string }{
		{Four.Format(0.97216), "0.9722"},
		{Four.Format(3), "3.0000"},
		{Significant.Format(0.000021), "2.1e-5"},
		{Significant.Format(1234567), "1.235e+6"},
		{Significant.Format(1e-12), "1e-12"},
		{Significant.Format(2.5e100), "2.5e+100"},
		{Whole.Format(128), "128"},
		{Four.Format(math.NaN()), "NaN"},
		{Four.Format(math.Inf(1)), "+Inf"},
		{Duration(14 * time.Second), "0:14"},
		{Duration(-time.Second), "0:00"},
		{Duration(59*time.Minute + 59*time.Second), "59:59"},
		{Duration(64 * time.Minute), "1h04"},
		{Duration(51 * time.Hour), "2d03h"},
		{Age(-time.Hour), "now"},
		{Age(59 * time.Second), "now"},
		{Age(3 * time.Minute), "3m"},
		{Age(26 * time.Hour), "1d"},
		{Age(800 * day), "2y"},
		{Size(0), "0 B"},
		{Size(999), "999 B"},
		{Size(41e6), "41 MB"},
		{Size(1_240_000_000), "1.24 GB"},
		{Size(999_999), "1 MB"},
		{Count(1797, "\u2009"), "1\u2009797"},
		{Count(-1234567, " "), "-1 234 567"},
		{Count(12, " "), "12"},
		{Share(0.25), "25.0"},
		{ShareInterval(0.747, 0.009), "74.7 ±0.9"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestRange(t *testing.T) {
	for _, c := range []struct {
		in          []float64
		want, exact Figures
	}{
		{nil, Four, Four},
		{[]float64{0}, Four, Whole},
		{[]float64{0.97, 0.1, 0}, Four, Four},
		{[]float64{0.01, 3}, Four, Four},
		{[]float64{1, 0, 1}, Four, Whole},
		{[]float64{128, 64, math.NaN()}, Whole, Whole},
		{[]float64{2.1e-5, 0.1}, Four, Significant},
		{[]float64{0.0004, -0.9}, Four, Significant},
		{[]float64{0.0004, 0.09}, Significant, Significant},
		{[]float64{0.5, 2e6}, Significant, Significant},
	} {
		var r Range
		for _, v := range c.in {
			r.Add(v)
		}
		if got := r.Figures(); got != c.want {
			t.Errorf("%v: %d, want %d", c.in, got, c.want)
		}
		if got := r.Exact(); got != c.exact {
			t.Errorf("%v: exactly %d, want %d", c.in, got, c.exact)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	th := theme.New(theme.Dark(), false)
	l := NewLine(th, &th.Plain, 80)
	var out strings.Builder
	out.Grow(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		l.Reset(th, &th.Plain, 80)
		l.Space(2).Put(l.Set.Title, "brisk-otter").Fill(20).Mark(l.Set.Engaged, "●", l.Set.Text, "training").Fill(40)
		if out.Len() > 1<<19 {
			out.Reset()
			out.Grow(1 << 20)
		}
		l.Write(&out, 80, AlignLeft)
	}
}
