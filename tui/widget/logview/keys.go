package logview

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/input"
)

// prompt is the line at the bottom that asks what to look for.
type prompt struct {
	in     input.Input
	only   bool // for the filter
	regexp bool
}

// Key takes motions, the search (/ n N, & for only the matching lines, esc to end
// it), F to follow, w to wrap, t for times, v for the level, f for lines as they were
// written, space and shift with up and down to choose several. ctrl+r searches by a
// regular expression; in the search line it makes what is typed one, or plain again.
func (v *Log) Key(msg tea.KeyPressMsg) bool {
	if v.Typing() {
		return v.typed(msg)
	}
	if v.at.key(msg) || v.findKey(msg) {
		v.sheet.stale = true
		return true
	}
	look := v.sheet.look
	switch msg.String() {
	case "F":
		v.Follow()
		return true
	case "w":
		look.Wrap = !look.Wrap
	case "t":
		look.Times = (look.Times + 1) % 3
	case "f":
		look.Raw = !look.Raw
	case "v":
		look.Level = nextLevel(look.Level)
	default:
		return false
	}
	v.SetLook(look)
	return true
}

// nextLevel goes round all, info, warn, error.
func nextLevel(level uint8) uint8 {
	switch level {
	case LevelNone:
		return LevelInfo
	case LevelError:
		return LevelNone
	}
	return level + 1
}

func (v *Log) findKey(msg tea.KeyPressMsg) bool {
	switch k := v.keys; {
	case key.Matches(msg, k.Filter):
		v.startPrompt(false)
	case msg.String() == "&":
		v.startPrompt(true)
	case msg.String() == "ctrl+r":
		v.startPrompt(false)
		v.ask.regexp = true
	case v.find.search != nil && key.Matches(msg, k.Next):
		v.find.pending = next
		v.at.jumpPending()
	case v.find.search != nil && key.Matches(msg, k.Prev):
		v.find.pending = previous
		v.at.jumpPending()
	case key.Matches(msg, k.Back):
		return v.back()
	default:
		return false
	}
	return true
}

// back ends one thing: the marking, the search, the filter.
func (v *Log) back() bool {
	switch {
	case v.at.anchor >= 0:
		v.at.anchor = -1
	case v.find.search != nil:
		v.Search(Query{})
	case v.find.only != nil:
		v.Filter(Query{})
	default:
		return false
	}
	return true
}

// startPrompt asks what to look for. A search begins anew; a filter is what the view
// is and is there to be edited.
func (v *Log) startPrompt(only bool) {
	p := &v.ask
	p.only, p.in.Prompt, p.in.Placeholder = only, "/ ", "search; ctrl+r for a regular expression"
	p.in.Check = func(text string) (int, error) {
		_, err := compile(Query{Text: text, Regexp: p.regexp})
		return 0, err
	}
	text := ""
	if only {
		p.in.Prompt, p.in.Placeholder = "& ", "show only lines with; ctrl+r for a regular expression"
		if r := v.find.only; r != nil {
			text, p.regexp = r.q.Text, r.q.Regexp
		}
	}
	p.in.Set(text)
	p.in.Start()
	v.sheet.stale = true
}

func (v *Log) typed(msg tea.KeyPressMsg) bool {
	v.sheet.stale = true
	p := &v.ask
	if msg.String() == "ctrl+r" {
		p.regexp = !p.regexp
		p.in.Set(p.in.Text()) // checked anew
		return true
	}
	taken := p.in.Key(msg)
	if p.in.Done() != input.Accepted {
		return taken
	}
	q := Query{Text: p.in.Text(), Regexp: p.regexp}
	if p.only {
		v.Filter(q)
	} else {
		v.Search(q)
	}
	return true
}
