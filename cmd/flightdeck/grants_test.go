package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/local"
	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/form"
)

// everyVerb calls f with each verb's path, as the command tree has them.
func everyVerb(f func(path string)) {
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		path = append(path, cmd.Name())
		f(strings.Join(path, " "))
		for _, sub := range cmd.Commands() {
			visit(sub, path)
		}
	}
	for _, verb := range newCLI(nil, io.Discard, io.Discard).verbs() {
		visit(verb, nil)
	}
}

// Every verb, in every way it is called, without a grant and as one who may only
// look: nothing is written anywhere, and what would have written ends with the code
// for it. With --read-only and on a network file system the same. With a grant each of them does reach the
// transports that it says: the recorder is able to see it, and the test to fail.
func TestVerbsNeedAGrant(t *testing.T) {
	rec := &recorder{exe: built(t)}
	useTransport(t, rec)
	l := newLab(t)
	usages := l.usages()
	before := fingerprint(t, l.dir)
	viewer := &backends.Grant{Actor: "eve", Role: backends.Viewer}
	owner := &backends.Grant{Actor: "test", Role: backends.Owner}
	everyVerb(func(path string) {
		calls, known := usages[path]
		if !known {
			t.Errorf("verb %q is not in the table of this test", path)
		}
		for _, u := range calls {
			line := append(strings.Fields(path), strings.Fields(u.args)...)
			for who, try := range map[string]func() (int, string){
				"without a grant": func() (int, string) { return l.call(t, rec, nil, line...) },
				"as a viewer":     func() (int, string) { return l.call(t, rec, viewer, line...) },
				"read-only":       func() (int, string) { return l.call(t, rec, owner, append([]string{"--read-only"}, line...)...) },
				"on NFS": func() (int, string) {
					rec.nfs = true
					defer func() { rec.nfs = false }()
					return l.call(t, rec, owner, line...)
				},
			} {
				if who == "on NFS" && u.reaches == "http" {
					continue // it writes elsewhere: that the workspace cannot be written is no reason
				}
				code, said := try()
				if who == "on NFS" && u.reaches != "" && !strings.Contains(said, "NFS") {
					t.Errorf("flightdeck %q on NFS does not say why it is refused: %s", line, said)
				}
				if did := rec.take(); len(did) > 0 {
					t.Errorf("flightdeck %q %s did %q", line, who, did)
				}
				if fingerprint(t, l.dir) != before {
					t.Fatalf("flightdeck %q %s changed the workspace (exit %d)\n%s", line, who, code, said)
				}
				if (code == exitRefused) != (u.reaches != "") {
					t.Errorf("flightdeck %q %s: exit %d\n%s", line, who, code, said)
				}
			}
			code, said := l.call(t, rec, owner, append([]string{"--dry-run"}, line...)...)
			if did := rec.take(); len(did) > 0 || fingerprint(t, l.dir) != before || u.reaches != "" && (code != exitOK || !strings.Contains(said, "risk")) {
				t.Fatalf("a dry run of %q did %q (exit %d)\n%s", line, did, code, said)
			}
			reach(t, rec, l, line, u)
		}
	})
}

// reach calls a verb with a grant, on a copy of the lab, and compares the
// transports that it used with those that it is said to use.
func reach(t *testing.T, rec *recorder, l lab, line []string, u usage) {
	t.Helper()
	l = l.copied(t)
	before := fingerprint(t, l.dir)
	code, said := l.call(t, rec, &backends.Grant{Actor: "test", Role: backends.Owner}, line...)
	used := differs(before, fingerprint(t, l.dir))
	for _, did := range rec.take() {
		kind, _, _ := strings.Cut(did, " ")
		used = append(used, kind)
	}
	for want := range strings.FieldsSeq(u.reaches) {
		if !slices.Contains(used, want) {
			t.Errorf("flightdeck %q with a grant did not reach %s, but %q (exit %d)\n%s", line, want, used, code, said)
		}
	}
	if u.reaches == "" && len(used) > 0 {
		t.Errorf("flightdeck %q is said to only read, and did %q", line, used)
	}
}

func useTransport(t *testing.T, rt http.RoundTripper) {
	old := http.DefaultTransport
	http.DefaultTransport = rt
	t.Cleanup(func() { http.DefaultTransport = old })
}

// Inside a job the trainer logs over HTTP, under a grant too.
func TestTrainingInAJobNeedsAGrant(t *testing.T) {
	rec := &recorder{exe: built(t)}
	useTransport(t, rec)
	for k, v := range map[string]string{"FLIGHTDECK_JOB": "a-job", "FLIGHTDECK_JOB_DIR": t.TempDir(), "MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_TRACKING_TOKEN": "x"} {
		t.Setenv(k, v)
	}
	l := lab{dir: t.TempDir()}
	if code, said := l.call(t, rec, nil, "train", "digits", "--epochs", "1"); len(rec.take()) > 0 || code != exitRefused {
		t.Errorf("without a grant: exit %d, and it posted\n%s", code, said)
	}
	_, said := l.call(t, rec, &backends.Grant{Actor: "test", Role: backends.Operator}, "train", "digits", "--epochs", "1")
	if did := rec.take(); len(did) == 0 || !strings.HasPrefix(did[0], "http POST http://127.0.0.1:9/api/2.0/mlflow/runs/create") {
		t.Errorf("with a grant it did %q\n%s", did, said)
	}
}

// Every action of every view of every tab, done without a grant and as a viewer,
// writes nothing: its Do, its Form submitted as it stands, its Plan applied through
// the router. With a grant the same plans reach every transport.
func TestActionsNeedAGrant(t *testing.T) {
	rec := &recorder{exe: built(t)}
	useTransport(t, rec)
	l := newLab(t)
	before := fingerprint(t, l.dir)
	seen := map[string]bool{}
	for who, grant := range map[string]*backends.Grant{"without a grant": nil, "as a viewer": {Actor: "eve", Role: backends.Viewer}} {
		eachPlan(t, rec, l.dir, grant, func(id string, p backends.Plan, apply func() error) {
			if id != "" {
				seen[id] = true
				var denied *backends.DeniedError
				if err := apply(); !errors.As(err, &denied) {
					t.Errorf("%s, applied %s: %v", id, who, err)
				}
			}
			if did := rec.take(); len(did) > 0 {
				t.Errorf("%s %s did %q", id, who, did)
			}
			if fingerprint(t, l.dir) != before {
				t.Fatalf("%s %s changed the workspace", id, who)
			}
		})
	}
	for _, id := range []string{"runs.new", "runs.stop", "runs.rerun", "runs.resume", "runs.edit", "runs.delete", "runs.register"} {
		if !seen[id] {
			t.Errorf("%s could not be planned: the lab has too little to act on", id)
		}
	}

	reached := map[string]bool{}
	work := l.copied(t)
	eachPlan(t, rec, work.dir, &backends.Grant{Actor: "test", Role: backends.Owner}, func(id string, p backends.Plan, apply func() error) {
		if id == "" {
			return
		}
		before := fingerprint(t, work.dir)
		err := apply()
		did := append(differs(before, fingerprint(t, work.dir)), rec.take()...)
		if err != nil && !errors.Is(err, errRecorded) && !errors.Is(err, backends.ErrStale) {
			t.Errorf("%s with a grant: %v", id, err)
		}
		if len(did) == 0 && !errors.Is(err, backends.ErrStale) {
			t.Errorf("%s with a grant reached nothing", id)
		}
		for _, d := range did {
			kind, _, _ := strings.Cut(d, " ")
			reached[kind] = true
		}
	})
	for _, kind := range []string{"store", "signal", "exec"} {
		if !reached[kind] {
			t.Errorf("with a grant no action reached %s", kind)
		}
	}
}

// eachPlan does every action with the cursor on each run, and hands over the plan
// of those that have one; id is "" after one that has none.
func eachPlan(t *testing.T, rec *recorder, dir string, grant *backends.Grant, f func(id string, p backends.Plan, apply func() error)) {
	t.Helper()
	lo, err := rec.open(local.Options{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer lo.Close()
	from := []backends.Backend{lo}
	c := newCLI(nil, io.Discard, io.Discard)
	c.grant = grant
	th := theme.New(theme.Dark(), false)
	for row := range len(runsOf(t, lo)) { // anew for each, with a hub that remembers nothing: what an action left behind is not the next one's
		ctx, cancel := context.WithCancel(t.Context())
		h := hub.New(ctx, hub.Options{})
		apply := router(from, c.granted, h)
		for _, tab := range tabs(h, tail.NewShelf(tail.Options{}), from) {
			at := time.Now()
			show := func() {
				at = at.Add(time.Second) // by the frames' clock the selection has rested
				for _, view := range tab.Panes {
					view.Render(tui.Frame{Theme: th, W: 120, H: 30, Now: at})
				}
			}
			for i, view := range tab.Panes {
				ready := func() bool { return true }
				if i == 0 { // the table, from which the other panes have their run
					ready = func() bool {
						show()
						return strings.HasSuffix(view.Title().Right, fmt.Sprintf(" of %d", len(runsOf(t, lo))))
					}
				}
				settled(ctx, t, view, show, ready)
				if i == 0 {
					for range row {
						press(view, tea.KeyPressMsg{Code: tea.KeyDown})
					}
				}
			}
			done := map[string]bool{} // the details can do to their run what the table can
			for _, view := range tab.Panes {
				for _, id := range actionIDs(view) {
					if done[id] {
						continue
					}
					done[id] = true
					p, ok := planOf(ctx, view, id)
					if !ok {
						press(view, tea.KeyPressMsg{Code: tea.KeyEscape}) // out of whatever it opened
						f("", p, nil)
						continue
					}
					f(id, p, func() error { _, err := apply(ctx, p, nil); return err })
				}
			}
		}
		cancel()
	}
}

func press(v tui.View, k tea.KeyPressMsg) {
	if keys, ok := v.(tui.Keys); ok {
		keys.Key(k)
	}
}

// settled opens a view and lets it see its data: until it is ready, and then all
// that comes while it is shown.
func settled(ctx context.Context, t *testing.T, v tui.View, show func(), ready func() bool) {
	t.Helper()
	signal := v.Open(ctx)
	for late := time.After(30 * time.Second); !ready(); {
		select {
		case <-signal:
			v.Refresh()
		case <-late:
			t.Fatalf("%s has not got its data: %+v", v.Title().Name, v.Title())
		}
	}
	for quiet := time.NewTimer(100 * time.Millisecond); ; {
		show()
		select {
		case <-signal:
			v.Refresh()
			quiet.Reset(100 * time.Millisecond)
		case <-quiet.C:
			v.Refresh()
			show()
			return
		}
	}
}

func actionIDs(v tui.View) []string {
	var ids []string
	for _, a := range v.Actions() {
		ids = append(ids, a.ID)
	}
	return ids
}

// planOf does an action as far as its plan; ok is false for those that have none.
func planOf(ctx context.Context, v tui.View, id string) (backends.Plan, bool) {
	for _, a := range v.Actions() {
		if a.ID != id || a.Why != "" {
			continue
		}
		var p backends.Plan
		var err error
		switch {
		case a.Do != nil:
			a.Do()
			return p, false
		case a.Cmd != nil:
			a.Cmd() // the tea.Cmd itself is the terminal's, and never runs a change
			return p, false
		case a.Plan != nil:
			p, err = a.Plan(ctx)
		case a.Form != nil:
			p, err = submit(ctx, a.Form())
		}
		return p, err == nil && len(p.Requests) > 0
	}
	return backends.Plan{}, false
}

func submit(ctx context.Context, f tui.Form) (backends.Plan, error) {
	values, err := f.Form.Values()
	if err != nil {
		return backends.Plan{}, err
	}
	if _, ok := values["note"]; ok { // a form that was left as it stands plans nothing
		values = form.Values{"name": values["name"], "tags": values["tags"], "note": "changed"}
	}
	return f.Submit(ctx, values)
}
