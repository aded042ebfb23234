package job

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// Start makes the job's folder, has prepare put into it what belongs beside the
// job, and starts the keeper. It returns once the child runs, and from then on the
// job needs nobody; if the child cannot be run the folder is removed and the error
// says why. When ctx ends in between, the job is asked to stop.
func (j *Jobs) Start(ctx context.Context, id string, js backends.JobSpec, prepare func(dir string) error) (*backends.Job, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	if len(js.Command) == 0 || js.Command[0] == "" {
		return nil, errors.New("start job: no command given")
	}
	var err error
	if js.Dir, err = filepath.Abs(js.Dir); err != nil {
		return nil, fmt.Errorf("start job in %s: %w", js.Dir, err)
	}
	for _, door := range []string{"file", "exec"} {
		if err := backends.Check(ctx, door, "start job "+id); err != nil {
			return nil, err
		}
	}
	dir := j.Dir(id)
	if err := j.make(ctx, dir, js); err != nil {
		return nil, err
	}
	if prepare != nil {
		err = prepare(dir)
	}
	spawned := false
	if err == nil {
		spawned, err = j.spawnKeeper(ctx, dir)
	}
	if spawned && ctx.Err() != nil && err != nil { // the keeper may be at it already
		_ = replace(dir, stopFile, stopRequest{Grace: js.Grace, At: j.o.Now()})
		return nil, fmt.Errorf("start job %s: %w", id, err)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return j.Get(ctx, id)
}

// make claims the id and writes the spec down.
func (j *Jobs) make(ctx context.Context, dir string, js backends.JobSpec) error {
	if err := os.MkdirAll(j.o.Dir, 0o755); err != nil {
		return fmt.Errorf("start job: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("start job: there is a job %s already", filepath.Base(dir))
	} else if err != nil {
		return fmt.Errorf("start job: %w", err)
	}
	grant, _ := backends.GrantOf(ctx)
	me, err := proc.Self()
	var order int64
	if err == nil {
		order, err = nextOrder(j.o.Dir)
	}
	if err == nil {
		err = replace(dir, specFile, spec{ID: filepath.Base(dir), Spec: js, Grant: grant, Created: j.o.Now(), Order: order, Starter: me})
	}
	if err != nil {
		return errors.Join(fmt.Errorf("start job: %w", err), os.RemoveAll(dir))
	}
	return nil
}

// nextOrder counts the starts of a workspace across processes: order must not
// depend on a clock.
func nextOrder(dir string) (int64, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".order"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return 0, fmt.Errorf("count jobs: %w", err)
	}
	var buf [32]byte
	n, _ := f.ReadAt(buf[:], 0)
	last, err := strconv.ParseInt(strings.TrimSpace(string(buf[:n])), 10, 64)
	if err != nil { // the first, or damaged: go on from what there is
		last = highestOrder(dir)
	}
	if _, err := fmt.Fprintf(io.NewOffsetWriter(f, 0), "%020d\n", last+1); err != nil {
		return 0, fmt.Errorf("count jobs: %w", err)
	}
	return last + 1, nil
}

func highestOrder(dir string) int64 {
	var most int64
	specs, _ := filepath.Glob(filepath.Join(dir, "*", specFile))
	for _, p := range specs {
		var s spec
		if read(filepath.Dir(p), specFile, &s) == nil {
			most = max(most, s.Order)
		}
	}
	return most
}

// spawnKeeper starts the keeper and waits until it says how starting the child
// went, or is gone. spawned tells whether there has been a keeper.
func (j *Jobs) spawnKeeper(ctx context.Context, dir string) (spawned bool, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return false, fmt.Errorf("start keeper: %w", err)
	}
	defer r.Close()
	err = j.detach(ctx, dir, "keeper", w)
	w.Close()
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { r.Close() })
	defer stop()
	var h handshake
	line, err := bufio.NewReader(r).ReadBytes('\n')
	switch {
	case ctx.Err() != nil:
		return true, ctx.Err()
	case err != nil || json.Unmarshal(line, &h) != nil:
		return true, fmt.Errorf("start keeper: %s ended without an answer: %s", j.o.Exe[0], lastLine(filepath.Join(dir, logFile)))
	case h.Error != "":
		return true, errors.New(h.Error)
	}
	return true, nil
}

// detach starts a keeper or a supervisor that no terminal and no parent can take
// along. It is not inside the job that may be starting it.
func (j *Jobs) detach(ctx context.Context, dir, verb string, pipe *os.File) error {
	if len(j.o.Exe) == 0 {
		return fmt.Errorf("start %s: no program given", verb)
	}
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", verb, err)
	}
	defer log.Close()
	cmd := exec.Command(j.o.Exe[0], append(append([]string{}, j.o.Exe[1:]...), verb, dir)...)
	cmd.Dir = "/"
	cmd.Env = append(without(os.Environ(), envJob, envJobDir, envListener, envKeeper,
		"FLIGHTDECK_RESUME_DIR", "FLIGHTDECK_RESUME_RUN"), envKeeper+"="+filepath.Base(dir))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if pipe != nil {
		cmd.ExtraFiles = []*os.File{pipe}
	}
	if err := j.t.spawn(ctx, cmd); err != nil {
		return fmt.Errorf("start %s: %w", verb, err)
	}
	if cmd.Process != nil {
		j.mu.Lock()
		j.started = append(j.started, cmd.Process)
		j.mu.Unlock()
	}
	return nil
}

// lastLine is what a process that failed at once had to say.
func lastLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return last
	}
	return "it said nothing"
}

// Adopt starts a supervisor for every job that lost its keeper and its supervisor
// before its end was written down, and returns their ids: one whose child still
// runs gets its endpoint back, on the same port if that is still free, and one that
// ended gets its runs closed. Nobody but a granted process may, so it does not
// happen by itself; whoever opens a workspace to change it calls this.
func (j *Jobs) Adopt(ctx context.Context) ([]string, error) {
	jobs, err := j.List(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	var errs []error
	for _, job := range jobs {
		if v := newView(job.Dir); orphaned(v) {
			if err := j.detach(ctx, job.Dir, "supervisor", nil); err != nil {
				errs = append(errs, err)
				continue
			}
			ids = append(ids, job.ID)
		}
	}
	return ids, errors.Join(errs...)
}

// orphaned reports a job that nobody watches though there is something to do.
func orphaned(v *view) bool {
	return v.specErr == nil && v.stErr == nil && v.st.Keeper.PID != 0 && v.st.Child.PID != 0 && !v.watched() && !v.sup.Ended
}
