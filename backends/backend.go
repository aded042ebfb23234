// Package backends is the vocabulary of Flightdeck: the domain's types, and the
// one-method capabilities that a backend may have. It knows no screen, no
// process and no network; it imports the standard library only, so that every
// other room may import it.
//
// A backend is a name and whatever it can do. A caller asks for a capability by
// assertion, exactly as it would ask an fs.FS for fs.ReadDirFS:
//
//	if l, ok := b.(backends.RunLister); ok { runs, err := l.Runs(ctx, f) }
//
// Reading needs no permission. A change is planned (Plan… methods, which only
// read), shown, and then sent by Apply under a Grant; see plan.go and grant.go.
package backends

import (
	"context"
	"time"
)

// Backend is a thing that Flightdeck reads from and may drive. All that it can
// do beyond having a name is found by asserting a capability.
type Backend interface{ Name() string }

// Config is what the user wrote for one backend: flat, so that it can be shown
// and overridden by key.
type Config map[string]string

// Driver makes backends of one kind. cmd/flightdeck/wire.go lists them all.
type Driver struct {
	Kind string
	// Open makes the backend called name. It must not block on a peer that does
	// not answer: an unreachable peer is the backend's Health, not an error here.
	Open func(ctx context.Context, name string, cfg Config) (Backend, error)
	// Find reports what is there without being told: a socket, a folder, a file.
	Find func(context.Context) []Found
}

// Found is something that a driver saw lying around and could open.
type Found struct {
	Kind, Name string
	Where      string // path or address, as the user would type it
	Note       string // "12 runs, newest today 11:58"
	Config     Config
}

// HealthState is how a backend is doing, in one word.
type HealthState int

// The states of a backend. Unknown is before the first answer.
const (
	Unknown HealthState = iota
	OK
	Slow
	Down
)

// Health is what the shell shows of a backend: one glyph while all is well, and
// what happened, since when, how often and what to do when it is not.
type Health struct {
	Backend string
	State   HealthState
	Err     error
	Since   time.Time // of the state
	At      time.Time // of the last good answer
	Tries   int       // failures in a row
	Next    time.Time // of the next try
	Fixes   []Fix
}

// Fix is a way out of trouble: a command to copy, and what it does.
type Fix struct{ Command, Note string }

// Ref names one object: enough to find it again, and to say which it was.
type Ref struct {
	Backend string `json:"backend"`
	Kind    string `json:"kind"` // "run", "job", "model", "container" …
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
}

// Key identifies the object among all of all backends.
func (r Ref) Key() string { return r.Backend + "/" + r.Kind + "/" + r.ID }

// String is the name by which people know the object, else its id.
func (r Ref) String() string {
	if r.Name != "" {
		return r.Name
	}
	return r.ID
}

// Topics that a Notifier pokes: one a capability.
const (
	TopicRuns    = "runs"
	TopicMetrics = "metrics"
	TopicJobs    = "jobs"
	TopicModels  = "models"
	TopicLogs    = "logs"
)

// Notifier calls poke(topic) when an answer of that topic may have changed, until
// ctx ends. It hastens the next fetch and carries no state, so a missed or a
// doubled poke is harmless. An empty topic means all.
type Notifier interface {
	Notify(ctx context.Context, poke func(topic string)) error
}

// Quieter is a backend that looks where there may be nothing: while it is Quiet and
// nothing went wrong, how it is doing is not worth telling. Quiet answers at once,
// from what is known already.
type Quieter interface{ Quiet() bool }

// Finder looks for what can be opened in and around the workspace.
type Finder interface {
	Find(context.Context) []Found
}
