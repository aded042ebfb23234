//go:build integration && linux

//integration:peer mlflow3 mlflow2
//integration:needs chromium=chromium

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mlflowServer is MLflow's own server, on SQLite, for the length of a test.
func mlflowServer(t *testing.T, env string) string {
	t.Helper()
	dir := t.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close() // for the server; nobody else is given it again so soon
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(filepath.Join(filepath.Dir(python(t, env)), "mlflow"), "server", "--host", "127.0.0.1", "--port", port, "--workers", "1",
		"--backend-store-uri", "sqlite:///"+dir+"/mlflow.db", "--artifacts-destination", dir+"/artifacts")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, peerEnv(t, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false"), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	base := "http://" + addr
	client := &http.Client{Timeout: time.Second}
	eventually(t, "MLflow's own server answers", 5*time.Minute, func() bool {
		resp, err := client.Get(base + "/health")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return base
}

// uiPage is one page of the web UI, and what is read on it.
type uiPage struct {
	name, path string
	shows      []string
}

// uiPages are the pages that a person visits, with what the library read back. The
// addresses are those of the UI's own router.
func uiPages(t *testing.T, major string, rep *peerReport) []uiPage {
	t.Helper()
	run, other := rep.named(t, "brisk-otter-0"), rep.named(t, "brisk-otter-1")
	exp := "#/experiments/" + run.ExperimentID
	at := exp + "/runs/" + run.ID
	loss := strconv.FormatFloat(float64(run.Metrics["loss"]), 'f', -1, 64)
	home, list := "#/", exp
	if major == "3" {
		home, list = "#/experiments", exp+"/runs"
	}
	// The page takes the first name in the query with its question mark: the order counts.
	compare := "runs=" + url.QueryEscape(fmt.Sprintf(`["%s","%s"]`, run.ID, other.ID)) + "&experiments=" + url.QueryEscape(`["`+run.ExperimentID+`"]`)
	pages := []uiPage{
		{"experiments", home, []string{"web"}},
		{"runs", list, []string{"brisk-otter-0", "brisk-otter-2"}},
		{"run", at, []string{"brisk-otter-0", "\nwidth\n8\n", "\nloss\n" + loss + "\n", run.ID}},
		{"metrics", at + "/model-metrics", []string{"loss", "val/acc"}},
		{"system metrics", at + "/system-metrics", []string{"system/cpu_utilization_percentage"}},
		{"artifacts", at + "/artifacts", []string{"notes", "conf.json"}},
		{"artifact", at + "/artifacts/notes/notes.txt", []string{"the first line of the notes"}},
		{"registry", "#/models", []string{"adder"}},
		{"registered model", "#/models/adder", []string{"adder", "Version 2", "champion"}},
		{"version", "#/models/adder/versions/1", []string{"Version 1", "validated"}},
		{"compare", "#/compare-runs?" + compare, []string{"brisk-otter-0", "brisk-otter-1", "loss"}},
	}
	if major == "3" {
		pages = append(pages, uiPage{"logged models", exp + "/models", []string{"model"}})
	}
	return pages
}

// ids are what differs between two servers with the same data.
var ids = regexp.MustCompile(`m-[0-9a-f]{32}|[0-9a-f]{32}|\b\d+\b`)

// pageFaults makes the faults of a page comparable: without addresses, ids and queries'
// order.
func pageFaults(base string, faults []string) []string {
	var out []string
	for _, f := range faults {
		f = ids.ReplaceAllString(strings.ReplaceAll(f, base, ""), "#")
		if strings.Contains(f, "://") && !strings.Contains(f, "console") { // another server than the one under test
			continue
		}
		out = append(out, f)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// words are what stands on a page that must be the same over any server: all but
// figures, moments and colours, and the last panel of 3.17, an assistant that the
// server's owner may have set up.
func words(text string) []string {
	text, _, _ = strings.Cut(text, "\nMLflow Assistant\n")
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.ContainsAny(line, "0123456789#") && !strings.HasSuffix(line, " ago") && line != "now" {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// MLflow's web UI, unmodified, over our server and over its own, with the same data
// logged by the same script: every page shows the same things, and nothing goes
// wrong over ours that does not over its own.
func TestMLflowWebUI(t *testing.T) {
	for env, major := range map[string]string{"mlflow3": "3", "mlflow2": "2"} {
		t.Run(env, func(t *testing.T) {
			ws := t.TempDir()
			ours := serving(t, ws, "--ui", filepath.Join(os.Getenv(envPeers), env))
			if !strings.HasPrefix(ours.MLflow, major+".") {
				t.Fatalf("the UI of %s is %q in %q", env, ours.MLflow, ours.UI)
			}
			theirs := mlflowServer(t, env)
			mine, his := runScript(t, env, ours.URL, "webui"), runScript(t, env, theirs, "webui")
			agrees(t, ws, mine)
			readAlike(t, mine, his)
			b := newBrowser(t)
			want := uiPages(t, major, his)
			for i, p := range uiPages(t, major, mine) {
				read, peer := b.visit(t, theirs+"/"+want[i].path, want[i].shows...)
				text, faults := b.visit(t, ours.URL+"/"+p.path, p.shows...)
				excused := pageFaults(theirs, peer)
				for _, f := range pageFaults(ours.URL, faults) {
					if !slices.Contains(excused, f) {
						t.Errorf("page %s, over our server alone: %s\nover MLflow's own: %q", p.name, f, excused)
					}
				}
				if mine, his := words(text), words(read); !slices.Equal(mine, his) {
					t.Errorf("page %s reads differently:\nover our server %q\nover MLflow's own %q", p.name, mine, his)
				}
			}
			noServerErrors(t, ours)
		})
	}
}

// readAlike holds what the same script read back of two servers against each other.
func readAlike(t *testing.T, ours, theirs *peerReport) {
	t.Helper()
	for i, want := range theirs.Runs {
		got := ours.Runs[i]
		if got.Name != want.Name || got.Status != want.Status || fmt.Sprint(got.Params) != fmt.Sprint(want.Params) || fmt.Sprint(got.Metrics) != fmt.Sprint(want.Metrics) ||
			got.points("loss") != want.points("loss") || len(got.Artifacts) != len(want.Artifacts) || len(got.Inputs) != len(want.Inputs) || len(got.Tags) != len(want.Tags) {
			t.Errorf("over our server the library read\n%+v\nand over MLflow's own\n%+v", got, want)
		}
	}
}
