package query

import (
	"fmt"
	"strings"
)

// MLflowError is an answer in MLflow's words. Where MLflow prints a Python set,
// whose order is chance, the order of one recorded answer is kept.
type MLflowError struct {
	Code    string // "INVALID_PARAMETER_VALUE"
	Message string
}

func (e *MLflowError) Error() string { return e.Message }

func invalid(format string, args ...any) error {
	return &MLflowError{Code: "INVALID_PARAMETER_VALUE", Message: fmt.Sprintf(format, args...)}
}

// ParseMLflow reads the filter of MLflow's runs/search: comparisons joined by AND,
// of metrics with numbers, of params, tags, attributes and datasets with quoted
// text. Attributes keep MLflow's names (run_id, run_name, user_id, status,
// artifact_uri, start_time, end_time), and case matters in all of them. An error
// is an *MLflowError.
func ParseMLflow(filter string) (Expr, error) {
	tokens := (&sqlScanner{src: filter}).tokens()
	for i, t := range tokens {
		if t.text == ";" && i+1 < len(tokens) {
			return nil, invalid("Search filter contained multiple expression %s. Provide AND-ed expression list.", pyString(filter))
		}
	}
	if filter != "" && len(tokens) == 0 {
		return nil, invalid("Invalid filter %s. Could not be parsed.", pyString(filter))
	}
	var bad []string
	var clauses []mlflowClause
	tokens = group(filter, tokens)
	for _, t := range tokens {
		if t.kind != sqlComparison && (t.kind != sqlWord || !strings.EqualFold(t.text, "AND")) {
			bad = append(bad, "'"+t.text+"'")
		}
	}
	if len(bad) > 0 {
		return nil, invalid("Invalid clause(s) in filter string: %s", strings.Join(bad, ", "))
	}
	for _, t := range tokens {
		if t.kind != sqlComparison {
			continue
		}
		c, err := mlflowComparison(t)
		if err != nil {
			return nil, err
		}
		clauses = append(clauses, c)
	}
	and := And{}
	for _, c := range clauses { // MLflow finds bad comparators last, when it compares
		x, err := c.expr()
		if err != nil {
			return nil, err
		}
		and = append(and, x)
	}
	return conjoin(and), nil
}

// group finds the comparisons among the tokens, and what MLflow's parser would
// have joined otherwise, since errors quote that.
func group(src string, tokens []sqlToken) []sqlToken {
	span := func(kind sqlKind, parts ...sqlToken) sqlToken {
		from, to := parts[0].from, parts[len(parts)-1].to
		return sqlToken{kind: kind, from: from, to: to, text: src[from:to], parts: parts}
	}
	tokens = join3(tokens, func(a, op, b sqlToken) (sqlToken, bool) {
		return span(sqlArithmetic, a, op, b), operand(a) && operand(b) && op.kind == sqlOther && strings.Contains("+-*/%", op.text)
	})
	tokens = compared(tokens, span)
	tokens = join3(tokens, func(a, comma, b sqlToken) (sqlToken, bool) {
		return span(sqlOther, a, comma, b), comma.text == ","
	})
	var out []sqlToken
	for i := 0; i < len(tokens); i++ {
		word := func(k int, w string) bool {
			return i+k < len(tokens) && tokens[i+k].kind == sqlWord && strings.EqualFold(tokens[i+k].text, w)
		}
		paren := func(k int) bool { return i+k < len(tokens) && tokens[i+k].kind == sqlParen }
		made := func(op string, last int) {
			parts := []sqlToken{tokens[i], {kind: sqlCompare, text: op}}
			if paren(last) {
				parts = append(parts, tokens[i+last])
			}
			out = append(out, sqlToken{kind: sqlComparison, parts: parts})
			i += last
		}
		switch isName := tokens[i].kind == sqlName; {
		case isName && word(1, "IN") && paren(2):
			made("IN", 2)
		case isName && word(1, "NOT") && word(2, "IN") && paren(3):
			made("NOT IN", 3)
		case isName && word(1, "IS") && word(2, "NULL"):
			made("IS NULL", 2)
		case isName && word(1, "IS") && word(2, "NOT") && word(3, "NULL"):
			made("IS NOT NULL", 3)
		case isName && i+1 < len(tokens) && tokens[i+1].kind == sqlName:
			out = append(out, span(sqlOther, tokens[i], tokens[i+1])) // SQL's alias
			i++
		default:
			out = append(out, tokens[i])
		}
	}
	return out
}

func operand(t sqlToken) bool {
	switch t.kind {
	case sqlName, sqlString, sqlInt, sqlFloat, sqlParen, sqlArithmetic:
		return true
	}
	return false
}

// join3 replaces three tokens by one wherever f says so, from the left.
func join3(tokens []sqlToken, f func(a, b, c sqlToken) (sqlToken, bool)) []sqlToken {
	var out []sqlToken
	for i := 0; i < len(tokens); i++ {
		if n := len(out); n > 0 && i+1 < len(tokens) {
			if t, ok := f(out[n-1], tokens[i], tokens[i+1]); ok {
				out[n-1] = t
				i++
				continue
			}
		}
		out = append(out, tokens[i])
	}
	return out
}

// compared makes comparisons. A comment between one and what follows belongs to
// it, as a part too many.
func compared(tokens []sqlToken, span func(sqlKind, ...sqlToken) sqlToken) []sqlToken {
	tokens = join3(tokens, func(a, op, b sqlToken) (sqlToken, bool) {
		left := operand(a) || a.kind == sqlComparison || a.kind == sqlWord && strings.EqualFold(a.text, "NULL")
		right := operand(b) || b.kind == sqlWord && strings.EqualFold(b.text, "NULL")
		return span(sqlComparison, a, op, b), left && right && op.kind == sqlCompare
	})
	var out []sqlToken
	for i, t := range tokens {
		if n := len(out); n > 0 && t.kind == sqlComment && out[n-1].kind == sqlComparison && i+1 < len(tokens) {
			out[n-1].parts = append(out[n-1].parts, t)
			continue
		}
		out = append(out, t)
	}
	return out
}

// pyString writes a string as Python's repr does.
func pyString(s string) string {
	q := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = `"`
	}
	r := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, q, `\`+q)
	return q + r.Replace(s) + q
}
