// Package theme is the look: what each colour means, in every kind of terminal.
//
// A Theme is a plain value made once for a client and passed to whoever draws;
// nothing here is global, so that two clients of one process may differ. Colour
// never carries a meaning alone: every state also has a glyph and a word.
package theme

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
)

// Style is one way to write text, ready to be emitted: an SGR prefix and a reset.
// Lip Gloss makes it; keeping the bytes makes drawing a row a few appends.
type Style struct{ open, close string }

// newStyle asks Lip Gloss once what the style looks like.
func newStyle(s lipgloss.Style) Style {
	open, closing, _ := strings.Cut(s.Render("\x01"), "\x01")
	return Style{open: open, close: closing}
}

// Render is text in this style. The text must be free of control sequences.
func (s Style) Render(text string) string {
	if text == "" || s.open == "" {
		return text
	}
	return s.open + text + s.close
}

// To appends text in this style.
func (s Style) To(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	b.WriteString(s.open)
	b.WriteString(text)
	b.WriteString(s.close)
}

// Bold is the style with weight: the header's name, the focused pane's.
func (s Style) Bold() Style {
	return Style{open: "\x1b[1m" + s.open, close: "\x1b[m"}
}

// Set is the tokens on one background. What each means is in its comment, and it
// means nothing else.
type Set struct {
	Title    Style   // what a thing is called; the figure that matters
	Text     Style   // data
	Dim      Style   // labels, units, finished things
	Quiet    Style   // times, hints, reasons; the weakest that words may be
	Faint    Style   // rules, axes, empty parts of bars; never words
	Selected Style   // where I am, what I chose, what can be followed
	Engaged  Style   // running and well: one small glyph, not words
	Target   Style   // what was commanded: desired weight, limits, step marks
	Caution  Style   // look at this soon; says why
	Warning  Style   // act now; says what to do
	Match    Style   // where a search hit
	Weak     Style   // what recedes: labels in a dialog, tabs that are not open, what cannot be done now
	Series   []Style // runs and revisions; the same run has the same colour everywhere
}

// Theme is the look for one client.
type Theme struct {
	Name  string
	Dark  bool
	Mono  bool // no colour at all: attributes and letters instead
	Glyph Glyphs

	Plain  Set // on the terminal's own background
	Raised Set // on the header and dialogs, where quiet and dim become text
	Row    Set // on the selected row
}

// SeriesLetter is what stands at a line's end where colours cannot tell series
// apart.
func (t *Theme) SeriesLetter(i int) string {
	if !t.Mono {
		return ""
	}
	return string(rune('a' + i%26))
}

// Palette is the colours of a theme before they become styles.
type Palette struct {
	Name  string
	Dark  bool
	Mono  bool
	Basic bool // the terminal's own 16 colours: raised backgrounds become reverse or none

	Title, Text, Dim, Quiet, Faint, Selected, Engaged, Target, Caution, Warning color.Color
	Series                                                                      []color.Color
	Background, RaisedBG, RowBG                                                 color.Color // Background is what contrast is computed on, and never painted
}

// New makes the theme of a palette, with ASCII glyphs when asked.
func New(p Palette, ascii bool) *Theme {
	t := &Theme{Name: p.Name, Dark: p.Dark, Mono: p.Mono, Glyph: Unicode()}
	if ascii {
		t.Glyph = ASCII()
	}
	t.Plain = p.set(nil)
	t.Raised = p.raised(p.RaisedBG)
	t.Row = p.row()
	return t
}

func (p Palette) set(bg color.Color) Set {
	st := func(fg color.Color) lipgloss.Style {
		s := lipgloss.NewStyle()
		if fg != nil {
			s = s.Foreground(fg)
		}
		if bg != nil {
			s = s.Background(bg)
		}
		return s
	}
	s := Set{
		Title: newStyle(st(p.Title).Bold(true)), Text: newStyle(st(p.Text)), Dim: newStyle(p.weak(st(p.Dim))),
		Quiet: newStyle(p.weak(st(p.Quiet))), Faint: newStyle(p.weak(st(p.Faint))), Selected: newStyle(p.strong(st(p.Selected), p.Mono)),
		Engaged: newStyle(st(p.Engaged)), Target: newStyle(st(p.Target)), Caution: newStyle(p.strong(st(p.Caution), p.Mono)),
		Warning: newStyle(p.warn(st(p.Warning))), Match: newStyle(st(p.Selected).Underline(true)),
		Weak: newStyle(p.weak(st(p.Quiet))),
	}
	for _, c := range p.Series {
		s.Series = append(s.Series, newStyle(st(c)))
	}
	if len(s.Series) == 0 {
		s.Series = []Style{s.Text}
	}
	return s
}

// weak and strong stand in for colour where there is none.
func (p Palette) weak(s lipgloss.Style) lipgloss.Style {
	if p.Mono {
		return s.Faint(true)
	}
	return s
}

func (p Palette) strong(s lipgloss.Style, when bool) lipgloss.Style {
	if when {
		return s.Bold(true)
	}
	return s
}

func (p Palette) warn(s lipgloss.Style) lipgloss.Style {
	if p.Mono {
		return s.Bold(true).Reverse(true)
	}
	return s
}

// raised is the set on a raised background: quiet would fall under 4.5:1 there, so
// it and dim become text. Weak is what dim was.
func (p Palette) raised(bg color.Color) Set {
	weak := p.Dim
	p.Dim, p.Quiet = p.Text, p.Text
	if p.Mono {
		s := p.set(nil)
		s.Dim, s.Quiet = s.Text, s.Text
		return s
	}
	s := p.set(bg)
	if p.Basic {
		s.Weak = newStyle(lipgloss.NewStyle().Foreground(weak))
		return s
	}
	s.Weak = newStyle(lipgloss.NewStyle().Foreground(weak).Background(bg))
	return s
}

// row is the selected row: a background of its own where the terminal has one,
// reverse video where it has only its own few colours.
func (p Palette) row() Set {
	if !p.Mono && !p.Basic {
		s := p.raised(p.RowBG)
		s.Weak = s.Text
		return s
	}
	rev := newStyle(lipgloss.NewStyle().Reverse(true))
	bold := newStyle(lipgloss.NewStyle().Reverse(true).Bold(true))
	s := Set{Title: bold, Text: rev, Dim: rev, Quiet: rev, Faint: rev, Selected: bold, Engaged: rev, Target: rev, Caution: bold, Warning: bold, Match: bold, Weak: rev}
	for range max(1, len(p.Series)) {
		s.Series = append(s.Series, rev)
	}
	return s
}
