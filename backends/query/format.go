package query

import (
	"strings"
	"unicode"
)

// Format writes a filter in our language so that Parse gives the same tree again.
func Format(x Expr) string {
	var b strings.Builder
	x.format(&b, 0)
	return b.String()
}

// The levels of binding: what stands under a tighter one is put in parentheses.
const (
	looseOr = iota
	looseAnd
	tight
)

func (x And) format(b *strings.Builder, level int) {
	join(b, x, " and ", looseAnd, level)
}

func (x Or) format(b *strings.Builder, level int) {
	join(b, x, " or ", looseOr, level)
}

func join[T ~[]Expr](b *strings.Builder, clauses T, word string, own, level int) {
	if level > own && len(clauses) > 1 {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	for i, c := range clauses {
		if i > 0 {
			b.WriteString(word)
		}
		if len(clauses) == 1 {
			c.format(b, level)
			continue
		}
		c.format(b, own+1)
	}
}

func (x Not) format(b *strings.Builder, _ int) {
	b.WriteString("not ")
	x.X.format(b, tight)
}

func (x *Cmp) format(b *strings.Builder, _ int) {
	b.WriteString(formatField(x.Field) + " " + x.Op.String() + " ")
	x.Value.format(b)
}

func (x *In) format(b *strings.Builder, _ int) {
	b.WriteString(formatField(x.Field))
	if x.Not {
		b.WriteString(" not")
	}
	b.WriteString(" in (")
	for i := range x.Values {
		if i > 0 {
			b.WriteString(", ")
		}
		x.Values[i].format(b)
	}
	b.WriteByte(')')
}

func (x Null) format(b *strings.Builder, _ int) {
	b.WriteString(formatField(x.Field))
	if x.Not {
		b.WriteString(" is not null")
		return
	}
	b.WriteString(" is null")
}

func (x *Find) format(b *strings.Builder, _ int) {
	if x.Exact {
		b.WriteString(quote(x.Pattern))
		return
	}
	b.WriteString(x.Pattern)
}

func (l *Literal) format(b *strings.Builder) {
	if l.Quoted || !plain(l.Text, stops) {
		b.WriteString(quote(l.Text))
		return
	}
	b.WriteString(l.Text)
}

// formatField writes a field, its key quoted where it must be.
func formatField(f Field) string {
	ok := plain(f.Key, fieldStops)
	if f.Entity == Attribute {
		if ok && !strings.Contains(f.Key, ".") && !reserved(f.Key) {
			return f.Key
		}
		return "attributes." + formatKey(f.Key, ok)
	}
	return f.Entity.String() + "." + formatKey(f.Key, ok)
}

func formatKey(key string, plain bool) string {
	if plain {
		return key
	}
	return quote(key)
}

// plain reports whether text is read back as one word.
func plain(s, stops string) bool {
	return s != "" && !strings.ContainsAny(s, stops) && strings.IndexFunc(s, unicode.IsSpace) < 0
}

func reserved(s string) bool {
	switch strings.ToLower(s) {
	case "and", "or", "not", "in", "is", "null", "like", "ilike":
		return true
	}
	return false
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
