package local

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"flightdeck/backends"
)

// plan starts a plan of one request whose operation is verb+target (ops.go).
func (l *Local) plan(action, verb, target string, body any, refs ...backends.Ref) backends.Plan {
	raw, err := json.Marshal(body)
	if err != nil { // the bodies are this package's own structs
		panic(err)
	}
	return backends.Plan{
		Backend: l.Name(), Action: action, Target: refs,
		Requests: []backends.Request{{Verb: verb, Target: target, Body: raw}},
	}
}

// PlanDelete moves runs to MLflow's deleted stage; the undo restores them.
func (l *Local) PlanDelete(ctx context.Context, runs []backends.Ref) (backends.Plan, error) {
	return l.stage(ctx, runs, "runs.delete", "runs/delete", "runs/restore", "Delete ", "Hides them from every list; their data stays, and undo brings them back.")
}

// PlanRestore brings deleted runs back.
func (l *Local) PlanRestore(ctx context.Context, runs []backends.Ref) (backends.Plan, error) {
	return l.stage(ctx, runs, "runs.restore", "runs/restore", "runs/delete", "Restore ", "Brings them back to every list.")
}

func (l *Local) stage(ctx context.Context, runs []backends.Ref, action, target, inverse, title, summary string) (backends.Plan, error) {
	verb, deleting := strings.TrimPrefix(action, "runs."), target == "runs/delete"
	if len(runs) == 0 {
		return backends.Plan{}, fmt.Errorf("%s: no run given", verb)
	}
	var ids, names, against []string
	for _, ref := range runs {
		r, err := l.stored(ctx, ref.ID)
		if err != nil {
			return backends.Plan{}, err
		}
		if r.Deleted == deleting {
			return backends.Plan{}, fmt.Errorf("%s %s: it is %s", verb, r.Name, map[bool]string{true: "deleted already", false: "not deleted"}[deleting])
		}
		if r.Active() && deleting {
			against = append(against, r.Name+" is still running; deleting does not stop it")
		}
		ids, names = append(ids, r.ID), append(names, r.Name)
	}
	p := l.plan(action, "store", target, runsBody{Runs: ids}, runs...)
	p.Title, p.Summary, p.Against = title+list(names), summary, against
	if len(against) > 0 || len(runs) > 1 {
		p.Risk = backends.Disruptive
	}
	p.EquivCLI = "flightdeck " + verb + " " + words(runs)
	undo := l.plan(strings.Replace(inverse, "/", ".", 1), "store", inverse, runsBody{Runs: ids}, runs...)
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return l.pin(ctx, p)
}

// PlanTags sets and removes tags of one run; the undo puts the old values back.
func (l *Local) PlanTags(ctx context.Context, ref backends.Ref, set []backends.Tag, remove []string) (backends.Plan, error) {
	run, err := l.stored(ctx, ref.ID)
	if err != nil {
		return backends.Plan{}, err
	}
	var lines []backends.Line
	var back tagsBody
	back.Run = run.ID
	note := func(key, to string) {
		at := slices.IndexFunc(run.Tags, func(t backends.Tag) bool { return t.Key == key })
		if at < 0 {
			back.Remove = append(back.Remove, key)
			lines = append(lines, backends.Line{Label: key, Value: to})
			return
		}
		back.Set = append(back.Set, run.Tags[at])
		lines = append(lines, backends.Line{Label: key, Value: run.Tags[at].Value + " → " + to})
	}
	cli := "flightdeck tag " + word(run.Ref())
	for _, t := range set {
		note(t.Key, t.Value)
		cli += " " + backends.Quote(t.Key+"="+t.Value)
	}
	for _, k := range remove {
		note(k, "removed")
		cli += " " + backends.Quote(k+"-")
	}
	p := l.plan("runs.tag", "store", "runs/set-tags", tagsBody{Run: run.ID, Set: set, Remove: remove}, run.Ref())
	p.Title, p.Summary, p.Lines, p.EquivCLI = "Tag "+run.Name, "Changes tags of this run.", lines, cli
	if len(set) == 1 && set[0].Key == backends.TagNote {
		p.Action, p.Title, p.Summary = "runs.note", "Note on "+run.Name, "Replaces the note of this run."
		p.EquivCLI = "flightdeck note " + word(run.Ref()) + " " + backends.Quote(set[0].Value)
	}
	undo := l.plan(p.Action, "store", "runs/set-tags", back, run.Ref())
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return l.pin(ctx, p)
}

// PlanRename gives a run another name.
func (l *Local) PlanRename(ctx context.Context, ref backends.Ref, name string) (backends.Plan, error) {
	run, err := l.stored(ctx, ref.ID)
	if err != nil {
		return backends.Plan{}, err
	}
	if strings.TrimSpace(name) == "" {
		return backends.Plan{}, fmt.Errorf("rename %s: the new name is empty", run.Name)
	}
	p := l.plan("runs.rename", "store", "runs/update", renameBody{Run: run.ID, Name: name}, run.Ref())
	p.Title, p.Summary = "Rename "+run.Name+" to "+name, "Changes the run's name."
	p.EquivCLI = "flightdeck tag " + word(run.Ref()) + " " + backends.Quote(backends.TagName+"="+name)
	undo := l.plan("runs.rename", "store", "runs/update", renameBody{Run: run.ID, Name: run.Name}, run.Ref())
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return l.pin(ctx, p)
}

// list names a few things and counts the rest.
func list(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
}
