package query

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Completion is one way to go on: Text replaces the source from the rune From up
// to the cursor.
type Completion struct {
	Text string
	Note string // what it is
	From int
}

// place is what may stand at the cursor.
type place uint8

const (
	aClause place = iota
	anOperator
	aValue
	aJoin
	nothing // within quoted text
)

// cursor is the state of the language at the end of a prefix.
type cursor struct {
	scanner
	place place
	from  int    // of the word that is being typed, in bytes
	name  string // the field before, as written
	list  bool   // within in (…)
}

// Complete gives what can be typed at the cursor, which is pos runes into src,
// best first.
func Complete(src string, pos int, schema Schema) []Completion {
	c := &cursor{scanner: scanner{src: prefix(src, pos)}}
	c.run()
	typed := c.src[c.from:]
	field, attr := schema.find(c.name)
	var all []Completion
	switch c.place {
	case aClause:
		all = schema.clauses(typed != "")
	case anOperator:
		all = append(operators(field, attr), joins()...)
	case aValue:
		all = schema.values(field, attr)
	case aJoin:
		all = joins()
	}
	return rank(all, typed, utf8.RuneCountInString(c.src[:c.from]))
}

func prefix(src string, runes int) string {
	for i := range src {
		if runes == 0 {
			return src[:i]
		}
		runes--
	}
	return src
}

// run reads the prefix up to the word that the cursor is in.
func (c *cursor) run() {
	for done := false; !done; {
		c.space()
		c.from = c.pos
		if c.pos == len(c.src) {
			return
		}
		switch c.place {
		case aClause:
			done = c.clause()
		case aValue:
			done = c.value()
		default:
			done = c.join()
		}
	}
}

// clause reads the beginning of a clause. It is true when the cursor is in it.
func (c *cursor) clause() bool {
	switch b := c.peek(); {
	case b == '(':
		c.pos++
		return false
	case b == ')':
		c.pos++
		c.place = aJoin
		return false
	case b == '"' || b == '\'':
		_, closed := c.quoted()
		c.place = aJoin
		if !closed {
			c.place = nothing
		}
		return !closed
	}
	from := c.pos
	word := c.word(fieldStops)
	if isQuote(c.peek()) {
		if _, closed := c.quoted(); !closed {
			return true
		}
	}
	if c.pos == len(c.src) && !isQuote(c.src[c.pos-1]) {
		return true
	}
	if strings.EqualFold(word, "not") {
		return false
	}
	if c.pos == from { // an operator or a comma without a name
		c.pos++
		return false
	}
	c.name, c.place = c.src[from:c.pos], anOperator
	return false
}

// join reads what follows a name or a clause.
func (c *cursor) join() bool {
	if c.place == anOperator {
		if o, ok := c.operator(); ok {
			c.place = aValue
			switch {
			case o.null:
				c.place = aJoin
			case o.in:
				c.pos++
				c.list = true
			}
			return o.null && c.pos == len(c.src)
		}
	}
	if b := c.peek(); b == ')' || b == '(' {
		c.place = aClause
		return false
	}
	from := c.pos
	word := c.word(fieldStops)
	if c.pos == len(c.src) {
		return true
	}
	c.place = aClause
	if !strings.EqualFold(word, "and") && !strings.EqualFold(word, "or") {
		c.pos = from
	}
	return false
}

// value reads a value.
func (c *cursor) value() bool {
	if isQuote(c.peek()) {
		if _, closed := c.quoted(); !closed {
			return true
		}
	} else if c.word(stops); c.pos == len(c.src) {
		return true
	} else if c.pos == c.from && c.peek() != ',' && c.peek() != ')' {
		c.pos++
	}
	if !c.list {
		c.place = aJoin
		return false
	}
	c.space()
	switch c.peek() {
	case ',':
		c.pos++
	case ')':
		c.pos++
		c.list, c.place = false, aJoin
	}
	return false
}

// find is the field that a name means, as far as the schema knows.
func (s *Schema) find(name string) (Field, *Attr) {
	p := &parser{scanner: scanner{src: name}, schema: s}
	word, f, err := p.name()
	if err != nil || word == "" {
		return Field{}, nil
	}
	field, attr, err := p.resolve(0, word, f)
	if err != nil {
		return Field{}, nil
	}
	return field, attr
}

// clauses are the beginnings of clauses: attributes and entities, and once
// something is typed every known key.
func (s *Schema) clauses(typed bool) []Completion {
	var all []Completion
	for _, a := range s.Attrs {
		all = append(all, Completion{Text: a.Name, Note: a.Note})
	}
	for _, e := range []Entity{Metrics, Params, Tags, Dataset} {
		keys := s.keys(e)
		if len(keys) == 0 || e == Dataset && len(s.Metrics)+len(s.Params) == 0 {
			continue
		}
		all = append(all, Completion{Text: e.String() + ".", Note: "…"})
		for _, k := range keys {
			if typed {
				all = append(all, Completion{Text: formatField(Field{e, k}), Note: strings.TrimSuffix(e.String(), "s")})
			}
		}
	}
	return append(all, Completion{Text: "not", Note: "the opposite"})
}

func joins() []Completion {
	return []Completion{{Text: "and", Note: "both"}, {Text: "or", Note: "either"}}
}

func operators(f Field, a *Attr) []Completion {
	order := []Completion{
		{Text: "=", Note: "equal"},
		{Text: "!=", Note: "not equal"},
		{Text: ">", Note: "more"},
		{Text: ">=", Note: "at least"},
		{Text: "<", Note: "less"},
		{Text: "<=", Note: "at most"},
	}
	text := []Completion{
		{Text: "~", Note: "matches a pattern"},
		{Text: "!~", Note: "does not match a pattern"},
		{Text: "like", Note: "% any text, _ any character"},
		{Text: "ilike", Note: "like, in any case"},
	}
	sets := []Completion{
		{Text: "in (", Note: "one of"},
		{Text: "not in (", Note: "none of"},
		{Text: "is null", Note: "missing"},
		{Text: "is not null", Note: "there"},
	}
	switch {
	case f.Entity == Metrics, a != nil && (a.Kind == Number || a.Kind == Time || a.Kind == Duration):
		return append(order, sets...)
	case a != nil && a.Kind == Word:
		return slices.Concat(order[:2], sets, text)
	}
	return slices.Concat(order[:2], text, sets, order[2:])
}

// values are the known values of a field.
func (s *Schema) values(f Field, a *Attr) []Completion {
	var known []string
	if s.Values != nil && f.Key != "" {
		known = s.Values(f)
	}
	if a != nil {
		known = append(known, a.Values...)
		switch a.Kind {
		case Time:
			known = append(known, "-1h", "-24h", "-7d", "today", "yesterday", "now")
		case Duration:
			known = append(known, "1m", "10m", "1h", "1d")
		}
	}
	var all []Completion
	for i, v := range known {
		if slices.Contains(known[:i], v) {
			continue
		}
		if !plain(v, stops) {
			v = quote(v)
		}
		all = append(all, Completion{Text: v})
	}
	return all
}

// rank keeps what fits the typed text and puts first what begins with it.
func rank(all []Completion, typed string, from int) []Completion {
	type scored struct {
		Completion
		score int
	}
	lower := strings.ToLower(typed)
	var fit []scored
	for _, c := range all {
		c.From = from
		score, _, ok := Fuzzy(strings.Trim(typed, "\"'"), c.Text)
		if !ok || c.Text == typed {
			continue
		}
		if strings.HasPrefix(strings.ToLower(c.Text), lower) {
			score = 1 << 20 // keeps the list's own order among them
		}
		fit = append(fit, scored{c, score})
	}
	slices.SortStableFunc(fit, func(a, b scored) int { return b.score - a.score })
	out := make([]Completion, len(fit))
	for i := range fit {
		out[i] = fit[i].Completion
	}
	return out
}
