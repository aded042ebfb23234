package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"flightdeck/backends/local/job/proc"
)

const (
	defaultGrace = 10 * time.Second
	stopPace     = 50 * time.Millisecond // between two steps
	calm         = 2                     // scans without a process in a row: one alone can miss a fork
)

// stopper ends a job's processes: TERM once to each, and KILL to whatever is left
// after the grace period, until two scans in a row find none. It is driven by
// steps, so that a keeper can reap in between and a caller can give up.
type stopper struct {
	t        transport
	crew     crew
	deadline time.Time // of the grace period
	termed   map[proc.Identity]bool
	empty    int
	left     []proc.Stat
}

func newStopper(t transport, c crew, deadline time.Time) *stopper {
	c.everywhere = true
	return &stopper{t: t, crew: c, deadline: deadline, termed: map[proc.Identity]bool{}}
}

// step looks and signals once; done means that nothing is left.
func (s *stopper) step(ctx context.Context, now time.Time) (done bool, err error) {
	if s.left, err = s.crew.list(); err != nil {
		return false, err
	}
	boot, self := proc.Boot(), os.Getpid()
	n := 0
	for _, p := range s.left {
		if p.PID == self { // a job may stop itself
			continue
		}
		n++
		who := identity(p, boot)
		if !now.Before(s.deadline) {
			err = errors.Join(err, s.t.signal(ctx, who, syscall.SIGKILL))
			continue
		}
		if s.termed[who] { // some take a second TERM as "at once"
			continue
		}
		s.termed[who] = true
		err = errors.Join(err, s.t.signal(ctx, who, syscall.SIGTERM))
		if p.State == 'T' { // a stopped process hears TERM only when it goes on
			err = errors.Join(err, s.t.signal(ctx, who, syscall.SIGCONT))
		}
	}
	if n > 0 {
		s.empty = 0
		return false, err
	}
	s.empty++
	return s.empty >= calm, err
}

// overdue names what does not die, once KILL has had its time: it hangs in the
// kernel, on a disk or a driver.
func (s *stopper) overdue(now time.Time) string {
	if len(s.left) == 0 || now.Before(s.deadline.Add(5*time.Second)) {
		return ""
	}
	p := s.left[0]
	return fmt.Sprintf("%d processes do not end though killed, the first is %d %q in state %c", len(s.left), p.PID, p.Name, p.State)
}
