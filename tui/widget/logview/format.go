package logview

import (
	"bytes"
	"strconv"
	"strings"

	"flightdeck/tui/theme"
)

// content is the text of a line as pieces, until limit cells are there.
func (s *sheet) content(l *Line, th *theme.Theme, set *theme.Set, limit int) []piece {
	b := &builder{limit: limit}
	switch r, ok := s.record(l); {
	case ok:
		s.fields(b, set, l, &r)
	case s.look.Raw:
		states(b, th, set, string(l.Text))
	default:
		plainLine(b, th, set, l.Level, string(lastState(l.Text)))
	}
	return b.out
}

// record is the line's fields, if it is to be shown by them.
func (s *sheet) record(l *Line) (record, bool) {
	if s.look.Raw || l.Partial {
		return record{}, false
	}
	return parse(l.Text)
}

// lastState is what a terminal would still show of a line that was written over.
func lastState(text []byte) []byte {
	text = bytes.TrimRight(text, "\r")
	if bytes.IndexByte(text, '\r') < 0 { // far quicker than looking from the end
		return text
	}
	return text[bytes.LastIndexByte(text, '\r')+1:]
}

// states is all that a line said, with a mark where it went back to its beginning.
func states(b *builder, th *theme.Theme, set *theme.Set, text string) {
	text = strings.TrimRight(text, "\r")
	for i := 0; !b.full(); i++ {
		s, rest, more := strings.Cut(text, "\r")
		b.colour(set.Text, groundOf(th), s)
		if !more {
			return
		}
		b.put(set.Quiet, sign(th, "␍", "^M"))
		text = rest
	}
}

// sign is a glyph that the theme does not have.
func sign(th *theme.Theme, unicode, ascii string) string {
	if th.Glyph.Ellipsis == theme.ASCII().Ellipsis {
		return ascii
	}
	return unicode
}

// plainLine is a line of no format; where it names its level, the word has the
// level's colour, unless the line brings colours of its own.
func plainLine(b *builder, th *theme.Theme, set *theme.Set, level uint8, text string) {
	if level != LevelNone && strings.IndexByte(text, 0x1b) < 0 {
		if from, to := levelWord(text); to > 0 {
			b.colour(set.Text, groundOf(th), text[:from])
			b.put(levelStyle(set, level), text[from:to])
			text = text[to:]
		}
	}
	b.colour(set.Text, groundOf(th), text)
}

// levelWord is where near the beginning of text a level stands in capitals.
func levelWord(text string) (from, to int) {
	head := text[:min(len(text), 96)]
	for i := 0; i < len(head); {
		if head[i] < 'A' || head[i] > 'Z' {
			i++
			continue
		}
		from = i
		for i < len(head) && (head[i] >= 'A' && head[i] <= 'Z' || head[i] >= 'a' && head[i] <= 'z' || head[i] == '_') {
			i++
		}
		switch head[from:i] {
		case "ERROR", "ERR", "FATAL", "CRITICAL", "PANIC", "SEVERE", "WARN", "WARNING", "INFO", "NOTICE", "DEBUG", "TRACE":
			return from, i
		}
	}
	return 0, 0
}

func levelStyle(set *theme.Set, level uint8) theme.Style {
	switch level {
	case LevelError:
		return set.Warning
	case LevelWarn:
		return set.Caution
	case LevelInfo:
		return set.Dim
	case LevelDebug:
		return set.Quiet
	}
	return set.Text
}

// fields is a structured line: time level msg key=value …, with weak keys.
func (s *sheet) fields(b *builder, set *theme.Set, l *Line, r *record) {
	if r.time != "" && s.look.Times == TimesOff {
		b.put(set.Quiet, ownTime(r.time, s.loc)+" ")
	}
	if r.level != "" {
		b.put(levelStyle(set, l.Level), levelName(r.level))
		b.put(set.Text, " ")
	}
	b.put(set.Text, r.msg)
	for i, f := range r.rest {
		if i > 0 || r.msg != "" {
			b.put(set.Text, " ")
		}
		b.put(set.Dim, f.key+"=")
		b.put(set.Text, shown(f.value))
	}
}

// levelName is a level's word in the five cells that they all have.
func levelName(s string) string {
	switch s = strings.ToUpper(s); s {
	case "WARNING":
		s = "WARN"
	case "INFORMATION":
		s = "INFO"
	}
	if len(s) < 5 {
		s += strings.Repeat(" ", 5-len(s))
	}
	return s
}

// shown is a value with quotes where its end would not be clear without.
func shown(s string) string {
	if s == "" || strings.ContainsAny(s, " =\"\t") && !strings.ContainsAny(s[:1], "{[") {
		return strconv.Quote(s)
	}
	return s
}
