package experiments

import (
	"context"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// diff is what differs between two or more runs: params, metrics, tags, data, git,
// environment. The first run is what the others are measured against.
type diff struct {
	sheet
	desk   *Desk
	poke   chan struct{}
	runs   []*backends.Run
	prov   []*hub.Handle[backends.Provenance]
	equal  bool // show what is equal too
	beside int  // runs that have room in the last frame
	each   int  // cells of a run's column
}

func newDiff(d *Desk, poke chan struct{}) *diff { return &diff{desk: d, poke: poke} }

// most is how many runs stand beside each other.
const most = 6

func (p *diff) subject(c Chosen) []*backends.Run {
	runs := c.Compare()
	return runs[:min(len(runs), most)]
}

func (p *diff) follow(ctx context.Context, runs []*backends.Run) {
	p.prov, p.top = nil, 0
	for _, r := range runs {
		p.prov = append(p.prov, p.desk.provenance(ctx, p.poke, r))
	}
}

func (p *diff) refresh(runs []*backends.Run)          { p.runs = runs }
func (p *diff) key(msg tea.KeyPressMsg) bool          { return p.sheet.key(msg) }
func (p *diff) mouse(msg tea.MouseMsg, x, y int) bool { return p.sheet.mouse(msg, x, y) }

// title is what is compared.
func (p *diff) title() string {
	if len(p.runs) < 2 {
		return ""
	}
	return fmt.Sprintf("%d runs", len(p.runs))
}

func (p *diff) actions() []tui.Action {
	word, none := "all of it", ""
	if p.equal {
		word = "only differences"
	}
	if len(p.runs) < 2 {
		none = "mark two or more runs first"
	}
	return []tui.Action{{ID: "diff.equal", Key: bind(word, "a"), Title: "Diff: " + word, Why: none, Do: func() { p.equal = !p.equal }}}
}

func (p *diff) render(f tui.Frame) string {
	if len(p.runs) < 2 {
		return sentence(f, "Mark two or more runs with space, or pin one with p: what differs between them is shown here.")
	}
	groups := p.groups()
	p.begin(f)
	for _, g := range groups {
		for _, r := range g.rows {
			if !r.same || p.equal {
				p.fit(r.key)
			}
		}
	}
	p.label = min(p.label, max(8, f.W/3))
	p.columns(f)
	p.head()
	hidden := 0
	for _, g := range groups {
		hidden += p.group(g)
	}
	if hidden > 0 {
		p.add(p.line())
		p.text(p.th.Plain.Quiet, fmt.Sprintf("%d more are equal; a shows them", hidden))
	}
	return p.end()
}

// narrowest is the least cells in which a run's values can be read.
const narrowest = 12

// columns shares the width among the runs, as many as can be read.
func (p *diff) columns(f tui.Frame) {
	room := max(f.W-p.label, 1)
	p.beside = max(min(2, len(p.runs)), min(len(p.runs), room/narrowest))
	p.each = max(1, min(32, room/p.beside))
}

func (p *diff) head() {
	set := &p.th.Plain
	names, states := p.line().Fill(p.label), p.labelled("state")
	for i, r := range p.runs[:p.beside] {
		c := p.desk.colour(r)
		sign := p.th.Glyph.Bar
		if letter := p.th.SeriesLetter(c); letter != "" {
			sign = letter
		}
		at := p.label + (i+1)*p.each
		name, _ := cell.Cut(r.Name, p.each-4, p.th.Glyph.Ellipsis)
		names.Put(set.Series[c%len(set.Series)], sign).Space(1).Put(set.Title, name).Fill(at)
		state := cell.NewLine(p.th, set, p.each-1)
		putState(state, r)
		states.Raw(state.Render(), p.each-1).Fill(at)
	}
	p.add(names)
	if more := len(p.runs) - p.beside; more > 0 {
		p.text(set.Quiet, fmt.Sprintf("%d more not shown: there is no room", more))
	}
	p.add(states)
}

// group puts a group's rows that differ, and says how many do not.
func (p *diff) group(g group) (hidden int) {
	rows := slices.DeleteFunc(slices.Clone(g.rows), func(r fact) bool { return r.same && !p.equal })
	hidden = len(g.rows) - len(rows)
	if len(rows) == 0 {
		return hidden
	}
	p.section(g.title)
	value, delta := 0, 0
	for _, r := range rows {
		for i := range p.beside {
			value, delta = max(value, cell.Width(cell.Safe(r.values[i]))), max(delta, cell.Width(r.delta(i)))
		}
	}
	below := false // what is judged by always shows how far it is from the first run
	if value+1+delta >= p.each {
		below = g.title == "metrics" && delta < p.each
		if below {
			value = max(value, delta)
		}
		delta = 0
	}
	for _, r := range rows {
		p.row(r, min(value, p.each-1), delta, g.numbers)
		if below && r.has[0] {
			p.deltas(r, min(value, p.each-1))
		}
	}
	return hidden
}

// deltas is a row's differences to the first run, below the values.
func (p *diff) deltas(r fact, value int) {
	l := p.line().Fill(p.label)
	for i := range p.beside {
		l.Put(p.th.Plain.Quiet, cell.Right(r.delta(i), value, p.th.Glyph.Ellipsis)).Fill(p.label + (i+1)*p.each)
	}
	p.add(l)
}

func (p *diff) row(r fact, value, delta int, right bool) {
	set, g := &p.th.Plain, p.th.Glyph
	l := p.labelled(r.key)
	texts := shorten(r.values[:p.beside], p.each-1, g.Ellipsis)
	for i, text := range texts {
		style := set.Text
		switch {
		case !r.has[i]:
			style, text = set.Quiet, g.Unknown
		case r.wrong(i):
			style = set.Caution
		case r.same:
			style = set.Dim
		}
		if right {
			text = cell.Right(text, value, g.Ellipsis)
		} else {
			text, _ = cell.Cut(text, p.each-1, g.Ellipsis)
		}
		l.Put(style, text)
		if d := r.delta(i); delta > 0 && d != "" {
			l.Space(1).Put(set.Quiet, cell.Right(d, delta, g.Ellipsis))
		}
		l.Fill(p.label + (i+1)*p.each)
	}
	p.add(l)
}
