package job

import (
	"fmt"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// The files of a job's folder. Each has one writer, so that none needs a lock.
const (
	specFile       = "spec.json"       // by the starter, once
	stateFile      = "state.json"      // by the keeper
	supervisorFile = "supervisor.json" // by the supervisor
	exitFile       = "exit"            // by the keeper, once
	stopFile       = "stop.json"       // by whoever asks to stop
	tokenFile      = "token"           // by the keeper, once
	outputFile     = "output"          // by the child and its descendants
	indexFile      = "output.idx"      // by the supervisor
	usageFile      = "usage.jsonl"     // by the supervisor
	logFile        = "keeper.log"      // stdout and stderr of keeper and supervisor
	lockFile       = "supervisor.lock" // held by the one supervisor
)

// Variables in the environment of a job's processes.
const (
	envJob      = "FLIGHTDECK_JOB"      // the child and all that descends from it: the job's id
	envJobDir   = "FLIGHTDECK_JOB_DIR"  // the same: the job's folder, which tells workspaces apart
	envKeeper   = "FLIGHTDECK_KEEPER"   // keeper and supervisor: the job's id
	envListener = "FLIGHTDECK_LISTENER" // supervisor: the number of the listener's descriptor
)

// spec is what was asked for, by whom.
type spec struct {
	ID      string           `json:"id"`
	Spec    backends.JobSpec `json:"spec"`
	Grant   backends.Grant   `json:"grant"`
	Created time.Time        `json:"created"`
	Order   int64            `json:"order"` // rises with every start, whatever the clock says
	Starter proc.Identity    `json:"starter"`
}

// name is how people call the job.
func (s *spec) name() string {
	if title := s.Spec.Title(); title != "" {
		return title
	}
	return s.ID
}

// state is what the keeper knows.
type state struct {
	Keeper   proc.Identity `json:"keeper"`
	Child    proc.Identity `json:"child"`
	Port     int           `json:"port"`
	Started  time.Time     `json:"started,omitzero"`
	Restarts int           `json:"restarts,omitempty"` // of the supervisor
	Died     string        `json:"died,omitempty"`     // how it went the last time
	Trouble  string        `json:"trouble,omitempty"`
	Done     bool          `json:"done,omitempty"` // the keeper has nothing left to do
}

// supervised is what the supervisor knows.
type supervised struct {
	Supervisor proc.Identity  `json:"supervisor"`
	Trouble    string         `json:"trouble,omitempty"`
	Lost       *backends.Exit `json:"lost,omitempty"`  // the end, seen without a keeper
	Ended      bool           `json:"ended,omitempty"` // Tracker.Ended has been told
}

// stopRequest asks whoever supervises to end the job.
type stopRequest struct {
	Grace time.Duration `json:"grace"`
	Actor string        `json:"actor"`
	At    time.Time     `json:"at"`
}

// exited is the exit, as the keeper saw it.
type exited = backends.Exit

func tracking(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// CheckID says why an id cannot be a job's: it becomes a folder's name and a
// variable's value.
func CheckID(id string) error {
	if id == "" || len(id) > 128 || strings.HasPrefix(id, ".") {
		return fmt.Errorf("job id %q: must be 1 to 128 bytes and not begin with a dot", id)
	}
	for _, r := range id {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '_', r == '.':
		default:
			return fmt.Errorf("job id %q: only letters, digits, dot, dash and underscore", id)
		}
	}
	return nil
}
