package experiments

import (
	"cmp"
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
)

// shelf is the items of one key of one run.
type shelf struct {
	run   *backends.Run
	list  *hub.Handle[[]backends.Media]
	items *hub.Handle[[]backends.MediaItem]
	from  []backends.MediaItem
	at    map[int64][]backends.MediaItem // by step
}

// mediaKey is one thing that was logged: images or texts under a name.
type mediaKey struct {
	kind backends.MediaKind
	key  string
}

// media is the images and texts of a run at one step, or those of the marked runs
// beside each other at the same step.
type media struct {
	desk    *Desk
	poke    chan struct{}
	ctx     context.Context
	shelves []*shelf
	seen    *exhibits

	keys   []mediaKey
	chosen mediaKey
	shown  mediaKey
	leave  context.CancelFunc
	steps  []int64 // of any run, rising
	step   int64   // that is shown
	newest bool    // it is the last, and goes along with it
	top    int     // rows that a long text is scrolled by
	h      int
}

// mostShelves is how many runs stand beside each other.
const mostShelves = 4

func newMedia(d *Desk, poke chan struct{}) *media {
	return &media{desk: d, poke: poke, seen: newExhibits(d, poke), leave: func() {}, newest: true}
}

func (p *media) subject(c Chosen) []*backends.Run {
	if len(c.Marked) > 1 {
		return c.Marked[:min(len(c.Marked), mostShelves)]
	}
	return one(c.Run)
}

func (p *media) follow(ctx context.Context, runs []*backends.Run) {
	p.ctx, p.shelves, p.keys, p.shown, p.steps = ctx, nil, nil, mediaKey{}, nil
	p.seen.follow(ctx)
	for _, r := range runs {
		p.shelves = append(p.shelves, &shelf{run: r, list: p.desk.media(ctx, p.poke, r)})
	}
}

func (p *media) refresh(runs []*backends.Run) {
	for i, s := range p.shelves {
		if i < len(runs) {
			s.run = runs[i]
		}
	}
	p.keys = p.keys[:0]
	for _, s := range p.shelves {
		for _, m := range s.list.Result().Value {
			if k := (mediaKey{m.Kind, m.Key}); m.Kind != backends.MediaHistogram && !slices.Contains(p.keys, k) {
				p.keys = append(p.keys, k)
			}
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
	p.take()
}

// watch follows another key of every run.
func (p *media) watch(key mediaKey) {
	if key == p.shown {
		return
	}
	p.leave()
	p.shown, p.steps, p.top = key, nil, 0
	var ctx context.Context
	ctx, p.leave = context.WithCancel(p.ctx)
	for _, s := range p.shelves {
		ref := s.run.Ref()
		s.from, s.at = nil, nil
		s.items = watch(ctx, p.desk, p.poke, s.run, backends.TopicMetrics+"/media", ref.ID+"/"+string(key.kind)+"/"+key.key, func(ctx context.Context, b backends.MediaReader) ([]backends.MediaItem, error) {
			return b.MediaItems(ctx, ref, key.kind, key.key)
		})
	}
}

// take sorts the items by step. The step that is shown stays, or goes along with
// the newest.
func (p *media) take() {
	changed := p.steps == nil
	for _, s := range p.shelves {
		now := s.items.Result().Value
		if len(now) == len(s.from) && (len(now) == 0 || &now[0] == &s.from[0]) {
			continue
		}
		changed = true
		s.from, s.at = now, make(map[int64][]backends.MediaItem, len(now))
		for _, it := range now {
			s.at[it.Step] = append(s.at[it.Step], it)
		}
	}
	if !changed {
		return
	}
	p.steps = []int64{}
	for _, s := range p.shelves {
		for step := range s.at {
			p.steps = append(p.steps, step)
		}
	}
	slices.Sort(p.steps)
	p.steps = slices.Compact(p.steps)
	if len(p.steps) == 0 {
		p.steps = nil
		return
	}
	if p.newest {
		p.step = p.steps[len(p.steps)-1]
		return
	}
	i, _ := slices.BinarySearch(p.steps, p.step)
	p.step = p.steps[min(i, len(p.steps)-1)]
}

// place is which of the steps is shown.
func (p *media) place() int { return max(slices.Index(p.steps, p.step), 0) }

// scrub shows another step.
func (p *media) scrub(s scrub) {
	if n := len(p.steps); n > 0 {
		at := s.from(p.place(), n)
		p.step, p.newest, p.top = p.steps[at], at == n-1, 0
	}
}

// next goes to another key.
func (p *media) next(by int) {
	if n := len(p.keys); n > 0 {
		p.chosen = p.keys[(slices.Index(p.keys, p.shown)+by+n)%n]
		p.watch(p.chosen)
		p.take()
	}
}

func (p *media) actions() []tui.Action {
	none, few := "", ""
	if len(p.steps) == 0 {
		none = "there are no images and no texts"
	}
	if len(p.keys) < 2 {
		few = "there is no other image or text"
	}
	acts := []tui.Action{
		{ID: "media.next", Key: bind("next key", "n"), Title: "Media: next key", Why: few, Do: func() { p.next(1) }},
		{ID: "media.previous", Key: bind("previous key", "N"), Title: "Media: previous key", Why: few, Quiet: true, Do: func() { p.next(-1) }},
	}
	return append(acts, scrubbing("media", "Media: ", none, p.scrub)...)
}

// key scrolls a text that is longer than the pane.
func (p *media) key(msg tea.KeyPressMsg) bool {
	page := max(1, p.h-2)
	switch msg.String() {
	case "down", "j":
		p.top++
	case "up", "k":
		p.top--
	case "pgdown", "ctrl+f":
		p.top += page
	case "pgup", "ctrl+b":
		p.top -= page
	default:
		return false
	}
	p.top = max(p.top, 0)
	return true
}

func (p *media) mouse(msg tea.MouseMsg, _, _ int) bool {
	w, ok := msg.(tea.MouseWheelMsg)
	return ok && wheelScrub(w, p.scrub)
}

// items is what a shelf has at the step that is shown, in their order.
func (p *media) items(s *shelf) []backends.MediaItem {
	its := s.at[p.step]
	if !slices.IsSortedFunc(its, byIndex) {
		slices.SortFunc(its, byIndex)
	}
	return its
}

func byIndex(a, b backends.MediaItem) int { return cmp.Compare(a.Index, b.Index) }
