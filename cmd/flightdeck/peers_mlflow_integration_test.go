//go:build integration && linux

//integration:peer mlflow3 mlflow2

package main

import (
	"math"
	"strings"
	"testing"
)

// both calls a test with each MLflow, on a server of its own.
func both(t *testing.T, f func(t *testing.T, env, ws string, s *server)) {
	for _, env := range []string{"mlflow3", "mlflow2"} {
		t.Run(env, func(t *testing.T) {
			ws := t.TempDir()
			s := serving(t, ws)
			f(t, env, ws, s)
			noServerErrors(t, s)
		})
	}
}

// noServerErrors fails for every answer after which a client tries again: a test
// that passes because of that hides a fault.
func noServerErrors(t *testing.T, s *server) {
	t.Helper()
	for line := range strings.Lines(s.log.String()) {
		words := strings.Fields(line)
		if len(words) < 8 {
			continue
		}
		if status := words[5]; strings.HasPrefix(status, "5") || status == "429" || status == "401" || status == "413" {
			t.Errorf("the server answered %s", strings.TrimSpace(line))
		}
	}
}

// Runs in runs, values that are no numbers, odd names, files of every shape.
func TestPeerNestedRuns(t *testing.T) {
	both(t, func(t *testing.T, env, ws string, s *server) {
		rep := runScript(t, env, s.URL, "nested")
		agrees(t, ws, rep)
		nestedFacts(t, rep)
	})
}

// What the script says it logged: a server that lost something would agree with
// itself all the same.
func nestedFacts(t *testing.T, rep *peerReport) {
	t.Helper()
	var found, children []string
	rep.more(t, "found", &found)
	rep.more(t, "children", &children)
	parent, child := rep.named(t, "sweep"), rep.named(t, "lr=0.1")
	if len(rep.Runs) != 4 || len(found) != 1 || found[0] != child.ID || len(children) != 2 {
		t.Errorf("%d runs, found %v, children %v", len(rep.Runs), found, children)
	}
	if child.points("loss") != 20 || child.points("val/acc") != 20 || child.Params["lr"] != "0.1" || child.Tags["team"] != "vision" || child.Tags["mlflow.parentRunId"] != parent.ID {
		t.Errorf("the child: %+v", child)
	}
	if v := float64(parent.Metrics["odd"]); v != -math.MaxFloat64 && !math.IsInf(v, -1) { // MLflow's SQL store has no infinity
		t.Errorf("odd is %v", v)
	}
	if parent.points("odd") != 3 || !math.IsNaN(float64(parent.History["odd"][0].Value)) || parent.Metrics["back"] != 1 || parent.Metrics["tiny"] != 5e-324 {
		t.Errorf("the parent's metrics: %v %v", parent.Metrics, parent.History["odd"])
	}
	if len(parent.files()) != 5 || parent.Params["note"] != "значение ✓ \u0007 \u001b[31m" {
		t.Errorf("the parent's files %v, params %q", parent.files(), parent.Params)
	}
	if b := rep.named(t, "broken"); b.Status != "FAILED" {
		t.Errorf("the broken run is %s", b.Status)
	}
}

func TestPeerAsyncLogging(t *testing.T) {
	both(t, func(t *testing.T, env, ws string, s *server) {
		rep := runScript(t, env, s.URL, "async_logging")
		agrees(t, ws, rep)
		queued, flushed := rep.named(t, "queued"), rep.named(t, "flushed")
		if queued.points("loss") != 2500 || len(queued.Params) != 150 || queued.Tags["t119"] != "v119" {
			t.Errorf("queued: %d points, %d params, %d tags", queued.points("loss"), len(queued.Params), len(queued.Tags))
		}
		if flushed.points("a") != 300 || flushed.points("b") != 300 || flushed.Params["mode"] != "async" {
			t.Errorf("flushed: %d and %d points, %v", flushed.points("a"), flushed.points("b"), flushed.Params)
		}
	})
}

func TestPeerEightProcesses(t *testing.T) {
	both(t, func(t *testing.T, env, ws string, s *server) {
		rep := runScript(t, env, s.URL, "eight_processes")
		agrees(t, ws, rep)
		if shared := rep.named(t, "all"); len(rep.Runs) != 9 || shared.points("loss") != 8*150 || shared.points("rank7/loss") != 15 {
			t.Errorf("%d runs; the shared one has %d and %d points", len(rep.Runs), shared.points("loss"), shared.points("rank7/loss"))
		}
		for _, r := range rep.Runs[1:] {
			if r.points("loss") != 150 || len(r.Artifacts) != 1 {
				t.Errorf("%s has %d points and %d files", r.Name, r.points("loss"), len(r.Artifacts))
			}
		}
	})
}

func TestPeerSklearnAutolog(t *testing.T) {
	both(t, func(t *testing.T, env, ws string, s *server) {
		rep := runScript(t, env, s.URL, "sklearn_autolog")
		agrees(t, ws, rep)
		autologFacts(t, rep)
	})
}

func autologFacts(t *testing.T, rep *peerReport) {
	t.Helper()
	var accuracy float64
	rep.more(t, "accuracy", &accuracy)
	plain := rep.named(t, "logistic")
	if len(rep.Runs) != 4 || float64(plain.Metrics["LogisticRegression_score_X_test"]) != accuracy || plain.Params["C"] != "0.5" || len(plain.Params) < 10 {
		t.Errorf("%d runs; the first has %v, %v", len(rep.Runs), plain.Metrics, plain.Params)
	}
	if len(plain.Inputs) == 0 || plain.Artifacts["training_confusion_matrix.png"].Digest == "" {
		t.Errorf("inputs %+v, files %v", plain.Inputs, plain.Artifacts)
	}
}

// The same scripts, started by flightdeck run, which tells them where to log. A job
// adds where its runs come from.
func TestPeersInsideAJob(t *testing.T) {
	for _, c := range []struct {
		env, script string
		facts       func(*testing.T, *peerReport)
	}{
		{"mlflow3", "nested", nestedFacts}, {"mlflow2", "nested", nestedFacts}, {"mlflow3", "sklearn_autolog", autologFacts},
	} {
		t.Run(c.env+"_"+c.script, func(t *testing.T) {
			ws := workspace(t)
			rep := runInJob(t, c.env, ws, c.script)
			agrees(t, ws, rep)
			c.facts(t, rep)
			for _, r := range rep.Runs {
				if r.Tags["flightdeck.job"] == "" || !strings.Contains(r.Tags["flightdeck.command"], c.script+".py") {
					t.Errorf("run %s does not say where it comes from: %v", r.Name, r.Tags)
				}
			}
		})
	}
}
