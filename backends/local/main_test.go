package local

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job"
	"flightdeck/backends/local/track"
	"flightdeck/backends/local/train"
)

// The test binary is also a job's keeper and its supervisor, and as flightdeck a
// trainer, each a process of its own as in the real program.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "keeper":
			os.Exit(job.Keeper(context.Background(), os.Args[2], job.KeeperOptions{}))
		case "supervisor":
			os.Exit(job.Supervisor(context.Background(), os.Args[2], job.SupervisorOptions{Tracker: NewTracker}))
		case "train":
			if err := trainHere(os.Args[2], os.Args[3:]); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	for _, v := range os.Environ() { // the tests may themselves run in a job
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "FLIGHTDECK_") || strings.HasPrefix(name, "MLFLOW_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// trainHere is what the program's train verb does in a job.
func trainHere(task string, args []string) error {
	ctx, stop := signal.NotifyContext(granted(), syscall.SIGTERM)
	defer stop()
	cfg, err := train.New(task)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(args); i += 2 {
		if err := cfg.Set(strings.TrimPrefix(args[i], "--"), args[i+1]); err != nil {
			return err
		}
	}
	cfg.Dir = filepath.Join(os.Getenv("FLIGHTDECK_JOB_DIR"), "checkpoints")
	if old := os.Getenv(envResumeDir); old != "" {
		if err := os.CopyFS(cfg.Dir, os.DirFS(old)); err != nil {
			return err
		}
		cfg.Resume = true
	} else if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return err
	}
	sink := track.NewSink(track.Client{URL: os.Getenv("MLFLOW_TRACKING_URI"), Token: os.Getenv("MLFLOW_TRACKING_TOKEN")},
		track.SinkOptions{Experiment: os.Getenv("MLFLOW_EXPERIMENT_NAME"), Run: os.Getenv(envResumeRun)})
	return train.Run(ctx, cfg, sink, os.Stdout)
}

func granted() context.Context {
	return backends.WithGrant(context.Background(), backends.Grant{Actor: "ada", Role: backends.Owner})
}

// open opens a workspace; its jobs are stopped in the end.
func open(t testing.TB, root string, change ...func(*Options)) *Local {
	t.Helper()
	o := Options{Root: root, Version: "test"}
	for _, c := range change {
		c(&o)
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, j := range jobsOf(t, l) {
			if j.Active() {
				if err := l.jobs.Stop(granted(), j.ID, time.Second); err != nil {
					t.Error(err)
				}
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		// Keepers and supervisors write down the end after it: a folder that is removed
		// under them is not empty.
		eventually(t, "the keepers and supervisors are gone", func() bool { return !attended(root) })
	})
	return l
}

// attended reports whether a process names the folder in its command line, as
// keepers and supervisors do.
func attended(root string) bool {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(line), root+"/"+Folder+"/jobs/") {
			return true
		}
	}
	return false
}

func jobsOf(t testing.TB, l *Local) []*backends.Job {
	t.Helper()
	jobs, err := l.Jobs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// apply carries out a plan that a Plan… method has just made.
func apply(t testing.TB, l *Local) func(backends.Plan, error) backends.Receipt {
	return func(p backends.Plan, err error) backends.Receipt {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Apply(granted(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// finish starts a job and waits for its end; the run is the last that it made.
func finish(t testing.TB, l *Local, spec backends.JobSpec) (*backends.Job, *backends.Run) {
	t.Helper()
	r := apply(t, l)(l.PlanStart(t.Context(), spec))
	return ended(t, l, r.Target[0].ID)
}

func ended(t testing.TB, l *Local, id string) (*backends.Job, *backends.Run) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	j, err := l.WaitJob(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := l.runsOf(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) == 0 {
		return j, nil
	}
	return j, runs[0]
}

// eventually polls for what other processes must do first.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}
