package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/local"
	"flightdeck/backends/local/store"
	"flightdeck/tui"
	"flightdeck/tui/widget/form"
)

// recorder stands behind every transport and writes down what would have been
// done. It permits everything: what it must never see is a call.
type recorder struct {
	mu    sync.Mutex
	calls []string
}

func (r *recorder) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, what)
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.note("http " + req.Method + " " + req.URL.String())
	return nil, errors.New("recorded")
}

// open opens a workspace whose signals and processes are recorded instead of made.
func (r *recorder) open(o local.Options) (*local.Local, error) {
	o.Signal = func(_ context.Context, pid int, sig syscall.Signal) error {
		r.note(fmt.Sprintf("signal %d %s", pid, sig))
		return nil
	}
	o.Spawn = func(_ context.Context, cmd *exec.Cmd) error {
		r.note("exec " + strings.Join(cmd.Args, " "))
		return errors.New("recorded")
	}
	return local.Open(o)
}

// fingerprint is everything under a folder: names, sizes, contents, but not the
// lock files that SQLite keeps for readers.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") && fi.Size() == 0 {
			return nil
		}
		if fi.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s %x\n", path, data)
		} else {
			fmt.Fprintf(&b, "%s\n", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lab is a workspace with a run that has everything, and a job folder to act on.
func lab(t *testing.T) (dir, run string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, local.Folder), 0o755); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(filepath.Join(dir, local.Folder), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx := backends.WithGrant(t.Context(), backends.Grant{Actor: "test", Role: backends.Owner})
	for _, name := range []string{"brisk-otter", "calm-heron"} {
		r, err := st.CreateRun(ctx, store.NewRun{Name: name, Params: []backends.Param{{Key: "lr", Value: "0.01"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.LogBatch(ctx, r.ID, []backends.Metric{{Key: "val_acc", Value: .9, Step: 1, Time: 1}}, nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := st.PutArtifact(ctx, r.ID, "model/model.safetensors", strings.NewReader("\x02\x00\x00\x00\x00\x00\x00\x00{}")); err != nil {
			t.Fatal(err)
		}
		if _, err := st.CreateVersion(ctx, "digits", r.ID, "model"); err != nil {
			t.Fatal(err)
		}
		run = name
	}
	return dir, run
}

// arguments are what each verb is called with. A verb that is not here fails the
// test: whoever adds one says how it is called.
func arguments(run string) map[string][][]string {
	return map[string][][]string{
		"demo": {{"--headless"}}, "run": {{"--", "true"}, {"-d", "--", "true"}}, "train": {{}}, "train digits": {{}, {"-d"}}, "train sentiment": {{"-d"}},
		"ps": {{}, {"-a"}}, "logs": {{run}}, "stop": {{run}}, "restart": {{run}}, "resume": {{run}}, "delete": {{run}, {"--jobs", run}}, "restore": {{run}},
		"tag": {{run, "team=vision", "old-"}}, "note": {{run, "a note"}, {run}}, "runs": {{}, {"metrics.val_acc > 0.5"}}, "show": {{run}},
		"diff": {{"brisk-otter", "calm-heron"}}, "reproduce": {{run}}, "models": {{}}, "models register": {{run, "digits"}}, "models alias": {{"digits", "champion", "1"}, {"digits", "champion"}},
		"doctor": {{}, {"--clean", "-y"}}, "version": {{}}, "completion": {{"bash"}}, "exit-codes": {{}},
	}
}

// Every verb, called without a grant, writes nothing anywhere.
func TestVerbsWithoutGrantWriteNothing(t *testing.T) {
	rec := &recorder{}
	useTransport(t, rec)
	dir, run := lab(t)
	args := arguments(run)
	before := fingerprint(t, dir)
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		path = append(path, strings.Fields(cmd.Use)[0])
		name := strings.Join(path, " ")
		calls, known := args[name]
		if !known {
			t.Errorf("verb %q is not in the table of this test", name)
		}
		for _, a := range calls {
			var out, errs bytes.Buffer
			c := newCLI(strings.NewReader(""), &out, &errs)
			c.grant, c.open = nil, rec.open
			line := append(append([]string{"-C", dir}, path...), a...)
			code := c.main(t.Context(), line)
			if did := rec.take(); len(did) > 0 {
				t.Errorf("flightdeck %s without a grant did %q (exit %d)", strings.Join(line[2:], " "), did, code)
			}
			if after := fingerprint(t, dir); after != before {
				t.Fatalf("flightdeck %s without a grant changed the workspace (exit %d)\n%s%s", strings.Join(line[2:], " "), code, out.String(), errs.String())
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub, path)
		}
	}
	for _, verb := range newCLI(nil, io.Discard, io.Discard).verbs() {
		visit(verb, nil)
	}
}

// The same verbs with a grant do write: the test above is able to fail.
func TestVerbsWithGrantWrite(t *testing.T) {
	dir, run := lab(t)
	for _, line := range [][]string{{"tag", run, "team=vision"}, {"note", run, "text"}, {"models", "alias", "digits", "champion", "1"}, {"delete", run}} {
		before := fingerprint(t, dir)
		var out, errs bytes.Buffer
		c := newCLI(strings.NewReader(""), &out, &errs)
		if code := c.main(t.Context(), append([]string{"-C", dir}, line...)); code != exitOK {
			t.Fatalf("%q: exit %d\n%s", line, code, errs.String())
		}
		if fingerprint(t, dir) == before {
			t.Errorf("%q changed nothing", line)
		}
	}
}

func useTransport(t *testing.T, rt http.RoundTripper) {
	old := http.DefaultTransport
	http.DefaultTransport = rt
	t.Cleanup(func() { http.DefaultTransport = old })
}

// Every action of every view of every tab, done without a grant, writes nothing:
// its Do, its Form submitted as it stands, its Plan applied through the router.
func TestActionsWithoutGrantWriteNothing(t *testing.T) {
	rec := &recorder{}
	useTransport(t, rec)
	dir, _ := lab(t)
	lo, err := rec.open(local.Options{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer lo.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := hub.New(ctx, hub.Options{})
	from := sources(lo)
	c := newCLI(nil, io.Discard, io.Discard)
	c.grant = nil
	apply := router(from, c.granted, h)
	before := fingerprint(t, dir)
	planned := 0
	for _, tab := range tabs(h, tail.NewShelf(tail.Options{}), from) {
		for i, view := range tab.Panes {
			ready(ctx, view)
			for _, id := range actionIDs(view) {
				p, ok := plan(t, ctx, view, id)
				if ok {
					planned++
					var denied *backends.DeniedError
					if _, err := apply(ctx, p, nil); !errors.As(err, &denied) && !errors.Is(err, backends.ErrReadOnly) {
						t.Errorf("%s: applied without a grant: %v", id, err)
					}
				}
				if did := rec.take(); len(did) > 0 {
					t.Errorf("%s: pane %d, action %s did %q without a grant", tab.Name, i, id, did)
				}
				if fingerprint(t, dir) != before {
					t.Fatalf("%s: pane %d, action %s changed the workspace without a grant", tab.Name, i, id)
				}
			}
		}
	}
	if planned < 3 {
		t.Errorf("only %d actions could be planned: the lab has too little to act on", planned)
	}
}

// ready opens a view and lets it see its data.
func ready(ctx context.Context, v tui.View) {
	signal := v.Open(ctx)
	deadline := time.After(10 * time.Second)
	for range 3 {
		select {
		case <-signal:
			v.Refresh()
		case <-time.After(300 * time.Millisecond):
			v.Refresh()
		case <-deadline:
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

// plan does an action as far as its plan; ok is false for those that have none.
func plan(t *testing.T, ctx context.Context, v tui.View, id string) (backends.Plan, bool) {
	t.Helper()
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
