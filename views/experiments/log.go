package experiments

import (
	"context"
	"iter"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub/tail"
	"flightdeck/tui"
	"flightdeck/tui/widget/logview"
)

// console is the output of the run's job.
type console struct {
	desk *Desk
	poke chan struct{}
	log  *tail.Log
	view *logview.Log
	why  string // why there is none
}

func newLog(d *Desk, poke chan struct{}) *console {
	return &console{desk: d, poke: poke, view: logview.New(logview.Options{Location: time.Local})}
}

func (p *console) subject(c Chosen) []*backends.Run { return one(c.Run) }

func (p *console) follow(ctx context.Context, runs []*backends.Run) {
	p.log, p.why = nil, "no run is selected"
	for _, r := range runs {
		p.why = p.open(ctx, r)
	}
}

// open begins to follow the output of a run's job, and says why it cannot.
func (p *console) open(ctx context.Context, r *backends.Run) (why string) {
	if r.Job == "" {
		return "no output: this run was not started as a job here"
	}
	b, ok := source[backends.LogStreamer](p.desk, r.Backend)
	if !ok {
		return r.Backend + " keeps no output"
	}
	ref := r.Ref()
	p.log = p.desk.shelf.Open(ctx, r.Backend+"/"+r.Job, func(ctx context.Context, from int64) iter.Seq2[backends.LogLine, error] {
		return b.Logs(ctx, ref, backends.LogOptions{From: from, Follow: true})
	})
	p.log.Changed(ctx, p.poke)
	p.view.Open(ctx, p.log, p.poke)
	return ""
}

func (p *console) refresh([]*backends.Run) {
	if p.log != nil {
		p.view.Refresh()
	}
}

// actions are the widget's own keys, named: the widget does them.
func (p *console) actions() []tui.Action {
	do := func(id, word, keys, title string) tui.Action {
		return tui.Action{ID: id, Key: bind(word, keys), Title: title, Why: p.why, Do: func() { p.view.Key(tea.KeyPressMsg{Code: rune(keys[0]), Text: keys}) }}
	}
	acts := []tui.Action{
		do("log.search", "search", "/", "Search the output"),
		do("log.only", "only matching", "&", "Output: only the lines that match"),
		do("log.level", "level", "v", "Output: only from a level on"),
		do("log.wrap", "wrap", "w", "Output: wrap long lines, or not"),
		do("log.times", "times", "t", "Output: when each line was seen"),
		do("log.follow", "follow", "F", "Output: follow the newest line"),
		{ID: "log.copy", Key: bind("copy", "y"), Title: "Copy the chosen lines", Why: p.why, Cmd: func() tea.Cmd { return tui.Copy(p.view.Text()) }},
		do("log.raw", "raw lines", "f", "Output: the lines as they were written, or made readable"),
		{ID: "log.regexp", Key: bind("regular expression", "ctrl+r"), Title: "Search the output by a regular expression", Why: p.why, Do: func() { p.view.Key(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl}) }},
	}
	acts[len(acts)-1].Quiet, acts[len(acts)-2].Quiet = true, true
	return acts
}

func (p *console) key(msg tea.KeyPressMsg) bool { return p.log != nil && p.view.Key(msg) }
func (p *console) mouse(msg tea.MouseMsg, x, y int) bool {
	return p.log != nil && p.view.Mouse(msg, x, y)
}
func (p *console) typing() bool        { return p.log != nil && p.view.Typing() }
func (p *console) paste(text string)   { p.view.Paste(text) }
func (p *console) cursor() *tea.Cursor { return p.view.Cursor() }

func (p *console) render(f tui.Frame) string {
	if p.log == nil {
		return sentence(f, p.why)
	}
	return p.view.Render(f.Theme, f.W, f.H)
}
