package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
)

// How often data changes are drawn: the eye sees no more, and a terminal that
// nobody looks at needs less.
const (
	coalesce        = 33 * time.Millisecond
	coalesceBlurred = 250 * time.Millisecond
)

// At the start, answers come one after the other and each fills a pane: they are
// drawn as they come, so that the first frame with rows does not wait for a beat.
const (
	starting         = 200 * time.Millisecond
	coalesceStarting = 4 * time.Millisecond
)

// pulse brings news to the screen. It coalesces data changes: the first one after
// a quiet moment is drawn at once, those that follow wait for the next beat.
type pulse struct {
	ctx  context.Context
	cfg  *Config
	deck *deck

	began   time.Time // of the program
	last    time.Time
	due     bool
	blurred bool // nobody looks
	ask     bool // the health is to be read again
	health  []backends.Health
	stale   bool // something besides the panes changed
}

type (
	healthMsg struct{}
	flushMsg  struct{}
	minuteMsg struct{}
)

// begin starts the clock of the start.
func (p *pulse) begin() {
	p.began = time.Now()
	p.readHealth()
}

func (p *pulse) left(now time.Time) time.Duration {
	every := coalesce
	switch {
	case p.blurred:
		every = coalesceBlurred
	case now.Sub(p.began) < starting:
		every = coalesceStarting
	}
	return p.last.Add(every).Sub(now)
}

// wait is a Cmd that gives msg when ch says something, and nothing when ctx ends.
func wait(ctx context.Context, ch <-chan struct{}, msg tea.Msg) tea.Cmd {
	if ch == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case <-ctx.Done():
		case _, ok := <-ch:
			if ok {
				return msg
			}
		}
		return nil
	}
}

// after is a Cmd that gives msg after d, and nothing when ctx ends before.
func after(ctx context.Context, d time.Duration, msg tea.Msg) tea.Cmd {
	return func() tea.Msg {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			return msg
		}
	}
}

// data notes that a view has news, and draws them now or with the next beat.
func (p *pulse) data(m dataMsg) tea.Cmd {
	pn := m.pane
	if !pn.isOpen() || (pn.gen != m.gen && !m.soon.IsZero()) {
		return nil
	}
	if pn.gen != m.gen { // a former watch ended with a signal meant for this one
		pn.late = true
		return p.beat()
	}
	if !m.soon.IsZero() { // the view chose the moment itself
		if m.soon.Equal(pn.soon) {
			pn.refresh()
			p.deck.rev++
		}
		return nil
	}
	pn.pending = true
	return p.beat()
}

func (p *pulse) beat() tea.Cmd {
	if p.due {
		return nil
	}
	if d := p.left(time.Now()); d > 0 {
		p.due = true
		return after(p.ctx, d, flushMsg{})
	}
	return p.flush()
}

// flush takes over what is new, and listens again.
func (p *pulse) flush() tea.Cmd {
	p.due, p.last = false, time.Now()
	var cmds []tea.Cmd
	for pn := range p.deck.all() {
		if !pn.pending && !pn.late {
			continue
		}
		pn.drain()
		pn.refresh()
		p.deck.rev++
		if pn.pending {
			cmds = append(cmds, pn.listen())
		}
		pn.pending, pn.late = false, false
	}
	if p.ask {
		p.ask = false
		p.readHealth()
		cmds = append(cmds, p.watchHealth())
	}
	return tea.Batch(cmds...)
}

// tick handles the messages of the clocks.
func (p *pulse) tick(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case dataMsg:
		return p.data(msg)
	case healthMsg:
		p.ask = true
		return p.beat()
	case flushMsg:
		return p.flush()
	case minuteMsg: // the clock and every age
		for pn := range p.deck.all() {
			pn.dirty = true
		}
		p.stale = true
		return p.minute()
	}
	return nil
}

// minute waits for the clock's next full minute.
func (p *pulse) minute() tea.Cmd {
	now := p.cfg.Now()
	return after(p.ctx, now.Truncate(time.Minute).Add(time.Minute).Sub(now), minuteMsg{})
}

func (p *pulse) watchHealth() tea.Cmd { return wait(p.ctx, p.cfg.Changed, healthMsg{}) }

func (p *pulse) readHealth() {
	if p.cfg.Health != nil {
		p.health, p.stale = p.cfg.Health(), true
	}
}
