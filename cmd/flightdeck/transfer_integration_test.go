//go:build integration && linux

//integration:peer mlflow3
//integration:peer mlflow2

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/mlflow/entity"
	stores "flightdeck/backends/mlflow/recorded"
	"flightdeck/backends/mlflow/rest"
)

// realServer is MLflow's own server over a fresh store in dir, and its URL. That the
// one which answers is this one is seen by its having no runs and no experiment yet
// but Default: a port may be taken by another.
func realServer(t *testing.T, peer, dir, store string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	var said bytes.Buffer
	cmd := exec.Command(python(t, peer), "-m", "mlflow", "server", "--backend-store-uri", store, "--artifacts-destination", filepath.Join(dir, "mlartifacts"), "--port", port, "--workers", "1")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.Env = peerEnv(t, "MLFLOW_ALLOW_FILE_STORE=true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its own group
		<-ended
	})
	deadline, tick := time.After(3*time.Minute), time.NewTicker(200*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s did not start: %v\n%s", peer, err, said.String())
		case <-deadline:
			t.Fatalf("%s did not start\n%s", peer, said.String())
		case <-tick.C:
		}
		resp, err := http.Get("http://" + addr + "/health")
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			break
		}
	}
	c, err := rest.New(rest.Options{URL: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exps, err := c.Experiments(t.Context(), rest.All)
	if err != nil || len(exps) > 1 {
		t.Fatalf("the server at %s is another one: %+v (%v)", addr, exps, err)
	}
	return "http://" + addr
}

// readBack is what the client of that version reads from a server.
const readBack = `
import json, math, sys
from mlflow import MlflowClient
from mlflow.entities import ViewType
c = MlflowClient(sys.argv[1])
num = lambda v: "NaN" if math.isnan(v) else v
out = {}
for e in c.search_experiments(view_type=ViewType.ALL):
    for r in c.search_runs([e.experiment_id], run_view_type=ViewType.ALL, max_results=1000):
        source = r.data.tags["flightdeck.source"].split("/")[-1]
        assert source not in out, "the run %s is there twice" % source
        files, stack = [], [None]
        while stack:
            for f in c.list_artifacts(r.info.run_id, stack.pop()):
                stack.append(f.path) if f.is_dir else files.append([f.path, f.file_size])
        out[source] = {"id": r.info.run_id, "name": r.info.run_name, "experiment": e.name, "status": r.info.status, "start": r.info.start_time, "end": r.info.end_time,
            "params": dict(r.data.params), "tags": dict(r.data.tags), "files": sorted(files),
            "inputs": sorted([d.dataset.name, {t.key: t.value for t in d.tags}.get("mlflow.data.context", "")] for d in r.inputs.dataset_inputs),
            "history": {k: sorted([num(p.value), p.timestamp, p.step] for p in c.get_metric_history(r.info.run_id, k)) if k != "odd key.x-1 _" else len(c.get_metric_history(r.info.run_id, k)) for k in r.data.metrics}}
models = {m.name: {"aliases": {k: str(v) for k, v in m.aliases.items()}, "versions": sorted([str(v.version), v.run_id] for v in c.search_model_versions("name='%s'" % m.name))} for m in c.search_registered_models()}
print(json.dumps({"runs": out, "models": models}))
`

type readRun struct {
	ID, Name, Experiment, Status string
	Start                        int64
	End                          *int64
	Params, Tags                 map[string]string
	Files                        [][2]any
	Inputs                       [][2]string
	History                      map[string]json.RawMessage
}

// bigRun is a run of many points, so that an export takes a while.
func bigRun(t *testing.T, ws string) {
	t.Helper()
	lo := opened(t, ws)
	if err := lo.Close(); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "mlruns")
	id := strings.Repeat("b", 32)
	run := filepath.Join(root, "1", id)
	var points strings.Builder
	for s := range 6_000 {
		fmt.Fprintf(&points, "%d %v %d\n", 1_790_000_000_000+int64(s)*10, math.Sqrt(float64(s)), s)
	}
	for name, text := range map[string]string{
		filepath.Join(root, "1", "meta.yaml"): "experiment_id: '1'\nlifecycle_stage: active\nname: big\n",
		filepath.Join(run, "meta.yaml"):       "run_id: " + id + "\nrun_name: big-bear\nstart_time: 1790000000000\nend_time: 1790000900000\nstatus: 3\nlifecycle_stage: active\nuser_id: me\n",
		filepath.Join(run, "metrics", "a"):    points.String(), filepath.Join(run, "metrics", "b"): points.String(),
		filepath.Join(run, "artifacts", "model", "weights.bin"): strings.Repeat("0123456789", 100_000),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must(t, exitOK, ws, "import", root, "--all")
}

// An export that is killed and called again gives an MLflow server all runs, once;
// what its own client reads there is what we have. And what is taken back from the
// server, from its database and from a folder that it wrote is the same again.
func TestTransferWithMLflow(t *testing.T) {
	for _, peer := range []string{"mlflow3", "mlflow2"} {
		t.Run(peer, func(t *testing.T) {
			ws := workspace(t)
			must(t, exitOK, ws, "import", stores.Runs(t, "3.17.2"), "--all")
			must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--width", "8", "--name", "trained")
			must(t, exitOK, ws, "models", "register", "trained", "numbers")
			bigRun(t, ws)
			for _, store := range []string{"sqlite", "mlruns"} {
				dir := t.TempDir()
				uri := "sqlite:///" + filepath.Join(dir, "mlflow.db")
				if store == "mlruns" {
					uri = filepath.Join(dir, "mlruns")
				}
				url := realServer(t, peer, dir, uri)
				killedExport(t, ws, url, 1500*time.Millisecond)
				killedExport(t, ws, url, 4*time.Second)
				patiently(t, ws, "export", "--to", url, "--all")
				again := patiently(t, ws, "export", "--to", url, "--all")
				if strings.Contains(again, " copied") || !strings.Contains(again, "; 0 points, 0 files") {
					t.Errorf("a second export sent something: %s", again)
				}
				compareReadBack(t, peer, url, ws)
				froms := map[string]string{"server": url}
				if store == "sqlite" {
					froms["database"] = filepath.Join(dir, "mlflow.db")
				} else {
					froms["folder"] = uri
				}
				for what, from := range froms {
					back := workspace(t)
					out := patiently(t, back, "import", from, "--all")
					if strings.Contains(out, "not carried") {
						t.Errorf("%s: taken back from the %s: %s", store, what, out)
					}
					equalWorkspaces(t, peer+" "+store+" "+what, ws, back)
				}
			}
		})
	}
}

// patiently calls the program, which must succeed, with the patience that a server
// in Python takes on a busy machine.
func patiently(t *testing.T, dir string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, built(t), args...)
	cmd.Dir, cmd.Env = dir, onPath(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("flightdeck %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// killedExport begins an export and kills it with -9 when it has been at it that long.
func killedExport(t *testing.T, ws, url string, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd := exec.CommandContext(ctx, built(t), "export", "--to", url, "--all") // which kills it
	cmd.Dir, cmd.Env = ws, onPath(t)
	err := cmd.Run()
	t.Logf("the export that was to be killed after %s: %v", after, err)
}

func compareReadBack(t *testing.T, peer, url, ws string) {
	t.Helper()
	cmd := exec.Command(python(t, peer), "-c", readBack, url)
	cmd.Dir, cmd.Env = t.TempDir(), peerEnv(t, "MLFLOW_TRACKING_URI="+url)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the client cannot read it back: %v\n%s", err, errs.String())
	}
	var got struct {
		Runs   map[string]readRun
		Models map[string]struct {
			Aliases  map[string]string
			Versions [][2]string
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	lo := opened(t, ws)
	runs := runsOf(t, lo)
	if len(got.Runs) != len(runs) {
		t.Errorf("the server has %d runs, want %d", len(got.Runs), len(runs))
	}
	for _, r := range runs {
		g, ok := got.Runs[r.ID]
		if !ok {
			t.Errorf("%s is not there", r.Name)
			continue
		}
		if g.Name != r.Name || g.Experiment != r.ExpName || g.Status != string(r.Status) || g.Start != r.Start.UnixMilli() || !r.End.IsZero() && (g.End == nil || *g.End != r.End.UnixMilli()) {
			t.Errorf("%s is %+v, want %+v", r.Name, g, *r)
		}
		for _, p := range r.Params {
			if g.Params[p.Key] != p.Value {
				t.Errorf("%s: param %s is %q, want %q", r.Name, p.Key, g.Params[p.Key], p.Value)
			}
		}
		if r.Parent != "" && g.Tags[backends.TagParent] != got.Runs[r.Parent].ID {
			t.Errorf("%s: its parent is %s, want %s", r.Name, g.Tags[backends.TagParent], got.Runs[r.Parent].ID)
		}
		if len(g.Params) != len(r.Params) || len(g.Inputs) != len(r.Inputs) || len(g.History) != len(r.Metrics) {
			t.Errorf("%s: %d params, %d inputs, %d metrics; want %d, %d, %d", r.Name, len(g.Params), len(g.Inputs), len(g.History), len(r.Params), len(r.Inputs), len(r.Metrics))
		}
		for key, raw := range g.History {
			h, err := lo.History(t.Context(), r.Ref(), key)
			if err != nil {
				t.Fatal(err)
			}
			compareReadPoints(t, r.Name+" "+key, raw, h.Points())
		}
		files, err := lo.Artifacts(t.Context(), r.Ref())
		if err != nil || len(files) != len(g.Files) {
			t.Errorf("%s: %d files, want %d (%v)", r.Name, len(g.Files), len(files), err)
			continue
		}
		for i, f := range files {
			if g.Files[i][0] != f.Path || g.Files[i][1] != float64(f.Size) {
				t.Errorf("%s: file %v, want %s of %d bytes", r.Name, g.Files[i], f.Path, f.Size)
			}
		}
	}
	if m := got.Models["digits-net"]; m.Aliases["champion"] != "2" || m.Aliases["old"] != "1" || len(m.Versions) != 2 || len(got.Models["numbers"].Versions) != 1 {
		t.Errorf("models %+v", got.Models)
	}
}

func compareReadPoints(t *testing.T, what string, raw json.RawMessage, p backends.Points) {
	t.Helper()
	var n int
	if json.Unmarshal(raw, &n) == nil { // not comparable as numbers: counted
		if n != p.Len() {
			t.Errorf("%s: %d points, want %d", what, n, p.Len())
		}
		return
	}
	var points []stores.Point
	if err := json.Unmarshal(raw, &points); err != nil {
		t.Fatal(err)
	}
	want := make([]stores.Point, p.Len())
	for i := range want {
		want[i] = stores.Point{Value: rest.Float(p.Value[i]), Time: p.Time[i], Step: p.Step[i]}
	}
	if !slices.Equal(stores.Sorted(points), stores.Sorted(want)) {
		t.Errorf("%s: %d points, want %d, or others", what, len(points), len(want))
	}
}

// equalWorkspaces compares two workspaces by the names of their runs.
func equalWorkspaces(t *testing.T, what, a, b string) {
	t.Helper()
	x, y := opened(t, a), opened(t, b)
	if left, right := spelled(t, x), spelled(t, y); left != right {
		l, r := strings.Split(left, "\n"), strings.Split(right, "\n")
		for i := range min(len(l), len(r)) {
			if l[i] != r[i] {
				at := 0
				for at < min(len(l[i]), len(r[i])) && l[i][at] == r[i][at] {
					at++
				}
				from := max(0, at-100)
				t.Errorf("%s: %.60s\nwas …%.300s\nis  …%.300s", what, l[i], l[i][from:], r[i][from:])
				return
			}
		}
		t.Errorf("%s: %d lines became %d", what, len(l), len(r))
	}
}

// spelled writes out a workspace's runs, all but their ids. The greatest double is an
// infinity, and a zero has no sign: MLflow's SQL store cannot tell these apart.
func spelled(t *testing.T, lo *local.Local) string {
	t.Helper()
	var lines []string
	names := map[string]string{}
	runs := runsOf(t, lo)
	for _, r := range runs {
		names[r.ID] = r.Name
	}
	for _, r := range runs {
		line := fmt.Sprintf("%q %q %s %d %d parent %q", r.Name, r.ExpName, r.Status, r.Start.UnixMilli(), r.End.UnixMilli(), names[r.Parent])
		for _, tag := range r.Tags {
			switch tag.Key {
			case "flightdeck.source", "flightdeck.copied", backends.TagJob, backends.TagParent:
			default:
				line += fmt.Sprintf(" %q", tag)
			}
		}
		line += fmt.Sprintf(" %q", r.Params)
		for _, in := range r.Inputs {
			line += fmt.Sprintf(" input %q %q %q", in.Name, in.Digest, in.Context)
		}
		files, err := lo.Artifacts(t.Context(), r.Ref())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			line += fmt.Sprintf(" file %s %s", f.Path, f.Digest)
		}
		for _, m := range r.Metrics {
			h, err := lo.History(t.Context(), r.Ref(), m.Key)
			if err != nil {
				t.Fatal(err)
			}
			p := h.Points()
			var points []string
			for i := range p.Len() {
				points = append(points, fmt.Sprintf("%020d %d %x", p.Time[i], p.Step[i], math.Float64bits(entity.Stored(p.Value[i])+0)))
			}
			slices.Sort(points)
			line += fmt.Sprintf(" metric %q last %x %v", m.Key, math.Float64bits(entity.Stored(m.Value)+0), points)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
