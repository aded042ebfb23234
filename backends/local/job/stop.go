package job

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"flightdeck/backends"
)

// Stop ends a job: TERM to every process of its tree, wherever it went, KILL to
// those left after the grace period, until there are none. Grace 0 is the spec's,
// else 10 s. It returns when the job has ended. Once asked, the job's own processes
// see to it, so that neither the caller's end nor ctx's takes it back; where there
// are none, or they do not get to it, the caller does it. Stopping what has ended is no error.
func (j *Jobs) Stop(ctx context.Context, id string, grace time.Duration) error {
	if err := j.exists(id); err != nil {
		return err
	}
	for _, door := range []string{"file", "signal"} {
		if err := backends.Check(ctx, door, "stop job "+id); err != nil {
			return err
		}
	}
	v := newView(j.Dir(id))
	if over(v) {
		return nil
	}
	if grace <= 0 {
		grace = v.spec.Spec.Grace
	}
	if grace <= 0 {
		grace = defaultGrace
	}
	g, _ := backends.GrantOf(ctx)
	asked := replace(v.dir, stopFile, stopRequest{Grace: grace, Actor: g.Actor, At: j.o.Now()})
	if asked != nil && v.watched() {
		return fmt.Errorf("stop job %s: %w", id, asked)
	}
	return j.await(ctx, v, newStopper(j.t, v.crew(), time.Now().Add(grace)))
}

// over reports that the job has ended and left nothing behind.
func over(v *view) bool {
	st, _ := v.state()
	return (st == backends.JobExited || st == backends.JobLost) && !v.strays()
}

// await waits for the end, and brings it about when nobody else does.
func (j *Jobs) await(ctx context.Context, v *view, s *stopper) error {
	tick := time.NewTicker(stopPace)
	defer tick.Stop()
	if v.life.keeper {
		if err := j.t.signal(ctx, v.st.Keeper, syscall.SIGUSR1); err != nil {
			return fmt.Errorf("stop job %s: %w", v.id, err)
		}
	}
	for {
		v = newView(v.dir)
		// Who hangs, or was stopped itself, does not end anything.
		if late := s.deadline.Add(5 * time.Second); v.watched() && time.Now().Before(late) {
			if over(v) {
				return nil
			}
		} else {
			done, err := s.step(ctx, time.Now())
			if err != nil {
				return fmt.Errorf("stop job %s: %w", v.id, err)
			}
			if done {
				return j.closeBooks(ctx, v)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stop job %s: it was asked to: %w", v.id, ctx.Err())
		case <-tick.C:
		}
	}
}

// closeBooks has the end written down of a job that nobody watched.
func (j *Jobs) closeBooks(ctx context.Context, v *view) error {
	if !orphaned(v) {
		return nil
	}
	return j.detach(ctx, v.dir, "supervisor", nil)
}
