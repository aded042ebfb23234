package logview

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// rowsOf is the frame's rows without the blanks around them.
func rowsOf(t testing.TB, v *Log, w, h int) []string {
	t.Helper()
	var out []string
	for _, r := range strings.Split(screen(t, v, dark(), w, h), "\n") {
		out = append(out, strings.TrimSpace(r))
	}
	return out
}

func expect(t testing.TB, v *Log, w, h int, want ...string) {
	t.Helper()
	if got := rowsOf(t, v, w, h); !slices.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFollowFreezeResume(t *testing.T) {
	m := &memory{}
	m.write(numbered(20)...)
	v, _ := show(t, m, Options{})
	expect(t, v, 60, 3, "line 17", "line 18", "line 19")
	m.write("line 20")
	v.Refresh()
	expect(t, v, 60, 3, "line 18", "line 19", "line 20")
	press(v, "up")
	if v.Following() {
		t.Fatal("still following")
	}
	expect(t, v, 60, 3, "line 18", "▌ line 19", "line 20")
	m.write("line 21", "line 22")
	v.Refresh()
	expect(t, v, 60, 3, "line 18", "▌ line 19", "2 new lines below  F follow")
	press(v, "F")
	expect(t, v, 60, 3, "line 20", "line 21", "line 22")
	press(v, "pgup", "pgup")
	expect(t, v, 60, 3, "line 16", "line 17", "line 18")
	m.write("line 23")
	v.Refresh()
	expect(t, v, 60, 3, "line 16", "line 17", "1 new line below  F follow")
	if !v.Mouse(tea.MouseClickMsg{X: 40, Y: 2, Button: tea.MouseLeft}, 40, 2) || !v.Following() {
		t.Fatal("a click on the note does not follow")
	}
	press(v, "home")
	expect(t, v, 60, 3, "▌ line 0", "line 1", "line 2")
	for range 30 {
		press(v, "pgdown")
	}
	if !v.Following() {
		t.Fatal("the end does not follow")
	}
	v.Mouse(tea.MouseWheelMsg{Button: tea.MouseWheelUp}, 0, 0)
	expect(t, v, 60, 3, "line 18", "line 19", "line 20")
	press(v, "end")
	expect(t, v, 60, 3, "line 21", "line 22", "line 23")
	for range 3 {
		press(v, "up")
	}
	expect(t, v, 60, 3, "▌ line 20", "line 21", "line 22")
	for range 4 {
		press(v, "down")
	}
	if !v.Following() {
		t.Fatal("down from the last line does not follow")
	}
}

func TestTallLineScrollsInside(t *testing.T) {
	m := &memory{}
	m.write("first", strings.Repeat("abcdefgh", 10), "last")
	v, _ := show(t, m, Options{Look: Look{Wrap: true}})
	expect(t, v, 8, 3, "abcdefgh", "abcdefgh", "last")
	press(v, "home")
	expect(t, v, 8, 3, "first", "abcdefgh", "abcdefgh")
	press(v, "down")
	expect(t, v, 8, 3, "abcdefgh", "abcdefgh", "abcdefgh")
	for range 5 {
		press(v, "down")
	}
	if v.at.cursor != 1 || v.at.top != (pos{1, 5}) {
		t.Fatalf("cursor %d, top %v", v.at.cursor, v.at.top)
	}
	for range 3 {
		press(v, "down")
	}
	expect(t, v, 8, 3, "abcdefgh", "abcdefgh", "last")
	if v.at.cursor != 2 {
		t.Fatalf("cursor %d", v.at.cursor)
	}
}

func TestLastLineGrows(t *testing.T) {
	m := &memory{}
	m.put(Line{Text: []byte("10%"), Partial: true})
	v, _ := show(t, m, Options{})
	expect(t, v, 30, 2, "10%↩", "")
	m.mu.Lock()
	m.lines[0].Text, m.lines[0].Partial = []byte("10%\r20%\r"), false
	m.rev++
	m.mu.Unlock()
	v.Refresh()
	expect(t, v, 30, 2, "20%", "")
}

func TestLevelFilterKeepsLosses(t *testing.T) {
	m := &memory{}
	m.put(Line{Text: []byte("debug"), Level: LevelDebug}, Line{Text: []byte("says nothing")}, Line{Text: []byte("info"), Level: LevelInfo, Skipped: 1}, Line{Text: []byte("bad"), Level: LevelError, Skipped: 12345})
	v, _ := show(t, m, Options{})
	expect(t, v, 40, 6, "debug", "says nothing", "… 1 line lost", "info", "… 12\u2009345 lines lost", "■ bad")
	press(v, "v")
	expect(t, v, 40, 6, "says nothing", "… 1 line lost", "info", "… 12\u2009345 lines lost", "■ bad", "info and worse")
	press(v, "v", "v")
	expect(t, v, 40, 6, "… 1 line lost", "… 12\u2009345 lines lost", "■ bad", "", "", "errors")
	press(v, "v")
	if v.Look().Level != LevelNone {
		t.Fatal("the level does not go round")
	}
}

func TestCopy(t *testing.T) {
	m := &memory{}
	m.write("one", "\x1b[31mtwo\x1b[0m \x1b]52;c;aGk=\x07", "10%\rthree")
	m.put(Line{Text: []byte("four"), Skipped: 2})
	v, _ := show(t, m, Options{})
	v.Render(dark(), 40, 5)
	if v.Text() != "" {
		t.Fatal("nothing is chosen")
	}
	press(v, "home", "down")
	if got := v.Text(); got != "two " {
		t.Fatalf("got %q", got)
	}
	if l, ok := v.Selected(); !ok || l.Seq != 1 {
		t.Fatalf("got %v %v", l, ok)
	}
	press(v, "shift+down", "shift+down")
	if got, want := v.Text(), "two \nthree\n… 2 lines lost\nfour"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	press(v, "esc", "home")
	v.Render(dark(), 40, 5)
	v.Mouse(tea.MouseClickMsg{X: 5, Y: 0, Button: tea.MouseLeft}, 5, 0)
	v.Mouse(tea.MouseMotionMsg{X: 5, Y: 1, Button: tea.MouseLeft}, 5, 1)
	if got, want := v.Text(), "one\ntwo "; got != want {
		t.Fatalf("dragged: got %q, want %q", got, want)
	}
	press(v, "home", "space")
	press(v, "down")
	if got, want := v.Text(), "one"; got == want {
		t.Fatalf("space then down chooses only %q", got)
	}
}

func TestSideways(t *testing.T) {
	m := &memory{}
	m.write("0123456789日本語abcdefghijklmnopqrstuvwxyz")
	v, _ := show(t, m, Options{})
	expect(t, v, 10, 1, "012345678…")
	press(v, "right")
	expect(t, v, 10, 1, "89日本語a…")
	v.sheet.x = 11
	v.sheet.forget()
	expect(t, v, 10, 1, "本語abcd…")
	press(v, "left", "left")
	expect(t, v, 10, 1, "012345678…")
	if v.Key(keyPress("left")) {
		t.Fatal("left was taken where there is nothing more")
	}
	press(v, "w")
	if v.Key(keyPress("right")) || !v.Look().Wrap {
		t.Fatal("a wrapped view scrolls sideways")
	}
}
