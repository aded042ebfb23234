package input

import (
	"errors"
	"flag"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/cell/celltest"
)

var _ = flag.Bool("update", false, "write the golden files")

// press sends keys: a name in <> is a special one, the rest is typed.
func press(k interface{ Key(tea.KeyPressMsg) bool }, seq ...string) {
	special := map[string]tea.KeyPressMsg{
		"<tab>": {Code: tea.KeyTab}, "<shift+tab>": {Code: tea.KeyTab, Mod: tea.ModShift}, "<enter>": {Code: tea.KeyEnter}, "<esc>": {Code: tea.KeyEscape},
		"<up>": {Code: tea.KeyUp}, "<down>": {Code: tea.KeyDown}, "<left>": {Code: tea.KeyLeft}, "<right>": {Code: tea.KeyRight},
		"<home>": {Code: tea.KeyHome}, "<end>": {Code: tea.KeyEnd}, "<backspace>": {Code: tea.KeyBackspace}, "<delete>": {Code: tea.KeyDelete},
		"<alt+left>": {Code: tea.KeyLeft, Mod: tea.ModAlt}, "<alt+right>": {Code: tea.KeyRight, Mod: tea.ModAlt},
	}
	for _, c := range "abdefhkpnuw" {
		special["<ctrl+"+string(c)+">"] = tea.KeyPressMsg{Code: c, Mod: tea.ModCtrl}
	}
	for _, s := range seq {
		if m, ok := special[s]; ok {
			k.Key(m)
			continue
		}
		for _, r := range s {
			k.Key(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

func TestEditor(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		want string // with | at the cursor
	}{
		{"typing", []string{"abc", "<left>", "X"}, "abX|c"},
		{"ends", []string{"abc", "<home>", "X", "<end>", "Y"}, "XabcY|"},
		{"emacs", []string{"abc", "<ctrl+a>", "X", "<ctrl+e>", "Y", "<ctrl+b>", "<ctrl+f>"}, "XabcY|"},
		{"words", []string{"a.bc de", "<alt+left>", "<alt+left>", "X"}, "a.X|bc de"},
		{"word right", []string{"ab cd", "<home>", "<alt+right>", "X"}, "abX| cd"},
		{"rub out a word", []string{"metrics.val_acc > 0", "<alt+left>", "<ctrl+w>"}, "metrics.|0"},
		{"kill", []string{"abcdef", "<left>", "<left>", "<ctrl+k>", "<left>", "<ctrl+u>"}, "|d"},
		{"delete", []string{"abc", "<home>", "<delete>", "<ctrl+d>"}, "|c"},
		{"backspace at the start", []string{"a", "<home>", "<backspace>"}, "|a"},
		{"accents", []string{"cafe\u0301", "<left>", "X"}, "cafX|e\u0301"},
		{"wide", []string{"你好", "<left>", "x"}, "你x|好"},
	} {
		var e Editor
		if c.name == "accents" {
			e.Set(c.keys[0])
			press(&e, c.keys[1:]...)
		} else {
			press(&e, c.keys...)
		}
		got := string(e.Runes()[:e.Pos()]) + "|" + string(e.Runes()[e.Pos():])
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPasteIsSafe(t *testing.T) {
	var one, many Editor
	many.Multi = true
	const in = "a\x1b[2Jb\nc\td\u202e\r\n"
	one.Insert(in)
	many.Insert(in)
	if got := one.Text(); got != `ab c    d\u202e` {
		t.Errorf("one line: %q", got)
	}
	if got := many.Text(); got != "ab\nc   d\\u202e\n" {
		t.Errorf("several: %q", got)
	}
}

func TestWindow(t *testing.T) {
	text := []rune("0123456789")
	for _, c := range []struct {
		pos, off, w int
		shown       string
		col, newOff int
	}{
		{0, 0, 20, "0123456789", 0, 0},
		{10, 0, 20, "0123456789", 10, 0},
		{10, 0, 5, "6789", 4, 6},
		{8, 6, 5, "6789", 2, 6}, // does not scroll while the cursor shows
		{3, 6, 5, "34567", 0, 3},
		{10, 9, 8, "3456789", 7, 3}, // shows as much as there is room for
		{5, 0, 1, "5", 0, 5},
		{5, 2, 0, "", 0, 2},
	} {
		shown, col, off := Window(text, c.pos, c.off, c.w)
		if shown != c.shown || col != c.col || off != c.newOff {
			t.Errorf("Window(%d, %d, %d) = %q, %d, %d; want %q, %d, %d", c.pos, c.off, c.w, shown, col, off, c.shown, c.col, c.newOff)
		}
	}
}

func complete(text string, pos int) []Completion {
	head := string([]rune(text)[:pos])
	from := strings.LastIndexAny(head, " (") + 1
	stem := head[from:]
	var out []Completion
	for _, w := range []string{"metrics.val_acc", "metrics.val_loss", "params.lr", "state"} {
		if stem != "" && strings.HasPrefix(w, stem) {
			out = append(out, Completion{Text: w, Note: "8 runs", From: len([]rune(head[:from]))})
		}
	}
	return out
}

func filter() *Input {
	return &Input{
		Prompt: "/ ", Placeholder: "filter", Complete: complete,
		Check: func(text string) (int, error) {
			if i := strings.Index(text, "??"); i >= 0 {
				return len([]rune(text[:i])), errors.New("an operator is missing here")
			}
			return 0, nil
		},
	}
}

func TestCompletion(t *testing.T) {
	in := filter()
	in.Start()
	press(in, "state = 1 and met")
	if offers, chosen := in.Offers(); len(offers) != 2 || chosen != -1 {
		t.Fatalf("offers %v, %d", offers, chosen)
	}
	for _, c := range []struct{ key, want string }{
		{"<tab>", "state = 1 and metrics.val_acc"},
		{"<tab>", "state = 1 and metrics.val_loss"},
		{"<tab>", "state = 1 and metrics.val_acc"},
		{"<shift+tab>", "state = 1 and metrics.val_loss"},
		{"<esc>", "state = 1 and met"},
		{"<shift+tab>", "state = 1 and metrics.val_loss"},
		{" > 0.9", "state = 1 and metrics.val_loss > 0.9"},
		{"<tab>", "state = 1 and metrics.val_loss > 0.9"},
	} {
		press(in, c.key)
		if in.Text() != c.want {
			t.Errorf("after %s: %q, want %q", c.key, in.Text(), c.want)
		}
	}
}

func TestOutcomes(t *testing.T) {
	in := filter()
	if in.Key(tea.KeyPressMsg{Code: 'x', Text: "x"}) {
		t.Error("a key is taken before typing starts")
	}
	in.Start()
	press(in, "one", "<enter>")
	if in.Typing() || in.Done() != Accepted || in.Done() != None || in.Text() != "one" {
		t.Errorf("accepted: %q", in.Text())
	}
	in.Start()
	press(in, " two", "<esc>")
	if in.Done() != Cancelled || in.Text() != "one" || in.Cursor() != nil {
		t.Errorf("cancelled: %q", in.Text())
	}
	in.Start()
	if in.Key(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) || !in.Key(tea.KeyPressMsg{Code: tea.KeyF5}) {
		t.Error("only chords are left to others while typing")
	}
}

func TestHistory(t *testing.T) {
	in := filter()
	in.History([]string{"old"})
	for _, s := range []string{"first", "first", "second"} {
		in.Start()
		in.Set("")
		press(in, s, "<enter>")
	}
	if got := strings.Join(in.Entries(), " "); got != "old first second" {
		t.Errorf("entries %q", got)
	}
	in.Start()
	in.Set("")
	press(in, "dra")
	for _, c := range []struct{ key, want string }{
		{"<up>", "second"},
		{"<up>", "first"},
		{"<ctrl+p>", "old"},
		{"<up>", "old"},
		{"<down>", "first"},
		{"<ctrl+n>", "second"},
		{"<down>", "dra"},
		{"<down>", "dra"},
	} {
		press(in, c.key)
		if in.Text() != c.want {
			t.Errorf("after %s: %q, want %q", c.key, in.Text(), c.want)
		}
	}
}

func TestLooks(t *testing.T) {
	th := celltest.Themes()["dark"]
	screen := func(in *Input, w, h int) string {
		return in.Render(th, &th.Plain, w) + "\n" + in.Below(th, &th.Plain, w, h-1)
	}
	in := filter()
	celltest.Golden(t, "empty", screen(in, 40, 2))
	in.Start()
	press(in, "state = 1 and met")
	celltest.Golden(t, "offers", screen(in, 40, 4))
	press(in, "<tab>")
	celltest.Golden(t, "chosen", screen(in, 40, 4))
	in.Set("lr ?? 3")
	celltest.Golden(t, "wrong", screen(in, 40, 2))
	in.Set("metrics.val_accuracy.of.all ?? 3")
	celltest.Golden(t, "wrong-left", screen(in, 40, 2))
	celltest.Golden(t, "wrong-narrow", screen(in, 24, 2))
	if in.BelowRows(5) != 1 {
		t.Errorf("%d rows below", in.BelowRows(5))
	}
}

func TestEverySize(t *testing.T) {
	for _, th := range celltest.Themes() {
		in := filter()
		in.Prompt = "查 / "
		in.Set("metrics.你好 ?? \x1b[2J 👩‍💻 met")
		for _, start := range []bool{false, true} {
			if start {
				in.Start()
			}
			for w := -1; w < 60; w++ {
				celltest.Size(t, in.Render(th, &th.Raised, w), w, min(w, 1))
				for h := range 5 {
					celltest.Size(t, in.Below(th, &th.Raised, w, h), w, h*min(max(w, 0), 1))
				}
				if c := in.Cursor(); c != nil && (c.X < 0 || c.X >= w) {
					t.Fatalf("width %d: the cursor is at %d", w, c.X)
				}
			}
		}
	}
}

func TestClick(t *testing.T) {
	th := celltest.Themes()["mono"]
	in := filter()
	in.Start()
	press(in, "abc")
	in.Render(th, &th.Plain, 20)
	in.Click(3)
	press(in, "X")
	if in.Text() != "aXbc" {
		t.Errorf("after a click: %q", in.Text())
	}
}

func TestRows(t *testing.T) {
	text := []rune("wider net, same data\n\nabcdefghijkl 你好")
	var got []string
	rows := Rows(text, 10)
	for _, s := range rows {
		got = append(got, string(text[s.From:s.To]))
	}
	if want := "wider net, |same data||abcdefghij|kl 你好"; strings.Join(got, "|") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
	}
	for pos := range len(text) + 1 {
		row, col := RowOf(text, rows, pos)
		if back := PosAt(text, rows[row], col); back != pos {
			t.Errorf("rune %d is at row %d, column %d, which is rune %d", pos, row, col, back)
		}
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("metrics.val_acc > 0.9", []byte{0, 1, 2, 3}, uint8(9))
	f.Add("\x1b]0;x\x07你e\u0301\u0301", []byte{9, 8, 7}, uint8(1))
	names := []string{"<left>", "<right>", "<home>", "<end>", "<alt+left>", "<alt+right>", "<backspace>", "<delete>", "<ctrl+w>", "<ctrl+u>", "<ctrl+k>", "x", "é", "你"}
	f.Fuzz(func(t *testing.T, text string, seq []byte, w uint8) {
		for _, multi := range []bool{false, true} {
			e := Editor{Multi: multi}
			e.Insert(text)
			off := 0
			for _, k := range seq[:min(len(seq), 40)] {
				press(&e, names[int(k)%len(names)])
				if e.Pos() < 0 || e.Pos() > len(e.Runes()) {
					t.Fatalf("the cursor is at %d of %d", e.Pos(), len(e.Runes()))
				}
				rows := Rows(e.Runes(), int(w))
				if r, _ := RowOf(e.Runes(), rows, e.Pos()); r < 0 || r >= len(rows) {
					t.Fatalf("the cursor is on row %d of %d", r, len(rows))
				}
				if multi {
					continue
				}
				shown, col, next := Window(e.Runes(), e.Pos(), off, int(w))
				off = next
				if cell.Width(shown) > int(w) || w > 0 && (col < 0 || col >= int(w)) {
					t.Fatalf("%q shows %q with the cursor at %d in %d cells", e.Text(), shown, col, w)
				}
			}
		}
	})
}
