package track

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// message is a request as MLflow's .proto files have it. MLflow reads JSON into one
// by protobuf's rules (ParseDict), and goes on with what it has read until the first
// member that is not of its type; only then it looks at the types by itself, member
// by member, and with rules of its own: see check. So a request with a wrong member
// may succeed, without that member and those after it.
type message struct {
	members []member
	checks  []memberCheck
}

type member struct {
	name, camel string
	kind        memberKind
	repeated    bool
	sub         *message
	words       []word // of an enum
}

type memberKind byte

const (
	ofText memberKind = iota
	ofInt32
	ofInt64
	ofDouble
	ofBool
	ofEnum
	ofMessage
)

type word struct {
	name   string
	number int64
}

// find is the member of a name in either spelling.
func (m *message) find(name string) *member {
	for i := range m.members {
		if m.members[i].camel == name || m.members[i].name == name {
			return &m.members[i]
		}
	}
	return nil
}

// twice is the member that an object spells in both ways.
func (m *message) twice(v *node) *member {
	for i := range m.members {
		f := &m.members[i]
		inner, snake := v.member(f.name)
		other, camel := v.member(f.camel)
		if snake && camel && f.name != f.camel {
			return f
		}
		if f.sub == nil {
			continue
		}
		if !snake {
			inner = other
		}
		all := []node{inner}
		if inner.kind == isList {
			all = inner.items
		}
		for j := range all {
			if found := f.sub.twice(&all[j]); found != nil {
				return found
			}
		}
	}
	return nil
}

// read gives each member that v has to set, as plain JSON. ok is false when it ended
// at one of a wrong type, of which set may have been given a part.
func (m *message) read(v *node, set func(name string, raw []byte)) (ok bool) {
	switch v.kind {
	case isDict:
	case isText: // Python goes through its letters, and no member has such a name
		return true
	case isList:
		return !slices.ContainsFunc(v.items, func(one node) bool { return one.kind != isText || m.find(one.text) != nil || extension(one.text) })
	default:
		return false
	}
	for i, name := range v.names {
		f := m.find(name)
		if f == nil {
			if extension(name) {
				return false
			}
			continue
		}
		if v.items[i].kind == isNull {
			continue
		}
		raw, ok := f.read(nil, &v.items[i])
		if raw != nil {
			set(f.name, raw)
		}
		if !ok {
			return false
		}
	}
	return true
}

// extension reports whether a name is in brackets, as those of protobuf's extensions.
func extension(name string) bool {
	return len(name) > 1 && name[0] == '[' && name[len(name)-1] == ']'
}

// read appends the member's value to b, or leaves b when there is nothing to keep.
func (f *member) read(b []byte, v *node) (raw []byte, ok bool) {
	if !f.repeated {
		return f.one(b, v)
	}
	if v.kind != isList {
		return b, false
	}
	b = append(b, '[')
	ok = true
	for i := 0; ok && i < len(v.items); i++ {
		from := len(b)
		if b[from-1] != '[' {
			b = append(b, ',')
		}
		start := len(b)
		if b, ok = f.one(b, &v.items[i]); len(b) == start {
			b = b[:from]
		}
	}
	return append(b, ']'), ok
}

func (f *member) one(b []byte, v *node) (raw []byte, ok bool) {
	switch f.kind {
	case ofMessage:
		b = append(b, '{')
		ok := f.sub.read(v, func(name string, raw []byte) {
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = append(append(append(append(b, '"'), name...), `":`...), raw...)
		})
		return append(b, '}'), ok
	case ofText:
		if v.kind != isText || !utf8.ValidString(v.text) {
			return b, false
		}
		return appendText(b, v.text), true
	case ofBool:
		if v.kind != isTrue && v.kind != isFalse {
			return b, false
		}
		return v.appendPython(b), true
	case ofDouble:
		n, ok := v.double()
		if !ok {
			return b, false
		}
		if math.IsInf(n, 0) {
			raw, _ := exactReal(n).MarshalJSON() // it knows an infinity's word
			return append(b, raw...), true
		}
		return appendFloat(b, n), true
	case ofEnum:
		return f.enum(b, v)
	}
	n, ok := v.integer()
	if limit := int64(math.MaxInt32); !ok || f.kind == ofInt32 && (n > limit || n < -limit-1) {
		return b, false
	}
	return strconv.AppendInt(b, n, 10), true
}

// enum is a word or its number. A word that the enum has not counts as left out.
func (f *member) enum(b []byte, v *node) (raw []byte, ok bool) {
	n := int64(0)
	switch v.kind {
	case isText:
		if i := slices.IndexFunc(f.words, func(w word) bool { return w.name == v.text }); i >= 0 {
			return appendText(b, v.text), true
		}
		big, isInt := pythonInt(v.text)
		if !isInt {
			return b, true
		}
		n = big.Int64()
	case isTrue:
		n = 1
	case isFalse:
	case isInt, isFloat:
		x, err := strconv.ParseFloat(v.text, 64)
		if math.IsNaN(x) {
			return b, true
		}
		if err != nil || math.IsInf(x, 0) {
			return b, false
		}
		n = int64(x)
	default:
		return b, false
	}
	i := slices.IndexFunc(f.words, func(w word) bool { return w.number == n })
	if i < 0 {
		return b, false
	}
	return appendText(b, f.words[i].name), true
}

// integer is the value as protobuf's JSON takes it for an integer.
func (v *node) integer() (int64, bool) {
	n := &big.Int{}
	switch v.kind {
	case isInt:
		n.SetString(v.text, 10)
	case isText:
		if strings.Contains(v.text, " ") {
			return 0, false
		}
		whole, ok := pythonInt(v.text)
		if ok {
			n = whole
			break
		}
		f, ok := pythonFloat(v.text)
		if !ok {
			return 0, false
		}
		return wholeFloat(f)
	case isFloat:
		f, _ := strconv.ParseFloat(v.text, 64)
		return wholeFloat(f)
	default:
		return 0, false
	}
	return n.Int64(), n.IsInt64()
}

func wholeFloat(f float64) (int64, bool) {
	return int64(f), f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63
}

// double is the value as protobuf's JSON takes it for a double.
func (v *node) double() (float64, bool) {
	switch v.kind {
	case isTrue:
		return 1, true
	case isFalse:
		return 0, true
	case isInt, isFloat:
		f, err := strconv.ParseFloat(v.text, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case isText:
		if v.text == "nan" {
			return 0, false
		}
		return pythonFloat(v.text)
	}
	return 0, false
}

// pythonInt is int() of a text: space around it, a sign, digits of any script, and
// single underscores between them.
func pythonInt(s string) (*big.Int, bool) {
	plain, ok := pythonDigits(s)
	if !ok || strings.Trim(plain, "+-0123456789") != "" {
		return nil, false
	}
	return new(big.Int).SetString(plain, 10)
}

// pythonFloat is float() of a text.
func pythonFloat(s string) (float64, bool) {
	plain, ok := pythonDigits(s)
	if !ok || strings.ContainsAny(plain, "xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// pythonDigits is a number's text without the space around it and the underscores
// between digits, and with ASCII's digits.
func pythonDigits(s string) (string, bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	var out strings.Builder
	last := rune(0)
	for i, r := range s {
		if unicode.Is(unicode.Nd, r) {
			r = digitOf(r)
		} else if r >= utf8.RuneSelf {
			return "", false
		}
		if r == '_' {
			next, _ := utf8.DecodeRuneInString(s[i+1:])
			if last < '0' || last > '9' || !unicode.Is(unicode.Nd, next) {
				return "", false
			}
		} else {
			out.WriteRune(r)
		}
		last = r
	}
	return out.String(), out.Len() > 0
}

// digitOf is a decimal digit in ASCII: those of a script stand together, zero first.
func digitOf(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	for _, block := range unicode.Nd.R16 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	return r
}
