package query

import (
	"strconv"
	"strings"
)

// Clause is one comparison of a filter over models. Its value is Text, List after IN
// and NOT IN, or Number where the field is one.
type Clause struct {
	Entity Entity // Attribute, Tags, and for logged models Params and Metrics
	Key    string
	Op     string // in capitals: "=", "LIKE", "NOT IN"
	Text   string
	List   []string
	Number float64

	like *pattern
}

// Holds compares a text with the clause's value.
func (c *Clause) Holds(v string) bool {
	switch c.Op {
	case "=":
		return v == c.Text
	case "!=":
		return v != c.Text
	case "LIKE":
		return c.like.match(v)
	case "ILIKE":
		return c.like.match(lowerASCII(v))
	}
	for _, x := range c.List {
		if x == v {
			return c.Op == "IN"
		}
	}
	return c.Op == "NOT IN"
}

// compile prepares LIKE and ILIKE, which in SQLite knows the case of ASCII only.
func (c *Clause) compile() {
	if c.Op == "ILIKE" {
		c.Text = lowerASCII(c.Text)
	}
	if c.Op == "LIKE" || c.Op == "ILIKE" {
		c.like = newPattern(c.Text, false)
	}
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lowerByte(b[i])
	}
	return string(b)
}

// HoldsNumber compares a number with it.
func (c *Clause) HoldsNumber(v float64) bool {
	for op, name := range [...]string{Eq: "=", Ne: "!=", Lt: "<", Le: "<=", Gt: ">", Ge: ">="} {
		if name == c.Op {
			return compare(Op(op), v, c.Number)
		}
	}
	return false
}

// registryFields says what a search of the registry can ask about.
type registryFields struct {
	attributes string // as MLflow prints the set
	numbers    string // those of them that compare with numbers
	lists      string // those that compare with lists, as MLflow prints them
}

// ParseMLflowModels reads the filter of MLflow's registered-models/search:
// comparisons of name and of tags joined by AND. An error is an *MLflowError.
func ParseMLflowModels(filter string) ([]Clause, error) {
	return parseRegistry(filter, registryFields{attributes: "{'name'}", lists: "['name']"})
}

// ParseMLflowVersions reads the filter of model-versions/search: name, run_id,
// source_path, version_number and tags.
func ParseMLflowVersions(filter string) ([]Clause, error) {
	return parseRegistry(filter, registryFields{
		attributes: "{'name', 'version_number', 'run_id', 'source_path'}",
		numbers:    "{'version_number', 'creation_timestamp', 'last_updated_timestamp'}",
		lists:      "['name', 'run_id']",
	})
}

func parseRegistry(filter string, f registryFields) ([]Clause, error) {
	tokens, err := oneStatement(filter)
	if err != nil {
		return nil, err
	}
	var bad []string
	for _, t := range tokens {
		switch {
		case t.kind == sqlComparison && keyword(t.parts[0]): // to SQL it is none then
			for _, p := range t.parts {
				bad = append(bad, p.text)
			}
		case t.kind != sqlComparison && !isAnd(t):
			bad = append(bad, t.text)
		}
	}
	if len(bad) > 0 {
		return nil, invalid("Invalid clause(s) in filter string: %s", strings.Join(bad, ", "))
	}
	return takeClauses(tokens, f.clause, f.comparator)
}

// takeClauses takes a statement's comparisons over, all of them before the first
// comparator is judged: MLflow judges those when it makes its SQL.
func takeClauses(tokens []sqlToken, take func(sqlToken) (Clause, error), judge func(*Clause) error) (out []Clause, err error) {
	for _, t := range tokens {
		if t.kind != sqlComparison {
			continue
		}
		c, err := take(t)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	for i := range out {
		if err := judge(&out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func isAnd(t sqlToken) bool { return t.kind == sqlWord && strings.EqualFold(t.text, "AND") }

// oneStatement cuts and groups a filter that may not hold several statements.
func oneStatement(filter string) ([]sqlToken, error) {
	tokens := (&sqlScanner{src: filter}).tokens()
	for i, t := range tokens {
		if t.text == ";" && i+1 < len(tokens) {
			return nil, invalid("Search filter contained multiple expression %s. Provide AND-ed expression list.", pyString(filter))
		}
	}
	return group(filter, tokens), nil
}

func (f registryFields) clause(t sqlToken) (c Clause, err error) {
	left, op := t.parts[0], t.parts[1]
	switch {
	case len(t.parts) != 3:
		return c, invalid("Invalid comparison clause. Expected 3 tokens found %d", len(t.parts))
	case left.kind != sqlName:
		return c, invalid("Invalid comparison clause. Expected 'Identifier' found '%s'", left.text)
	}
	c.Op = strings.Join(strings.Fields(strings.ToUpper(op.text)), " ")
	if c.Entity, c.Key, err = f.field(left.text); err != nil {
		return c, err
	}
	return c, f.value(&c, t.parts[2])
}

// field reads entity.key; an attribute must be known as it is written.
func (f registryFields) field(name string) (Entity, string, error) {
	entity, key, dotted := strings.Cut(name, ".")
	e := Attribute
	switch {
	case !dotted:
		key = name
	case entity == "tag" || entity == "tags":
		e = Tags
	case entity != "attribute":
		return e, "", invalid("Invalid entity type '%s'. Valid entity types are ('attribute', 'tag', 'tags')", entity)
	}
	if e == Attribute && !strings.Contains(f.attributes, "'"+key+"'") {
		return e, "", invalid("Invalid attribute key '%s' specified. Valid keys are '%s'", key, f.attributes)
	}
	key, _ = trimQuotes(key, `'"`)
	key, _ = trimQuotes(key, "`")
	return e, key, nil
}

func (f registryFields) value(c *Clause, t sqlToken) error {
	switch {
	case t.kind == sqlString || t.kind == sqlName:
		text, ok := trimQuotes(t.text, `'"`)
		if !ok {
			return invalid("Parameter value is either not quoted or unidentified quote types used for string value %s. Use either single or double quotes.", t.text)
		}
		c.Text = text
		return nil
	case c.Entity == Tags:
		return invalid("Expected a quoted string value for tag (e.g. 'my-value'). Got value %s", t.text)
	case t.kind == sqlParen:
		if !strings.Contains(f.lists, "'"+c.Key+"'") {
			return invalid("Only %s attributes support comparison with a list of quoted string values.", f.lists)
		}
		list, err := mlflowList(t.text)
		for _, l := range list {
			c.List = append(c.List, l.Text)
		}
		return err
	case f.numbers != "" && (t.kind == sqlInt || t.kind == sqlFloat):
		if !strings.Contains(f.numbers, "'"+c.Key+"'") {
			return invalid("Only the '%s' attributes support comparison with numeric values.", f.numbers)
		}
		c.Text = t.text
		return nil
	}
	return invalid("Expected a quoted string value or a list of quoted string values for attributes. Got value %s", t.text)
}

func (f registryFields) comparator(c *Clause) error {
	isText := strings.Contains("'=' '!=' 'LIKE' 'ILIKE'", "'"+c.Op+"'")
	isList := c.Op == "IN" || c.Op == "NOT IN"
	isNumber := strings.Contains("'=' '!=' '<' '<=' '>' '>='", "'"+c.Op+"'")
	switch {
	case c.Entity == Tags && !isText:
		return invalid("Invalid comparator for tag: %s", c.Op)
	case c.Key == "version_number" && c.Entity == Attribute:
		if !isNumber {
			return invalid("Invalid comparator for attribute %s: %s", c.Key, c.Op)
		}
		n, err := strconv.ParseInt(strings.TrimSpace(c.Text), 10, 64)
		if err != nil {
			return invalid("Invalid value for numeric attribute '%s': %s", c.Key, pyNumberOrString(c.Text))
		}
		c.Number = float64(n)
	case c.Entity == Attribute && !isText && (!isList || !strings.Contains(f.lists, "'"+c.Key+"'")):
		return invalid("Invalid comparator for attribute: %s", c.Op)
	case isText && c.List != nil:
		return &MLflowError{Code: "BAD_REQUEST", Message: "a list does not compare by " + c.Op}
	}
	c.compile()
	return nil
}

// pyNumberOrString is the repr of a value that was written as a number or quoted.
func pyNumberOrString(s string) string {
	if f, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s, ".eE") {
		out := strconv.FormatFloat(f, 'g', -1, 64)
		if !strings.ContainsAny(out, ".e") {
			out += ".0"
		}
		return out
	}
	return pyString(s)
}

// keyword reports whether SQL takes a bare name for a word of its own. Only those
// that someone might ask for are known.
func keyword(t sqlToken) bool {
	switch strings.ToUpper(t.text) {
	case "VERSION", "SOURCE", "ALIAS", "LOCATION", "PATH":
		return true
	}
	return false
}
