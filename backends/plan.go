package backends

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Risk decides how a plan is confirmed: Safe is applied at once, Disruptive asks,
// Destructive asks for the target's name.
type Risk int

// The risks. The zero value is the mildest.
const (
	Safe        Risk = iota // adds, or can be undone with one key
	Disruptive              // stops or changes something that is in use
	Destructive             // cannot be undone
)

func (r Risk) String() string { return [...]string{"safe", "disruptive", "destructive"}[r] }

// Request is one thing that Apply will send, verbatim: an HTTP request, a signal,
// a store write, a process. Verb and Target are shown to the user as they are.
type Request struct {
	Verb   string          `json:"verb"`   // "PUT", "store", "signal", "exec", "file"
	Target string          `json:"target"` // URL, store operation, pid, path
	Body   json.RawMessage `json:"body,omitempty"`
}

// Line is one row of a dialog that describes a plan: "weight", "25 → 100 %".
type Line struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Precondition pins what the plan was made from. Apply answers ErrStale when the
// object has changed since.
type Precondition struct {
	Rev  string `json:"rev,omitempty"`  // as the backend counts: a resourceVersion, a store rev
	Note string `json:"note,omitempty"` // "nobody changed it since revision 41"
}

// Plan is a change that has been worked out and not yet made. Making one only
// reads. What a dialog shows, what --dry-run prints and what Apply sends are this
// same value.
type Plan struct {
	Backend      string       `json:"backend"`
	Action       string       `json:"action"` // the Action's ID: "runs.stop"
	Target       []Ref        `json:"target"` // everything that will change, and nothing else
	Title        string       `json:"title"`  // "Stop brisk-otter"
	Summary      string       `json:"summary"`
	Against      []string     `json:"against,omitempty"` // what speaks against it
	Lines        []Line       `json:"lines,omitempty"`
	Requests     []Request    `json:"requests"`
	Precondition Precondition `json:"precondition,omitzero"`
	EquivCLI     string       `json:"equiv_cli,omitempty"` // the command that does the same
	Risk         Risk         `json:"risk"`
	Owner        string       `json:"owner,omitempty"` // who will undo it behind our back: a GitOps controller, a lease
	Undo         *Plan        `json:"undo,omitempty"`
	UndoFor      string       `json:"undo_for,omitempty"` // how long the undo holds, in words
}

// Progress is how far a change or a long read has come.
type Progress struct {
	Done, Total int64  // Total 0: unknown
	Unit        string // "bytes", "runs"
	Note        string // what is happening now
}

// Receipt says what Apply did.
type Receipt struct {
	Target []Ref     `json:"target"` // what was changed or made
	Note   string    `json:"note"`   // "started brisk-otter, pid 4121"
	At     time.Time `json:"at"`
	Undo   *Plan     `json:"undo,omitempty"` // the inverse, when it is known only afterwards
}

// Errors that callers act on; wrap them with what was tried.
var (
	ErrStale    = errors.New("stale: it changed since the plan was made")
	ErrNotFound = errors.New("not found")
	ErrReadOnly = errors.New("read-only")
)

// Applier is the only door for a change. It sends exactly p.Requests under the
// grant in ctx. report may be nil, is called from any goroutine and must not
// block.
type Applier interface {
	Apply(ctx context.Context, p Plan, report func(Progress)) (Receipt, error)
}
