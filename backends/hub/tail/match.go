package tail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
)

// How a query treats capitals.
const (
	CaseSmart  uint8 = iota // they count when the query has any
	CaseIgnore              // they never count
	CaseExact               // they always count
)

// Query is what to look for in the lines. What is compared is what a screen shows:
// lines without their escape sequences, and of a progress bar its last state.
type Query = struct {
	Text   string
	Regexp bool  // RE2; else the text as it stands
	Case   uint8 // one of the Case… constants
	Level  uint8 // only lines of at least this level
}

// matcher finds lines. A literal that every match must hold is looked for first,
// over whole blocks; only where a line has it the expression is tried.
type matcher struct {
	re   *regexp.Regexp // nil: the literal is all
	need []byte         // "" when there is none; in small letters with fold
	fold bool           // letters of ASCII match in both cases
}

func newMatcher(q Query) (*matcher, error) {
	if q.Text == "" {
		return nil, errors.New("search: nothing to look for")
	}
	if !q.Regexp {
		return literal(q)
	}
	tree, err := syntax.Parse(q.Text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	pattern := q.Text
	if q.Case == CaseIgnore || q.Case == CaseSmart && !capitals(tree) {
		pattern = "(?i)" + pattern
		if tree, err = syntax.Parse(pattern, syntax.Perl); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	m := &matcher{re: re}
	need, fold := required(tree.Simplify())
	// U+FFFD matches bytes that are no UTF-8; a line break would match across lines.
	if !strings.ContainsAny(need, "\ufffd\n") {
		m.need, m.fold = []byte(need), fold
	}
	return m, nil
}

func literal(q Query) (*matcher, error) {
	fold := q.Case == CaseIgnore || q.Case == CaseSmart && strings.ToLower(q.Text) == q.Text
	m := &matcher{need: []byte(q.Text)}
	if (!fold || !hasLetter(q.Text)) && !strings.Contains(q.Text, "\n") {
		return m, nil
	}
	if isASCII(q.Text) && !strings.Contains(q.Text, "\n") {
		m.need, m.fold = []byte(strings.ToLower(q.Text)), true
		return m, nil
	}
	pattern := regexp.QuoteMeta(q.Text)
	if fold {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil { // text that is no UTF-8
		return nil, fmt.Errorf("search: %w", err)
	}
	return &matcher{re: re}, nil
}

func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// capitals says that the expression itself asks for a capital letter.
func capitals(re *syntax.Regexp) bool {
	if re.Op == syntax.OpLiteral {
		for _, r := range re.Rune {
			if unicode.IsUpper(r) && re.Flags&syntax.FoldCase == 0 {
				return true
			}
		}
	}
	for _, sub := range re.Sub {
		if capitals(sub) {
			return true
		}
	}
	return false
}

// required is the longest text that everything the expression matches must hold.
func required(re *syntax.Regexp) (need string, fold bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return requiredLiteral(re)
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if n, f := required(sub); len(n) > len(need) {
				need, fold = n, f
			}
		}
	}
	return need, fold
}

func requiredLiteral(re *syntax.Regexp) (string, bool) {
	s := string(re.Rune)
	if re.Flags&syntax.FoldCase == 0 {
		return s, false
	}
	// Beyond ASCII two signs fold to k and s (the Kelvin sign, the long s), and any
	// letter may have several forms: such parts are left to the expression.
	longest := ""
	for _, part := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r >= 0x80 || r == 'k' || r == 's' }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest, true
}

// line says that one line as a screen shows it matches.
func (m *matcher) line(line []byte, low *[]byte) bool {
	if len(m.need) > 0 {
		hay := line
		if m.fold {
			*low = lower(*low, line)
			hay = *low
		}
		if !bytes.Contains(hay, m.need) {
			return false
		}
	}
	return m.re == nil || m.re.Match(line)
}

// lower is src with the capitals of ASCII made small, in dst's memory: eight bytes
// at a time, because whole logs go through here.
func lower(dst, src []byte) []byte {
	if cap(dst) < len(src) {
		dst = make([]byte, len(src))
	}
	dst = dst[:len(src)]
	i := 0
	const high, low7 = 0x8080808080808080, 0x7f7f7f7f7f7f7f7f
	for ; i+8 <= len(src); i += 8 {
		x := binary.LittleEndian.Uint64(src[i:])
		seven := x & low7
		fromA := seven + 0x3f3f3f3f3f3f3f3f // the high bit from 'A' on
		afterZ := seven + 0x2525252525252525
		capital := (fromA ^ afterZ) & ^x & high
		binary.LittleEndian.PutUint64(dst[i:], x|capital>>2)
	}
	for ; i < len(src); i++ {
		c := src[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst[i] = c
	}
	return dst
}
