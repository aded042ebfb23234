package cell

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

func TestSafe(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ascii", "brisk-otter 0.97", "brisk-otter 0.97"},
		{"our signs", "━─ ● ✓ ✗ … – ⣿ ▌", "━─ ● ✓ ✗ … – ⣿ ▌"},
		{"letters", "Grüße, Привет, 你好, café", "Grüße, Привет, 你好, café"},
		{"decomposed", "cafe\u0301", "cafe\u0301"},
		{"marks piled up", "e" + strings.Repeat("\u0301", 50), "e" + strings.Repeat("\u0301", 3)},
		{"mark alone", "\u0301x", `\u0301x`},
		{"colour", "\x1b[31mred\x1b[0m", "red"},
		{"cursor", "a\x1b[2J\x1b[1;1Hb", "ab"},
		{"title", "a\x1b]0;owned\x07b", "ab"},
		{"link", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"},
		{"clipboard, not ended", "a\x1b]52;c;aGk=", "a^[]52;c;aGk="},
		{"csi, not ended", "a\x1b[31", "a^[[31"},
		{"reset", "a\x1bcb", "a^[cb"},
		{"device", "\x1bPq#0;2\x1b\\x", "x"},
		{"esc at the end", "a\x1b", "a^["},
		{"c1", "a\u009b31mb", `a\u009b31mb`},
		{"raw c1", "a\x9b31mb", `a\x9b31mb`},
		{"bad utf-8", "a\xff\xfeb\xc3", `a\xff\xfeb\xc3`},
		{"surrogate", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"control", "a\x00\x07\x08\x7fb", "a^@^G^H^?b"},
		{"lines", "a\nb\r\nc\rd", "a b c d"},
		{"separators", "a\u2028b\u2029c", "a b c"},
		{"tab", "a\tb\tcdef\tg", "a   b   cdef    g"},
		{"bidi", "a\u202eb\u2066c\u200ed", `a\u202eb\u2066c\u200ed`},
		{"zero width", "ad\u200bmin\ufeff\u2060", `ad\u200bmin\ufeff\u2060`},
		{"joiner after a letter", "a\u200db", `a\u200db`},
		{"soft hyphen", "a\u00adb", `a\u00adb`},
		{"filler", "a\u3164b", `a\u3164b`},
		{"tag", "a\U000e0041b", `a\U000e0041b`},
		{"emoji", "go 🚀 now", "go 🚀 now"},
		{"family", "👩‍💻x", "👩x"},
		{"skin", "👍🏽x", "👍x"},
		{"presentation", "⚠️x", "⚠x"},
		{"flag", "🇩🇪x", "DEx"},
	} {
		if got := Safe(c.in); got != c.want {
			t.Errorf("%s: Safe(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
		if got := SafeBytes([]byte(c.in)); got != c.want {
			t.Errorf("%s: SafeBytes differs: %q", c.name, got)
		}
	}
}

// TestSimple holds the short list of characters that are not looked at closely
// against the long way.
func TestSimple(t *testing.T) {
	for r := rune(0); r < 0x3000; r++ {
		if !simple(r) {
			continue
		}
		s := string(r)
		if hidden(r) || unicode.Is(unicode.M, r) || ansi.StringWidth(s) != 1 || ansi.StringWidthWc(s) != 1 {
			t.Errorf("%U is not simple", r)
		}
		if got := safe(s, 0); got != s {
			t.Errorf("%U would be written as %q", r, got)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[31mx\x1b[m", "\x1b]52;c;x\x07", "é\u0301\u0301\u0301\u0301\u0301", "👩‍💻👍🏽⚠️🇩🇪", "a\u202eb", "\xff\xc3\x28", "न\u093f\u200dक्ष", "\u1100\u1161\u11a8", "1\ufe0f\u20e3", "\t\n\r\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s := Safe(in)
		if !utf8.ValidString(s) {
			t.Fatalf("%q: invalid UTF-8 %q", in, s)
		}
		for _, r := range s {
			if hidden(r) {
				t.Fatalf("%q: %U is left in %q", in, r, s)
			}
		}
		if again := Safe(s); again != s {
			t.Fatalf("%q: not stable: %q then %q", in, s, again)
		}
		w := Width(s)
		if g, wc := ansi.StringWidth(s), ansi.StringWidthWc(s); g != w || wc != w {
			t.Fatalf("%q: %q is %d cells, by graphemes %d, by code points %d", in, s, w, g, wc)
		}
		for _, n := range []int{0, 1, 2, 3, w - 1, w, w + 1} {
			if n < 0 {
				continue
			}
			if got := ansi.StringWidth(Fit(in, n, "…")); got != n {
				t.Fatalf("Fit(%q, %d) is %d cells", in, n, got)
			}
			if got := ansi.StringWidthWc(Right(in, n, "~")); got != n {
				t.Fatalf("Right(%q, %d) is %d cells", in, n, got)
			}
			for _, l := range Wrap(in, n) {
				if ansi.StringWidth(l) > n {
					t.Fatalf("Wrap(%q, %d): %q is wider", in, n, l)
				}
			}
		}
	})
}

func BenchmarkSafePlain(b *testing.B) {
	s := strings.Repeat("epoch=3 loss=0.1234 ", 8)
	b.ReportAllocs()
	for b.Loop() {
		Safe(s)
	}
}

func BenchmarkSafeColoured(b *testing.B) {
	s := strings.Repeat("\x1b[32mINFO\x1b[0m epoch 你好 ", 8)
	b.ReportAllocs()
	for b.Loop() {
		Safe(s)
	}
}
