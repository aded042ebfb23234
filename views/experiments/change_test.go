package experiments_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// consent waits out the grace period of a dialog and agrees.
func (x *world) consent() {
	x.Advance(2 * time.Second)
	x.Press("enter").rest()
}

func TestDeleteIsUndone(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("down", "X")
		x.consent()
		if p := x.applied(t); p.Action != "runs.delete" || p.Target[0].Name != "calm-heron" {
			t.Errorf("applied %+v", p)
		}
		if l := x.Line(1); !strings.Contains(l, "7 of 7") || x.row("calm-heron") != "" {
			t.Errorf("after the deletion the title says %q", l)
		}
		x.Press("u")
		x.consent()
		if l := x.Line(1); !strings.Contains(l, "8 of 8") || x.row("calm-heron") == "" {
			t.Errorf("after the undo the title says %q", l)
		}
	})
}

func TestDeleteOfMarkedRuns(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("down", "down", "space", "down", "space", "X")
		x.consent()
		p := x.applied(t)
		var names []string
		for _, r := range p.Target {
			names = append(names, r.Name)
		}
		if !slices.Equal(names, []string{"dapper-lynx", "eager-finch"}) {
			t.Errorf("deleted %v", names)
		}
		if l := x.Line(1); strings.Contains(l, "marked") || !strings.Contains(l, "6 of 6") {
			t.Errorf("the title says %q", l)
		}
	})
}

func TestStop(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("s")
		if len(x.b.Applied()) != 0 {
			t.Fatalf("it was stopped without being asked")
		}
		x.consent()
		if p := x.applied(t); p.Action != "runs.stop" || p.Risk != backends.Disruptive {
			t.Errorf("applied %+v", p)
		}
		if l := x.row("brisk-otter"); !strings.Contains(l, "stopped") {
			t.Errorf("the row says %q", l)
		}
		x.Press("s").rest()
		if !strings.Contains(x.Text(), "stop: not running") {
			t.Errorf("it does not say why it cannot be stopped:\n%s", x.Text())
		}
	})
}

func TestResume(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("h").rest()
		if !strings.Contains(x.Text(), "it is still running") {
			t.Errorf("a run that trains can be resumed:\n%s", x.Text())
		}
		x.Press("down", "down", "h").rest()
		if p := x.applied(t); p.Action != "runs.resume" {
			t.Errorf("applied %+v", p)
		}
	})
}

func TestEditNameNoteAndTags(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("e").Type("-2")
		if !strings.Contains(x.Text(), "enter save") {
			t.Errorf("enter saves from a line, and the dialog does not say so:\n%s", x.Text())
		}
		x.Press("tab").Type("wider net")
		if text := x.Text(); !strings.Contains(text, "ctrl+s save") || !strings.Contains(text, "enter new line") {
			t.Errorf("enter is a new line in a note, and the dialog does not say so:\n%s", text)
		}
		x.Press("tab", "end", "enter").Type("best")
		x.Press("ctrl+s").rest()
		if !strings.Contains(x.Text(), "write key=value") {
			t.Fatalf("a tag without a value is taken:\n%s", x.Text())
		}
		for range "best" {
			x.Press("backspace")
		}
		x.Type("stage=prod")
		x.Press("ctrl+s").rest()
		p := x.applied(t)
		if p.Action != "runs.tag" {
			t.Fatalf("applied %+v", p)
		}
		var body struct {
			Set    []backends.Tag `json:"set"`
			Remove []string       `json:"remove"`
		}
		if err := json.Unmarshal(p.Requests[0].Body, &body); err != nil {
			t.Fatal(err)
		}
		want := []backends.Tag{{Key: "stage", Value: "prod"}, {Key: backends.TagName, Value: "brisk-otter-2"}, {Key: backends.TagNote, Value: "wider net"}}
		if !slices.Equal(body.Set, want) || len(body.Remove) != 0 {
			t.Errorf("set %v and removed %v, want %v", body.Set, body.Remove, want)
		}
		x.rest()
		if text := x.Text(); !strings.Contains(text, "wider net") || !strings.Contains(text, "stage       prod") {
			t.Errorf("the summary does not show what was edited:\n%s", text)
		}
		x.Press("e", "ctrl+s").rest()
		if !strings.Contains(x.Text(), "nothing was changed") {
			t.Errorf("a form without a change is sent:\n%s", x.Text())
		}
	})
}

func spec(t *testing.T, p backends.Plan) backends.JobSpec {
	t.Helper()
	var body struct {
		Spec backends.JobSpec `json:"spec"`
	}
	if err := json.Unmarshal(p.Requests[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	return body.Spec
}

func TestStartFromTheForm(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("n")
		if text := x.Text(); !strings.Contains(text, "width") || strings.Contains(text, "ngrams") {
			t.Fatalf("the form for digits:\n%s", text)
		}
		x.Press("right") // sentiment
		if text := x.Text(); strings.Contains(text, "split-seed") || !strings.Contains(text, "ngrams") {
			t.Fatalf("the form for sentiment:\n%s", text)
		}
		x.Press("down")
		for range "0.3" {
			x.Press("backspace")
		}
		x.Type("0.7").Press("enter").rest()
		if s := spec(t, x.applied(t)); !slices.Equal(s.Command, []string{"flightdeck", "train", "sentiment", "--lr", "0.7"}) || s.Experiment != "sentiment" {
			t.Errorf("started %+v", s)
		}
		x.Press("n", "right", "right", "enter").rest()
		if !strings.Contains(x.Text(), "is needed") {
			t.Errorf("an empty command is taken:\n%s", x.Text())
		}
		x.Type("python train.py --note 'a b'").Press("tab").Type("mnist").Press("enter").rest()
		if s := spec(t, x.applied(t)); !slices.Equal(s.Command, []string{"python", "train.py", "--note", "a b"}) || s.Experiment != "mnist" {
			t.Errorf("started %+v", s)
		}
	})
}

func TestRunAgainWithOtherParams(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Change(func(s *fake.State) {
			one, two := *s.Runs[0], *s.Runs[1]
			one.Tags = append([]backends.Tag{{Key: backends.TagCommand, Value: "/opt/flightdeck train digits --lr=0.01 --name x --throttle 5ms"}}, one.Tags...)
			one.Params = append(slices.Clone(one.Params[:5]), backends.Param{Key: "split_seed", Value: "9"}, one.Params[5])
			two.Tags = append([]backends.Tag{{Key: backends.TagCommand, Value: "python train.py --lr 1"}}, two.Tags...)
			s.Runs = slices.Concat([]*backends.Run{&one, &two}, s.Runs[2:])
		})
		x := open(t, b, 160, 45)
		x.Press("r")
		for _, was := range []string{"0.01", "128", "9", "5ms"} {
			if !strings.Contains(x.Text(), was) {
				t.Errorf("the form does not begin with what the run had: %s\n%s", was, x.Text())
			}
		}
		for range "0.01" {
			x.Press("backspace")
		}
		x.Type("0.2").Press("down")
		for range "128" {
			x.Press("backspace")
		}
		x.Type("256").Press("enter").rest()
		want := []string{"/opt/flightdeck", "train", "digits", "--lr=0.2", "--name", "x", "--throttle", "5ms", "--width", "256"}
		if p := x.applied(t); p.Action != "runs.rerun" || !slices.Equal(spec(t, p).Command, want) {
			t.Errorf("%s of %q, want %q", p.Action, spec(t, p).Command, want)
		}
		x.Press("down", "r", "backspace").Type("2").Press("enter").rest()
		if got := spec(t, x.applied(t)).Command; !slices.Equal(got, []string{"python", "train.py", "--lr", "2"}) {
			t.Errorf("ran %q", got)
		}
	})
}

func TestRegister(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("down", "down", "M", "down").Type("/model.json").Press("enter").rest()
		if p := x.applied(t); p.Action != "models.register" {
			t.Fatalf("applied %+v", p)
		}
		x.rest()
		if !strings.Contains(x.Text(), "digits v2") {
			t.Errorf("the summary does not say what it led to:\n%s", x.Text())
		}
	})
}

func TestAReadOnlyClientIsToldWhy(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45, func(c *tui.Config) { c.ReadOnly = true })
		for _, k := range []string{"s", "X", "e", "n", "r", "M"} {
			x.Press(k)
			if !strings.Contains(x.Text(), "read-only") && !strings.Contains(x.Text(), "not ") {
				t.Errorf("%s does not say why not:\n%s", k, x.Text())
			}
			x.Press("esc")
		}
		if n := len(x.b.Applied()); n != 0 {
			t.Errorf("%d changes were applied", n)
		}
	})
}
