package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// Backend is the name that the jobs' references carry.
const Backend = "local"

// view is what a job's folder says at one moment, and who of its processes lives.
type view struct {
	dir, id string
	spec    spec
	st      state
	sup     supervised
	exit    *exited
	stop    bool
	specErr error
	stErr   error
	life    life
}

// life is who lives. It changes without any file changing.
type life struct{ starter, keeper, supervisor, child bool }

func newView(dir string) *view {
	v := &view{dir: dir, id: filepath.Base(dir)}
	v.specErr = read(dir, specFile, &v.spec)
	v.stErr = read(dir, stateFile, &v.st)
	_ = read(dir, supervisorFile, &v.sup) // half of one says nothing that the rest does not
	_, err := os.Stat(filepath.Join(dir, stopFile))
	v.stop = err == nil
	v.look()
	return v
}

// look asks who lives, and then for the exit: a keeper writes it before it goes.
func (v *view) look() {
	v.life = v.alive()
	var e exited
	if read(v.dir, exitFile, &e) == nil {
		v.exit = &e
	}
}

func (v *view) alive() life {
	return life{
		starter: errors.Is(v.stErr, os.ErrNotExist) && v.spec.Starter.Alive(), keeper: v.st.Keeper.Alive(),
		supervisor: v.sup.Supervisor.Alive(), child: v.st.Child.Alive(),
	}
}

func (v *view) crew() crew { return crew{id: v.id, keeper: v.st.Keeper, child: v.st.Child} }

// watched reports whether someone of the job's own can carry out a request.
func (v *view) watched() bool { return v.life.keeper || v.life.supervisor }

// settled reports that nothing in the folder will change by itself any more.
func (v *view) settled() bool {
	return !v.watched() && (v.exit != nil || v.sup.Lost != nil) && v.sup.Ended
}

// state is where the job is in its life. A job is lost that was never started, or
// whose keeper died before the child did: how it ended cannot be known.
func (v *view) state() (backends.JobState, *backends.Exit) {
	going := backends.JobRunning
	if v.stop {
		going = backends.JobStopping
	}
	switch {
	case v.exit != nil:
		return backends.JobExited, v.exit
	case v.sup.Lost != nil:
		return backends.JobLost, v.sup.Lost
	case v.life.starter, v.life.keeper && v.st.Child.PID == 0:
		return backends.JobStarting, nil
	case v.life.keeper, v.life.child:
		return going, nil
	case v.st.Child.PID == 0 && !errors.Is(v.stErr, os.ErrNotExist) && v.strays():
		return going, nil
	}
	return backends.JobLost, &backends.Exit{Code: -1, At: v.lastSeen()}
}

// strays looks for the job's processes by their environment, when the state cannot
// say which they are.
func (v *view) strays() bool {
	c := v.crew()
	c.everywhere = true
	ps, err := c.list()
	return err == nil && len(ps) > 0
}

// lastSeen is about when a job ended that nobody watched.
func (v *view) lastSeen() time.Time {
	at := later(v.st.Started, v.spec.Created)
	for _, name := range []string{usageFile, outputFile, supervisorFile} {
		if fi, err := os.Stat(filepath.Join(v.dir, name)); err == nil {
			at = later(at, fi.ModTime())
		}
	}
	return at
}

// job puts the view into the domain's words.
func (v *view) job() *backends.Job {
	j := &backends.Job{
		ID: v.id, Name: v.spec.name(), Backend: Backend, Spec: v.spec.Spec, Started: v.st.Started, Dir: v.dir,
		Usage: lastUsage(filepath.Join(v.dir, usageFile)),
	}
	if v.specErr != nil {
		j.Name = v.id
	}
	j.State, j.Exit = v.state()
	if j.Exit != nil {
		j.Ended = later(j.Exit.At, j.Started)
	} else {
		j.PID = v.st.Child.PID
		if v.st.Port != 0 && v.watched() {
			j.Tracking = tracking(v.st.Port)
		}
	}
	j.Trouble = strings.Join(v.troubles(j.State), "; ")
	return j
}

func (v *view) troubles(s backends.JobState) []string {
	var ts []string
	add := func(t string) {
		if t != "" {
			ts = append(ts, t)
		}
	}
	for _, err := range []error{v.specErr, v.stErr} {
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			add(err.Error())
		}
	}
	switch {
	case s == backends.JobLost && v.st.Keeper.PID == 0 && v.stErr != nil:
		add("it never started: whoever started it died before it did")
	case s == backends.JobLost && v.st.Keeper.Boot != "" && v.st.Keeper.Boot != proc.Boot():
		add("the machine was restarted while it ran: exit code unknown")
	case s == backends.JobLost:
		add("its keeper was killed: exit code unknown")
	case s != backends.JobExited && v.st.Keeper.PID != 0 && !v.life.keeper:
		add("its keeper was killed: the exit code will not be known")
		if !v.life.supervisor {
			add("its supervisor is gone too: nothing is sampled and the endpoint is closed")
		}
	}
	switch n := v.st.Restarts; {
	case n == 1:
		add("supervisor restarted once, it was " + verb(v.st.Died))
	case n > 1:
		add(fmt.Sprintf("supervisor restarted %d times, last it was %s", n, verb(v.st.Died)))
	}
	add(v.st.Trouble)
	add(v.sup.Trouble)
	return ts
}

func verb(died string) string {
	if strings.HasPrefix(died, "exit") {
		return "gone with " + died
	}
	return died
}
