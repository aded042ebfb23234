package query

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Error is what is wrong with a filter and where. Col and Len count runes of the
// source from 0, so that a caret can be drawn under them.
type Error struct {
	Col, Len int
	Msg      string
	Hint     string // "did you mean metrics.val_loss?", "" when there is none
}

func (e *Error) Error() string {
	s := fmt.Sprintf("column %d: %s", e.Col+1, e.Msg)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// fail is the error of the bytes src[from:to].
func fail(src string, from, to int, hint, format string, args ...any) *Error {
	return &Error{
		Col: utf8.RuneCountInString(src[:from]), Len: max(1, utf8.RuneCountInString(src[from:max(from, to)])),
		Msg: fmt.Sprintf(format, args...), Hint: hint,
	}
}

// nearest is the known name that was probably meant: the one at the smallest edit
// distance, at most a third of the name; else the only one that ends with it, as
// in loss for val_loss. "" when there is none.
func nearest(name string, known []string) string {
	best, distance := "", len(name)/3+1
	for _, k := range known {
		if d := edits(name, k, distance); d < distance || d == distance && best == "" {
			best, distance = k, d
		}
	}
	if best != "" || len(name) < 3 {
		return best
	}
	for _, k := range known {
		if len(k) > len(name) && containsFold(k, name) {
			if best != "" {
				return ""
			}
			best = k
		}
	}
	return best
}

// edits is the Levenshtein distance of two names in bytes, or limit+1 when it is
// larger than the limit.
func edits(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if lowerByte(a[i]) != lowerByte(b[j]) {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit+1)
}

// hint suggests what a field that the list does not have was meant to be.
func (s *Schema) hint(e Entity, key string) string {
	if e != Attribute {
		if k := nearest(key, s.keys(e)); k != "" && k != key {
			return "did you mean " + formatField(Field{e, k}) + "?"
		}
		return ""
	}
	for _, e := range []Entity{Metrics, Params, Tags} {
		for _, k := range s.keys(e) {
			if k == key {
				return "did you mean " + formatField(Field{e, k}) + "?"
			}
		}
	}
	if k := nearest(key, s.keys(Attribute)); k != "" {
		return "did you mean " + k + "?"
	}
	for _, e := range []Entity{Metrics, Params, Tags} {
		if k := nearest(key, s.keys(e)); k != "" {
			return "did you mean " + formatField(Field{e, k}) + "?"
		}
	}
	return ""
}

// Doubts says of each key in a filter that no row has what may have been meant.
// They are no errors: the key may come with the next run. Entities of which
// nothing is known raise none.
func Doubts(x Expr, s Schema) []string {
	var out []string
	doubt := func(f Field) {
		keys := s.keys(f.Entity)
		if f.Entity == Attribute || len(keys) == 0 || slices.Contains(keys, f.Key) {
			return
		}
		text := "nothing here has " + formatField(f)
		if hint := s.hint(f.Entity, f.Key); hint != "" {
			text += ": " + hint
		}
		out = append(out, text)
	}
	var walk func(Expr)
	walk = func(x Expr) {
		switch x := x.(type) {
		case And:
			for _, c := range x {
				walk(c)
			}
		case Or:
			for _, c := range x {
				walk(c)
			}
		case Not:
			walk(x.X)
		case *Cmp:
			doubt(x.Field)
		case *In:
			doubt(x.Field)
		case Null:
			doubt(x.Field)
		}
	}
	walk(x)
	return out
}
