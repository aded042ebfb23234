package form

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell/celltest"
)

var _ = flag.Bool("update", false, "write the golden files")

func newRun() *Form {
	return New(
		Field{Kind: Info, Label: "Starts another run of digits with these values. The job goes on when this window is closed."},
		Field{ID: "name", Kind: Text, Label: "name", Hint: "made up when empty"},
		Field{ID: "lr", Kind: Number, Label: "learning rate", Default: "0.01", Factor: 10, Min: 1e-6, Max: 10, Required: true},
		Field{ID: "width", Kind: Number, Label: "width", Hint: "units of the hidden layer", Default: "128", Integer: true, Step: 16, Min: 16, Max: 512},
		Field{ID: "kind", Kind: Choice, Label: "model", Default: "mlp", Options: []Option{{Value: "mlp"}, {Value: "linear"}, {Value: "resnet", Why: "needs a GPU"}}},
		Field{ID: "where", Kind: Choice, Label: "where", Options: []Option{
			{Value: "local", Label: "this machine"},
			{Value: "docker", Label: "a container of docker"},
			{Value: "kube", Label: "a job of kubernetes, context prod", Why: "read-only"},
			{Value: "ecs", Label: "a task of aws"},
			{Value: "e5", Label: "five"},
			{Value: "e6", Label: "six"},
			{Value: "e7", Label: "seven"},
			{Value: "e8", Label: "eight"},
		}},
		Field{ID: "resume", Kind: Toggle, Label: "resume", Hint: "from the last checkpoint"},
		Field{ID: "token", Kind: Secret, Label: "token"},
		Field{ID: "note", Kind: Note, Label: "note", Validate: func(v string, all Values) error {
			if strings.Contains(v, "bad") {
				return fmt.Errorf("says bad, though lr is %g", all.Float("lr"))
			}
			return nil
		}},
	)
}

// keys presses keys; a name in <> is a special one, the rest is typed.
func keys(f *Form, seq ...string) {
	special := map[string]tea.KeyPressMsg{
		"<tab>": {Code: tea.KeyTab}, "<shift+tab>": {Code: tea.KeyTab, Mod: tea.ModShift}, "<enter>": {Code: tea.KeyEnter}, "<esc>": {Code: tea.KeyEscape},
		"<up>": {Code: tea.KeyUp}, "<down>": {Code: tea.KeyDown}, "<left>": {Code: tea.KeyLeft}, "<right>": {Code: tea.KeyRight}, "<home>": {Code: tea.KeyHome},
		"<ctrl+s>": {Code: 's', Mod: tea.ModCtrl}, "<ctrl+u>": {Code: 'u', Mod: tea.ModCtrl}, "<backspace>": {Code: tea.KeyBackspace}, "<space>": {Code: tea.KeySpace, Text: " "},
	}
	for _, s := range seq {
		if k, ok := special[s]; ok {
			f.Key(k)
			continue
		}
		for _, r := range s {
			f.Key(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

func TestLooks(t *testing.T) {
	for name, th := range celltest.Themes() {
		for _, size := range [][2]int{{90, 22}, {50, 22}, {30, 6}} {
			f := newRun()
			keys(f, "<tab>", "x", "<tab>", "<ctrl+u>", "7", "<tab>", "<right>", "<tab>", "<tab>", "<tab>", "<tab>", "one\ntwo")
			f.Focus("name")
			keys(f, "otter-2")
			drawn := f.Render(th, th.Raised, size[0], size[1])
			celltest.Size(t, drawn, size[0], size[1])
			if name == "dark" || name == "ascii" {
				celltest.Golden(t, fmt.Sprintf("run-%s-%dx%d", name, size[0], size[1]), drawn)
			}
		}
	}
}

func TestEverySize(t *testing.T) {
	for _, th := range celltest.Themes() {
		f := newRun()
		f.Set("name", "\x1b]0;x\x07 你好👩‍💻\u202e")
		f.Set("note", "a\tb\n\x1b[2J long words that must be broken 你好你好你好你好")
		for w := -1; w < 80; w++ {
			for _, h := range []int{0, 1, 2, 3, 7, 24, 40} {
				celltest.Size(t, f.Render(th, th.Raised, w, h), w, h)
				if c := f.Cursor(); c != nil && (c.X < 0 || c.X >= w || c.Y < 0 || c.Y >= h) {
					t.Fatalf("%d×%d: the cursor is at %d, %d", w, h, c.X, c.Y)
				}
			}
			keys(f, "<tab>")
		}
		celltest.Size(t, New().Render(th, th.Plain, 9, 3), 9, 3)
		none := New(Field{ID: "c", Kind: Choice, Label: "c", Required: true})
		if out := celltest.Text(none.Render(th, th.Plain, 40, 1)); !strings.Contains(out, "nothing to choose from") {
			t.Errorf("without options: %q", out)
		}
	}
}

// TestRows: a dialog of as many rows as the form asks for shows all of it.
func TestRows(t *testing.T) {
	th := celltest.Themes()["mono"]
	for _, w := range []int{30, 50, 90} {
		f := newRun()
		h := f.Rows(th, w)
		drawn := celltest.Text(f.Render(th, th.Raised, w, h))
		for _, want := range []string{"Starts another", "name", "token", "note"} {
			if !strings.Contains(drawn, want) {
				t.Errorf("width %d: %q is not shown in %d rows:\n%s", w, want, h, drawn)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	v, err := newRun().Values()
	if err != nil {
		t.Fatal(err)
	}
	want := Values{"name": "", "lr": "0.01", "width": "128", "kind": "mlp", "where": "local", "resume": "false", "token": "", "note": ""}
	if fmt.Sprint(v) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", v, want)
	}
	if v.Int("width") != 128 || v.Float("lr") != 0.01 || v.Bool("resume") || v.Int("name") != 0 {
		t.Error("values are not read as they are")
	}
}

func TestEntering(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		id   string
		want string
	}{
		{"typing", []string{"otter", "<left>", "<left>", "X"}, "name", "ottXer"},
		{"keys that are actions elsewhere", []string{"q?:/ 1"}, "name", "q?:/ 1"},
		{"number by factor", []string{"<tab>", "+"}, "lr", "0.1"},
		{"number down", []string{"<tab>", "<left>", "-"}, "lr", "0.0001"},
		{"number stays in range", []string{"<tab>", "+", "+", "+", "+", "+"}, "lr", "10"},
		{"number typed", []string{"<tab>", "<ctrl+u>", "2e-5"}, "lr", "2e-5"},
		{"sign at the start", []string{"<tab>", "<ctrl+u>", "-3"}, "lr", "-3"},
		{"number by step", []string{"<tab>", "<down>", "<right>"}, "width", "144"},
		{"choice", []string{"<tab>", "<tab>", "<tab>", "<right>"}, "kind", "linear"},
		{"choice passes what cannot be", []string{"<tab>", "<tab>", "<tab>", "<right>", "<right>"}, "kind", "mlp"},
		{"choice back", []string{"<tab>", "<tab>", "<tab>", "-"}, "kind", "linear"},
		{"toggle", []string{"<shift+tab>", "<shift+tab>", "<shift+tab>", "<space>"}, "resume", "true"},
		{"note", []string{"<shift+tab>", "one", "<enter>", "two", "<up>", "X"}, "note", "oneX\ntwo"},
		{"secret", []string{"<shift+tab>", "<shift+tab>", "s3cret"}, "token", "s3cret"},
	} {
		f := newRun()
		f.Render(celltest.Themes()["mono"], celltest.Themes()["mono"].Raised, 80, 30)
		keys(f, c.keys...)
		v, _ := f.Values()
		if v[c.id] != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.id, v[c.id], c.want)
		}
	}
}

func TestSecretIsNotShown(t *testing.T) {
	f := newRun()
	f.Focus("token")
	f.Paste("hunter2\n")
	th := celltest.Themes()["mono"]
	out := celltest.Text(f.Render(th, th.Raised, 80, 30))
	if strings.Contains(out, "hunter2") || !strings.Contains(out, "*******_") {
		t.Errorf("the secret is drawn as\n%s", out)
	}
	if v, _ := f.Values(); v["token"] != "hunter2" {
		t.Errorf("the secret is %q", v["token"])
	}
}

func TestSubmit(t *testing.T) {
	th := celltest.Themes()["mono"]
	f := newRun()
	f.Set("lr", "fast")
	keys(f, "<enter>")
	if f.Submitted() || f.Focused() != "lr" {
		t.Errorf("a wrong form was submitted, or %q has the keyboard", f.Focused())
	}
	if out := celltest.Text(f.Render(th, th.Raised, 80, 30)); !strings.Contains(out, "▲ is not a number") {
		t.Errorf("the reason is not shown:\n%s", out)
	}
	if _, err := f.Values(); err == nil || err.Error() != "learning rate is not a number" {
		t.Errorf("Values says %v", err)
	}
	keys(f, "<ctrl+u>", "100")
	keys(f, "<tab>")
	if out := celltest.Text(f.Render(th, th.Raised, 80, 30)); !strings.Contains(out, "▲ is not between 1e-6 and 10") {
		t.Errorf("what is wrong does not show when the field is left:\n%s", out)
	}
	f.Focus("lr")
	keys(f, "<ctrl+u>", "0.5")
	f.Focus("note")
	keys(f, "bad", "<enter>", "<ctrl+s>")
	if _, err := f.Values(); err == nil || err.Error() != "note says bad, though lr is 0.5" {
		t.Errorf("Values says %v", err)
	}
	keys(f, "<backspace>", "<backspace>", "<ctrl+s>")
	if !f.Submitted() || f.Submitted() {
		t.Error("submitted once, and said once")
	}
}

// TestUntouched: what nobody edited comes back byte for byte.
func TestUntouched(t *testing.T) {
	const odd = "👩‍💻 \u202e tab\there"
	f := New(Field{ID: "note", Kind: Note, Label: "note", Default: odd}, Field{ID: "b", Kind: Text, Label: "b", Default: odd})
	if v, _ := f.Values(); v["note"] != odd || v["b"] != odd {
		t.Errorf("got %q", v)
	}
	keys(f, "x")
	if v, _ := f.Values(); v["note"] == odd || v["b"] != odd {
		t.Errorf("after an edit: %q", v)
	}
}

func TestCursor(t *testing.T) {
	th := celltest.Themes()["mono"]
	f := New(Field{ID: "a", Label: "ab"}, Field{ID: "n", Kind: Note, Label: "n"}, Field{ID: "c", Kind: Toggle, Label: "c"})
	f.Paste("xyz")
	f.Render(th, th.Raised, 40, 10)
	if c := f.Cursor(); c == nil || c.X != 9 || c.Y != 0 {
		t.Errorf("in a text: %+v", c)
	}
	keys(f, "<tab>", "one", "<enter>", "tw")
	f.Render(th, th.Raised, 40, 10)
	if c := f.Cursor(); c == nil || c.X != 8 || c.Y != 2 {
		t.Errorf("in a note: %+v", c)
	}
	keys(f, "<tab>")
	f.Render(th, th.Raised, 40, 10)
	if f.Cursor() != nil || f.Typing() {
		t.Error("a toggle has no cursor")
	}
}

func TestMouse(t *testing.T) {
	th := celltest.Themes()["mono"]
	f := newRun()
	find := func(word string) (x, y int) {
		for y, row := range strings.Split(celltest.Text(f.Render(th, th.Raised, 100, 30)), "\n") {
			if i := strings.Index(row, word); i >= 0 {
				return len([]rune(row[:i])), y
			}
		}
		t.Fatalf("%q is not on the screen", word)
		return 0, 0
	}
	press := func(word string) {
		x, y := find(word)
		f.Mouse(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}, x, y)
	}
	press("linear")
	press("a container")
	press("a job of") // cannot be chosen
	press("yes")
	v, _ := f.Values()
	if v["kind"] != "linear" || v["where"] != "docker" || v["resume"] != "true" {
		t.Errorf("clicked: %v", v)
	}
	press("width")
	if f.Focused() != "width" {
		t.Errorf("a click on a label focuses %q", f.Focused())
	}
	press("-  +")
	if v, _ := f.Values(); v["width"] != "112" {
		t.Errorf("a click on the minus: %q", v["width"])
	}
	f.Mouse(tea.MouseWheelMsg{Button: tea.MouseWheelDown}, 1, 1)
	if f.Focused() != "kind" {
		t.Errorf("the wheel focuses %q", f.Focused())
	}
	if f.Mouse(tea.MouseMotionMsg{}, 1, 1) || f.Mouse(tea.MouseClickMsg{Button: tea.MouseLeft}, 1, 29) {
		t.Error("taken without meaning")
	}
}

func TestLeavesToTheShell(t *testing.T) {
	f := newRun()
	if f.Key(tea.KeyPressMsg{Code: tea.KeyEscape}) || f.Key(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) {
		t.Error("esc and ctrl+c belong to the shell")
	}
	info := New(Field{Kind: Info, Label: "read this"})
	keys(info, "<tab>", "x", "<enter>")
	if !info.Submitted() || info.Typing() {
		t.Error("a form without fields is confirmed with enter")
	}
}

func TestNumberIsFreeWithoutBounds(t *testing.T) {
	f := New(Field{ID: "n", Kind: Number, Label: "n", Integer: true, Validate: func(v string, _ Values) error {
		if v == "13" {
			return errors.New("brings bad luck")
		}
		return nil
	}})
	for in, want := range map[string]string{"1e9": "", "1.5": "n is not a whole number", "NaN": "n is not a number", "": "", "13": "n brings bad luck"} {
		f.Set("n", in)
		_, err := f.Values()
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add("otter", "one\ntwo", uint8(30), uint8(9))
	f.Add("\x1b[31m\u202e", "👩‍💻你好\t\r\n", uint8(1), uint8(1))
	th := celltest.Themes()["dark"]
	f.Fuzz(func(t *testing.T, text, note string, w, h uint8) {
		fm := newRun()
		fm.Paste(text)
		keys(fm, "<left>", "<backspace>", "é")
		fm.Focus("note")
		fm.Paste(note)
		keys(fm, "<up>", "<home>", "x", "<down>")
		celltest.Size(t, fm.Render(th, th.Raised, int(w), int(h)), int(w), int(h)*min(int(w), 1))
	})
}
