package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
	"flightdeck/backends/local/job/output"
	"flightdeck/backends/local/job/proc"
)

// Tracker is where a job's runs are written down; a supervisor has one. It may also
// be a backends.FollowSink, for what the followers find.
type Tracker interface {
	http.Handler // the endpoint that the child talks to
	// Usage takes samples, oldest first. After an error the same come again.
	Usage(ctx context.Context, samples []backends.Usage) error
	// Ended is told the end once. It comes again only if it failed, or if the
	// supervisor was killed before it could note that it had been told.
	Ended(ctx context.Context, exit backends.Exit) error
	Close() error
}

// SupervisorOptions are the supervisor's.
type SupervisorOptions struct {
	// Tracker opens the tracker; nil serves nothing. While it fails the endpoint
	// answers 503, and it is tried again.
	Tracker   func(j *backends.Job, token string, grant backends.Grant) (Tracker, error)
	Followers []backends.Follower
	// GPUs samples the GPUs that these processes use; nil is GPUs of this package.
	GPUs func(ctx context.Context, pids []int) ([]backends.GPUUsage, error)
	Now  func() time.Time
	// Signal, when set, is used instead of kill(2).
	Signal func(ctx context.Context, pid int, sig syscall.Signal) error
}

// The paces of a supervisor.
const (
	lookPace    = 250 * time.Millisecond // at the output, the exit and the requests
	flushPace   = 5 * time.Second        // of samples to the tracker
	earlyPace   = time.Second            // of samples in the first minute, when someone looks
	steadyPace  = 5 * time.Second        // of samples afterwards
	keptSamples = 4096                   // for a tracker that fails
)

type supervisor struct {
	dir, id string
	o       SupervisorOptions
	t       transport
	spec    spec
	st      state
	job     *backends.Job
	token   string
	nursed  bool // our parent is the keeper, as long as getppid says so
	begun   time.Time

	endpoint endpoint
	gpus     gpuWatch
	unfollow func()
	ix       *output.Indexer
	usage    *usageLog
	sampler  sampler
	pending  []backends.Usage
	nextTake time.Time
	nextSend time.Time
	nextOpen time.Time
	stop     *stopper
	stopped  bool
	trouble  map[string]string
	saved    supervised
	written  string
}

// Supervisor watches the job in dir until it has ended and everything about it has
// been written down; then it returns 0, and any other value asks the keeper for a
// new one. It is started by the keeper, or by Adopt when the keeper is gone. TERM
// ends it in order.
func Supervisor(ctx context.Context, dir string, o SupervisorOptions) int {
	slim(2, 24<<20)
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer cancel()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.GPUs == nil {
		o.GPUs = GPUs
	}
	s := &supervisor{dir: dir, id: filepath.Base(dir), o: o, t: transport{raise: o.Signal}, begun: time.Now(), trouble: map[string]string{}}
	done, err := s.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		return 1
	}
	if !done {
		return 1
	}
	return 0
}

func (s *supervisor) run(ctx context.Context) (done bool, err error) {
	l, err := inherited()
	if err != nil {
		return false, err
	}
	lock, err := claim(s.dir)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if err := s.open(); err != nil {
		return false, err
	}
	if s.saved.Ended {
		return true, nil
	}
	ctx, cancel := context.WithCancel(backends.WithGrant(ctx, s.spec.Grant))
	defer cancel()
	if l == nil {
		l = s.rebind()
	}
	s.openTracker()
	if l != nil {
		s.endpoint.serve(ctx, l)
	}
	defer s.endpoint.close()
	s.gpus.start(ctx, s.o.GPUs)
	s.follow(ctx)
	defer s.shut()
	return s.loop(ctx)
}

// inherited is the listener that the keeper holds and passes on.
func inherited() (net.Listener, error) {
	if os.Getenv(envListener) == "" {
		return nil, nil
	}
	os.Unsetenv(envListener)
	unix.CloseOnExec(3)
	f := os.NewFile(3, "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("take over the listener: %w", err)
	}
	return l, nil
}

// rebind opens the job's port again when the keeper, who held it, is gone.
func (s *supervisor) rebind() net.Listener {
	fd, _, err := listen(s.st.Port)
	if err != nil {
		s.note("endpoint", err)
		return nil
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	s.note("endpoint", err)
	return l
}

// claim makes sure that a job has one supervisor. The lock goes with the process.
func claim(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("supervise: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("supervise %s: someone does already: %w", filepath.Base(dir), err)
	}
	return f, nil
}

func (s *supervisor) open() error {
	if err := read(s.dir, specFile, &s.spec); err != nil {
		return fmt.Errorf("supervise: %w", err)
	}
	if err := read(s.dir, stateFile, &s.st); err != nil {
		return fmt.Errorf("supervise: %w", err)
	}
	_ = read(s.dir, supervisorFile, &s.saved) // a damaged one is written anew
	if b, err := os.ReadFile(s.path(tokenFile)); err == nil {
		s.token = strings.TrimSpace(string(b))
	}
	s.nursed = os.Getppid() == s.st.Keeper.PID && s.st.Keeper.Alive()
	s.job = newView(s.dir).job()
	me, err := proc.Self()
	if err != nil {
		return err
	}
	s.saved.Supervisor = me
	s.sampler = sampler{crew: crew{id: s.id, keeper: s.st.Keeper, child: s.st.Child}}
	s.ix, err = output.NewIndexer(s.path(outputFile), s.path(indexFile))
	s.note("output index", err)
	s.usage, err = openUsage(s.path(usageFile))
	s.note("usage", err)
	if s.usage != nil {
		s.sampler.last = s.usage.last
	}
	s.save()
	return nil
}

// note keeps the trouble of one part, or forgets it when all is well again.
func (s *supervisor) note(part string, err error) {
	if err == nil {
		delete(s.trouble, part)
		return
	}
	s.trouble[part] = err.Error()
}

// save writes what changed. What could not be written is tried again by the next.
func (s *supervisor) save() {
	var ts []string
	for _, t := range s.trouble {
		ts = append(ts, t)
	}
	slices.Sort(ts)
	s.saved.Trouble = strings.Join(ts, "; ")
	b, err := json.Marshal(s.saved)
	if err == nil && string(b) == s.written {
		return
	}
	if err == nil {
		err = replace(s.dir, supervisorFile, s.saved)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		return
	}
	s.written = string(b)
}

func (s *supervisor) shut() {
	if s.ix != nil {
		s.ix.Close()
	}
	if s.usage != nil {
		s.usage.f.Close()
	}
	if t := s.endpoint.tracker(); t != nil {
		if err := t.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			fmt.Fprintln(os.Stderr, "supervisor:", err)
		}
	}
}
