package tui

import (
	"strconv"

	"flightdeck/backends"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// heading is what the header says.
type heading struct {
	name, workspace, who, clock string
	tabs                        []*tab
	at                          int
	warnings, cautions          int
}

func (a *App) heading() heading {
	h := heading{name: a.cfg.Name, workspace: a.cfg.Workspace, who: a.cfg.Who, clock: a.cfg.Now().Format("15:04"), tabs: a.deck.tabs, at: a.deck.at}
	h.cautions, h.warnings = a.toasts.count()
	for _, b := range a.pulse.health {
		if b.State == backends.Down {
			h.cautions++
		}
	}
	for p := range a.deck.all() {
		if v, ok := p.view.(Alerting); ok {
			w, c := v.Alerts()
			h.warnings, h.cautions = h.warnings+w, h.cautions+c
		}
	}
	return h
}

// drawHeader is the header's row, and where its tabs are. With less room the tabs
// shrink to digits, then the workspace goes, then who, then the name.
func drawHeader(th *theme.Theme, w int, h heading) (string, []span) {
	for step := 0; ; step++ {
		right := h.right(th, step < 3)
		line, spans := h.left(th, w, step)
		if step == 4 || line.Len()+right.Len()+1 <= w {
			line.Ends(right)
			return line.Render(), spans
		}
	}
}

func (h heading) left(th *theme.Theme, w, step int) (*cell.Line, []span) {
	set := &th.Raised
	l := cell.NewLine(th, set, w)
	l.Space(1)
	if step < 4 {
		l.Put(set.Title, h.name).Space(2)
	}
	if step < 2 {
		l.Put(set.Weak, h.workspace)
	}
	l.Space(3)
	var spans []span
	for i, t := range h.tabs {
		from := l.Len()
		here := i == h.at
		digit, word := set.Weak, set.Weak
		if here {
			digit, word = set.Selected, set.Selected.Bold()
		}
		l.Put(digit, t.Digit)
		if here || step == 0 {
			l.Space(1).Put(word, t.Name)
		}
		spans = append(spans, span{from, l.Len(), i})
		if i+1 < len(h.tabs) {
			l.Space(1)
			if here || step == 0 {
				l.Space(1)
			}
		}
	}
	return l, spans
}

func (h heading) right(th *theme.Theme, who bool) *cell.Line {
	set := &th.Raised
	l := cell.NewLine(th, set, 60)
	count := func(st theme.Style, glyph string, n int) {
		if n > 0 {
			l.Put(st, glyph+" "+strconv.Itoa(n)).Space(2)
		}
	}
	count(set.Warning, th.Glyph.Warning, h.warnings)
	count(set.Caution, th.Glyph.Caution, h.cautions)
	if who && h.who != "" {
		l.Put(set.Weak, h.who).Space(2)
	}
	return l.Put(set.Weak, h.clock).Space(1)
}
