package form

import (
	"fmt"
	"slices"

	"flightdeck/tui/widget/cell"
)

// choice shows all options on one row where they fit, else some of them, one a row.
func (s *sheet) choice(e *entry, focused bool) {
	opts := e.options()
	if len(opts) == 0 {
		s.line.Put(s.set.Quiet, "nothing to choose from")
		s.hintBeside(e)
		return
	}
	need := -2
	for _, o := range opts {
		need += 4 + cell.Width(o.label())
	}
	if need > s.width {
		s.list(e, opts, focused)
		return
	}
	for i, o := range opts {
		if i > 0 {
			s.line.Space(2)
		}
		s.option(e, o, focused, 0)
	}
	s.hintBeside(e)
}

// list shows the options around the chosen one below each other.
func (s *sheet) list(e *entry, opts []Option, focused bool) {
	at := max(0, slices.IndexFunc(opts, func(o Option) bool { return o.Value == e.value }))
	n := min(len(opts), listRows)
	e.off = max(min(e.off, at, len(opts)-n), at-n+1, 0)
	for i, o := range opts[e.off : e.off+n] {
		if i > 0 {
			s.start(false)
			s.line.Fill(s.value)
		}
		s.option(e, o, focused, i)
		if i == 0 {
			s.hintBeside(e)
			continue
		}
		s.end()
	}
	if len(opts) > n {
		s.start(false)
		s.line.Fill(s.value+2).Put(s.set.Quiet, fmt.Sprintf("%s %d in all", s.th.Glyph.Ellipsis, len(opts)))
		s.end()
	}
}

func (o Option) label() string {
	l := o.Label
	if l == "" {
		l = o.Value
	}
	if o.Why != "" {
		l += " (" + o.Why + ")"
	}
	return cell.Safe(l)
}

func (s *sheet) option(e *entry, o Option, focused bool, row int) {
	st, sign := s.set.Dim, " "
	switch {
	case o.Value == e.value && focused:
		st, sign = s.set.Selected, s.th.Glyph.Mark
	case o.Value == e.value:
		st, sign = s.set.Title, s.th.Glyph.Mark
	case o.Why != "":
		st = s.set.Quiet
	}
	label, n := cell.Cut(o.label(), s.width-2, s.th.Glyph.Ellipsis)
	if o.Why == "" {
		e.spots = append(e.spots, spot{x: s.line.Len(), y: row, w: 2 + n, value: o.Value})
	}
	s.line.Mark(st, sign, st, label)
}
