package query

import (
	"cmp"
	"math"
	"strings"
)

// OrderBy is one column of an order.
type OrderBy struct {
	Field Field
	Desc  bool
}

// ParseOrderBy reads one order_by clause of MLflow's runs/search: a field, then
// ASC or DESC. An error is an *MLflowError.
func ParseOrderBy(clause string) (OrderBy, error) {
	tokens := (&sqlScanner{src: clause}).tokens()
	if len(tokens) == 0 || len(tokens) > 2 || tokens[0].kind != sqlName || len(tokens) == 2 && tokens[1].kind != sqlName && tokens[1].kind != sqlWord {
		return OrderBy{}, invalid("Invalid order_by clause '%s'. Could not be parsed.", clause)
	}
	var o OrderBy
	if len(tokens) == 2 {
		switch strings.ToLower(tokens[1].text) {
		case "asc":
		case "desc":
			o.Desc = true
		default:
			return OrderBy{}, invalid("Invalid ordering key in order_by clause '%s'.", clause)
		}
	}
	f, err := mlflowField(tokens[0].text, mlflowOrderable)
	if f.Entity == Attribute {
		f.Key = mlflowKey(f.Key)
	}
	o.Field = f
	return o, err
}

// OrderKey is what a row is ordered by in one column, so that a sort looks it up once.
type OrderKey struct {
	rank int
	num  float64
	text string
}

// Key is the row's key in this column.
func (o OrderBy) Key(s Subject) OrderKey {
	v, ok := lookup(s, o.Field)
	k := OrderKey{rank: behind(v, ok), num: v.Num}
	if v.Kind == Text || v.Kind == Word {
		k.num, k.text = 0, v.Str
	}
	return k
}

// CompareKeys orders two rows as MLflow does: in either direction NaN stands behind
// the numbers and a missing value behind everything.
func (o OrderBy) CompareKeys(a, b OrderKey) int {
	if a.rank != 0 || b.rank != 0 {
		return a.rank - b.rank
	}
	c := cmp.Compare(a.num, b.num)
	if c == 0 {
		c = strings.Compare(a.text, b.text)
	}
	if o.Desc {
		return -c
	}
	return c
}

// Compare is CompareKeys of the rows' keys. It is for a stable sort of rows that are
// in MLflow's natural order already, the newest first, then by id.
func (o OrderBy) Compare(a, b Subject) int { return o.CompareKeys(o.Key(a), o.Key(b)) }

// behind is 0 for a value, 1 for NaN, 2 for none.
func behind(v Value, ok bool) int {
	switch {
	case !ok:
		return 2
	case math.IsNaN(v.Num):
		return 1
	}
	return 0
}
