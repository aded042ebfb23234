package query

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// generate makes a random filter; level bounds its depth.
func generate(r *rand.Rand, level int) Expr {
	kinds := 7
	if level > 0 {
		kinds = 10
	}
	field := fields[r.IntN(len(fields))]
	value := func() Literal { return newLiteral(words[r.IntN(len(words))], r.IntN(2) == 0, now) }
	switch r.IntN(kinds) {
	case 0:
		return Null{Field: field, Not: r.IntN(2) == 0}
	case 1:
		x := &In{Field: field, Not: r.IntN(2) == 0}
		for range 1 + r.IntN(3) {
			x.Values = append(x.Values, value())
		}
		return x
	case 2:
		return newFind(words[r.IntN(len(words))], true)
	case 3:
		return newFind([]string{"otter", "in", "like", "is", "a.b", "x-1", "日本"}[r.IntN(7)], false)
	case 7:
		return Not{generate(r, level-1)}
	case 8:
		return conjoin(And{generate(r, level-1), generate(r, level-1), generate(r, level-1)})
	case 9:
		return flatten(Or{generate(r, level-1), generate(r, level-1)})
	}
	x := &Cmp{Field: field, Op: Op(r.IntN(int(NotRegexp) + 1)), Value: value()}
	if x.Op >= Regexp {
		x.Value = newLiteral("^a.b$", r.IntN(2) == 0, now)
	}
	return x
}

var (
	fields = []Field{
		{Attribute, "state"},
		{Attribute, "run name"},
		{Attribute, "and"},
		{Attribute, "a.b"},
		{Metrics, "val_acc"},
		{Metrics, "val acc"},
		{Params, "a/b.c"},
		{Tags, `qu"o\te`},
		{Tags, "日 本"},
		{Dataset, "name"},
		{Tags, "`"},
		{Params, "("},
	}
	words = []string{"1e-3", "nan", "x", "two words", `"`, `'`, `\`, `\"`, "", "and", "2026-11-01", "-2h", "a,b", "(x)", "=", "日本", "a\tb", "%_", `\d`}
)

func TestFormatRoundTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		x := generate(r, 3)
		src := Format(x)
		y, err := Parse(src, Schema{}, now)
		if err != nil {
			if m := x; strings.Contains(err.Error(), "is a number") || strings.Contains(err.Error(), "is not text") {
				_ = m // metrics take numbers and orders only; the generator does not know
				continue
			}
			t.Fatalf("%s: %v", src, err)
		}
		if !same(x, y) {
			t.Fatalf("%s\nbecame\n%s", src, Format(y))
		}
	}
}

// same compares two trees by what they mean, so not by compiled patterns.
func same(x, y Expr) bool {
	switch a := x.(type) {
	case And:
		b, ok := y.(And)
		return ok && sameAll(a, b)
	case Or:
		b, ok := y.(Or)
		return ok && sameAll(a, b)
	case Not:
		b, ok := y.(Not)
		return ok && same(a.X, b.X)
	case *Cmp:
		b, ok := y.(*Cmp)
		return ok && a.Field == b.Field && a.Op == b.Op && sameLiteral(a.Value, b.Value)
	case *In:
		b, ok := y.(*In)
		if !ok || a.Field != b.Field || a.Not != b.Not || len(a.Values) != len(b.Values) {
			return false
		}
		for i := range a.Values {
			if !sameLiteral(a.Values[i], b.Values[i]) {
				return false
			}
		}
		return true
	case Null:
		b, ok := y.(Null)
		return ok && a == b
	case *Find:
		b, ok := y.(*Find)
		return ok && *a == *b
	}
	return false
}

func sameAll(a, b []Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !same(a[i], b[i]) {
			return false
		}
	}
	return true
}

// sameLiteral lets a literal become quoted where it had to.
func sameLiteral(a, b Literal) bool {
	return a.Text == b.Text && (a.Quoted == b.Quoted || !plain(a.Text, stops))
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "metrics.val_acc > 0.95 and params.lr < 0.01 or tags.team = \"vision\"", "not (a in (1, 'x') or b is not null)", "start > -2h took<1h04",
		"metrics.`a b` !~ '^\\d$' otter", "((", "name like %x_", "a.\"\\\"\" = '\\\\'", "is not null in (", "日本 = 日本", "x\xff = \xfe",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, s := range []Schema{{}, schema} {
			x, err := Parse(src, s, now)
			if err != nil {
				if e := err.(*Error); e.Col < 0 || e.Col > len([]rune(src)) || e.Len < 1 || e.Msg == "" {
					t.Fatalf("%q: %+v", src, e)
				}
				continue
			}
			match := x.Match(otter)
			text := Format(x)
			y, err := Parse(text, s, now)
			if err != nil {
				t.Fatalf("%q → %q: %v", src, text, err)
			}
			if again := Format(y); again != text || y.Match(otter) != match {
				t.Fatalf("%q → %q → %q", src, text, again)
			}
		}
	})
}

func FuzzComplete(f *testing.F) {
	for _, s := range []string{"", "sta", "state = ", "metrics.va", "name in (a, ", "tags.team = 'two", "not (a is null) or "} {
		f.Add(s, len(s))
	}
	f.Fuzz(func(t *testing.T, src string, pos int) {
		for _, c := range Complete(src, pos, schema) {
			if c.From < 0 || c.From > len([]rune(src)) || c.Text == "" {
				t.Fatalf("%q %d: %+v", src, pos, c)
			}
		}
	})
}
