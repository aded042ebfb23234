package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// The test binary is also the keeper, the supervisor, and a starter that can be
// killed, each a process of its own as in the real program.
func TestMain(m *testing.M) {
	if len(os.Args) >= 3 {
		switch os.Args[1] {
		case "keeper":
			os.Exit(Keeper(context.Background(), os.Args[2], KeeperOptions{}))
		case "supervisor":
			os.Exit(Supervisor(context.Background(), os.Args[2], SupervisorOptions{Tracker: openFileTracker, Followers: []backends.Follower{lineFollower{}}}))
		case "start-and-hang":
			startAndHang(os.Args[2], os.Args[3])
		case "full-disk":
			if err := fullDisk(os.Args[2], os.Args[3]); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// startAndHang starts a job, says so, and waits to be killed.
func startAndHang(dir, script string) {
	j := New(Options{Dir: dir, Exe: []string{os.Args[0]}})
	job, err := j.Start(granted(), "j1", backends.JobSpec{Command: []string{"sh", "-c", script}, Dir: "/"}, nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(job.PID)
	select {}
}

// fileTracker keeps what it is told in files beside the jobs, synced before it
// answers: what was acknowledged must be there afterwards.
type fileTracker struct {
	http.ServeMux
	dir   string
	token string
}

func openFileTracker(j *backends.Job, token string, grant backends.Grant) (Tracker, error) {
	if _, err := os.Stat(filepath.Join(filepath.Dir(j.Dir), ".refuse")); err == nil {
		return nil, errors.New("the store is locked")
	}
	t := &fileTracker{dir: j.Dir, token: token}
	t.HandleFunc("POST /log", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if err := t.add("metrics", b.String()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return t, t.add("opened", grant.Actor)
}

func (t *fileTracker) add(name, line string) error {
	f, err := os.OpenFile(filepath.Join(t.dir, "t."+name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(line + "\n"); err != nil {
		return err
	}
	return f.Sync()
}

func (t *fileTracker) Usage(_ context.Context, us []backends.Usage) error {
	for _, u := range us {
		b, _ := json.Marshal(u)
		if err := t.add("usage", string(b)); err != nil {
			return err
		}
	}
	return nil
}

func (t *fileTracker) Ended(_ context.Context, e backends.Exit) error {
	return t.add("ended", e.String())
}
func (t *fileTracker) Close() error { return nil }

func (t *fileTracker) Params(context.Context, []backends.Param) error { return nil }
func (t *fileTracker) Tags(context.Context, []backends.Tag) error     { return nil }
func (t *fileTracker) Child(context.Context, string, string) (backends.FollowSink, error) {
	return t, nil
}

func (t *fileTracker) End(context.Context, backends.RunStatus, time.Time) error { return nil }
func (t *fileTracker) Metrics(_ context.Context, ms []backends.Metric) error {
	return t.add("followed", ms[0].Key)
}

// lineFollower waits for a file in the job's folder and reports it, and looks once
// more when it is told to end.
type lineFollower struct{}

func (lineFollower) Kind() string { return "lines" }

func (lineFollower) Follow(ctx context.Context, from backends.FollowSource, sink backends.FollowSink) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(filepath.Join(from.Dir, "metrics.txt")); err == nil && len(b) > 0 {
			if err := sink.Metrics(ctx, []backends.Metric{{Key: string(b)}}); err != nil {
				return err
			}
			<-ctx.Done()
			return sink.Metrics(context.WithoutCancel(ctx), []backends.Metric{{Key: "last look"}})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func granted() context.Context {
	return backends.WithGrant(context.Background(), backends.Grant{Actor: "tester", Role: backends.Owner})
}

// room is a fresh folder of jobs whose processes are gone after the test.
type room struct {
	*Jobs
	t   *testing.T
	dir string
}

func newRoom(t *testing.T) *room {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".flightdeck", "jobs")
	r := &room{Jobs: New(Options{Dir: dir, Exe: []string{os.Args[0]}}), t: t, dir: dir}
	t.Cleanup(r.sweep)
	return r
}

// sweep kills all that carries this room's folder in its environment or arguments.
func (r *room) sweep() {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		n := 0
		tab, _ := proc.Scan()
		tab.All(func(p proc.Stat) {
			env, _ := proc.EnvironOf(p.PID).Lookup(envJobDir)
			args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
			if strings.HasPrefix(env, r.dir) || bytes.Contains(args, []byte(r.dir)) && p.PID != os.Getpid() {
				_ = syscall.Kill(p.PID, syscall.SIGKILL)
				n++
			}
		})
		r.mu.Lock()
		r.reap()
		r.mu.Unlock()
		if n == 0 {
			return
		}
	}
	r.t.Error("processes of the test do not end")
}

func (r *room) start(id, script string) *backends.Job {
	r.t.Helper()
	return r.startSpec(id, backends.JobSpec{Command: []string{"sh", "-c", script}, Dir: r.t.TempDir()})
}

func (r *room) startSpec(id string, s backends.JobSpec) *backends.Job {
	r.t.Helper()
	j, err := r.Start(granted(), id, s, nil)
	if err != nil {
		r.t.Fatalf("start: %v", err)
	}
	return j
}

func (r *room) job(id string) *backends.Job {
	r.t.Helper()
	j, err := r.Get(context.Background(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return j
}

func (r *room) state(id string) state {
	var st state
	_ = read(r.Dir(id), stateFile, &st)
	return st
}

// supervisor is the identity of the live supervisor, once there is one.
func (r *room) supervisor(id string) proc.Identity {
	r.t.Helper()
	var s supervised
	r.until("there is a supervisor", func() bool {
		return read(r.Dir(id), supervisorFile, &s) == nil && s.Supervisor.Alive()
	})
	return s.Supervisor
}

func (r *room) text(id, name string) string {
	b, _ := os.ReadFile(filepath.Join(r.Dir(id), name))
	return string(b)
}

// ended waits for the job and for those who watch it.
func (r *room) ended(id string) *backends.Job {
	r.t.Helper()
	r.until(id+" has ended and its processes are done", func() bool { return newView(r.Dir(id)).settled() })
	return r.job(id)
}

func (r *room) until(what string, ok func() bool) {
	r.t.Helper()
	until(r.t, what, ok)
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("in 20 s it did not become true that %s", what)
		}
	}
}

func kill(t *testing.T, p proc.Identity) {
	t.Helper()
	if !p.Alive() {
		t.Fatalf("process %d is not alive", p.PID)
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the killed process is gone", func() bool { return !p.Alive() })
}

// post logs one metric as a client of the job would, with its environment.
func post(j *backends.Job, token, body string) error {
	req, err := http.NewRequest("POST", j.Tracking+"/log", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	c := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

func lookTool(t *testing.T, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pidIn(t *testing.T, path string) proc.Identity {
	t.Helper()
	var id proc.Identity
	until(t, path+" holds a pid", func() bool {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(b, []byte("\n")) {
			return false
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			return false
		}
		id, err = proc.Identify(pid)
		return err == nil
	})
	return id
}
