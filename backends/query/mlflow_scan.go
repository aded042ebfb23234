package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MLflow reads filters with an SQL parser, and its errors quote that parser's
// tokens. So tokens here are cut as SQL cuts them.

type sqlKind uint8

const (
	sqlName       sqlKind = iota // metrics.a, `a b`, params."x", "x"
	sqlString                    // 'x'
	sqlInt                       //
	sqlFloat                     //
	sqlCompare                   // = <> LIKE …
	sqlParen                     // (…), whole
	sqlWord                      // a keyword
	sqlComment                   // -- … # … /* … */
	sqlOther                     // punctuation, what is no token
	sqlArithmetic                // a-b
	sqlComparison                // three or two of the above
)

// sqlToken is a piece of the source. A comparison has parts.
type sqlToken struct {
	kind     sqlKind
	from, to int
	text     string
	parts    []sqlToken
}

type sqlScanner struct {
	src string
	pos int
}

// tokens cuts the whole source, without white space.
func (s *sqlScanner) tokens() []sqlToken {
	var out []sqlToken
	for {
		for s.pos < len(s.src) {
			r, n := utf8.DecodeRuneInString(s.src[s.pos:])
			if !unicode.IsSpace(r) {
				break
			}
			s.pos += n
		}
		if s.pos == len(s.src) {
			return out
		}
		from := s.pos
		kind := s.next(len(out) > 0 && out[len(out)-1].to == from && out[len(out)-1].kind == sqlName)
		out = append(out, sqlToken{kind: kind, from: from, to: s.pos, text: s.src[from:s.pos]})
	}
}

// next reads one token. touching says that a name ends where it begins.
func (s *sqlScanner) next(touching bool) sqlKind {
	rest := s.src[s.pos:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "# "):
		s.pos += lineEnd(rest)
		return sqlComment
	case strings.HasPrefix(rest, "/*"):
		if end := strings.Index(rest, "*/"); end >= 0 {
			s.pos += end + 2
			return sqlComment
		}
	case c == '\'':
		if n := stringEnd(rest); n > 0 {
			s.pos += n
			return sqlString
		}
	case strings.IndexByte("<>=~!", c) >= 0:
		for s.pos < len(s.src) && strings.IndexByte("<>=~!", s.src[s.pos]) >= 0 {
			s.pos++
		}
		return sqlCompare
	case c == '(':
		if n := parenEnd(rest); n > 0 {
			s.pos += n
			return sqlParen
		}
	case c >= '0' && c <= '9', c == '.', c == '-' && !touching:
		if n, kind := sqlNumber(rest); n > 0 {
			s.pos += n
			return kind
		}
	}
	return s.name()
}

func lineEnd(s string) int {
	if n := strings.IndexByte(s, '\n'); n >= 0 {
		return n
	}
	return len(s)
}

// stringEnd is the length of a quoted string with its quotes, in which the quote
// may be doubled or escaped; 0 when its end is missing.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == s[0] && strings.IndexByte(s[i+2:], s[0]) >= 0:
			i++
		case s[i] == s[0] && i+1 < len(s) && s[i+1] == s[0] && strings.IndexByte(s[i+2:], s[0]) >= 0:
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return 0
}

// parenEnd is the length of a parenthesis with what is in it.
func parenEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\'', '"', '`':
			if n := stringEnd(s[i:]); n > 0 {
				i += n - 1
			}
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

func sqlNumber(s string) (int, sqlKind) {
	n := 0
	digits := func() int {
		from := n
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n - from
	}
	if s[0] == '-' {
		n++
	}
	kind := sqlInt
	count := digits()
	if n < len(s) && s[n] == '.' {
		n++
		count += digits()
		kind = sqlFloat
	}
	if count == 0 {
		return 0, 0
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		mantissa := n
		n++
		if n < len(s) && s[n] == '-' {
			n++
		}
		if digits() == 0 {
			n = mantissa
		} else {
			kind = sqlFloat
		}
	}
	if r, _ := utf8.DecodeRuneInString(s[n:]); n < len(s) && (r == '_' || unicode.IsLetter(r)) {
		return 0, 0
	}
	return n, kind
}

// name reads a name of dotted parts, a keyword, or one character that is nothing.
func (s *sqlScanner) name() sqlKind {
	from := s.pos
	if !s.part() {
		_, n := utf8.DecodeRuneInString(s.src[s.pos:])
		s.pos += n
		return sqlOther
	}
	dotted := false
	for strings.HasPrefix(s.src[s.pos:], ".") && (s.pos+1 == len(s.src) || !digit(s.src[s.pos+1])) {
		dotted = true
		s.pos++
		if n := quotedPart(s.src[s.pos:]); n > 0 {
			s.pos += n
		} else if !s.part() {
			break
		}
	}
	if dotted {
		return sqlName
	}
	word := strings.ToUpper(s.src[from:s.pos])
	if strings.HasPrefix(word, "0X") {
		return sqlOther
	}
	switch word {
	case "LIKE", "ILIKE", "RLIKE", "REGEXP":
		return sqlCompare
	case "NOT":
		before := s.pos
		if next := s.peekWord(); next == "LIKE" || next == "ILIKE" || next == "RLIKE" {
			return sqlCompare
		}
		s.pos = before
		return sqlWord
	case "AND", "OR", "IN", "IS", "NULL", "BETWEEN", "USER", "ORDER", "BY", "ASC", "DESC", "SELECT", "FROM", "WHERE", "GROUP", "LIMIT", "TRUE", "FALSE", "COUNT", "KEY", "TYPE", "DATE", "END", "DATA", "DEFAULT":
		return sqlWord
	}
	return sqlName
}

// quotedPart is the length of a string that stands where a part of a name could.
func quotedPart(s string) int {
	if !strings.HasPrefix(s, "'") {
		return 0
	}
	return stringEnd(s)
}

// peekWord goes on past space and one word and gives it in capitals.
func (s *sqlScanner) peekWord() string {
	n := len(s.src[s.pos:]) - len(strings.TrimLeftFunc(s.src[s.pos:], unicode.IsSpace))
	s.pos += n
	from := s.pos
	s.part()
	return strings.ToUpper(s.src[from:s.pos])
}

// part reads one part of a name.
func (s *sqlScanner) part() bool {
	rest := s.src[s.pos:]
	if rest == "" {
		return false
	}
	if rest[0] == '"' || rest[0] == '`' {
		n := stringEnd(rest)
		s.pos += n
		return n > 0
	}
	from := s.pos
	for i, r := range rest {
		ok := r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || i > 0 && (r == '$' || r == '#')
		if !ok {
			break
		}
		s.pos = from + i + utf8.RuneLen(r)
	}
	return s.pos > from
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
