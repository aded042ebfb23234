package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
)

// meter carries progress from whatever goroutine reports it to the loop. It keeps
// only the newest and never blocks the one who reports.
type meter struct {
	mu   sync.Mutex
	last backends.Progress
	seen bool
	news chan struct{}
	done chan struct{}
}

func newMeter() *meter {
	return &meter{news: make(chan struct{}, 1), done: make(chan struct{})}
}

func (m *meter) report(p backends.Progress) {
	m.mu.Lock()
	m.last, m.seen = p, true
	m.mu.Unlock()
	select {
	case m.news <- struct{}{}:
	default:
	}
}

func (m *meter) read() backends.Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

func (m *meter) any() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

func (m *meter) stop() { close(m.done) }

// progressEvery is how often a bar moves.
const progressEvery = 200 * time.Millisecond

// next waits for news, at most five times a second.
func (m *meter) next(ctx context.Context, d *deed) tea.Cmd {
	return func() tea.Msg {
		t := time.NewTimer(progressEvery)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-m.done:
			return nil
		case <-t.C:
		}
		select {
		case <-ctx.Done():
		case <-m.done:
		case <-m.news:
			return progressMsg{d}
		}
		return nil
	}
}
