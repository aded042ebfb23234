package query

import (
	"regexp"
	"strings"
)

func (p *parser) skipSpace(at int) int {
	s := scanner{src: p.src, pos: at}
	s.space()
	return s.pos
}

// fit checks that the value can be compared with the field in this way, and puts
// the list's own word for it.
func (p *parser) fit(at int, f Field, a *Attr, op Op, l Literal) (Literal, error) {
	at = p.skipSpace(at)
	kind := Text
	switch {
	case f.Entity == Metrics:
		kind = Number
	case a != nil:
		kind = a.Kind
	}
	if kind != Text && kind != Word && op > Ge {
		return l, p.fail(at, "use = != < <= > >=", "%s is not text, so %s cannot be used", formatField(f), op)
	}
	switch {
	case kind == Number && !l.isNum:
		return l, p.fail(at, "", "%s is a number, not %q", formatField(f), l.Text)
	case kind == Duration && !l.isDur:
		return l, p.fail(at, "write 90s, 10m, 1h30m or 2d", "%s is a duration, not %q", formatField(f), l.Text)
	case kind == Time && !l.isTime && l.isDur:
		return l, p.fail(at, "write -"+l.Text+" for so long ago", "%s is a time, not a duration", formatField(f))
	case kind == Time && !l.isTime:
		return l, p.fail(at, "write 2026-11-01, today or -2h", "%s is a time, not %q", formatField(f), l.Text)
	}
	if a != nil && a.Kind == Word {
		if s, ok := a.Synonyms[l.synonym]; ok {
			l.synonym = s
		}
	}
	return l, nil
}

func (p *parser) compile(at int, x *Cmp) error {
	switch x.Op {
	case Like, NotLike:
		x.like = newPattern(x.Value.Text, x.fold)
	case ILike, NotILike:
		x.like = newPattern(x.Value.Text, true)
	case Regexp, NotRegexp:
		text := x.Value.Text
		if x.fold {
			text = "(?i:" + text + ")"
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return p.fail(p.skipSpace(at), "", "bad pattern: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		x.re = re
	}
	return nil
}
