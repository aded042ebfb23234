package hydra

import (
	"errors"
	"fmt"
	"strings"
)

// Op is what an override does to its key.
type Op string

// The operations, as they are written before the key.
const (
	Change   Op = ""
	Add      Op = "+"
	ForceAdd Op = "++"
	Delete   Op = "~"
)

// Override is one override of a Hydra command line: ++trainer.gpus=2, model@m=big,
// ~data. Value is as written, quotes and functions included.
type Override struct {
	Op           Op
	Key, Package string
	Value        string
}

var errOverride = errors.New("not an override of Hydra's grammar")

// ParseOverride reads an override by the rules of hydra/grammar/OverrideParser.g4.
// Values are checked, so that a comma within brackets or quotes is one of the value's
// own, and not taken apart.
func ParseOverride(s string) (Override, error) {
	var o Override
	rest := s
	for _, op := range []Op{ForceAdd, Add, Delete} {
		if r, ok := strings.CutPrefix(rest, string(op)); ok {
			o.Op, rest = op, r
			break
		}
	}
	name, value, assigned := strings.Cut(rest, "=")
	key, pkg, placed := strings.Cut(name, "@")
	if !isGroup(key) && !isPackage(key) || placed && !isPackage(pkg) || !assigned && o.Op != Delete {
		return Override{}, fmt.Errorf("%q: %w", s, errOverride)
	}
	o.Key, o.Package = key, pkg
	o.Value = strings.TrimLeft(value, " \t")
	if o.Value != "" {
		v := scanner{s: o.Value}
		if !v.elements("") || v.i != len(v.s) {
			return Override{}, fmt.Errorf("%q: the value: %w", s, errOverride)
		}
	}
	return o, nil
}

// isGroup is for db/mysql.
func isGroup(s string) bool {
	parts := strings.Split(s, "/")
	for _, p := range parts {
		if !isID(p, false) {
			return false
		}
	}
	return len(parts) > 1
}

// isPackage is for nothing, a.b.0 and $x.
func isPackage(s string) bool {
	if s == "" {
		return true
	}
	parts := strings.Split(s, ".")
	for _, p := range parts {
		number := p != "" && strings.Trim(p, "0123456789_") == "" && p[0] != '_' && (p[0] != '0' || p == "0")
		if !isID(p, true) && (len(parts) == 1 || !number) {
			return false
		}
	}
	return true
}

func isID(s string, dollar bool) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || dollar && c == '$'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// scanner goes over a value. depth bounds what nests.
type scanner struct {
	s        string
	i, depth int
}

func (v *scanner) blank() {
	for v.i < len(v.s) && (v.s[v.i] == ' ' || v.s[v.i] == '\t') {
		v.i++
	}
}

func (v *scanner) eat(c byte) bool {
	if v.i < len(v.s) && v.s[v.i] == c {
		v.i++
		return true
	}
	return false
}

// elements is one element after another, with commas between, up to close; the value
// itself has no close. Within braces each has a key, within a call it may have one.
func (v *scanner) elements(close string) bool {
	if v.depth++; v.depth > 64 {
		return false
	}
	defer func() { v.depth-- }()
	v.blank()
	if close != "" && v.eat(close[0]) {
		return true
	}
	for {
		v.blank()
		if close == "}" && !v.key(':') {
			return false
		}
		if start := v.i; close == ")" && !v.key('=') {
			v.i = start
		}
		if !v.element() {
			return false
		}
		v.blank()
		if v.eat(',') {
			continue
		}
		return close == "" || v.eat(close[0])
	}
}

// key is a name before its sign.
func (v *scanner) key(sign byte) bool {
	start := v.i
	for v.i < len(v.s) && v.s[v.i] != ':' && v.plain() {
	}
	ok := v.i > start && (sign == ':' || isID(strings.TrimSpace(v.s[start:v.i]), false))
	v.blank()
	ok = ok && v.eat(sign)
	v.blank()
	return ok
}

func (v *scanner) element() bool {
	if v.i >= len(v.s) {
		return false
	}
	switch c := v.s[v.i]; c {
	case '\'', '"':
		return v.quoted(c)
	case '[':
		v.i++
		return v.elements("]")
	case '{':
		v.i++
		return v.elements("}")
	}
	start := v.i
	for v.i < len(v.s) && (v.interpolation() || v.plain()) {
	}
	word := strings.TrimRight(v.s[start:v.i], " \t")
	if isID(word, false) && v.eat('(') {
		return v.elements(")")
	}
	return v.i > start
}

// quoted is a text in quotes, in which a backslash keeps a quote.
func (v *scanner) quoted(quote byte) bool {
	for v.i++; v.i < len(v.s); v.i++ {
		switch v.s[v.i] {
		case '\\':
			v.i++
		case quote:
			v.i++
			return true
		}
	}
	return false
}

// interpolation is ${…}, taken as one.
func (v *scanner) interpolation() bool {
	if !strings.HasPrefix(v.s[v.i:], "${") {
		return false
	}
	end := strings.IndexByte(v.s[v.i:], '}')
	if end <= 2 {
		return false
	}
	v.i += end + 1
	return true
}

// plain is one character of a text without quotes.
func (v *scanner) plain() bool {
	c := v.s[v.i]
	if c == '\\' && v.i+1 < len(v.s) && strings.IndexByte(`\()[]{}:=, `+"\t", v.s[v.i+1]) >= 0 {
		v.i += 2
		return true
	}
	letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
	if !letter && strings.IndexByte(`_/\-+.$%*@?|: `+"\t", c) < 0 {
		return false
	}
	v.i++
	return true
}
