package query

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// Expr is a parsed filter. It is immutable and safe for concurrent use. The nodes
// are exported so that a store can translate what it can answer from an index.
type Expr interface {
	Match(Subject) bool
	format(*strings.Builder, int)
}

// The nodes. And without clauses matches everything: it is the empty filter.
type (
	And []Expr
	Or  []Expr
	Not struct{ X Expr }
	// Cmp compares a field with one value.
	Cmp struct {
		Field Field
		Op    Op
		Value Literal

		re   *regexp.Regexp
		like *pattern
		fold bool
	}
	// In asks whether a field is one of several values.
	In struct {
		Field  Field
		Values []Literal
		Not    bool

		fold bool
	}
	// Null asks whether a field is missing.
	Null struct {
		Field Field
		Not   bool
	}
	// Find is text to be found in what a row shows; unless it is exact, its
	// letters may also lie a little apart in the row's name.
	Find struct {
		Pattern string
		Exact   bool

		folded string
	}
)

// Op is a comparison.
type Op uint8

// The comparisons.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
	Like
	NotLike
	ILike
	NotILike
	Regexp
	NotRegexp
)

func (o Op) String() string {
	return [...]string{"=", "!=", "<", "<=", ">", ">=", "like", "not like", "ilike", "not ilike", "~", "!~"}[o]
}

// Literal is a value as it was written, and what it means as a number, a time and
// a duration where it means something.
type Literal struct {
	Text   string
	Quoted bool

	num, time, span, dur float64 // span is the length of the time in ms, 0 for a moment
	isNum, isTime, isDur bool
	synonym              string // in lower case, in the word that the list itself uses
}

// Match holds when all clauses do.
func (x And) Match(s Subject) bool {
	for _, e := range x {
		if !e.Match(s) {
			return false
		}
	}
	return true
}

// Match holds when a clause does.
func (x Or) Match(s Subject) bool {
	for _, e := range x {
		if e.Match(s) {
			return true
		}
	}
	return false
}

// Match holds when the clause does not.
func (x Not) Match(s Subject) bool { return !x.X.Match(s) }

// Match compares.
func (x *Cmp) Match(s Subject) bool {
	switch x.Field.Entity {
	case Metrics:
		v, ok := s.Metric(x.Field.Key)
		return ok && compare(x.Op, v, x.Value.num)
	case Params:
		v, ok := s.Param(x.Field.Key)
		return ok && x.matchText(v)
	case Tags:
		v, ok := s.Tag(x.Field.Key)
		return ok && x.matchText(v)
	case Dataset:
		d, ok := s.(Datasets)
		return ok && slices.ContainsFunc(d.Dataset(x.Field.Key), x.matchText)
	}
	v, ok := s.Attr(x.Field.Key)
	return ok && x.matchValue(v)
}

func (x *Cmp) matchValue(v Value) bool {
	switch v.Kind {
	case Number:
		return x.Value.isNum && compare(x.Op, v.Num, x.Value.num)
	case Duration:
		return x.Value.isDur && compare(x.Op, v.Num, x.Value.dur)
	case Time:
		return x.Value.isTime && x.matchTime(v.Num)
	}
	if v.Alt == "" {
		return x.matchText(v.Str)
	}
	if x.Op == Ne || x.Op == NotLike || x.Op == NotILike || x.Op == NotRegexp {
		return x.matchText(v.Str) && x.matchText(v.Alt)
	}
	return x.matchText(v.Str) || x.matchText(v.Alt)
}

func (x *Cmp) matchTime(t float64) bool {
	from := x.Value.time
	within := t == from || t > from && t < from+x.Value.span
	switch x.Op {
	case Eq:
		return within
	case Ne:
		return !within
	}
	return compare(x.Op, t, from)
}

func (x *Cmp) matchText(v string) bool {
	switch x.Op {
	case Regexp:
		return x.re.MatchString(v)
	case NotRegexp:
		return !x.re.MatchString(v)
	case Like, ILike:
		return x.like.match(v)
	case NotLike, NotILike:
		return !x.like.match(v)
	}
	if x.fold {
		return compareWord(x.Op, v, x.Value.synonym)
	}
	if x.Value.isNum && !x.Value.Quoted {
		if f, ok := number(v); ok {
			return compare(x.Op, f, x.Value.num)
		}
	}
	return compareText(x.Op, v, x.Value.Text)
}

// Match looks the value up.
func (x *In) Match(s Subject) bool {
	if x.Field.Entity == Dataset {
		d, ok := s.(Datasets)
		return ok && slices.ContainsFunc(d.Dataset(x.Field.Key), func(v string) bool {
			return x.has(TextValue(v)) != x.Not
		})
	}
	v, ok := lookup(s, x.Field)
	return ok && x.has(v) != x.Not
}

func (x *In) has(v Value) bool {
	for i := range x.Values {
		c := Cmp{Op: Eq, Value: x.Values[i], fold: x.fold}
		if c.matchValue(v) {
			return true
		}
	}
	return false
}

// Match asks for the value.
func (x Null) Match(s Subject) bool {
	if x.Field.Entity == Dataset {
		d, ok := s.(Datasets)
		return (ok && len(d.Dataset(x.Field.Key)) > 0) == x.Not
	}
	_, ok := lookup(s, x.Field)
	return ok == x.Not
}

// Match looks for the text.
func (x *Find) Match(s Subject) bool {
	texts := s.Text()
	for _, t := range texts {
		if containsFold(t, x.folded) {
			return true
		}
	}
	return !x.Exact && len(texts) > 0 && near(x.folded, texts[0])
}

// Exactly is a filter under which text must be found as it is. differs is false for
// one that asks for no text, or only so.
func Exactly(e Expr) (exact Expr, differs bool) {
	switch x := e.(type) {
	case *Find:
		y := *x
		y.Exact = true
		return &y, !x.Exact
	case And:
		all := slices.Clone(x)
		for i := range all {
			y, d := Exactly(all[i])
			all[i], differs = y, differs || d
		}
		return all, differs
	}
	return e, false
}

// lookup reads a field as a Value.
func lookup(s Subject, f Field) (Value, bool) {
	switch f.Entity {
	case Metrics:
		v, ok := s.Metric(f.Key)
		return NumberValue(v), ok
	case Params:
		v, ok := s.Param(f.Key)
		return TextValue(v), ok
	case Tags:
		v, ok := s.Tag(f.Key)
		return TextValue(v), ok
	}
	return s.Attr(f.Key)
}

func compare(op Op, a, b float64) bool {
	switch op {
	case Eq:
		return a == b || math.IsNaN(a) && math.IsNaN(b)
	case Ne:
		return a != b && !(math.IsNaN(a) && math.IsNaN(b))
	case Lt:
		return a < b
	case Le:
		return a <= b
	case Gt:
		return a > b
	case Ge:
		return a >= b
	}
	return false
}

// compareWord compares without regard to case; b is in lower case.
func compareWord(op Op, a, b string) bool {
	switch op {
	case Eq:
		return strings.EqualFold(a, b)
	case Ne:
		return !strings.EqualFold(a, b)
	}
	return compareText(op, strings.ToLower(a), b)
}

func compareText(op Op, a, b string) bool {
	switch op {
	case Eq:
		return a == b
	case Ne:
		return a != b
	case Lt:
		return a < b
	case Le:
		return a <= b
	case Gt:
		return a > b
	case Ge:
		return a >= b
	}
	return false
}
