package form

import (
	"strings"
	"testing"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell/celltest"
)

// A field that is not asked for has no row, no value, no keyboard and no mistake.
func TestWhen(t *testing.T) {
	is := func(v string) func(Values) bool { return func(all Values) bool { return all["what"] == v } }
	f := New(
		Field{ID: "never", Kind: Text, Label: "never", When: func(Values) bool { return false }},
		Field{ID: "what", Kind: Choice, Label: "what", Options: []Option{{Value: "model"}, {Value: "command"}}},
		Field{ID: "lr", Kind: Number, Label: "lr", Default: "0.1", When: is("model")},
		Field{ID: "command", Kind: Text, Label: "command", Required: true, When: is("command")},
	)
	th := theme.New(theme.Dark(), false)
	draw := func() string { return celltest.Text(f.Render(th, th.Plain, 60, 6)) }
	if f.Focused() != "what" {
		t.Errorf("the keyboard is at %q", f.Focused())
	}
	if text := draw(); !strings.Contains(text, "lr") || strings.Contains(text, "never") || f.Rows(th, 60) != 2 {
		t.Errorf("%d rows:\n%s", f.Rows(th, 60), text)
	}
	if v, err := f.Values(); err != nil || len(v) != 2 || v["lr"] != "0.1" {
		t.Errorf("%v, %v", v, err)
	}
	keys(f, "<right>")
	if text := draw(); strings.Contains(text, "lr") || f.Submit() || f.Focused() != "command" {
		t.Errorf("the command is needed, the keyboard is at %q:\n%s", f.Focused(), text)
	}
	keys(f, "go")
	if v, err := f.Values(); err != nil || len(v) != 2 || v["command"] != "go" || !f.Submit() {
		t.Errorf("%v, %v", v, err)
	}
	keys(f, "<up>", "<left>", "<down>")
	if f.Focused() != "lr" {
		t.Errorf("back again the keyboard is at %q", f.Focused())
	}
}
