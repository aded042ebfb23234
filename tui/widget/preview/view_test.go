package preview

import (
	"fmt"
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell/celltest"
)

// documents is one of each kind.
func documents(t testing.TB) map[string]Doc {
	docs := map[string]Doc{
		"empty": whole("a.txt", ""), "none": {}, "text": whole("a.txt", "one\ntwo\n"+strings.Repeat("long ", 100)+"\n日本語 wide ä̈ marks\n"),
		"json": whole("a.json", `{"a":[1,2],"b":"x"}`), "csv": whole("a.csv", "a,b,c\n1,two,3\n"), "numbers": whole("a.csv", "1,2\n"),
		"hex": whole("a.dat", "\x00\x01\x02"), "bad": whole("a.json", "{"), "made": {Kind: "cannot be read", Rows: []Row{{Label: "\x1b[2J", Text: "\x1b]0;x\x07why", Warn: true}}},
		"odd": colours(),
	}
	for _, n := range []string{"model.safetensors", "model.onnx", "model.pt", "evil-4.pkl", "floats.npy"} {
		docs[n] = whole(n, string(file(t, n)))
	}
	for i, s := range [][2]int{{1, 1}, {8, 8}, {600, 3}, {3, 600}} {
		docs[fmt.Sprintf("png%d", i)] = whole("a.png", string(encoded(t, "png", s[0], s[1])))
	}
	return docs
}

func TestSizes(t *testing.T) {
	for name, d := range documents(t) {
		for look, th := range celltest.Themes() {
			t.Run(name+" "+look, func(t *testing.T) {
				var v View
				v.Show(d)
				for _, w := range []int{0, 1, 2, 3, 4, 5, 7, 11, 20, 33, 80, 200} {
					for _, h := range []int{0, 1, 2, 3, 5, 24} {
						celltest.Size(t, v.Render(th, w, h), w, h)
						v.Key(tea.KeyPressMsg{Code: tea.KeyRight})
						celltest.Size(t, v.Render(th, w, h), w, h)
						v.Key(tea.KeyPressMsg{Code: tea.KeyEnd})
						celltest.Size(t, v.Render(th, w, h), w, h)
						v.Key(tea.KeyPressMsg{Code: tea.KeyHome})
					}
				}
			})
		}
	}
}

// A warning is not only a colour.
func TestWarningHasAGlyph(t *testing.T) {
	for look, th := range celltest.Themes() {
		got := render(th, Doc{Rows: []Row{{Text: "fine"}, {Text: "bad", Warn: true}}}, 20, 3)
		rows := strings.Split(celltest.Text(got), "\n")
		if rows[1] != "fine" || rows[2] != th.Glyph.Caution+" bad" {
			t.Errorf("%s: %q", look, rows)
		}
	}
}

func TestScroll(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "row %d %s end\n", i, strings.Repeat("0123456789", 3))
	}
	th := theme.New(theme.Dark(), false)
	var v View
	v.Show(whole("a.txt", b.String()))
	first := func() string { return strings.Split(celltest.Text(v.Render(th, 30, 11)), "\n")[1] }
	key := func(name string) tea.KeyPressMsg {
		for _, k := range []tea.KeyPressMsg{{Code: tea.KeyDown}, {Code: tea.KeyUp}, {Code: tea.KeyPgDown}, {Code: tea.KeyPgUp}, {Code: tea.KeyHome}, {Code: tea.KeyEnd}, {Code: tea.KeyLeft}, {Code: tea.KeyRight}, {Code: 'f', Mod: tea.ModCtrl}, {Code: 'b', Mod: tea.ModCtrl}} {
			if k.String() == name {
				return k
			}
		}
		return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
	}
	first()
	for _, c := range []struct{ keys, want string }{
		{"up", "row 0 01"},
		{"down", "row 1 01"},
		{"j", "row 2 01"},
		{"k", "row 1 01"},
		{"pgdown", "row 10 0"},
		{"pgup", "row 1 01"},
		{"ctrl+f", "row 10 0"},
		{"ctrl+b", "row 1 01"},
		{"end", "row 90 0"},
		{"down", "row 90 0"},
		{"G", "row 90 0"},
		{"home", "row 0 01"},
		{"right", "23456789"},
		{"left", "row 0 01"},
		{"left", "row 0 01"},
	} {
		if !v.Key(key(c.keys)) {
			t.Errorf("%s was not taken", c.keys)
		}
		if got := first(); !strings.HasPrefix(got, c.want) {
			t.Errorf("after %s: %q, want %q", c.keys, got, c.want)
		}
	}
	for range 20 {
		v.Key(key("right"))
	}
	if got := first(); !strings.HasSuffix(got, "9 end") {
		t.Errorf("far to the right: %q", got)
	}
	if got := strings.Split(celltest.Text(v.Render(th, 30, 11)), "\n")[0]; !strings.HasSuffix(got, "1 of 100") {
		t.Errorf("the heading does not say where one is: %q", got)
	}
	if v.Key(key("x")) {
		t.Error("x was taken")
	}
}

func TestWheel(t *testing.T) {
	var v View
	v.Show(whole("a.txt", strings.Repeat("a line of text\n", 50)))
	th := theme.New(theme.Dark(), false)
	v.Render(th, 10, 11)
	for _, c := range []struct {
		button    tea.MouseButton
		top, left int
	}{{tea.MouseWheelDown, 3, 0}, {tea.MouseWheelRight, 3, 4}, {tea.MouseWheelLeft, 3, 0}, {tea.MouseWheelUp, 0, 0}, {tea.MouseWheelUp, 0, 0}} {
		if !v.Mouse(tea.MouseWheelMsg{Button: c.button}, 0, 0) || v.top != c.top || v.left != c.left {
			t.Errorf("%v: at %d, %d, want %d, %d", c.button, v.top, v.left, c.top, c.left)
		}
	}
	if v.Mouse(tea.MouseClickMsg{}, 0, 0) {
		t.Error("a click was taken")
	}
}

// Names of columns stay in sight, and labels keep their column, while it scrolls.
func TestHeadStays(t *testing.T) {
	th := theme.New(theme.Dark(), false)
	var v View
	v.Show(whole("a.csv", "step,loss\n"+strings.Repeat("1,2\n", 50)))
	v.Render(th, 40, 5)
	v.Key(tea.KeyPressMsg{Code: tea.KeyEnd})
	if got := strings.Split(celltest.Text(v.Render(th, 40, 5)), "\n")[1]; got != "step  loss" {
		t.Errorf("at the end the head is %q", got)
	}
	if v.top != 47 {
		t.Errorf("three rows fit, and the end begins at %d", v.top)
	}
}

func TestAfter(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 0, "abc"}, {"abc", 2, "c"}, {"abc", 9, ""}, {"日本", 2, "本"}, {"日本", 1, " 本"}, {"äb", 1, "b"}, {"e\u0301x", 1, "x"}} {
		if got := after(c.s, c.n); got != c.want {
			t.Errorf("after(%q, %d) = %q, want %q", c.s, c.n, got, c.want)
		}
	}
	s := strings.Repeat("日", 1000)
	if got := upTo(s, 10); len(got) > 16*12 || !strings.HasPrefix(s, got) || len(got)%3 != 0 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

// What is drawn does not touch the document, which other clients share.
func TestShared(t *testing.T) {
	d := whole("a.csv", "a,b\n1,2\n")
	before := text(d)
	for _, th := range celltest.Themes() {
		render(th, d, 5, 3)
	}
	if got := text(d); got != before {
		t.Errorf("it became %s", got)
	}
}

func benchRender(b *testing.B, d Doc, at int) {
	th := theme.New(theme.Dark(), false)
	var v View
	v.Show(d)
	v.Render(th, 160, 45)
	v.top = at
	b.ReportAllocs()
	for b.Loop() {
		v.Render(th, 160, 45)
	}
}

func BenchmarkRender(b *testing.B) {
	b.Run("rows=100k", func(b *testing.B) {
		benchRender(b, whole("a.txt", strings.Repeat("loss=0.1\n", 100_000)), 50_000)
	})
	b.Run("one-row=1MB", func(b *testing.B) { benchRender(b, whole("a.txt", strings.Repeat("x", 1<<20)), 0) })
	b.Run("csv=5k", func(b *testing.B) {
		benchRender(b, whole("a.csv", "a,b,c,d,e,f,g,h\n"+strings.Repeat("1,2.5,three,4,5,6,7,8\n", 5000)), 2000)
	})
	b.Run("image", func(b *testing.B) {
		m := fill(512, 288, color.White)
		for i := range m.Pix {
			m.Pix[i] |= uint8(i * 7919 >> 3)
		}
		benchRender(b, Doc{Kind: "PNG", Image: shrink(m, thumb)}, 0)
	})
}

func BenchmarkParse(b *testing.B) {
	big := fill(4000, 3000, color.NRGBA{10, 200, 30, 255})
	for name, c := range map[string]struct {
		file string
		data []byte
	}{
		"text=1MB":     {"a.txt", []byte(strings.Repeat("loss=0.1\n", 116_000))},
		"json=1MB":     {"a.json", []byte("[" + strings.Repeat(`{"step":1,"loss":0.5},`, 45_000) + "1]")},
		"csv=5k":       {"a.csv", []byte("a,b,c,d\n" + strings.Repeat("1,2.5,three,4\n", 5000))},
		"png=12Mpx":    {"a.png", encode(b, "png", big)},
		"jpeg=12Mpx":   {"a.jpg", encode(b, "jpeg", big)},
		"hostile-json": {"a.json", []byte(strings.Repeat("[", 9000) + strings.Repeat("null,", 200_000) + "1" + strings.Repeat("]", 9000))},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(c.file, int64(len(c.data)), c.data)
			}
		})
	}
}
