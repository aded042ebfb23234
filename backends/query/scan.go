package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the language by position. Where a value may stand, more characters
// belong to a word (2026-11-01T12:30, ^foo$) than where a field may.
type scanner struct {
	src string
	pos int
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		s.pos += n
	}
}

// peek is the byte at the position, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

const (
	stops      = "()\"'`,"
	fieldStops = stops + "=!<>~"
)

// word reads up to a space or one of the stops; it may be empty.
func (s *scanner) word(stops string) string {
	from := s.pos
	for s.pos < len(s.src) {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		if unicode.IsSpace(r) || strings.ContainsRune(stops, r) {
			break
		}
		s.pos += n
	}
	return s.src[from:s.pos]
}

// keyword reads one of the words if it comes next and ends there.
func (s *scanner) keyword(words ...string) bool {
	from := s.pos
	s.space()
	got := s.word(fieldStops)
	for _, w := range words {
		if len(got) == len(w) && strings.EqualFold(got, w) {
			return true
		}
	}
	s.pos = from
	return false
}

// quoted reads quoted text up to its end. ok is false when the end is missing.
func (s *scanner) quoted() (text string, ok bool) {
	quote := s.src[s.pos]
	s.pos++
	var b strings.Builder
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		s.pos++
		switch {
		case c == quote:
			return b.String(), true
		case c == '\\' && quote != '`' && s.pos < len(s.src) && strings.IndexByte("\\\"'", s.src[s.pos]) >= 0:
			b.WriteByte(s.src[s.pos])
			s.pos++
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), false
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// operator is an Op or one of the forms that are nodes of their own.
type operator struct {
	op                  Op
	in, null, not, word bool // word: spelled with letters, as text may be
}

// operator reads an operator if one comes next.
func (s *scanner) operator() (operator, bool) {
	from := s.pos
	s.space()
	for _, o := range [...]struct {
		text string
		op   Op
	}{{"!=", Ne}, {"!~", NotRegexp}, {"=~", Regexp}, {"==", Eq}, {"<>", Ne}, {"<=", Le}, {">=", Ge}, {"=", Eq}, {"<", Lt}, {">", Gt}, {"~", Regexp}} {
		if strings.HasPrefix(s.src[s.pos:], o.text) {
			s.pos += len(o.text)
			return operator{op: o.op}, true
		}
	}
	if s.keyword("is") {
		not := s.keyword("not")
		if s.keyword("null") {
			return operator{null: true, not: not, word: true}, true
		}
		s.pos = from
		return operator{}, false
	}
	o := operator{word: true, not: s.keyword("not")}
	switch {
	case s.keyword("like"):
		o.op = Like
	case s.keyword("ilike"):
		o.op = ILike
	case s.keyword("in"):
		o.in = true
		if s.space(); s.peek() == '(' {
			return o, true
		}
		s.pos = from
		return operator{}, false
	default:
		s.pos = from
		return operator{}, false
	}
	if o.not {
		o.op++ // NotLike follows Like
	}
	return o, true
}
