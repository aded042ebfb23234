package experiments

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/ridge"
)

// hists is a run's histograms: one key over all its steps, and one of these.
type hists struct {
	desk *Desk
	poke chan struct{}
	ctx  context.Context
	run  *backends.Run
	list *hub.Handle[[]backends.Media]
	keys []string

	chosen string // a key; "" lets the run choose
	shown  string // the one whose histograms are watched
	data   *hub.Handle[[]backends.Histogram]
	leave  context.CancelFunc
	from   []backends.Histogram // what the plot holds
	plot   ridge.Plot
	top    int // rows above the plot in the last frame
}

func newHists(d *Desk, poke chan struct{}) *hists {
	return &hists{desk: d, poke: poke, leave: func() {}}
}

// media watches what a run logged beside numbers.
func (d *Desk) media(ctx context.Context, poke chan struct{}, r *backends.Run) *hub.Handle[[]backends.Media] {
	ref := r.Ref()
	return watch(ctx, d, poke, r, backends.TopicMetrics+"/media", ref.ID, func(ctx context.Context, b backends.MediaLister) ([]backends.Media, error) {
		return b.Media(ctx, ref)
	})
}

func (p *hists) subject(c Chosen) []*backends.Run { return one(c.Run) }

func (p *hists) follow(ctx context.Context, runs []*backends.Run) {
	p.ctx, p.run, p.list, p.keys, p.shown, p.data, p.from = ctx, nil, nil, nil, "", nil, nil
	p.plot.Set(nil)
	for _, r := range runs {
		p.run, p.list = r, p.desk.media(ctx, p.poke, r)
	}
}

func (p *hists) refresh(runs []*backends.Run) {
	if p.run = nil; len(runs) > 0 {
		p.run = runs[0]
	}
	p.keys = p.keys[:0]
	for _, m := range p.list.Result().Value {
		if m.Kind == backends.MediaHistogram {
			p.keys = append(p.keys, m.Key)
		}
	}
	if len(p.keys) == 0 {
		return
	}
	key := p.chosen
	if !slices.Contains(p.keys, key) {
		key = p.keys[0]
	}
	p.watch(key)
	now := p.data.Result().Value
	if len(now) != len(p.from) || len(now) > 0 && &now[0] != &p.from[0] {
		p.from = now
		p.plot.Set(ridges(now))
	}
	p.plot.Color = p.desk.colour(p.run)
}

// watch follows another key.
func (p *hists) watch(key string) {
	if key == p.shown {
		return
	}
	p.leave()
	p.shown, p.from = key, nil
	p.plot.Set(nil)
	var ctx context.Context
	ctx, p.leave = context.WithCancel(p.ctx)
	ref := p.run.Ref()
	p.data = watch(ctx, p.desk, p.poke, p.run, backends.TopicMetrics+"/histograms", ref.ID+"/"+key, func(ctx context.Context, b backends.HistogramReader) ([]backends.Histogram, error) {
		return b.Histograms(ctx, ref, key)
	})
}

// ridges is histograms as the plot takes them: the columns are shared.
func ridges(in []backends.Histogram) []ridge.Hist {
	out := make([]ridge.Hist, len(in))
	for i, h := range in {
		out[i] = ridge.Hist{Step: h.Step, Left: h.Left, Right: h.Right, Count: h.Count}
	}
	slices.SortStableFunc(out, func(a, b ridge.Hist) int { return cmp.Compare(a.Step, b.Step) })
	return out
}

// next goes to another key.
func (p *hists) next(by int) {
	if n := len(p.keys); n > 0 {
		p.chosen = p.keys[(slices.Index(p.keys, p.shown)+by+n)%n]
		p.refresh(one(p.run))
	}
}

func (p *hists) actions() []tui.Action {
	none, few := "", ""
	if p.plot.Len() == 0 {
		none = "there are no histograms"
	}
	if len(p.keys) < 2 {
		few = "there is no other histogram"
	}
	word := "manner: ridges"
	if p.plot.Ridges {
		word = "manner: heat"
	}
	acts := []tui.Action{
		{ID: "hists.next", Key: bind("next key", "n"), Title: "Histograms: next key", Why: few, Do: func() { p.next(1) }},
		{ID: "hists.manner", Key: bind(word, "m"), Title: "Histograms: as heat, or as ridges", Why: none, Do: func() { p.plot.Ridges = !p.plot.Ridges }},
		{ID: "hists.previous", Key: bind("previous key", "N"), Title: "Histograms: previous key", Why: few, Quiet: true, Do: func() { p.next(-1) }},
	}
	return append(acts, scrubbing("hists", "Histograms: ", none, p.scrub)...)
}

// scrub reads another step.
func (p *hists) scrub(to scrub) { p.plot.Scrub(to.from(p.plot.At(), p.plot.Len())) }

// scrub is a move along steps: by so many, or to an end.
type scrub struct {
	by         int
	first, all bool // to the first; to the last
}

// from is where a move from a place among n leads.
func (s scrub) from(at, n int) int {
	switch {
	case s.first:
		return 0
	case s.all:
		return max(n-1, 0)
	}
	return min(max(at+s.by, 0), max(n-1, 0))
}

// scrubbing is the keys that go along steps.
func scrubbing(id, title, none string, do func(scrub)) []tui.Action {
	act := func(name, word string, s scrub, keys ...string) tui.Action {
		return tui.Action{ID: id + "." + name, Key: bind(word, keys...), Title: title + word, Why: none, Quiet: true, Do: func() { do(s) }}
	}
	next := act("right", "next step", scrub{by: 1}, "right")
	next.Quiet = false // for both in the footer
	next.Key.SetHelp("left right", "step")
	return []tui.Action{
		next,
		act("left", "step before", scrub{by: -1}, "left"),
		act("far-right", "pan ten steps on", scrub{by: 10}, "shift+right"),
		act("far-left", "pan ten steps back", scrub{by: -10}, "shift+left"),
		act("first", "first step", scrub{first: true}, "home"),
		act("last", "last step", scrub{all: true}, "end"),
	}
}

// key leaves all keys to the actions.
func (p *hists) key(tea.KeyPressMsg) bool { return false }

func (p *hists) mouse(msg tea.MouseMsg, x, y int) bool {
	switch m := msg.(type) {
	case tea.MouseClickMsg:
		return m.Button == tea.MouseLeft && p.plot.Hit(x, y-p.top)
	case tea.MouseMotionMsg:
		return m.Button == tea.MouseLeft && p.plot.Hit(x, y-p.top)
	case tea.MouseWheelMsg:
		return wheelScrub(m, p.scrub)
	}
	return false
}

// wheelScrub goes a step with each notch, with shift ten.
func wheelScrub(m tea.MouseWheelMsg, do func(scrub)) bool {
	by := 1
	if m.Mod.Contains(tea.ModShift) {
		by = 10
	}
	switch m.Button {
	case tea.MouseWheelDown, tea.MouseWheelRight:
		do(scrub{by: by})
	case tea.MouseWheelUp, tea.MouseWheelLeft:
		do(scrub{by: -by})
	default:
		return false
	}
	return true
}

func (p *hists) render(f tui.Frame) string {
	if why := p.lack(); why != "" {
		return sentence(f, why)
	}
	p.top = 0
	var lines []string
	if f.H > 4 {
		lines, p.top = append(lines, p.head(f)), 1
	}
	return cell.Block(append(lines, strings.Split(p.plot.Render(f.Theme, f.W, f.H-p.top), "\n")...), f.W, f.H)
}

// head says which key and step it is, and what there is of it.
func (p *hists) head(f tui.Frame) string {
	set := &f.Theme.Plain
	l := cell.NewLine(f.Theme, set, f.W).Space(2).Put(set.Title, p.shown)
	h, ok := p.plot.Read()
	if !ok {
		return l.Space(2).Put(set.Quiet, "reading").Render()
	}
	end := cell.NewLine(f.Theme, set, f.W).Put(set.Text, fmt.Sprintf("step %d", h.Step)).Space(2).
		Put(set.Quiet, fmt.Sprintf("%d of %d", p.plot.At()+1, p.plot.Len())).Space(1)
	l.Space(2).Put(set.Quiet, fmt.Sprintf("%s values, mean %s", cell.Count(int64(h.Total()), f.Theme.Glyph.ThinSpace), cell.Significant.Format(h.Mean())))
	return l.Ends(end).Render()
}

// lack is why there is no histogram to show.
func (p *hists) lack() string {
	return lackOfMedia(p.run, p.list, len(p.keys), "histograms", p.data.Result().Err)
}

func lackOfMedia(r *backends.Run, list *hub.Handle[[]backends.Media], keys int, what string, err error) string {
	switch res := list.Result(); {
	case r == nil:
		return "no run is selected"
	case list == nil:
		return r.Backend + " keeps no " + what
	case res.Err != nil && !res.OK:
		return "the " + what + " cannot be read: " + firstError(res.Err)
	case !res.OK:
		return "reading what the run logged"
	case keys == 0:
		return "no " + what + ": this run has logged none"
	case err != nil:
		return "the " + what + " cannot be read: " + firstError(err)
	}
	return ""
}
