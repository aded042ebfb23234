package tui_test

import (
	"strings"
	"testing"

	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

func TestKeysFile(t *testing.T) {
	v := newList("Runs", 3)
	v.actions = runActions()
	tabs := []tui.Tab{{Name: "Experiments", Panes: []tui.View{v}}}
	for file, want := range map[string]string{
		"[keys]\n\"runs.stop\" = \"S\"\n":                          "",
		"[keys]\nruns.stop = \"S ctrl+s\"\n\"shell.zoom\" = \"Z\"": "",
		"[keys]\n\"runs.copy\" = \"\"\n":                           "",
		"# mine\n[keys]\n\n\"runs.sotp\" = \"S\"\n":                `line 4: no action is called "runs.sotp"`,
		"[keys]\n\"runs.halt\" = \"S\"\n":                          `line 2: no action is called "runs.halt"`,
		"[keys]\n\"runs.stop\" = \"p\"\n":                          `line 2: key "p" would be both runs.pin and runs.stop`,
		"[keys]\n\"runs.stop\" = \"z\"\n":                          `line 2: key "z" would be both runs.stop and shell.zoom`,
		"[keys]\n\"runs.stop\" = \"p\"\n\"runs.pin\" = \"s\"\n":    "", // swapped
		"[keys]\n\"runs.stop\" = 3\n":                              `line 2: the keys of "runs.stop" are a text`,
		"[keys]\n\"runs.stop\" = \"shift+s\"\n":                    `line 2: runs.stop: "shift+s" never arrives`,
		"[keys]\n\"runs.stop\" = \"cmd+s\"\n":                      `line 2: runs.stop: no key is called "cmd+s"`,
		"[keys]\n\"runs.stop\" = \"ctrl+m\"\n":                     `line 2: runs.stop: many terminals cannot tell`,
		"[keys]\n\"runs.stop\" = \"S\"\n\"runs.stop\" = \"T\"\n":   `line 3: "runs.stop" has its keys in line 2 already`,
		"[colours]\nred = \"x\"\n":                                 `line 1: only the table [keys]`,
		"\"runs.stop\" = \"S\"\n":                                  `line 1: "runs.stop" is not in the table [keys]`,
		"[keys]\n\"runs.stop\" = \"S\n":                            `line 2: `,
	} {
		got, err := tui.LoadKeys([]byte(file), tabs)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", file, err)
		case want == "" && len(got) == 0:
			t.Errorf("%q: no overrides", file)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: error %v, want %s", file, err, want)
		}
	}
}

func TestOwnKeys(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) {
			c.Keys = map[string]string{"runs.stop": "S", "shell.zoom": "Z", "runs.pin": ""}
		})
		h := tuitest.New(t, w.app, 140, 40)
		if l := h.Line(39); !strings.Contains(l, "S stop") || strings.Contains(l, "pin") {
			t.Errorf("the footer is %q", l)
		}
		h.Press("s", "p", "z")
		if text := h.Text(); strings.Contains(text, "Sends TERM") || !strings.Contains(text, "val_loss") {
			t.Errorf("the old keys still do something:\n%s", text)
		}
		h.Press("Z", "S")
		if text := h.Text(); !strings.Contains(text, "Sends TERM") || strings.Contains(text, "val_loss") {
			t.Errorf("the new keys do nothing:\n%s", text)
		}
	})
}

// No key of the shell is bound twice, and the checker finds what it should.
func TestCheckKeys(t *testing.T) {
	one, two := newList("One", 1), newList("Two", 1)
	do := func() {}
	one.actions = []tui.Action{
		{ID: "one.stop", Key: bind("s", "stop"), Do: do},
		{ID: "one.also", Key: bind("s", "stop it"), Do: do},
		{ID: "one.none", Key: bind("x", "end")},
		{ID: "noid", Key: bind("c", "copy"), Do: do},
		{ID: "one.word", Key: bind("e", ""), Do: do},
	}
	two.actions = []tui.Action{{ID: "two.save", Key: bind("s", "save"), Do: do}, {ID: "two.quick", Key: bind("q", "quick"), Do: do}}
	got := tuitest.KeyProblems([]tui.View{one, two}, map[string]string{"w walk": "for the joke"})
	want := []string{
		`One: key "s" is bound by one.stop and by one.also`,
		`action "noid" has no ID like "runs.stop"`,
		`action "one.none" has 0 of Do, Form, Plan and Cmd instead of one`,
		`action "one.word" has no word for what it does`,
		`key "q" is "quit" in shell.quit and "quick" in two.quick; list "q quick" with a reason if that is meant`,
		`key "s" is "stop" in one.stop and "save" in two.save; list "s save" with a reason if that is meant`,
		`the second meaning "w walk" is listed, but no view has it`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("problems:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	tuitest.CheckKeys(t, []tui.View{one2(), two}, map[string]string{"s save": "two has nothing to stop", "q quick": "so that the shell cannot be left by accident"})
}

func one2() tui.View {
	v := newList("One", 1)
	v.actions = []tui.Action{{ID: "one.stop", Key: bind("s", "stop"), Do: func() {}}}
	return v
}
