package track

import (
	"context"
	"sync"
	"time"

	"flightdeck/backends"
)

// pages is the history that a client reads page by page, between two pages: its
// points are read and put in order once. It is dropped with the last page, and when
// the client does not come back.
type pages struct {
	mu    sync.Mutex
	now   *openPages
	later *time.Timer
}

type openPages struct {
	run, key string
	rev      int64
	p        backends.Points
}

const (
	pagesWait    = 10 * time.Second
	pagesLongest = 1 << 22 // points that are kept, 100 MB
	pagesOfJob   = 1 << 18 // where there is little memory
)

// paged is points, for the page that begins at offset.
func (a *api) paged(ctx context.Context, run, key string, offset int64) (backends.Points, error) {
	if at := a.turned.at(); at != nil && offset > 0 && at.run == run && at.key == key {
		if rev, err := a.st.RunRev(ctx, run); err == nil && rev == at.rev {
			return at.p, nil
		}
	}
	p, rev, err := a.st.PointsRev(ctx, run, key)
	if err != nil {
		return p, err
	}
	p = byTime(p)
	longest := pagesLongest
	if a.o.Job != "" {
		longest = pagesOfJob
	}
	if p.Len() <= longest {
		a.turned.keep(&openPages{run, key, rev, p})
	}
	return p, nil
}

func (s *pages) at() *openPages {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *pages) keep(p *openPages) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = p
	if s.later != nil {
		s.later.Stop()
	}
	if p != nil {
		s.later = time.AfterFunc(pagesWait, func() { s.drop(p) })
	}
}

func (s *pages) drop(p *openPages) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == p {
		s.now = nil
	}
}
