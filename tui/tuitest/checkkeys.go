package tuitest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"flightdeck/tui"
)

// CheckKeys fails when a view binds one key twice, or an action has no ID, no word
// or not exactly one thing to do, or when a key means one thing in one view, or
// to the shell, and another in the next. What a key means is the first word of its help. but lists
// the second meanings that are meant, as "key word", with the reason.
func CheckKeys(t testing.TB, views []tui.View, but map[string]string) {
	t.Helper()
	for _, problem := range KeyProblems(views, but) {
		t.Error(problem)
	}
}

// KeyProblems is what CheckKeys fails with.
func KeyProblems(views []tui.View, but map[string]string) []string {
	var out []string
	means := map[string]string{} // key → word
	by := map[string]string{}    // key → the action that said so first
	for _, act := range tui.ShellActions() {
		word, _, _ := strings.Cut(act.Key.Help().Desc, " ")
		for _, k := range act.Key.Keys() {
			if other, taken := by[k]; taken {
				out = append(out, fmt.Sprintf("the shell: key %q is bound by %s and by %s", k, other, act.ID))
			}
			means[k], by[k] = word, act.ID
		}
	}
	used := map[string]bool{}
	for _, v := range views {
		here := map[string]string{}
		for _, act := range v.Actions() {
			out = append(out, actionProblems(act)...)
			word, _, _ := strings.Cut(act.Key.Help().Desc, " ")
			for _, k := range act.Key.Keys() {
				if other, taken := here[k]; taken {
					out = append(out, fmt.Sprintf("%s: key %q is bound by %s and by %s", v.Title().Name, k, other, act.ID))
				}
				here[k] = act.ID
				exception := k + " " + word
				switch first, known := means[k]; {
				case but[exception] != "":
					used[exception] = true
				case !known:
					means[k], by[k] = word, act.ID
				case first != word:
					out = append(out, fmt.Sprintf("key %q is %q in %s and %q in %s; list %q with a reason if that is meant", k, first, by[k], word, act.ID, exception))
				}
			}
		}
	}
	for exception, reason := range but {
		switch {
		case reason == "":
			out = append(out, fmt.Sprintf("the second meaning %q is listed without a reason", exception))
		case !used[exception]:
			out = append(out, fmt.Sprintf("the second meaning %q is listed, but no view has it", exception))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func actionProblems(act tui.Action) []string {
	var out []string
	n := 0
	for _, is := range []bool{act.Do != nil, act.Form != nil, act.Plan != nil, act.Cmd != nil} {
		if is {
			n++
		}
	}
	if n != 1 {
		out = append(out, fmt.Sprintf("action %q has %d of Do, Form, Plan and Cmd instead of one", act.ID, n))
	}
	if act.ID == "" || !strings.Contains(act.ID, ".") {
		out = append(out, fmt.Sprintf("action %q has no ID like \"runs.stop\"", act.ID))
	}
	if act.Key.Help().Desc == "" {
		out = append(out, fmt.Sprintf("action %q has no word for what it does", act.ID))
	}
	return out
}
