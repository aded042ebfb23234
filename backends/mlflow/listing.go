package mlflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
	"flightdeck/backends/mlflow/rest"
)

// listing is a server's runs of one view, as they were last heard of. MLflow cannot
// be asked what changed since. So all pages are read once; then each poll asks for
// the runs that are active, that started or that ended lately, and now and then for
// one more page of all, which in time finds what a finished run was given or whether
// it was deleted. A server with few runs is simply asked for all of them.
type listing struct {
	view     rest.View
	runs     map[string]*heard
	exps     map[string]string // name by id
	ids      []string
	shown    []*backends.Run // newest first; replaced, never changed
	complete bool
	rev      uint64 // rises when shown would be another

	token   string // of the next page of the sweep
	round   int    // of the sweep: what it has not heard of by its end is gone
	polled  time.Time
	expsAt  time.Time
	sweepAt time.Time
}

type heard struct {
	run   *backends.Run
	round int
}

const (
	pollAtLeast = 2 * time.Second // between two polls for who watches
	pollShare   = 10              // a poll takes at most this part of the time
	fresh       = 300 * time.Millisecond
	expsPace    = 10 * time.Second
	sweepPace   = 20 * time.Second
	few         = 200 // runs that are asked for as a whole at each poll
	firstPage   = 100 // so that something is there soon
	page        = 500
	overlap     = 10 * time.Minute // clocks of machines that log differ
)

// step brings the listing on by one page, or polls when the last answer is old.
func (l *listing) step(ctx context.Context, s *Server) error {
	now := s.now()
	if l.complete && now.Sub(l.polled) < fresh {
		return nil
	}
	if l.runs == nil {
		l.runs = map[string]*heard{}
	}
	if l.ids == nil || now.Sub(l.expsAt) > expsPace {
		if err := l.experiments(ctx, s); err != nil {
			return err
		}
		l.expsAt = now
	}
	if len(l.ids) == 0 {
		l.complete, l.polled = true, now
		l.show()
		return nil
	}
	changed, err := l.ask(ctx, s, now)
	if changed || l.shown == nil && err == nil {
		l.show()
	}
	return err
}

func (l *listing) ask(ctx context.Context, s *Server, now time.Time) (changed bool, err error) {
	if !l.complete || len(l.runs) <= few {
		return l.sweep(ctx, s)
	}
	if changed, err = l.poll(ctx, s); err != nil {
		return changed, err
	}
	l.polled = now
	if now.Sub(l.sweepAt) < sweepPace {
		return changed, nil
	}
	l.sweepAt = now
	more, err := l.sweep(ctx, s)
	return changed || more, err
}

// experiments learns which there are. Deleted ones hold deleted runs only.
func (l *listing) experiments(ctx context.Context, s *Server) error {
	view := rest.Active
	if l.view != rest.Active {
		view = rest.All
	}
	all, err := s.c.Experiments(ctx, view)
	if err != nil {
		return err
	}
	exps, ids := make(map[string]string, len(all)), make([]string, 0, len(all))
	for _, e := range all {
		exps[e.ID], ids = e.Name, append(ids, e.ID)
	}
	l.exps, l.ids = exps, ids
	for id, h := range l.runs {
		if _, ok := exps[h.run.Experiment]; !ok {
			delete(l.runs, id)
		}
	}
	return nil
}

// sweep asks for the next page of all runs.
func (l *listing) sweep(ctx context.Context, s *Server) (changed bool, err error) {
	size := page
	if len(l.runs) == 0 {
		size = firstPage
	} else if l.complete && len(l.runs) <= few {
		size = few + 1
	}
	runs, next, err := s.c.SearchRuns(ctx, l.search("", size, l.token))
	if err != nil {
		if l.token != "" { // an old token may have become none
			l.token = ""
		}
		return false, err
	}
	changed = l.hear(s, runs)
	l.token, l.polled = next, s.now()
	if next != "" {
		return changed, nil
	}
	var lost []string
	for id, h := range l.runs {
		if h.round < l.round {
			lost = append(lost, id)
		}
	}
	// Pages are counted from the start, so that one deletion moves a run to a page
	// that was read already: each is asked for before it is taken for gone.
	for _, id := range lost {
		gone, err := l.recheck(ctx, s, id)
		if err != nil {
			return changed, err
		}
		changed = changed || gone
	}
	l.complete = true
	l.round++
	return changed, nil
}

func (l *listing) search(filter string, size int, token string) rest.Search {
	return rest.Search{Experiments: l.ids, View: l.view, Filter: filter, Max: size, Token: token, Order: []string{"attributes.start_time DESC"}}
}

// recheck asks for one run, which may be gone.
func (l *listing) recheck(ctx context.Context, s *Server, id string) (changed bool, err error) {
	w, err := s.c.Run(ctx, id)
	switch {
	case errors.Is(err, backends.ErrNotFound):
	case err != nil:
		return false, err
	case (w.Info.Stage == "deleted") == (l.view == rest.Deleted):
		return l.hear(s, []rest.Run{*w}), nil
	}
	_, had := l.runs[id]
	delete(l.runs, id)
	return had, nil
}

// hear takes runs over; it reports whether one is new or another.
func (l *listing) hear(s *Server, runs []rest.Run) (changed bool) {
	for i := range runs {
		r := runs[i].Entity(s.name, l.exps[runs[i].Info.Experiment])
		old := l.runs[r.ID]
		if old == nil {
			l.runs[r.ID] = &heard{r, l.round}
			changed = true
			continue
		}
		kept := entity.Keep(old.run, r)
		changed = changed || kept != old.run
		old.run, old.round = kept, l.round
	}
	return changed
}

// poll asks for what is active, and for what started or ended since we last knew.
func (l *listing) poll(ctx context.Context, s *Server) (changed bool, err error) {
	began := s.now()
	var start, end time.Time
	was := map[string]bool{}
	for id, h := range l.runs {
		if h.run.Start.After(start) && h.run.Start.Before(began.Add(overlap)) { // a clock that is far ahead must not blind us
			start = h.run.Start
		}
		if h.run.End.After(end) && h.run.End.Before(began.Add(overlap)) {
			end = h.run.End
		}
		if h.run.Status == backends.RunRunning {
			was[id] = true
		}
	}
	for _, filter := range []string{
		"attributes.status = 'RUNNING'",
		fmt.Sprintf("attributes.start_time > %d", start.Add(-overlap).UnixMilli()),
		fmt.Sprintf("attributes.end_time > %d", end.Add(-overlap).UnixMilli()),
	} {
		for token := ""; ; {
			runs, next, err := s.c.SearchRuns(ctx, l.search(filter, page, token))
			if err != nil {
				return changed, err
			}
			changed = l.hear(s, runs) || changed
			for i := range runs {
				delete(was, runs[i].Info.ID)
			}
			if token = next; token == "" {
				break
			}
		}
	}
	n := 0
	for id := range was { // it was active and is not: it ended long ago, or is gone
		if n++; n > 20 {
			break
		}
		gone, err := l.recheck(ctx, s, id)
		if err != nil {
			return changed, err
		}
		changed = changed || gone
	}
	return changed, nil
}

// show makes shown anew.
func (l *listing) show() {
	all := make([]*backends.Run, 0, len(l.runs))
	for _, h := range l.runs {
		all = append(all, h.run)
	}
	entity.Sort(all)
	l.shown = all
	l.rev++
}
