package tui_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
	"flightdeck/tui/widget/form"
)

// plans makes s an action that gives these plans, one after the other.
func (w *world) plans(risk backends.Risk, change ...func(*backends.Plan)) {
	w.runs.actions = []tui.Action{{ID: "runs.stop", Key: bind("s", "stop"), Plan: func(ctx context.Context) (backends.Plan, error) {
		p, err := stopPlan(ctx)
		p.Risk = risk
		for _, c := range change {
			c(&p)
		}
		return p, err
	}}}
}

func TestPlanDialogGrace(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40).Press("s")
		h.Golden("plan").GoldenStyled("plan")
		h.Press("enter").Advance(300*time.Millisecond).Press("enter", "enter")
		if len(w.applied) != 0 {
			t.Fatalf("enter was taken before the grace period ended")
		}
		h.Advance(200 * time.Millisecond)
		if !strings.Contains(h.Text(), "ready in 0.4 s") {
			t.Errorf("half-way the dialog does not say 0.4 s:\n%s", h.Text())
		}
		before := h.Updates
		h.Advance(400 * time.Millisecond)
		if strings.Contains(h.Text(), "ready in") || h.Updates-before != 1 {
			t.Errorf("armed after 0.8 s, with %d updates:\n%s", h.Updates-before, h.Text())
		}
		h.Press("enter")
		if len(w.applied) != 1 || w.applied[0].Title != "Stop runs-1" {
			t.Fatalf("applied %v", w.applied)
		}
		if text := h.Text(); strings.Contains(text, "Sends TERM") || !strings.Contains(text, "done: Stop runs-1") {
			t.Errorf("after applying:\n%s", text)
		}
		log := w.app.Activity()
		if len(log) != 1 || log[0].Action != "runs.stop" || log[0].EquivCLI != "flightdeck stop runs-1" || log[0].Err != nil {
			t.Errorf("activity: %+v", log)
		}
	})
}

func TestPlanDialogAtEverySize(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 10}, {20, 5}, {1, 1}} {
		tuitest.Run(t, func(t *testing.T) {
			w := newWorld()
			h := tuitest.New(t, w.app, size[0], size[1]).Press("s", "down", "down", "up")
			h.Golden(fmt.Sprintf("plan_%dx%d", size[0], size[1]))
			h.Advance(time.Second).Press("enter")
			if len(w.applied) != 1 {
				t.Errorf("%v: not applied", size)
			}
		})
	}
}

func TestPlanDialogEscAndCopy(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40).Press("s", "y")
		if h.Clipboard != "flightdeck stop runs-1" || !strings.Contains(h.Text(), "copied flightdeck stop runs-1") {
			t.Errorf("y copied %q:\n%s", h.Clipboard, h.Text())
		}
		h.Press("esc").Advance(time.Second).Press("enter")
		if len(w.applied) != 0 || strings.Contains(h.Text(), "Sends TERM") {
			t.Errorf("esc does not leave it")
		}
		h.Press("s")
		if !strings.Contains(h.Text(), "Sends TERM") {
			t.Errorf("after esc, the action cannot be asked for again")
		}
	})
}

func TestDestructiveAsksTheName(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		w.plans(backends.Destructive)
		h := tuitest.New(t, w.app, 140, 40).Press("s").Advance(time.Second)
		h.Golden("plan_destructive")
		h.Press("enter").Type("runs-2").Press("enter")
		if len(w.applied) != 0 {
			t.Fatalf("applied without the name")
		}
		h.Press("backspace").Type("1").Press("enter")
		if len(w.applied) != 1 {
			t.Errorf("not applied with the name")
		}
	})
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) { c.Role = backends.Operator })
		w.plans(backends.Destructive)
		h := tuitest.New(t, w.app, 140, 40).Press("s").Advance(time.Second)
		if len(w.applied) != 0 || !strings.Contains(h.Text(), "stop: needs role owner") {
			t.Errorf("an operator gets\n%s", h.Text())
		}
	})
}

func TestSafeAppliesAtOnceAndUndoes(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		w.plans(backends.Safe, func(p *backends.Plan) { p.Undo = &backends.Plan{Title: "Restore runs-1", Action: "runs.restore"} })
		h := tuitest.New(t, w.app, 140, 40)
		h.Press("u")
		if !strings.Contains(h.Text(), "nothing was changed from here") {
			t.Errorf("undo with nothing to undo says nothing:\n%s", h.Text())
		}
		h.Press("s")
		if len(w.applied) != 1 || !strings.Contains(h.Text(), "u undo") {
			t.Fatalf("applied %d; the toast has no way back:\n%s", len(w.applied), h.Text())
		}
		h.Golden("toast")
		h.Press("u", "u")
		if len(w.applied) != 2 || w.applied[1].Title != "Restore runs-1" || !strings.Contains(h.Text(), "undone: done: Restore runs-1") {
			t.Errorf("undo applied %v:\n%s", w.applied[1:], h.Text())
		}
	})
}

func TestUndoThatIsRefusedStays(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		w.plans(backends.Safe, func(p *backends.Plan) {
			p.Undo = &backends.Plan{Title: "Start runs-1", Risk: backends.Disruptive}
		})
		h := tuitest.New(t, w.app, 140, 40).Press("s", "u", "esc", "u").Advance(time.Second).Press("enter")
		if len(w.applied) != 2 || w.applied[1].Title != "Start runs-1" {
			t.Errorf("an undo that was left could not be asked for again: %v\n%s", w.applied, h.Text())
		}
	})
}

func TestStalePlansAnew(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		made := 0
		w.plans(backends.Safe, func(p *backends.Plan) { made++; p.Precondition.Rev = fmt.Sprint(made) })
		w.apply = func(_ context.Context, p backends.Plan, _ func(backends.Progress)) (backends.Receipt, error) {
			if p.Precondition.Rev == "1" {
				return backends.Receipt{}, fmt.Errorf("stop: %w", backends.ErrStale)
			}
			return backends.Receipt{Note: "stopped"}, nil
		}
		h := tuitest.New(t, w.app, 140, 40).Press("s")
		if made != 2 || !strings.Contains(h.Text(), "It changed since the first plan was made") {
			t.Fatalf("planned %d times:\n%s", made, h.Text())
		}
		h.Advance(time.Second).Press("enter")
		if len(w.applied) != 2 || !strings.Contains(h.Text(), "stopped") {
			t.Errorf("the new plan was not applied:\n%s", h.Text())
		}
	})
}

func TestFailureAndSlowPlan(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		w.plans(backends.Safe)
		w.apply = func(context.Context, backends.Plan, func(backends.Progress)) (backends.Receipt, error) {
			return backends.Receipt{}, errors.New("signal 4121: \x1b[2Jno such process")
		}
		h := tuitest.New(t, w.app, 140, 40).Press("s")
		if !strings.Contains(h.Text(), "Stop runs-1 failed: signal 4121: no such process") || !strings.Contains(h.Line(0), "■ 1  ▲ 1") {
			t.Errorf("a failure shows as\n%s", h.Text())
		}
		h.Press("esc")
		if strings.Contains(h.Text(), "failed") || strings.Contains(h.Line(0), "■") {
			t.Errorf("esc does not take the warning away")
		}
		gate := make(chan struct{})
		w.runs.actions[0].Plan = func(context.Context) (backends.Plan, error) {
			<-gate
			return backends.Plan{}, errors.New("docker does not answer")
		}
		h.Press("s", "s").Advance(1100 * time.Millisecond)
		if !strings.Contains(h.Text(), "planning stop, since 12:31:00") {
			t.Errorf("a slow plan does not say what is waited for:\n%s", h.Text())
		}
		close(gate)
		h.Settle()
		if text := h.Text(); strings.Contains(text, "planning stop") || !strings.Contains(text, "stop: docker does not answer") {
			t.Errorf("a plan that fails shows as\n%s", text)
		}
	})
}

func TestProgress(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		w.plans(backends.Safe)
		gate := make(chan struct{})
		w.apply = func(ctx context.Context, _ backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
			for i := range 50 {
				report(backends.Progress{Done: int64(i), Total: 100, Unit: "runs"})
			}
			<-gate
			return backends.Receipt{Note: "deleted 100 runs"}, nil
		}
		h := tuitest.New(t, w.app, 140, 40).Press("s").Advance(2 * time.Second)
		if !strings.Contains(h.Text(), "━───────   49 of 100 runs") {
			t.Errorf("no bar:\n%s", h.Text())
		}
		h.Press("q")
		if h.Quit || !strings.Contains(h.Text(), "still being applied") {
			t.Errorf("q in the middle of a change: quit %v\n%s", h.Quit, h.Text())
		}
		close(gate)
		h.Settle()
		if text := h.Text(); strings.Contains(text, "49 of") || !strings.Contains(text, "deleted 100 runs") {
			t.Errorf("the bar stays after the end:\n%s", text)
		}
	})
}

func TestForm(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		var got form.Values
		fail := true
		w.runs.actions = []tui.Action{{ID: "runs.new", Key: bind("n", "new run"), Form: func() tui.Form {
			return tui.Form{
				Title: "New run", Intro: "Trains the built-in model.", Verb: "start",
				Form: form.New(form.Field{ID: "name", Label: "Name", Default: "otter"}, form.Field{ID: "epochs", Kind: form.Number, Label: "Epochs", Default: "30", Integer: true}),
				Submit: func(_ context.Context, v form.Values) (backends.Plan, error) {
					got = v
					if fail {
						return backends.Plan{}, errors.New("the workspace is full")
					}
					return backends.Plan{Title: "Start " + v["name"]}, nil
				},
			}
		}}}
		h := tuitest.New(t, w.app, 140, 40).Press("n")
		h.Golden("form")
		h.Type("-2").Press("enter")
		if got["name"] != "otter-2" || !strings.Contains(h.Text(), "the workspace is full") || !strings.Contains(h.Text(), "otter-2") {
			t.Fatalf("values %v; a plan that fails keeps the form:\n%s", got, h.Text())
		}
		fail = false
		h.Press("enter")
		if len(w.applied) != 1 || w.applied[0].Title != "Start otter-2" || strings.Contains(h.Text(), "New run") {
			t.Errorf("applied %v:\n%s", w.applied, h.Text())
		}
	})
}

func TestToastsGoByThemselves(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld()
		h := tuitest.New(t, w.app, 140, 40)
		for i := range 5 {
			h.Send(tui.Note(fmt.Sprintf("note %d", i))())
		}
		if text := h.Text(); strings.Contains(text, "note 1") || !strings.Contains(text, "note 2") || !strings.Contains(text, "note 4") {
			t.Errorf("at most three, the newest:\n%s", text)
		}
		h.Press("esc")
		if text := h.Text(); strings.Contains(text, "note 4") || !strings.Contains(text, "note 3") {
			t.Errorf("esc takes the newest:\n%s", text)
		}
		before := h.Updates
		h.Advance(7 * time.Second)
		if strings.Contains(h.Text(), "note") || h.Updates-before > 2 {
			t.Errorf("after their time, with %d updates:\n%s", h.Updates-before, h.Text())
		}
	})
}

func TestActivityDialog(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		w := newWorld(func(c *tui.Config) { c.Who = "mary" })
		w.plans(backends.Safe)
		h := tuitest.New(t, w.app, 140, 40).Press("ctrl+l")
		if !strings.Contains(h.Text(), "Nothing was changed") {
			t.Errorf("an empty activity says nothing:\n%s", h.Text())
		}
		h.Press("esc", "s", "s").Press("ctrl+l", "down", "y")
		h.Golden("activity")
		if h.Clipboard != "flightdeck stop runs-1" {
			t.Errorf("y copied %q", h.Clipboard)
		}
	})
}
