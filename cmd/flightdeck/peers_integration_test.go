//go:build integration && linux

//integration:peer mlflow3 mlflow2 train

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Real Python peers. A script of testdata/peers is what a person writes; it runs
// unchanged against flightdeck serve, and inside flightdeck run, and prints in the
// end what the library itself read back. That is what Flightdeck must say of it too.

// scriptLimit is how long a script may take; on an idle machine none takes a quarter.
const scriptLimit = 8 * time.Minute

// python is the interpreter of a peer.
func python(t testing.TB, env string) string {
	t.Helper()
	dir := os.Getenv(envPeers)
	if dir == "" {
		t.Fatalf("CANNOT find the Python peers: %s is not set; run these tests by  make integration", envPeers)
	}
	bin := filepath.Join(dir, env, "bin", "python")
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("CANNOT run the peer %s: %v", env, err)
	}
	return bin
}

// peerScript is the path of a script.
func peerScript(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "peers", name+".py"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// peerEnv is what scripts run in: a home of their own, and nothing that would make
// them call anybody but the server under test.
func peerEnv(t testing.TB, more ...string) []string {
	t.Helper()
	var env []string
	for _, kv := range os.Environ() {
		switch name, _, _ := strings.Cut(kv, "="); strings.ToLower(name) {
		case "http_proxy", "https_proxy", "all_proxy", "pythonpath", "pythonhome", "virtual_env":
		default:
			env = append(env, kv)
		}
	}
	return append(append(env, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "GIT_PYTHON_REFRESH=quiet", "MLFLOW_HTTP_REQUEST_MAX_RETRIES=2",
		"MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true", "MPLCONFIGDIR="+t.TempDir(), "OMP_NUM_THREADS=1"), more...)
}

// server is one that listens for the length of a test.
type server struct {
	whereabouts
	log *syncBuffer // its access log
}

// serving starts flightdeck serve on a workspace. It ends with the test, however
// that ends: its standard input does.
func serving(t testing.TB, dir string, args ...string) *server {
	t.Helper()
	cmd := exec.Command(built(t), append([]string{"serve", "-C", dir, "-o", "json", "--http", "127.0.0.1:0", "--with-stdin", "-v"}, args...)...)
	s := &server{log: &syncBuffer{}}
	cmd.Dir, cmd.Env, cmd.Stderr = dir, onPath(t), s.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("flightdeck serve ended with %v\n%s", err, s.log.tail(2000))
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &s.whereabouts) != nil || s.URL == "" {
		t.Fatalf("flightdeck serve said %q (%v)\n%s", line, err, s.log.tail(2000))
	}
	return s
}

// peerReport is the last line of a script.
type peerReport struct {
	MLflow string      `json:"mlflow"`
	PID    int         `json:"pid"`
	Runs   []peerRun   `json:"runs"`
	Models []peerModel `json:"models"`

	More map[string]json.RawMessage `json:"more"`
}

// more is one of the things that only this script reports.
func (r *peerReport) more(t testing.TB, key string, into any) {
	t.Helper()
	if err := json.Unmarshal(r.More[key], into); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
}

type peerRun struct {
	ID           string                `json:"run_id"`
	Name         string                `json:"run_name"`
	ExperimentID string                `json:"experiment_id"`
	Experiment   string                `json:"experiment"`
	Status       string                `json:"status"`
	Lifecycle    string                `json:"lifecycle_stage"`
	Start        int64                 `json:"start_time"`
	End          int64                 `json:"end_time"`
	Params       map[string]string     `json:"params"`
	Metrics      map[string]peerNumber `json:"metrics"`
	Tags         map[string]string     `json:"tags"`
	History      map[string][]peerAt   `json:"history"`
	Artifacts    map[string]peerFile   `json:"artifacts"`
	Inputs       []struct {
		Name       string `json:"name"`
		Digest     string `json:"digest"`
		SourceType string `json:"source_type"`
		Source     string `json:"source"`
		Context    string `json:"context"`
	} `json:"inputs"`
}

type peerModel struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Tags        map[string]string `json:"tags"`
	Aliases     map[string]string `json:"aliases"`
	Versions    []struct {
		Version     string            `json:"version"`
		Run         string            `json:"run_id"`
		Source      string            `json:"source"`
		Status      string            `json:"status"`
		Description string            `json:"description"`
		Tags        map[string]string `json:"tags"`
	} `json:"versions"`
}

// peerNumber is a float as a script writes it: a number, or Python's nan, inf, -inf.
type peerNumber float64

func (n *peerNumber) UnmarshalJSON(b []byte) error {
	_, err := fmt.Sscan(strings.Trim(string(b), `"`), (*float64)(n))
	return err
}

// peerAt is one point: [step, milliseconds, value].
type peerAt struct {
	Step, Time int64
	Value      peerNumber
}

func (p *peerAt) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.Step, &p.Time, &p.Value})
}

// peerFile is [size, SHA-256]; MLflow leaves out a size of 0.
type peerFile struct {
	Size   *int64
	Digest string
}

func (f *peerFile) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&f.Size, &f.Digest})
}

// readReport finds the report in what a script printed.
func readReport(t testing.TB, what, out string) *peerReport {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := []byte(lines[len(lines)-1])
	r := &peerReport{}
	if err := json.Unmarshal(last, r); err != nil {
		t.Fatalf("%s did not end with a report: %v\n%.2000s", what, err, out)
	}
	return r
}

// runScript runs a script in a folder of its own against a tracking server.
func runScript(t testing.TB, env, uri, name string, args ...string) *peerReport {
	t.Helper()
	return runScriptWith(t, env, t.TempDir(), []string{"MLFLOW_TRACKING_URI=" + uri}, name, args...)
}

func runScriptWith(t testing.TB, env, dir string, vars []string, name string, args ...string) *peerReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scriptLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, python(t, env), append([]string{peerScript(t, name)}, args...)...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, peerEnv(t, vars...), &out, &errs
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s with %s: %v\n%s\n%s", name, env, err, tailOf(out.String(), 1500), tailOf(errs.String(), 5000))
	}
	return readReport(t, name+" with "+env, out.String())
}

// runInJob runs a script by flightdeck run, which is all that is said about
// tracking.
func runInJob(t testing.TB, env, ws, name string, args ...string) *peerReport {
	t.Helper()
	r := flightdeckIn(t, scriptLimit, ws, peerEnv(t), append([]string{"run", "--", python(t, env), peerScript(t, name)}, args...)...)
	if r.code != exitOK {
		t.Fatalf("flightdeck run -- python %s.py: %s", name, tailOf(r.String(), 6000))
	}
	return readReport(t, name+" in a job", r.out)
}

// flightdeckIn is flightdeckWith for what takes longer, in an environment that is
// given whole.
func flightdeckIn(t testing.TB, limit time.Duration, dir string, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, built(t), args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &errs
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("flightdeck %q: %v (%v)\n%s", args, err, ctx.Err(), errs.String())
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

func tailOf(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// decoded calls flightdeck with -o json and reads what it says.
func decoded[T any](t testing.TB, ws string, args ...string) T {
	t.Helper()
	var v T
	r := must(t, exitOK, ws, append(args, "-o", "json")...)
	d := json.NewDecoder(strings.NewReader(r.out))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("flightdeck %q -o json: %v\n%.500s", args, err, r.out)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("flightdeck %q -o json prints more than one value", args)
	}
	return v
}
