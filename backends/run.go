package backends

import (
	"context"
	"math"
	"sort"
	"strconv"
	"time"
)

// RunStatus is MLflow's.
type RunStatus string

// The statuses of a run, as MLflow spells them.
const (
	RunScheduled RunStatus = "SCHEDULED"
	RunRunning   RunStatus = "RUNNING"
	RunFinished  RunStatus = "FINISHED"
	RunFailed    RunStatus = "FAILED"
	RunKilled    RunStatus = "KILLED"
)

// Tags with a meaning. The first group is MLflow's, the second ours.
const (
	TagName      = "mlflow.runName"
	TagNote      = "mlflow.note.content"
	TagParent    = "mlflow.parentRunId"
	TagUser      = "mlflow.user"
	TagSource    = "mlflow.source.name"
	TagGitCommit = "mlflow.source.git.commit"
	TagGitBranch = "mlflow.source.git.branch"

	TagJob      = "flightdeck.job"
	TagExit     = "flightdeck.exit"     // "exit 1", "killed by SIGKILL, likely out of memory"
	TagDiverged = "flightdeck.diverged" // why: "val_loss is NaN at step 12"
	TagChanged  = "flightdeck.git.changed"
	TagHost     = "flightdeck.host"
	TagCommand  = "flightdeck.command"
	TagSeed     = "flightdeck.seed"
	TagTrouble  = "flightdeck.trouble" // what of the run's files cannot be read, and why
)

// Param is an input of a run, written once.
type Param struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Tag is a mutable label of a run, an experiment, a model or a version.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Metric is one measured point. Time is in milliseconds since 1970, as MLflow's.
type Metric struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
	Step  int64   `json:"step"`
	Time  int64   `json:"timestamp"`
}

// Dataset is what a run read, pinned by digest.
type Dataset struct {
	Name       string `json:"name"`
	Digest     string `json:"digest"` // "sha256:…"
	SourceType string `json:"source_type,omitempty"`
	Source     string `json:"source,omitempty"`
	Schema     string `json:"schema,omitempty"`
	Profile    string `json:"profile,omitempty"`
	Context    string `json:"context,omitempty"` // "training", "validation"
	Tags       []Tag  `json:"tags,omitempty"`    // of this use of it, besides the context
}

// Experiment groups runs. ID is a decimal that is never reused; "0" is Default.
type Experiment struct {
	ID       string    `json:"experiment_id"`
	Name     string    `json:"name"`
	Deleted  bool      `json:"deleted,omitempty"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
	Tags     []Tag     `json:"tags,omitempty"`
	Location string    `json:"artifact_location,omitempty"` // URI of its runs' files, "" for where the backend keeps them
	RunCount int       `json:"run_count"`
}

// Run is one execution of training code and all that it said about itself. A
// *Run is immutable once a backend has returned it: a snapshot in which this run
// did not change holds the same pointer, and that is how callers see it.
type Run struct {
	ID         string    `json:"run_id"` // 32 hex digits
	Name       string    `json:"run_name"`
	Experiment string    `json:"experiment_id"`
	ExpName    string    `json:"experiment"`
	Backend    string    `json:"source"`
	Parent     string    `json:"parent,omitempty"`
	Status     RunStatus `json:"status"`
	Exit       string    `json:"exit,omitempty"`     // of the job: "exit 1"
	Diverged   string    `json:"diverged,omitempty"` // why, when a metric went NaN or Inf
	Deleted    bool      `json:"deleted,omitempty"`
	Start      time.Time `json:"start,omitzero"`
	End        time.Time `json:"end,omitzero"`
	User       string    `json:"user,omitempty"`
	Job        string    `json:"job,omitempty"`
	Params     []Param   `json:"params,omitempty"`  // sorted by key
	Metrics    []Metric  `json:"metrics,omitempty"` // the last of each key, sorted by key
	Tags       []Tag     `json:"tags,omitempty"`    // sorted by key
	Inputs     []Dataset `json:"inputs,omitempty"`
	Artifacts  string    `json:"artifact_uri,omitempty"` // of its files, "" for where the backend keeps them
	Rev        uint64    `json:"rev"`                    // of the store when it last changed
}

// Ref names the run.
func (r *Run) Ref() Ref { return Ref{Backend: r.Backend, Kind: "run", ID: r.ID, Name: r.Name} }

// Active reports whether the run may still log.
func (r *Run) Active() bool { return r.Status == RunRunning || r.Status == RunScheduled }

// Param returns the value of a param.
func (r *Run) Param(key string) (string, bool) {
	i := sort.Search(len(r.Params), func(i int) bool { return r.Params[i].Key >= key })
	if i < len(r.Params) && r.Params[i].Key == key {
		return r.Params[i].Value, true
	}
	return "", false
}

// Metric returns the last value of a metric.
func (r *Run) Metric(key string) (Metric, bool) {
	i := sort.Search(len(r.Metrics), func(i int) bool { return r.Metrics[i].Key >= key })
	if i < len(r.Metrics) && r.Metrics[i].Key == key {
		return r.Metrics[i], true
	}
	return Metric{}, false
}

// Tag returns the value of a tag, "" when there is none.
func (r *Run) Tag(key string) string {
	i := sort.Search(len(r.Tags), func(i int) bool { return r.Tags[i].Key >= key })
	if i < len(r.Tags) && r.Tags[i].Key == key {
		return r.Tags[i].Value
	}
	return ""
}

// Took is the run's duration, up to now while it is active.
func (r *Run) Took(now time.Time) time.Duration {
	switch {
	case r.Start.IsZero():
		return 0
	case !r.End.IsZero():
		return max(0, r.End.Sub(r.Start))
	case r.Active():
		return max(0, now.Sub(r.Start))
	}
	return 0
}

// Progress is how far training has come, when the run's names say so: a metric
// and a param in the usual pairs, epoch of epochs or max_epochs, step of max_steps.
func (r *Run) Progress() (done, total float64, unit string) {
	for _, p := range [...]struct{ metric, param string }{
		{"epoch", "epochs"}, {"epoch", "max_epochs"}, {"epoch", "num_epochs"}, {"step", "steps"}, {"step", "max_steps"},
	} {
		v, ok := r.Param(p.param)
		if !ok {
			continue
		}
		t, err := strconv.ParseFloat(v, 64)
		if err != nil || t <= 0 {
			continue
		}
		m, _ := r.Metric(p.metric)
		if math.IsNaN(m.Value) || m.Value < 0 {
			m.Value = 0
		}
		return min(m.Value, t), t, p.metric
	}
	return 0, 0, ""
}

// RunFilter limits a listing at the source. What it cannot say, a query.Expr over
// the returned runs does.
type RunFilter struct {
	Experiment string // id, "" for all
	Deleted    bool   // the deleted ones instead of the active
	Job        string
}

// Capabilities around runs. Reads return promptly or end with ctx.
type (
	RunLister interface {
		Runs(ctx context.Context, f RunFilter) ([]*Run, error) // newest first
	}
	ExperimentLister interface {
		Experiments(context.Context) ([]Experiment, error)
	}
	// HistoryReader gives the shared, growing history of one metric. Later calls for
	// the same key return the same *History, brought up to date.
	HistoryReader interface {
		History(ctx context.Context, run Ref, key string) (*History, error)
	}
	ProvenanceReader interface {
		Provenance(ctx context.Context, run Ref) (Provenance, error)
	}
	RunTagger interface {
		PlanTags(ctx context.Context, run Ref, set []Tag, remove []string) (Plan, error)
	}
	RunRenamer interface {
		PlanRename(ctx context.Context, run Ref, name string) (Plan, error)
	}
	// RunDeleter moves runs to the deleted stage, which Undo restores.
	RunDeleter interface {
		PlanDelete(ctx context.Context, runs []Ref) (Plan, error)
	}
	RunRestorer interface {
		PlanRestore(ctx context.Context, runs []Ref) (Plan, error)
	}
)

// Provenance is where a run comes from: enough to make it again, and to say
// honestly what is missing for that.
type Provenance struct {
	Command   []string          `json:"command,omitempty"`
	Dir       string            `json:"dir,omitempty"`
	Host      string            `json:"host,omitempty"`
	OS        string            `json:"os,omitempty"`
	Version   string            `json:"flightdeck,omitempty"`
	Seed      string            `json:"seed,omitempty"`
	GitCommit string            `json:"git_commit,omitempty"`
	GitBranch string            `json:"git_branch,omitempty"`
	GitRoot   string            `json:"git_root,omitempty"`
	Changed   []string          `json:"changed,omitempty"`   // tracked files that differ from the commit; the diff is an artifact
	Untracked []string          `json:"untracked,omitempty"` // files kept with the run
	Skipped   []string          `json:"skipped,omitempty"`   // untracked files that were too big to keep, with the reason
	Env       map[string]string `json:"env,omitempty"`       // secrets are Masked
	Data      []Dataset         `json:"data,omitempty"`
	Lacks     []string          `json:"lacks,omitempty"` // what reproduce would need and was not recorded
}

// Masked stands for a secret's value in a recorded environment.
const Masked = "***"
