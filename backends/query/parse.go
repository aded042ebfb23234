package query

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth bounds nesting, so that no input exhausts the stack.
const maxDepth = 100

// Parse reads a filter in our language. Words for times (today, -2h) are resolved
// against now, in its zone. An error is an *Error.
func Parse(src string, schema Schema, now time.Time) (Expr, error) {
	p := &parser{scanner: scanner{src: src}, schema: &schema, now: now}
	p.space()
	if p.pos == len(src) {
		return And{}, nil
	}
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(src) {
		return nil, p.unexpected()
	}
	return x, nil
}

type parser struct {
	scanner
	schema *Schema
	now    time.Time
	depth  int
}

func (p *parser) fail(from int, hint, format string, args ...any) error {
	return fail(p.src, from, p.pos, hint, format, args...)
}

// unexpected is the error of what stands at the position.
func (p *parser) unexpected() error {
	from := p.pos
	switch c := p.peek(); {
	case c == 0 && p.pos == len(p.src):
		return p.fail(from, "", "the filter ends where a clause is expected")
	case c == ')':
		p.pos++
		return p.fail(from, "", `")" without a "("`)
	case c == '!':
		p.pos++
		return p.fail(from, `write "not"`, `unexpected "!"`)
	}
	if _, ok := p.operator(); ok {
		return p.fail(from, "", "%q has nothing to compare on its left", strings.TrimSpace(p.src[from:p.pos]))
	}
	_, n := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += n
	return p.fail(from, "", "unexpected %q", p.src[from:p.pos])
}

func (p *parser) or() (Expr, error) {
	x, err := p.and()
	if err != nil {
		return nil, err
	}
	or := Or{x}
	for p.keyword("or") {
		y, err := p.and()
		if err != nil {
			return nil, err
		}
		or = append(or, y)
	}
	return flatten(or), nil
}

func (p *parser) and() (Expr, error) {
	x, err := p.not()
	if err != nil {
		return nil, err
	}
	and := And{x}
	for {
		if !p.keyword("and") {
			from := p.pos
			p.space()
			end := p.pos == len(p.src) || p.peek() == ')' || p.keyword("or")
			if end {
				p.pos = from
				return conjoin(and), nil
			}
		}
		y, err := p.not()
		if err != nil {
			return nil, err
		}
		and = append(and, y)
	}
}

// flatten merges nested disjunctions; conjoin does it for conjunctions. So the
// tree does not depend on parentheses that change nothing.
func flatten(or Or) Expr {
	if len(or) == 1 {
		return or[0]
	}
	var out Or
	for _, x := range or {
		if in, ok := x.(Or); ok {
			out = append(out, in...)
		} else {
			out = append(out, x)
		}
	}
	return out
}

func conjoin(and And) Expr {
	if len(and) == 1 {
		return and[0]
	}
	var out And
	for _, x := range and {
		if in, ok := x.(And); ok {
			out = append(out, in...)
		} else {
			out = append(out, x)
		}
	}
	return out
}

func (p *parser) not() (Expr, error) {
	from := p.pos
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(from, "", "more than %d levels of parentheses and not", maxDepth)
	}
	defer func() { p.depth-- }()
	if !p.keyword("not") {
		return p.primary()
	}
	x, err := p.not()
	if err != nil {
		return nil, err
	}
	return Not{x}, nil
}

func (p *parser) primary() (Expr, error) {
	p.space()
	if p.peek() != '(' {
		return p.clause()
	}
	open := p.pos
	p.pos++
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.peek() != ')' {
		p.pos = open + 1
		return nil, p.fail(open, "", `"(" is not closed`)
	}
	p.pos++
	return x, nil
}

// clause reads a comparison or text to find.
func (p *parser) clause() (Expr, error) {
	from := p.pos
	if c := p.peek(); c == '"' || c == '\'' {
		text, ok := p.quoted()
		if !ok {
			return nil, p.fail(from, "", "the quote is not closed")
		}
		if o, ok := p.operator(); ok && !o.word {
			return nil, p.fail(from, "write metrics."+quote(text)+", or `"+text+"` for an attribute", "text cannot be compared")
		}
		return newFind(text, true), nil
	}
	name, field, err := p.name()
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, p.unexpected()
	}
	end := p.pos
	o, ok := p.operator()
	if !ok {
		if strings.EqualFold(name, "and") || strings.EqualFold(name, "or") {
			return nil, p.fail(from, "", "%q has nothing on its left", name)
		}
		if strings.ContainsAny(name, "\"'`") {
			return nil, p.fail(from, "", "%s is compared with nothing", name)
		}
		return newFind(name, false), nil
	}
	opEnd := p.pos
	p.pos = end
	f, attr, err := p.resolve(from, name, field)
	if err != nil {
		return nil, err
	}
	p.pos = opEnd
	return p.comparison(from, f, attr, o)
}

// name reads a field's name: the source, and the field when a key was quoted.
func (p *parser) name() (string, *Field, error) {
	from := p.pos
	if p.peek() == '`' {
		key, ok := p.quoted()
		if !ok {
			return "", nil, p.fail(from, "", "the backtick is not closed")
		}
		return p.src[from:p.pos], &Field{Attribute, key}, nil
	}
	word := p.word(fieldStops)
	if !strings.HasSuffix(word, ".") || !isQuote(p.peek()) {
		return word, nil, nil
	}
	e, ok := p.schema.entity(strings.ToLower(strings.TrimSuffix(word, ".")))
	if !ok {
		return "", nil, p.fail(from, "metrics, params, tags, datasets or attributes", "unknown entity %q", strings.TrimSuffix(word, "."))
	}
	key, closed := p.quoted()
	if !closed {
		return "", nil, p.fail(from, "", "the quote is not closed")
	}
	return p.src[from:p.pos], &Field{e, key}, nil
}

// resolve finds the field that a name means.
func (p *parser) resolve(from int, name string, f *Field) (Field, *Attr, error) {
	if f == nil {
		f = &Field{Attribute, name}
		entity, key, dotted := strings.Cut(name, ".")
		if e, ok := p.schema.entity(strings.ToLower(entity)); dotted && ok {
			f = &Field{e, key}
		}
	}
	if f.Entity != Attribute {
		if f.Key == "" {
			return *f, nil, p.fail(from, "", "%s needs a key", name)
		}
		if f.Entity == Dataset && f.Key != "name" && f.Key != "digest" && f.Key != "context" {
			return *f, nil, p.fail(from, "name, digest or context", "a dataset has no %s", f.Key)
		}
		return *f, nil, nil
	}
	if len(p.schema.Attrs) == 0 {
		return *f, nil, nil
	}
	a, ok := p.schema.attr(f.Key)
	if !ok {
		return *f, nil, p.fail(from, p.schema.hint(Attribute, f.Key), "unknown field %s", name)
	}
	return Field{Attribute, a.Name}, a, nil
}

// comparison reads what stands behind the operator and checks that it fits.
func (p *parser) comparison(from int, f Field, a *Attr, o operator) (Expr, error) {
	switch {
	case o.null:
		return Null{Field: f, Not: o.not}, nil
	case o.in:
		return p.list(f, a, o.not)
	}
	at := p.pos
	l, err := p.value()
	if err != nil {
		return nil, err
	}
	x := &Cmp{Field: f, Op: o.op, fold: a != nil && a.Kind == Word}
	if x.Value, err = p.fit(at, f, a, o.op, l); err != nil {
		return nil, err
	}
	if err := p.compile(at, x); err != nil {
		return nil, err
	}
	return x, nil
}

func (p *parser) list(f Field, a *Attr, not bool) (Expr, error) {
	open := p.pos
	p.pos++ // the "("
	x := &In{Field: f, Not: not, fold: a != nil && a.Kind == Word}
	for {
		at := p.pos
		l, err := p.value()
		if err != nil {
			return nil, err
		}
		if l, err = p.fit(at, f, a, Eq, l); err != nil {
			return nil, err
		}
		x.Values = append(x.Values, l)
		p.space()
		c := p.peek()
		switch c {
		case ',':
			p.pos++
			continue
		case ')':
			p.pos++
			return x, nil
		case 0:
			return nil, fail(p.src, open, open+1, "", "the list is not closed")
		}
		_, n := utf8.DecodeRuneInString(p.src[p.pos:])
		return nil, p.fail(p.pos, "separate values by commas", "unexpected %q in a list", p.src[p.pos:p.pos+n])
	}
}

// value reads one value.
func (p *parser) value() (Literal, error) {
	p.space()
	from := p.pos
	switch c := p.peek(); {
	case c == '`':
		return Literal{}, fail(p.src, from, from+1, `use "…"`, "backticks are for names")
	case isQuote(c):
		text, ok := p.quoted()
		if !ok {
			return Literal{}, p.fail(from, "", "the quote is not closed")
		}
		return newLiteral(text, true, p.now), nil
	}
	text := p.word(stops)
	if text == "" {
		return Literal{}, p.fail(from, "", "a value is missing")
	}
	if c := p.peek(); c == '(' || isQuote(c) {
		return Literal{}, fail(p.src, from, p.pos+1, "quote the whole value", "a value cannot contain %q", string(c))
	}
	return newLiteral(text, false, p.now), nil
}

func newFind(text string, exact bool) *Find {
	return &Find{Pattern: text, Exact: exact, folded: strings.ToLower(text)}
}
