package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"flightdeck/backends"
)

// loop does what is due until the job has ended and all is written down.
func (s *supervisor) loop(ctx context.Context) (done bool, err error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case <-timer.C:
		}
		if gone(s.dir) {
			return true, nil
		}
		now := time.Now()
		s.openTracker()
		s.index()
		s.sample(ctx, now)
		s.send(ctx, now)
		next := s.heed(ctx, now)
		if exit, ended := s.ended(); ended {
			return s.finish(ctx, exit)
		}
		s.save()
		timer.Reset(next)
	}
}

// openTracker opens the tracker, and tries again every few seconds if it fails.
func (s *supervisor) openTracker() {
	if s.o.Tracker == nil || s.endpoint.tracker() != nil || time.Now().Before(s.nextOpen) {
		return
	}
	s.nextOpen = time.Now().Add(2 * time.Second)
	t, err := s.o.Tracker(s.job, s.token, s.spec.Grant)
	s.note("tracker", err)
	if err != nil {
		return
	}
	s.endpoint.t.Store(&t)
}

func (s *supervisor) index() {
	if s.ix != nil {
		_, err := s.ix.Step(s.o.Now())
		s.note("output index", err)
	}
}

func (s *supervisor) sample(ctx context.Context, now time.Time) {
	if now.Before(s.nextTake) {
		return
	}
	pace := earlyPace
	if now.Sub(s.begun) > time.Minute {
		pace = steadyPace
	}
	s.nextTake = now.Add(pace)
	u, ok, err := s.sampler.take(now, s.o.Now())
	if err != nil || u.Processes == 0 {
		s.note("usage", err)
		return
	}
	u.GPUs, err = s.gpus.latest(s.sampler.pids)
	s.note("gpu", err)
	if !ok {
		return
	}
	if s.usage != nil {
		s.note("usage", s.usage.add(u))
	}
	s.pending = append(s.pending, u)
	if n := len(s.pending); n > keptSamples {
		s.pending = append(s.pending[:0], s.pending[n-keptSamples:]...)
	}
}

// send hands the samples to the tracker.
func (s *supervisor) send(ctx context.Context, now time.Time) {
	t := s.endpoint.tracker()
	if t == nil || len(s.pending) == 0 || now.Before(s.nextSend) {
		return
	}
	s.nextSend = now.Add(flushPace)
	err := t.Usage(ctx, s.pending)
	s.note("tracker", err)
	if err == nil {
		s.pending = s.pending[:0:0]
	}
}

// keeperAlive costs one system call while the keeper is our parent.
func (s *supervisor) keeperAlive() bool {
	if s.nursed {
		s.nursed = os.Getppid() == s.st.Keeper.PID
	}
	return s.nursed
}

// heed carries out a request to stop when there is no keeper to do it. It answers
// when to look again.
func (s *supervisor) heed(ctx context.Context, now time.Time) time.Duration {
	if s.keeperAlive() {
		return lookPace
	}
	var r stopRequest
	if !s.stopped && read(s.dir, stopFile, &r) == nil {
		if s.stop == nil {
			s.stop = newStopper(s.t, s.sampler.crew, now.Add(r.Grace))
		} else if hurry := now.Add(r.Grace); hurry.Before(s.stop.deadline) {
			s.stop.deadline = hurry
		}
	}
	if s.stop == nil || s.stopped {
		return lookPace
	}
	done, err := s.stop.step(ctx, now)
	if trouble := s.stop.overdue(now); err == nil && trouble != "" {
		err = errors.New(trouble)
	}
	s.note("stop", err)
	s.stopped = done
	return stopPace
}

// ended tells whether the job is over. Without a keeper it is over when its child
// is gone, and how it ended cannot be known.
func (s *supervisor) ended() (backends.Exit, bool) {
	alive := s.keeperAlive() // asked before the exit is looked for: a keeper writes it before it goes
	var e exited
	if read(s.dir, exitFile, &e) == nil {
		return e, true
	}
	if alive || s.stop != nil && !s.stopped || s.childAlive() {
		return e, false
	}
	if s.saved.Lost == nil {
		at := later(s.o.Now(), s.st.Started)
		s.saved.Lost = &backends.Exit{Code: -1, At: at}
		s.save()
	}
	return *s.saved.Lost, true
}

func (s *supervisor) childAlive() bool {
	if s.st.Child.PID != 0 {
		return s.st.Child.Alive()
	}
	c := s.sampler.crew // the keeper was killed between the start and writing it down
	c.everywhere = true
	ps, err := c.list()
	return err != nil || len(ps) > 0
}

// finish writes down the end, in order: what is being sent, what was followed, the
// output, the samples, the exit.
func (s *supervisor) finish(ctx context.Context, exit backends.Exit) (done bool, err error) {
	s.endpoint.drain()
	s.unfollow()
	s.index()
	if s.o.Tracker != nil {
		t := s.endpoint.tracker()
		if t == nil {
			s.save()
			return false, fmt.Errorf("write down the end: %s", s.trouble["tracker"])
		}
		if len(s.pending) > 0 {
			if err := t.Usage(ctx, s.pending); err != nil {
				fmt.Fprintln(os.Stderr, "supervisor: last samples:", err)
			}
		}
		if err := t.Ended(ctx, exit); err != nil {
			s.note("tracker", fmt.Errorf("write down the end: %w", err))
			s.save()
			return false, err
		}
	}
	s.trouble = map[string]string{}
	s.saved.Ended = true
	s.save()
	return true, nil
}

func (s *supervisor) path(name string) string { return filepath.Join(s.dir, name) }
