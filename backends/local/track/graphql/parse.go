package graphql

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxSource is the longest query in bytes.
const maxSource = 64 << 10

type (
	document struct {
		operations []operation
		fragments  map[string][]selection
	}
	operation struct {
		name     string
		defaults map[string]any
		fields   []selection
	}
	// selection is a field, or without a name a fragment: a named one, or fields of
	// its own.
	selection struct {
		alias, name, fragment string
		args                  map[string]any
		directives            []directive
		fields                []selection
	}
	directive struct {
		name string
		args map[string]any
	}
	variable string
)

func (d *document) operation(name string) (*operation, error) {
	for i := range d.operations {
		if d.operations[i].name == name || name == "" && len(d.operations) == 1 {
			return &d.operations[i], nil
		}
	}
	if name == "" {
		return nil, refuse("Must provide operation name if query contains multiple operations.")
	}
	return nil, refuse("Unknown operation named '%s'.", name)
}

// parser reads a query from the left. The first mistake stays in err, and then all
// reads end at once.
type parser struct {
	src   string
	pos   int
	token string // "" at the end; a name, a number, a string with its quotes, or punctuation
	err   error
	depth int
}

func parse(source string) (*document, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("the query is longer than %d bytes", maxSource)
	}
	p := &parser{src: source}
	p.next()
	doc := &document{fragments: map[string][]selection{}}
	for p.err == nil && p.token != "" {
		switch p.token {
		case "fragment":
			p.next()
			name := p.name()
			p.expect("on")
			p.name()
			p.directives()
			doc.fragments[name] = p.selections()
		case "{":
			doc.operations = append(doc.operations, operation{fields: p.selections()})
		case "query":
			doc.operations = append(doc.operations, p.query())
		default:
			p.fail("unexpected %q", p.token)
		}
	}
	if p.err == nil && len(doc.operations) == 0 {
		p.fail("unexpected end")
	}
	return doc, p.err
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = refuse("Syntax Error: "+format, args...)
	}
	p.token = ""
}

// next reads a token; commas are space.
func (p *parser) next() {
	for p.pos < len(p.src) {
		if c := p.src[p.pos]; c == '#' {
			for p.pos < len(p.src) && p.src[p.pos] != '\n' {
				p.pos++
			}
		} else if strings.IndexByte(" \t\r\n,", c) < 0 && !strings.HasPrefix(p.src[p.pos:], "\ufeff") {
			break
		} else {
			p.pos++
		}
	}
	rest := p.src[p.pos:]
	n := 0
	switch {
	case rest == "":
	case strings.HasPrefix(rest, "..."):
		n = 3
	case strings.IndexByte("{}()[]:!$@=|", rest[0]) >= 0:
		n = 1
	case rest[0] == '"':
		if n = stringEnd(rest); n == 0 {
			p.fail("unterminated string")
			return
		}
	default:
		for n < len(rest) && (isName(rest[n]) || n == 0 && rest[n] == '-' || isNumber(rest[0]) && strings.IndexByte("+-.", rest[n]) >= 0) {
			n++
		}
		if n == 0 {
			p.fail("unexpected character %q", rest[:1])
			return
		}
	}
	p.token = rest[:n]
	p.pos += n
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isNumber(c byte) bool { return c == '-' || c >= '0' && c <= '9' }

func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n':
			return 0
		}
	}
	return 0
}

func (p *parser) expect(token string) {
	if p.token != token || p.err != nil {
		p.fail("expected %q, found %q", token, p.token)
		return
	}
	p.next()
}

func (p *parser) name() string {
	name := p.token
	if name == "" || !isName(name[0]) || isNumber(name[0]) {
		p.fail("expected a name, found %q", name)
		return ""
	}
	p.next()
	return name
}

// enter bounds how deep the parser calls itself.
func (p *parser) enter() bool {
	if p.depth++; p.depth > 2*maxDepth {
		p.fail("the query is nested too deeply")
		return false
	}
	return true
}

func (p *parser) query() (op operation) {
	p.next()
	op.defaults = map[string]any{}
	if p.token != "{" && p.token != "(" && p.token != "@" {
		op.name = p.name()
	}
	if p.token == "(" {
		p.next()
		for p.err == nil && p.token != ")" {
			p.expect("$")
			name := p.name()
			p.expect(":")
			p.typeName()
			if p.token == "=" {
				p.next()
				op.defaults[name] = p.value()
			}
		}
		p.expect(")")
	}
	p.directives()
	op.fields = p.selections()
	return op
}

// typeName is passed over: values are what they are.
func (p *parser) typeName() {
	defer func() { p.depth-- }()
	if !p.enter() {
		return
	}
	if p.token == "[" {
		p.next()
		p.typeName()
		p.expect("]")
	} else {
		p.name()
	}
	if p.token == "!" {
		p.next()
	}
}

func (p *parser) selections() (out []selection) {
	defer func() { p.depth-- }()
	if !p.enter() {
		return nil
	}
	p.expect("{")
	for p.err == nil && p.token != "}" {
		out = append(out, p.selection())
	}
	p.expect("}")
	return out
}

func (p *parser) selection() (s selection) {
	if p.token == "..." {
		p.next()
		if p.token == "on" {
			p.next()
			p.name()
		} else if p.token != "{" && p.token != "@" {
			s.fragment = p.name()
			s.directives = p.directives()
			return s
		}
		s.directives = p.directives()
		s.fields = p.selections()
		return s
	}
	s.name = p.name()
	s.alias = s.name
	if p.token == ":" {
		p.next()
		s.name = p.name()
	}
	s.args = p.args()
	s.directives = p.directives()
	if p.token == "{" {
		s.fields = p.selections()
	}
	return s
}

func (p *parser) args() map[string]any {
	if p.token != "(" {
		return nil
	}
	p.next()
	args := map[string]any{}
	for p.err == nil && p.token != ")" {
		name := p.name()
		p.expect(":")
		args[name] = p.value()
	}
	p.expect(")")
	return args
}

func (p *parser) directives() (out []directive) {
	for p.err == nil && p.token == "@" {
		p.next()
		out = append(out, directive{p.name(), p.args()})
	}
	return out
}

func (p *parser) value() any {
	defer func() { p.depth-- }()
	if !p.enter() {
		return nil
	}
	switch t := p.token; {
	case t == "":
		p.fail("unexpected end")
		return nil
	case t == "$":
		p.next()
		return variable(p.name())
	case t == "[":
		p.next()
		out := []any{}
		for p.err == nil && p.token != "]" {
			out = append(out, p.value())
		}
		p.expect("]")
		return out
	case t == "{":
		p.next()
		out := map[string]any{}
		for p.err == nil && p.token != "}" {
			name := p.name()
			p.expect(":")
			out[name] = p.value()
		}
		p.expect("}")
		return out
	default:
		return p.scalar()
	}
}

// scalar is a string, a number, true, false or null; an enum's word is a string.
func (p *parser) scalar() any {
	t := p.token
	p.next()
	var v any
	d := json.NewDecoder(strings.NewReader(t))
	d.UseNumber()
	if err := d.Decode(&v); err == nil && d.InputOffset() == int64(len(t)) {
		return v
	}
	if t[0] == '"' || isNumber(t[0]) || !isName(t[0]) {
		p.fail("unexpected %q", t)
		return nil
	}
	return t
}
