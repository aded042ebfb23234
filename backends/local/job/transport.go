package job

import (
	"context"
	"os/exec"
	"syscall"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// transport is the only way by which this package changes anything outside itself.
// Each door asks for a grant before it opens.
type transport struct {
	raise func(ctx context.Context, pid int, sig syscall.Signal) error
	start func(ctx context.Context, cmd *exec.Cmd) error
}

// signal sends sig to exactly this process; one that is gone needs none.
func (t transport) signal(ctx context.Context, p proc.Identity, sig syscall.Signal) error {
	if err := backends.Check(ctx, "signal", sig.String()); err != nil {
		return err
	}
	if !p.Alive() {
		return nil
	}
	if t.raise != nil {
		return t.raise(ctx, p.PID, sig)
	}
	if err := syscall.Kill(p.PID, sig); err != nil && err != syscall.ESRCH {
		return err
	}
	return nil
}

func (t transport) spawn(ctx context.Context, cmd *exec.Cmd) error {
	if err := backends.Check(ctx, "exec", cmd.String()); err != nil {
		return err
	}
	if t.start != nil {
		return t.start(ctx, cmd)
	}
	return cmd.Start()
}

// file permits a change below the jobs' folder.
func (t transport) file(ctx context.Context, what string) error {
	return backends.Check(ctx, "file", what)
}
