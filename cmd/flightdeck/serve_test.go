package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
)

// served starts flightdeck serve and returns what it says of itself. It ends with
// the test.
func served(t *testing.T, dir string, args ...string) whereabouts {
	t.Helper()
	cmd := exec.Command(built(t), append([]string{"serve", "-o", "json", "--http", "127.0.0.1:0", "--no-ui", "--with-stdin"}, args...)...)
	cmd.Dir, cmd.Env = dir, onPath(t)
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
			t.Errorf("serve ended with %v", err)
		}
	})
	var at whereabouts
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &at) != nil || at.URL == "" {
		t.Fatalf("serve said %q (%v)", line, err)
	}
	return at
}

// post sends JSON to a server's API and returns the status and the answer.
func post(t *testing.T, at whereabouts, path, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(at.URL+"/api/2.0/mlflow/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// A folder becomes a workspace with the first write, not with the first look; two
// servers and a reader see the same.
func TestServeAFolderThatIsNoWorkspace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := served(t, dir), served(t, dir)
	if code, said := post(t, one, "experiments/search", `{"max_results":10}`); code != 200 {
		t.Errorf("a search: %d %s", code, said)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("looking made %v", entries)
	}
	if code, said := post(t, one, "runs/create", `{"experiment_id":"0","run_name":"brisk-otter","start_time":1}`); code != 200 {
		t.Fatalf("runs/create: %d %s", code, said)
	}
	if b, err := os.ReadFile(filepath.Join(dir, ".flightdeck", ".gitignore")); err != nil || string(b) != "*\n" {
		t.Errorf("the workspace does not ignore itself: %q %v", b, err)
	}
	if code, said := post(t, two, "runs/create", `{"experiment_id":"0","run_name":"calm-heron","start_time":2}`); code != 200 {
		t.Fatalf("the other server: %d %s", code, said)
	}
	for _, at := range []whereabouts{one, two} {
		if _, said := post(t, at, "runs/search", `{"experiment_ids":["0"]}`); !strings.Contains(said, "brisk-otter") || !strings.Contains(said, "calm-heron") {
			t.Errorf("%s does not show both: %s", at.URL, said)
		}
	}
	if runs := runsOf(t, opened(t, dir)); len(runs) != 2 {
		t.Errorf("%d runs", len(runs))
	}
}

func TestServeReadOnly(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	must(t, exitOK, dir, "run", "--name", "brisk-otter", "--", "true")
	at := served(t, dir, "--read-only")
	if _, said := post(t, at, "runs/search", `{"experiment_ids":["0"]}`); !at.ReadOnly || !strings.Contains(said, "brisk-otter") {
		t.Errorf("%+v: %s", at, said)
	}
	if code, said := post(t, at, "experiments/create", `{"name":"x"}`); code != 403 || !strings.Contains(said, "PERMISSION_DENIED") {
		t.Errorf("a write: %d %s", code, said)
	}
}

// -d returns when the server answers, and stop ends it. A server is no run.
func TestServeAsAJob(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	r := must(t, exitOK, dir, "serve", "-d", "--http", "127.0.0.1:0", "--no-ui", "-o", "json", "--host", "lab.example")
	var at whereabouts
	if err := json.Unmarshal([]byte(r.out), &at); err != nil || at.Job == "" || strings.Count(r.out, "\n") != 1 {
		t.Fatalf("%s %v", r, err)
	}
	if code, said := post(t, at, "experiments/create", `{"name":"x"}`); code != 200 {
		t.Errorf("%d %s", code, said)
	}
	lo := opened(t, dir)
	listed := func(what string) {
		if runs, err := lo.Runs(t.Context(), backends.RunFilter{}); err != nil || len(runs) != 0 {
			t.Errorf("%s: a server is listed as a run: %v %v", what, runs, err)
		}
	}
	listed("while it serves")
	if r := must(t, exitFailed, dir, "serve", "-d", "--no-ui", "--http", strings.TrimPrefix(at.URL, "http://")); !strings.Contains(r.errs, "listens there already") {
		t.Errorf("a second one on its port: %s", r)
	}
	begun := time.Now()
	must(t, exitOK, dir, "stop", at.Job)
	j, err := lo.WaitJob(t.Context(), at.Job)
	if err != nil || j.Exit == nil || j.Exit.Code != 0 || j.Exit.Signal != "" {
		t.Errorf("it ended with %+v (%v)", j.Exit, err)
	}
	if took := time.Since(begun); took > 15*time.Second { // not the 20 s that a run's end is waited for
		t.Errorf("its end took %s", took)
	}
	listed("when it ended")
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, says := range map[string]string{
		"--http 0.0.0.0:0":                              "--no-auth, which lets anyone",
		"-d --http 0.0.0.0:0":                           "--no-auth, which lets anyone",
		"--http 5000":                                   "HOST:PORT",
		"--no-auth --token-file " + secret:              "give one or the other",
		"--user ann":                                    "password-file",
		"--user a:b --password-file " + secret:          "no colon",
		"--users-file " + secret:                        "it is not NAME:HASH",
		"--token-file none":                             "no such file",
		"--tls-cert " + secret:                          "needs its key",
		"--tls-cert " + secret + " --tls-key " + secret: "PEM",
		"--ui " + dir:                                   "there is no mlflow/",
		"--ui x --no-ui":                                "or",
		"--cors example":                                "SCHEME://HOST",
		"--max-request much":                            "write a size",
		"--max-artifact 0":                              "write a size",
		"user":                                          "accepts 1 arg",
		"more":                                          "unknown command",
		"-d --with-stdin":                               "or",
	} {
		r := flightdeck(t, dir, append([]string{"serve"}, strings.Fields(args)...)...)
		if r.code != exitUsage || !strings.Contains(r.errs, says) {
			t.Errorf("serve %s: %s\nwant exit %d, %q", args, r, exitUsage, says)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("it left %v", entries)
	}
}

func TestSizesAsPeopleWriteThem(t *testing.T) {
	for s, want := range map[string]int64{"64MB": 64e6, "1.5 gb": 15e8, "100": 100, "1kB": 1000, "7B": 7, "2TB": 2e12, "": 0, "MB": 0, "-1MB": 0, "0": 0, "NaN": 0, "1e300GB": 0, "Inf": 0} {
		got, err := parseSize("--x", s)
		if (err == nil) != (want > 0) || got != want {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
}

// A users file that serve user wrote lets its users in, and nobody else.
func TestServeWithUsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line := func(name, password string) string {
		cmd := exec.Command(built(t), "serve", "user", name)
		cmd.Stdin = strings.NewReader(password + "\n")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	users := filepath.Join(dir, "users")
	content := line("ann", "p w") + strings.TrimSpace(line("eve", "look")) + " viewer\n"
	if err := os.WriteFile(users, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(content, "p w") {
		t.Error("the password is in the file")
	}
	at := served(t, t.TempDir(), "--users-file", users)
	for who, want := range map[string]int{"ann:p w": 200, "eve:look": 403, "ann:look": 401, "": 401} {
		req, err := http.NewRequest("POST", at.URL+"/api/2.0/mlflow/experiments/create", strings.NewReader(`{"name":"by `+who+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if name, password, ok := strings.Cut(who, ":"); ok {
			req.SetBasicAuth(name, password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: %s, want %d", who, resp.Status, want)
		}
	}
	if !at.Auth {
		t.Errorf("%+v", at)
	}
}
