package backends

import (
	"context"
	"fmt"
)

// Role is what a client may do. The zero value may only look.
type Role int

// The roles, each including the one before.
const (
	Viewer   Role = iota // reads
	Operator             // changes what can be undone
	Owner                // deletes for good
)

func (r Role) String() string { return [...]string{"viewer", "operator", "owner"}[r] }

// Allows says whether the role may apply a plan of this risk.
func (r Role) Allows(risk Risk) bool {
	switch risk {
	case Destructive:
		return r >= Owner
	default:
		return r >= Operator
	}
}

// Grant is the permission of one change: who makes it, in which role. It travels
// in the context of that change and nowhere else; what the hub fetches never
// carries one.
type Grant struct {
	Actor string `json:"actor"`
	Role  Role   `json:"role"`
}

type grantKey struct{}

// WithGrant permits the writes made under the returned context.
func WithGrant(ctx context.Context, g Grant) context.Context {
	return context.WithValue(ctx, grantKey{}, g)
}

// GrantOf returns the grant that the context carries.
func GrantOf(ctx context.Context) (Grant, bool) {
	g, ok := ctx.Value(grantKey{}).(Grant)
	return g, ok
}

// DeniedError is the answer of a transport to a write without a grant, or with
// one whose role does not reach.
type DeniedError struct {
	Transport string // "store", "signal", "exec", "http", "file"
	What      string // what was refused
	Role      Role
	Granted   bool
}

func (e *DeniedError) Error() string {
	if !e.Granted {
		return e.What + " refused: this is read-only"
	}
	return fmt.Sprintf("%s: %s refused: role %s may not", e.Transport, e.What, e.Role)
}

// Check is the gate that every transport calls before it writes: it returns a
// *DeniedError unless ctx carries a grant that is at least an operator's.
// Transports call it themselves, below every caller, so that a forgotten check in
// a key binding, a verb or a backend cannot write.
func Check(ctx context.Context, transport, what string) error {
	return CheckRisk(ctx, transport, what, Safe)
}

// CheckRisk is Check for a write of the given risk.
func CheckRisk(ctx context.Context, transport, what string, risk Risk) error {
	g, ok := GrantOf(ctx)
	if ok && g.Role.Allows(risk) {
		return nil
	}
	return &DeniedError{Transport: transport, What: what, Role: g.Role, Granted: ok}
}
