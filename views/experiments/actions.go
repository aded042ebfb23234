package experiments

import (
	"context"
	"errors"
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui"
)

func bind(word string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(keys[0], word))
}

// Actions implements tui.View.
func (v *Runs) Actions() []tui.Action {
	if v.chooser != nil {
		return v.chooser.actions()
	}
	if v.menu != nil {
		return v.menu.actions()
	}
	if v.groups != nil {
		return append(v.groups.actions(), listActions(v)...)
	}
	r, _ := v.table.Selected()
	name, none := "a run", ""
	if r != nil {
		name = r.Name
	} else {
		none = "no run is selected"
	}
	targets := v.picks.targets()
	acts := []tui.Action{
		{ID: "runs.open", Key: bind("open", "enter"), Title: "Open " + name, Why: none, Cmd: func() tea.Cmd { return v.desk.reveal("") }},
		{ID: "runs.mark", Key: bind("mark", "space"), Title: "Mark " + name, Why: none, Do: func() { v.picks.mark(r); v.publish() }},
		{ID: "runs.pin", Key: bind("pin", "p"), Title: "Pin the curves of " + name, Why: none, Do: func() { v.picks.pin(r); v.publish() }},
		{ID: "runs.diff", Key: bind("diff", "d"), Title: "Compare runs", Why: whyNoDiff(v.desk), Cmd: func() tea.Cmd { return v.desk.reveal("Diff") }},
		{ID: "runs.new", Key: bind("new run", "n"), Title: "Start a new run", Why: v.desk.whyNoNew(), Form: v.desk.newForm},
		v.desk.stopAction(targets, v.picks.names()),
		v.filter.action(),
		{ID: "runs.group", Key: bind("group", "c"), Title: "Group the runs", Why: whyNoFilter(v.desk), Do: func() { askGroup(v) }},
	}
	return append(acts, v.quietActions(r, name, none)...)
}

// listActions are those of any list of runs, grouped or not.
func listActions(v *Runs) []tui.Action {
	acts := append([]tui.Action{v.filter.action(), v.views.action()}, motionsOf(v)...)
	for i := 1; i < len(acts); i++ {
		acts[i].Quiet = true
	}
	if v.filter.Text() != "" {
		acts = append(acts, clearAction(v))
	}
	return acts
}

func clearAction(v *Runs) tui.Action {
	return tui.Action{ID: "runs.clear", Key: bind("clear filter and marks", "esc"), Title: "Clear the filter and the marks", Quiet: true, Do: v.clear}
}

// stopAction ends the targets that run; names is what they are called.
func (d *Desk) stopAction(targets []*backends.Run, names string) tui.Action {
	return tui.Action{ID: "runs.stop", Key: bind("stop", "s"), Title: "Stop " + names, Why: whyNoStop(targets), Plan: func(ctx context.Context) (backends.Plan, error) { return planStop(ctx, d, targets) }}
}

// deeds are what else can be done to a run, and to the targets, which are called
// names. A nil run has none, and none says why.
func (d *Desk) deeds(r *backends.Run, none string, targets []*backends.Run, names string) []tui.Action {
	name, noJob := "a run", none
	if r != nil {
		name = r.Name
	}
	if r != nil && r.Job == "" {
		noJob = "it was not started as a job here"
	}
	noResume := noJob
	if noResume == "" && r.Active() {
		noResume = "it is still running"
	}
	return []tui.Action{
		{ID: "runs.rerun", Key: bind("run again", "r"), Title: "Run " + name + " again with other params", Why: noJob, Form: func() tui.Form { return d.rerunForm(r) }},
		{ID: "runs.resume", Key: bind("go on", "h"), Title: "Resume " + name + " from its last checkpoint", Why: noResume, Plan: func(ctx context.Context) (backends.Plan, error) {
			return planWith(d, r, func(b backends.Resumer) (backends.Plan, error) { return b.PlanResume(ctx, r.Ref()) })
		}},
		{ID: "runs.edit", Key: bind("edit name, note, tags", "e"), Title: "Edit name, note and tags of " + name, Why: none, Form: func() tui.Form { return d.editForm(r) }},
		{ID: "runs.delete", Key: bind("delete", "X"), Title: "Delete " + names, Why: whyNone(targets), Plan: func(ctx context.Context) (backends.Plan, error) { return planDelete(ctx, d, targets) }},
		{ID: "runs.register", Key: bind("register model", "M"), Title: "Register the model of " + name, Why: none, Form: func() tui.Form { return d.registerForm(r) }},
	}
}

// quietActions are those that the footer has no room for.
func (v *Runs) quietActions(r *backends.Run, name, none string) []tui.Action {
	acts := append(v.desk.deeds(r, none, v.picks.targets(), v.picks.names()),
		tui.Action{ID: "runs.columns", Key: bind("columns", "v"), Title: "Choose and order the columns", Do: v.arrange},
		v.copyAction(r, name, none),
		v.views.action())
	acts = append(acts, v.picks.actions(r, name, none, v.publish)...)
	acts = append(acts, motionsOf(v)...)
	if v.filter.Text() != "" || len(v.picks.marks) > 0 { // else esc is the shell's
		acts = append(acts, clearAction(v))
	}
	for i := range acts {
		acts[i].Quiet = true
	}
	return acts
}

// motionsOf is the table's own keys, named: the table does them.
func motionsOf(v *Runs) []tui.Action {
	none := whyNoFilter(v.desk)
	do := func(id, word, keys, title string, msg tea.KeyPressMsg) tui.Action {
		return tui.Action{ID: id, Key: bind(word, keys), Title: title, Why: none, Do: func() { v.Key(msg) }}
	}
	return []tui.Action{
		do("runs.sort-next", "sort by the next column", ">", "Sort the runs by the next column", tea.KeyPressMsg{Code: '>', Text: ">"}),
		do("runs.sort-previous", "sort by the previous column", "<", "Sort the runs by the previous column", tea.KeyPressMsg{Code: '<', Text: "<"}),
		do("runs.sort-reverse", "sort the other way round", "o", "Sort the runs the other way round", tea.KeyPressMsg{Code: 'o', Text: "o"}),
		do("runs.mark-all", "mark all, or none", "ctrl+a", "Mark all runs that the filter shows, or none", tea.KeyPressMsg{Code: 'a', Mod: tea.ModCtrl}),
		do("runs.mark-down", "mark and go down", "shift+down", "Mark the run and go down", tea.KeyPressMsg{Code: tea.KeyDown, Mod: tea.ModShift}),
		do("runs.mark-up", "mark and go up", "shift+up", "Mark the run and go up", tea.KeyPressMsg{Code: tea.KeyUp, Mod: tea.ModShift}),
	}
}

// copyAction copies a run's id; while nothing can be read, the command that helps.
func (v *Runs) copyAction(r *backends.Run, name, none string) tui.Action {
	if bad := v.feeds.failing(); bad != nil && len(v.desk.roll.runs) == 0 {
		command := fixes(bad.Result().Err)[0].Command
		return tui.Action{ID: "runs.copy", Key: bind("copy", "y"), Title: "Copy " + command, Cmd: func() tea.Cmd { return tui.Copy(command) }}
	}
	if r == nil && len(v.desk.roll.runs) == 0 {
		return tui.Action{ID: "runs.copy", Key: bind("copy", "y"), Title: "Copy " + trackingURI, Cmd: func() tea.Cmd { return tui.Copy(trackingURI) }}
	}
	return tui.Action{ID: "runs.copy", Key: bind("copy id", "y"), Title: "Copy the id of " + name, Why: none, Cmd: func() tea.Cmd { return tui.Copy(r.ID) }}
}

func whyNoDiff(d *Desk) string {
	if len(d.chosen.Get().Compare()) < 2 {
		return "mark two or more runs with space, or pin one"
	}
	return ""
}

func whyNoFilter(d *Desk) string {
	if len(d.roll.runs) == 0 {
		return "there are no runs"
	}
	return ""
}

func whyNone(targets []*backends.Run) string {
	if len(targets) == 0 {
		return "no run is selected"
	}
	return ""
}

func whyNoStop(targets []*backends.Run) string {
	active := false
	for _, t := range targets {
		if t.Active() && t.Job != "" {
			return ""
		}
		active = active || t.Active()
	}
	switch {
	case len(targets) == 0:
		return "no run is selected"
	case active:
		return "it was not started as a job here"
	}
	return "not running"
}

// planStop plans the end of those that run. Plans are made apart from the event
// loop: targets is what was pointed at when the key was pressed.
func planStop(ctx context.Context, d *Desk, targets []*backends.Run) (backends.Plan, error) {
	return planMany(d, targets, func(b backends.Stopper, refs []backends.Ref) (backends.Plan, error) { return b.PlanStop(ctx, refs) },
		func(r *backends.Run) bool { return r.Active() && r.Job != "" })
}

// planDelete plans to move runs to the deleted stage.
func planDelete(ctx context.Context, d *Desk, targets []*backends.Run) (backends.Plan, error) {
	return planMany(d, targets, func(b backends.RunDeleter, refs []backends.Ref) (backends.Plan, error) {
		return b.PlanDelete(ctx, refs)
	},
		func(*backends.Run) bool { return true })
}

// planWith plans with the capability T of the run's own backend.
func planWith[T any](d *Desk, r *backends.Run, plan func(T) (backends.Plan, error)) (backends.Plan, error) {
	b, ok := source[T](d, r.Backend)
	if !ok {
		return backends.Plan{}, fmt.Errorf("%s cannot do this to its runs", r.Backend)
	}
	return plan(b)
}

// planMany plans one change for every target that it fits; a plan belongs to one
// backend, so targets of several are refused by name.
func planMany[T any](d *Desk, targets []*backends.Run, plan func(T, []backends.Ref) (backends.Plan, error), fits func(*backends.Run) bool) (backends.Plan, error) {
	var refs []backends.Ref
	var first *backends.Run
	for _, r := range targets {
		if !fits(r) {
			continue
		}
		if first == nil {
			first = r
		}
		if r.Backend != first.Backend {
			return backends.Plan{}, fmt.Errorf("the marked runs are of %s and %s; mark those of one", first.Backend, r.Backend)
		}
		refs = append(refs, r.Ref())
	}
	if first == nil {
		return backends.Plan{}, errors.New("none of the marked runs can be changed so")
	}
	return planWith(d, first, func(b T) (backends.Plan, error) { return plan(b, refs) })
}
