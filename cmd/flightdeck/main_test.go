package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

// envProgram says where TestMain left the real program, which tests run as a
// process: built once, by the target that everybody builds with.
const envProgram = "FLIGHTDECK_TEST_PROGRAM"

// envPeers says where .ci/integration left the real Python peers.
const envPeers = "FLIGHTDECK_PEERS_DIR"

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "flightdeck-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "flightdeck")
	if out, err := exec.Command("make", "-s", "-C", "../..", "build", "BIN="+bin).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	for _, v := range os.Environ() { // the tests may themselves run in a job
		name, _, _ := strings.Cut(v, "=")
		if name != envPeers && (strings.HasPrefix(name, "FLIGHTDECK_") || strings.HasPrefix(name, "MLFLOW_")) {
			os.Unsetenv(name)
		}
	}
	os.Setenv(envProgram, bin)
	return m.Run()
}

func built(t testing.TB) string {
	t.Helper()
	bin := os.Getenv(envProgram)
	if bin == "" {
		t.Fatal("TestMain did not build the program")
	}
	return bin
}

// result is how one call of the real program ended.
type result struct {
	out, errs string
	code      int
}

func (r result) String() string { return fmt.Sprintf("exit %d\n%s%s", r.code, r.out, r.errs) }

// onPath is the environment in which the built program is called flightdeck.
func onPath(t testing.TB, more ...string) []string {
	env := append(os.Environ(), "PATH="+filepath.Dir(built(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	return append(env, more...)
}

// flightdeck calls the real program in a folder, its streams being pipes.
func flightdeck(t testing.TB, dir string, args ...string) result {
	t.Helper()
	return flightdeckWith(t, dir, nil, args...)
}

func flightdeckWith(t testing.TB, dir string, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, built(t), args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, onPath(t, env...), &out, &errs
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("flightdeck %q: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// must calls the real program and fails the test unless it ends with that code.
func must(t testing.TB, code int, dir string, args ...string) result {
	t.Helper()
	r := flightdeck(t, dir, args...)
	if r.code != code {
		t.Fatalf("flightdeck %q: want exit %d, got %s", args, code, r)
	}
	return r
}

// workspace is a fresh folder that is a workspace, whose jobs are stopped in the
// end: a test that fails leaves none behind.
func workspace(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, local.Folder), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopAll(t, dir) })
	return dir
}

func stopAll(t testing.TB, dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	lo, err := local.Open(local.Options{Root: dir, Exe: []string{built(t)}})
	if err != nil {
		return // a test may have damaged it
	}
	defer lo.Close()
	jobs, err := lo.Jobs(ctx)
	if err != nil {
		t.Errorf("stop what the test left: %v", err)
		return
	}
	ctx = backends.WithGrant(ctx, backends.Grant{Actor: "test", Role: backends.Owner})
	for _, j := range jobs {
		if !j.Active() {
			continue
		}
		p, err := lo.PlanStop(ctx, []backends.Ref{j.Ref()})
		if err == nil {
			_, err = lo.Apply(ctx, p, nil)
		}
		if err != nil {
			t.Errorf("stop what the test left: %v", err)
		}
	}
	eventually(t, "the processes of the jobs have ended", 20*time.Second, func() bool {
		return len(matching(t, dir+"/.flightdeck/jobs/")) == 0
	})
}

// opened reads a workspace as a second program would.
func opened(t testing.TB, dir string) *local.Local {
	t.Helper()
	lo, err := local.Open(local.Options{Root: dir, Exe: []string{built(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lo.Close() })
	return lo
}

// runsOf lists the runs of a workspace, newest first.
func runsOf(t testing.TB, lo *local.Local) []*backends.Run {
	t.Helper()
	runs, err := lo.Runs(context.Background(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// onlyRun is the one run that has a tag or is of that experiment.
func onlyRun(t testing.TB, lo *local.Local, experiment string) *backends.Run {
	t.Helper()
	all := slices.DeleteFunc(slices.Clone(runsOf(t, lo)), func(r *backends.Run) bool { return r.ExpName != experiment })
	if len(all) != 1 {
		t.Fatalf("%d runs of experiment %s, want 1", len(all), experiment)
	}
	return all[0]
}
