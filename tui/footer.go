package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// most is how many things the footer offers.
const most = 9

// offers is what the footer shows: what can be done in the focused pane, and how
// to find the rest.
func (a *App) offers() []Action {
	p := a.deck.focused()
	if p != nil && p.typing() {
		return []Action{typingOffer(p, "enter", "take it", tea.KeyEnter), typingOffer(p, "esc", "leave it", tea.KeyEscape)}
	}
	var out []Action
	for _, act := range a.actions(p) {
		if act.Why == "" && !act.Quiet && act.Key.Enabled() && len(out) < most-2 {
			out = append(out, act)
		}
	}
	if p != nil && len(p.view.Title().Tabs) > 1 {
		out = append(out, a.tabsOffer())
	}
	for _, act := range a.shell() {
		if act.ID == "shell.help" || act.ID == "shell.palette" {
			out = append(out, act)
		}
	}
	return out
}

// tabsOffer is the two keys that go through the pane's own tabs; a click goes on.
func (a *App) tabsOffer() Action {
	name := map[string]string{}
	for _, act := range a.shell() {
		name[act.ID] = keyName(act, "enter")
	}
	both := strings.TrimSpace(name["shell.prev-tab"] + " " + name["shell.next-tab"])
	return Action{ID: "shell.next-tab", Key: key.NewBinding(key.WithKeys(both), key.WithHelp(both, "tabs")), Do: func() { a.deck.paneTab(1) }}
}

// typingOffer is a key that ends typing.
func typingOffer(p *pane, name, word string, code rune) Action {
	return Action{ID: "typing." + name, Key: bind(word, name), Do: func() { p.key(tea.KeyPressMsg{Code: code}) }}
}

// drawFooter is the footer's row, and where the offers are. With less room the
// offers before the last two go; how the backends are stays, though where that took
// more than a third of the row it is said only of those that are not well.
func drawFooter(th *theme.Theme, w int, offers []Action, health []backends.Health, now time.Time) (string, []span) {
	right := healthLine(th, health, now, false)
	if line, spans := offerLine(th, w, offers, len(offers)); line.Len()+right.Len()+2 <= w {
		return line.Ends(right).Render(), spans
	}
	if right.Len() > w/3 {
		right = healthLine(th, health, now, true)
	}
	if right.Len() > w/2 {
		right = cell.NewLine(th, &th.Plain, 0)
	}
	offers = slices.Clone(offers) // "all keys" is said shorter
	for i := range offers {
		if offers[i].ID == "shell.help" {
			offers[i].Key.SetHelp(offers[i].Key.Help().Key, "keys")
		}
	}
	for n := len(offers) - 1; n >= 0; n-- {
		if line, spans := offerLine(th, w, offers, n); n == 0 || line.Len()+right.Len()+1 <= w {
			return line.Ends(right).Render(), spans
		}
	}
	return cell.Blank(w), nil
}

// offerLine puts n of the offers on a line: the first ones, the last before the
// palette being the help, which is how to find what is not shown.
func offerLine(th *theme.Theme, w int, offers []Action, n int) (*cell.Line, []span) {
	l := cell.NewLine(th, &th.Plain, w)
	l.Space(1)
	var spans []span
	help := len(offers) - 2
	for i, act := range offers {
		if skip := len(offers) - n; skip > 0 {
			// the palette goes first, then from the back, the help last
			if i == len(offers)-1 || (i < help && i >= help-(skip-1)) {
				continue
			}
		}
		if l.Len() > 1 {
			l.Space(2)
		}
		from := l.Len()
		l.Put(th.Plain.Title, keyName(act, th.Glyph.Enter)).Space(1).Put(th.Plain.Dim, act.word())
		spans = append(spans, span{from, l.Len(), i})
	}
	return l, spans
}

// healthLine is the backends and how each is doing; with only, those that are not well.
func healthLine(th *theme.Theme, health []backends.Health, now time.Time, only bool) *cell.Line {
	set, g := &th.Plain, th.Glyph
	l := cell.NewLine(th, set, 400)
	for _, h := range health {
		if only && h.State == backends.OK {
			continue
		}
		if l.Len() > 0 {
			l.Space(2)
		}
		l.Put(set.Dim, h.Backend).Space(1)
		switch h.State {
		case backends.OK:
			l.Put(set.Engaged, g.Running)
		case backends.Slow:
			l.Put(set.Caution, g.Transition+" slow")
		case backends.Down:
			l.Put(set.Caution, g.Caution+" "+age(now.Sub(h.Since)))
		default:
			l.Put(set.Quiet, g.Waiting)
		}
	}
	return l.Space(1)
}

// age is a span of time as coarse as it may be and still say how old something is.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "<1m"
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
