package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
)

// changes takes every change the same way: plan it off the loop, ask as its risk
// demands, apply it under the client's grant, say what happened, remember how to
// undo it.
type changes struct {
	cfg     *Config
	ctx     context.Context
	toasts  *toasts
	journal *journal
	show    func(dialog)

	running []*deed
	undo    []backends.Plan
	warned  bool // that quitting leaves something unfinished
}

// deed is one change on its way.
type deed struct {
	id      string // of the action
	verb    string
	plan    func(context.Context) (backends.Plan, error)
	planned func(error) // tells the form that asked for it
	undoes  bool        // the top of the undo stack
	again   bool        // planned anew, because the first plan was stale

	agreed backends.Plan
	phase  phase
	since  time.Time
	meter  *meter
}

// phase is how far a deed has come.
type phase int

const (
	planning phase = iota
	asking
	applying
)

type (
	plannedMsg struct {
		deed *deed
		plan backends.Plan
		err  error
	}
	appliedMsg struct {
		deed    *deed
		receipt backends.Receipt
		err     error
	}
	progressMsg struct{ deed *deed }
	slowMsg     struct { // nothing came of it for a second
		deed  *deed
		phase phase
	}
)

// start plans. A second press while the first is still being planned is the same wish.
func (c *changes) start(d deed) tea.Cmd {
	for _, r := range c.running {
		if r.id == d.id && r.phase != applying {
			return nil
		}
	}
	d.since = c.cfg.Now()
	c.running = append(c.running, &d)
	return tea.Batch(c.planCmd(&d), after(c.ctx, time.Second, slowMsg{&d, planning}))
}

func (c *changes) planCmd(d *deed) tea.Cmd {
	return func() tea.Msg {
		p, err := d.plan(c.ctx)
		return plannedMsg{d, p, err}
	}
}

func (c *changes) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case plannedMsg:
		return c.planned(msg)
	case appliedMsg:
		return c.applied(msg)
	case progressMsg:
		if c.has(msg.deed) {
			c.bar(msg.deed)
			return msg.deed.meter.next(c.ctx, msg.deed)
		}
	case slowMsg:
		if c.has(msg.deed) && msg.deed.phase == msg.phase && (msg.deed.meter == nil || !msg.deed.meter.any()) {
			c.waiting(msg.deed)
		}
	}
	return nil
}

// planned asks for consent where the plan's risk demands it.
func (c *changes) planned(msg plannedMsg) tea.Cmd {
	d := msg.deed
	c.toasts.drop(d.toast())
	c.toasts.drop("stale")
	d.agreed = msg.plan
	err := msg.err
	if err == nil {
		if why := c.cfg.refuses(msg.plan.Risk); why != "" {
			err = errors.New(why)
		}
	}
	if d.planned != nil {
		d.planned(err)
	}
	if err != nil {
		c.end(d)
		if d.planned == nil && !errors.Is(err, context.Canceled) {
			c.toasts.add(toast{level: levelCaution, text: d.verb + ": " + err.Error()})
		}
		return nil
	}
	if msg.plan.Risk == backends.Safe && !d.again {
		return c.apply(d)
	}
	d.phase = asking
	c.show(newPlanDialog(d, func() tea.Cmd { return c.apply(d) }, func() { c.end(d) }))
	return nil
}

func (c *changes) apply(d *deed) tea.Cmd {
	d.phase, d.since = applying, c.cfg.Now()
	d.meter = newMeter()
	send := func() tea.Msg {
		defer d.meter.stop()
		r, err := c.cfg.Apply(c.ctx, d.agreed, d.meter.report)
		return appliedMsg{d, r, err}
	}
	return tea.Batch(send, d.meter.next(c.ctx, d), after(c.ctx, time.Second, slowMsg{d, applying}))
}

func (c *changes) applied(msg appliedMsg) tea.Cmd {
	d, p := msg.deed, msg.deed.agreed
	c.toasts.drop(d.toast())
	c.warned = false
	c.journal.add(Entry{At: c.cfg.Now(), Actor: c.cfg.Who, Action: cmp.Or(p.Action, d.id), Title: p.Title, EquivCLI: p.EquivCLI, Note: msg.receipt.Note, Err: msg.err})
	switch {
	case errors.Is(msg.err, backends.ErrStale) && !d.undoes:
		d.phase, d.again, d.meter = planning, true, nil
		c.toasts.add(toast{key: "stale", level: levelCaution, text: p.Title + ": it changed since the plan was made; planning anew"})
		return c.planCmd(d)
	case msg.err != nil:
		c.end(d)
		c.toasts.add(toast{level: levelWarning, text: p.Title + " failed: " + msg.err.Error()})
		return nil
	}
	c.end(d)
	c.succeed(d, msg.receipt)
	return nil
}

// succeed says what was done and keeps the way back.
func (c *changes) succeed(d *deed, r backends.Receipt) {
	text := r.Note
	if text == "" {
		text = d.agreed.Title
	}
	if d.undoes {
		c.toasts.add(toast{level: levelDone, text: "undone: " + text})
		return
	}
	back := r.Undo
	if back == nil {
		back = d.agreed.Undo
	}
	t := toast{level: levelDone, text: text}
	if back != nil {
		c.undo = append(c.undo, *back)
		t.hint = "u undo"
	}
	c.toasts.add(t)
}

// undoWord is what the undo key would do, and why it would do nothing.
func (c *changes) undoWord() (title, why string) {
	n := len(c.undo)
	if n == 0 {
		return "undo", "nothing was changed from here that can be undone"
	}
	return "undo: " + c.undo[n-1].Title, c.cfg.refuses(backends.Safe)
}

// undoTop applies the inverse of the newest change, as its risk demands.
func (c *changes) undoTop() tea.Cmd {
	n := len(c.undo)
	if n == 0 {
		return nil
	}
	p := c.undo[n-1]
	cmd := c.start(deed{id: "shell.undo", verb: "undo", undoes: true, plan: func(context.Context) (backends.Plan, error) { return p, nil }})
	if cmd != nil {
		c.undo = c.undo[:n-1]
	}
	return cmd
}

func (c *changes) has(d *deed) bool {
	for _, r := range c.running {
		if r == d {
			return true
		}
	}
	return false
}

// end forgets a deed; an undo that was not done can be asked for again.
func (c *changes) end(d *deed) {
	for i, r := range c.running {
		if r == d {
			c.running = append(c.running[:i], c.running[i+1:]...)
			break
		}
	}
	if d.undoes && d.phase != applying {
		c.undo = append(c.undo, d.agreed)
	}
}

func (c *changes) applying() int {
	n := 0
	for _, d := range c.running {
		if d.phase == applying {
			n++
		}
	}
	return n
}

func (d *deed) toast() string { return fmt.Sprintf("deed %p", d) }

// waiting says what is being waited for, and since when.
func (c *changes) waiting(d *deed) {
	what := "planning " + d.verb
	if d.phase == applying {
		what = d.agreed.Title
	} else if d.planned != nil {
		return // its form says so
	}
	c.toasts.add(toast{key: d.toast(), level: levelNote, stay: true, text: what + ", since " + d.since.Format("15:04:05")})
}

// bar shows how far it is.
func (c *changes) bar(d *deed) {
	p := d.meter.read()
	t := toast{key: d.toast(), level: levelNote, stay: true, text: d.agreed.Title}
	if p.Note != "" {
		t.text += ": " + p.Note
	}
	if p.Total > 0 {
		t.bar, t.share = true, float64(p.Done)/float64(p.Total)
		t.hint = fmt.Sprintf("%d of %d %s", p.Done, p.Total, p.Unit)
	}
	c.toasts.add(t)
}
