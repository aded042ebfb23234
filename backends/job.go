package backends

import (
	"context"
	"iter"
	"strings"
	"time"
)

// JobState is where a job is in its life.
type JobState string

// The states of a job. Lost means that its keeper is gone, so that the exit code
// cannot be known.
const (
	JobStarting JobState = "starting"
	JobRunning  JobState = "running"
	JobStopping JobState = "stopping"
	JobExited   JobState = "exited"
	JobLost     JobState = "lost"
)

// JobSpec is what to run. Any Runner takes it: a local process, a container, a
// Kubernetes Job.
type JobSpec struct {
	Name       string            `json:"name,omitempty"`
	Command    []string          `json:"command"`
	Dir        string            `json:"dir,omitempty"`
	Env        map[string]string `json:"env,omitempty"` // added to the inherited environment
	Experiment string            `json:"experiment,omitempty"`
	Data       []string          `json:"data,omitempty"` // paths whose digests are recorded
	Tags       map[string]string `json:"tags,omitempty"`
	Grace      time.Duration     `json:"grace,omitempty"` // between TERM and KILL; 0 is 10 s
	Resume     string            `json:"resume,omitempty"`
	Image      string            `json:"image,omitempty"`   // for Runners that need one
	Service    bool              `json:"service,omitempty"` // a server: it goes on until it is stopped, and is no run
}

// Title is how people call the job: by its name, else by what its command does:
// "train digits" for a verb of this program, the program's name for any other.
func (s JobSpec) Title() string {
	if s.Name != "" || len(s.Command) == 0 {
		return s.Name
	}
	title := s.Command[0][strings.LastIndexByte(s.Command[0], '/')+1:]
	if title != "flightdeck" {
		return title
	}
	for i, word := range s.Command[1:] {
		if strings.HasPrefix(word, "-") {
			break
		}
		if title += " " + word; i == 0 {
			title = word
		}
	}
	return title
}

// Exit is how a job ended. Code is -1 when a signal ended it or when it is not
// known; Known tells these apart.
type Exit struct {
	Known  bool      `json:"known"`
	Code   int       `json:"code"`
	Signal string    `json:"signal,omitempty"` // "SIGKILL"
	OOM    bool      `json:"oom,omitempty"`    // an oom_kill counter rose while it ran
	At     time.Time `json:"at"`
}

func (e Exit) String() string {
	switch {
	case !e.Known:
		return "exit code unknown"
	case e.Signal != "" && e.OOM:
		return "killed by " + e.Signal + ", likely out of memory"
	case e.Signal != "":
		return "killed by " + e.Signal
	case e.OOM: // a shell passes its child's end on as 137
		return "exit " + itoa(e.Code) + ", likely out of memory"
	}
	return "exit " + itoa(e.Code)
}

// Usage is one sample of what a job's whole process tree uses.
type Usage struct {
	At         time.Time  `json:"at"`
	CPU        float64    `json:"cpu"`    // cores in use
	Memory     int64      `json:"memory"` // bytes, resident
	ReadBytes  int64      `json:"read"`   // since start
	WriteBytes int64      `json:"write"`
	Processes  int        `json:"procs"`
	GPUs       []GPUUsage `json:"gpus,omitempty"`
}

// GPUUsage is one sample of one GPU.
type GPUUsage struct {
	Index       int     `json:"index"`
	Name        string  `json:"name,omitempty"`
	Utilization float64 `json:"utilization"` // percent
	Memory      int64   `json:"memory"`      // bytes
	MemoryTotal int64   `json:"memory_total"`
	Power       float64 `json:"power"` // watts
	Temperature float64 `json:"temperature"`
}

// Job is one started command and the folder that outlives everyone who watches.
type Job struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Backend  string    `json:"backend"`
	Spec     JobSpec   `json:"spec"`
	State    JobState  `json:"state"`
	PID      int       `json:"pid,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Exit     *Exit     `json:"exit,omitempty"`
	Usage    *Usage    `json:"usage,omitempty"`
	Tracking string    `json:"tracking,omitempty"` // MLFLOW_TRACKING_URI of the child
	Dir      string    `json:"dir"`                // the job's own folder
	Trouble  string    `json:"trouble,omitempty"`  // "supervisor restarted 3 times"
	Runs     []string  `json:"runs,omitempty"`     // ids of the runs that it made
}

// Ref names the job.
func (j *Job) Ref() Ref { return Ref{Backend: j.Backend, Kind: "job", ID: j.ID, Name: j.Name} }

// Active reports whether the job still has processes to care for.
func (j *Job) Active() bool { return j.State != JobExited && j.State != JobLost }

// LogLine is one line of output, raw: whoever shows it makes it safe first.
type LogLine struct {
	Seq     int64     // from 0, without gaps unless Skipped
	Time    time.Time // when it was seen
	Stream  string    // "stdout", "stderr", "" when they share one file
	Source  string    // who wrote it, when several are merged
	Text    []byte    // without the newline
	Partial bool      // the line goes on in the next one: it was too long, or not ended yet
	Skipped int64     // lines that were lost before this one; shown, never hidden
}

// LogOptions chooses what to stream.
type LogOptions struct {
	From   int64 // first sequence number
	Tail   int64 // the last n lines, when > 0
	Since  time.Time
	Follow bool
}

// Capabilities around jobs.
type (
	// Runner starts a command somewhere.
	Runner interface {
		PlanStart(context.Context, JobSpec) (Plan, error)
	}
	JobLister interface {
		Jobs(context.Context) ([]*Job, error) // newest first
	}
	LogStreamer interface {
		Logs(context.Context, Ref, LogOptions) iter.Seq2[LogLine, error]
	}
	// Stopper ends jobs or runs: TERM, a grace period, KILL of the whole tree.
	Stopper interface {
		PlanStop(ctx context.Context, targets []Ref) (Plan, error)
	}
	Restarter interface {
		PlanRestart(ctx context.Context, target Ref) (Plan, error)
	}
	// Rerunner starts a run's command again with other arguments.
	Rerunner interface {
		PlanRerun(ctx context.Context, target Ref, command []string) (Plan, error)
	}
	// Resumer goes on from the last checkpoint.
	Resumer interface {
		PlanResume(ctx context.Context, target Ref) (Plan, error)
	}
	JobDeleter interface {
		PlanDeleteJobs(ctx context.Context, jobs []Ref) (Plan, error)
	}
	UsageReader interface {
		Usage(ctx context.Context, job Ref) ([]Usage, error)
	}
	// Cleaner lists what is stale, as a plan that would remove exactly that.
	Cleaner interface {
		PlanClean(context.Context) (Plan, error)
	}
)

// Follower turns what a child writes into files, or onto its output, into runs and
// metrics: an event file, a metrics.csv, lines of key=value. A job's supervisor is
// given a list of them.
type Follower interface {
	Kind() string
	// Follow reads what the child writes and reports it, until ctx ends; what is there
	// when ctx ends is read to its end first.
	Follow(ctx context.Context, from FollowSource, sink FollowSink) error
}

// FollowSource is where a child writes.
type FollowSource struct {
	Dir   string    // its working folder
	Since time.Time // when it was started: older files are not its own
	// Owns says whether what is written at a path is its own: other jobs may write into
	// the same folder. known is false while nobody can tell. nil means that it is alone.
	Owns func(path string) (mine, known bool)
	// Lines streams its output; nil when it has none.
	Lines func(context.Context, LogOptions) iter.Seq2[LogLine, error]
}

// FollowSink takes what a Follower finds, for the run of the job.
type FollowSink interface {
	Params(ctx context.Context, p []Param) error
	Metrics(ctx context.Context, m []Metric) error
	Tags(ctx context.Context, t []Tag) error
	// Child is a run below the job's own, for a command that makes several: the jobs of
	// a Hydra sweep. The same key gives the same run.
	Child(ctx context.Context, key, name string) (FollowSink, error)
	// End says how a child run ended.
	End(ctx context.Context, status RunStatus, at time.Time) error
}

// FollowAuthor is a FollowSink that keeps apart who found what: the points of a
// metric that several found, in a file and on the output, are taken from the first.
type FollowAuthor interface {
	By(kind string) FollowSink
}

// FollowedBy is the sink for what a Follower of this kind finds.
func FollowedBy(sink FollowSink, kind string) FollowSink {
	if a, ok := sink.(FollowAuthor); ok {
		return a.By(kind)
	}
	return sink
}
