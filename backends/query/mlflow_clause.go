package query

import (
	"strconv"
	"strings"
)

// The sets that MLflow's errors print.
const (
	mlflowEntities   = "['metric', 'parameter', 'tag', 'attribute', 'dataset']"
	mlflowAttributes = "{'run name', 'user_id', 'start_time', 'status', 'run_id', 'artifact_uri', 'Run name', 'Created', 'created', 'run_name', 'end_time', 'Run Name'}"
	mlflowOrderable  = "{'user_id', 'start_time', 'status', 'run_id', 'artifact_uri', 'Created', 'created', 'run_name', 'end_time'}"
	mlflowDatasets   = "{'digest', 'name', 'context'}"
	mlflowNumeric    = "{'<', '>', '>=', '!=', '=', '<='}"
	mlflowText       = "{'ILIKE', '!=', '=', 'LIKE', 'IS NULL', 'IS NOT NULL'}"
	mlflowLists      = "{'ILIKE', '!=', '=', 'LIKE', 'IN', 'NOT IN'}"
)

// mlflowClause is one comparison as it was read.
type mlflowClause struct {
	field  Field // Key as written
	op     string
	value  Literal
	values []Literal
	list   string // values as written
}

// mlflowKey follows MLflow's aliases.
func mlflowKey(key string) string {
	switch key {
	case "created", "Created":
		return "start_time"
	case "run name", "Run name", "Run Name":
		return "run_name"
	}
	return key
}

func mlflowTimes(key string) bool {
	key = mlflowKey(key)
	return key == "start_time" || key == "end_time"
}

func trimQuotes(s string, quotes string) (string, bool) {
	if len(s) >= 2 && strings.IndexByte(quotes, s[0]) >= 0 && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1], true
	}
	return s, false
}

// mlflowField reads entity.key. set is what an error prints.
func mlflowField(name, set string) (Field, error) {
	entity, key, dotted := strings.Cut(name, ".")
	f := Field{Attribute, name}
	if dotted {
		entity, _ = trimQuotes(entity, "`")
		e, ok := (&Schema{}).entity(entity)
		if !ok {
			return f, invalid("Invalid entity type '%s'. Valid values are %s", entity, mlflowEntities)
		}
		f = Field{e, key}
	}
	f.Key, _ = trimQuotes(f.Key, `'"`)
	f.Key, _ = trimQuotes(f.Key, "`")
	if f.Entity == Attribute && !strings.Contains(set, "'"+f.Key+"'") {
		return f, invalid("Invalid attribute key '%s' specified. Valid keys are '%s'", f.Key, set)
	}
	if f.Entity == Dataset && !strings.Contains(mlflowDatasets, "'"+f.Key+"'") {
		return f, invalid("Invalid dataset key '%s' specified. Valid keys are '%s'", f.Key, mlflowDatasets)
	}
	return f, nil
}

// mlflowName is what MLflow calls an entity in its errors.
func mlflowName(e Entity) string {
	return [...]string{"attribute", "metric", "parameter", "tag", "dataset"}[e]
}

// mlflowComparison reads the parts of a comparison.
func mlflowComparison(t sqlToken) (c mlflowClause, err error) {
	left, op := t.parts[0], t.parts[1]
	if len(t.parts) > 3 {
		return c, invalid("Invalid comparison clause. Expected 3 tokens found %d", len(t.parts))
	}
	if left.kind != sqlName {
		return c, invalid("Invalid comparison clause. Expected 'Identifier' found '%s'", left.text)
	}
	if c.field, err = mlflowField(left.text, mlflowAttributes); err != nil {
		return c, err
	}
	c.op = op.text
	if len(t.parts) == 2 {
		if c.field.Entity != Tags && c.field.Entity != Params {
			return c, invalid("IS NULL / IS NOT NULL is only supported for tags and params, not for '%s' '%s'", mlflowName(c.field.Entity), c.field.Key)
		}
		return c, nil
	}
	return c, c.read(t.parts[2])
}

// read takes the value.
func (c *mlflowClause) read(t sqlToken) error {
	f := c.field
	isNumber := t.kind == sqlInt || t.kind == sqlFloat
	switch {
	case f.Entity == Metrics && !isNumber:
		return invalid("Expected numeric value type for metric. Found %s", t.text)
	case f.Entity == Attribute && mlflowTimes(f.Key) && !isNumber:
		return invalid("Expected numeric value type for numeric attribute: %s. Found %s", f.Key, t.text)
	case f.Entity == Metrics, f.Entity == Attribute && mlflowTimes(f.Key):
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil && !isRange(err) {
			return invalid("Expected numeric value type for metric. Found %s", t.text)
		}
		c.value = Literal{Text: t.text, num: v, isNum: true, time: v, isTime: true}
		return nil
	case t.kind == sqlString || t.kind == sqlName:
		text, ok := trimQuotes(t.text, `'"`)
		if !ok {
			return invalid("Parameter value is either not quoted or unidentified quote types used for string value %s. Use either single or double quotes.", t.text)
		}
		c.value = mlflowLiteral(text)
		return nil
	case f.Entity == Attribute && t.kind == sqlParen && f.Key != "run_id":
		return invalid("Only ['run_id'] attributes support comparison with a list of quoted string values.")
	case (f.Entity == Attribute || f.Entity == Dataset) && t.kind == sqlParen:
		var err error
		c.list = t.text
		c.values, err = mlflowList(t.text)
		return err
	case f.Entity == Attribute:
		return invalid("Expected a quoted string value for attributes. Got value %s", t.text)
	case f.Entity == Dataset:
		return invalid("Expected a quoted string value for dataset attributes. Got value %s", t.text)
	}
	return invalid("Expected a quoted string value for %s (e.g. 'my-value'). Got value %s", mlflowName(f.Entity), t.text)
}

func mlflowLiteral(text string) Literal {
	return Literal{Text: text, Quoted: true, synonym: strings.ToLower(text)}
}

// mlflowList reads a list of quoted strings with its parentheses.
func mlflowList(src string) ([]Literal, error) {
	tokens := (&sqlScanner{src: src[1 : len(src)-1]}).tokens()
	if len(tokens) == 0 {
		return nil, invalid("While parsing a list in the query, expected a non-empty list of string values, but got empty list")
	}
	var out []Literal
	var python []string
	strs := true
	for i, t := range tokens {
		text, quoted := trimQuotes(t.text, `'"`)
		text = pyUnescape(text)
		switch {
		case t.text == ",":
			if i == 0 || tokens[i-1].text == "," {
				return nil, illFormed()
			}
			continue
		case i > 0 && tokens[i-1].text != ",":
			if !quoted || len(out) == 0 || !strs { // Python joins strings that touch
				return nil, illFormed()
			}
			out[len(out)-1] = mlflowLiteral(out[len(out)-1].Text + text)
			continue
		case quoted && (t.kind == sqlString || t.kind == sqlName):
			python = append(python, pyString(text))
		case t.kind == sqlInt || t.kind == sqlFloat:
			python = append(python, t.text)
			strs = false
		default:
			return nil, illFormed()
		}
		out = append(out, mlflowLiteral(text))
	}
	if !strs {
		tuple := strings.Join(python, ", ")
		if len(python) == 1 {
			tuple += ","
		}
		return nil, invalid("While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: (%s)", tuple)
	}
	return out, nil
}

func illFormed() error {
	return invalid("While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.")
}

// expr checks the comparator and makes the node.
func (c *mlflowClause) expr() (Expr, error) {
	op := strings.Join(strings.Fields(strings.ToUpper(c.op)), " ")
	set, end := mlflowLists, "'"
	switch {
	case c.field.Entity == Metrics:
		set, end = mlflowNumeric, ""
	case c.field.Entity == Tags:
		set, end = mlflowText, ""
	case c.field.Entity == Params:
		set = mlflowText
	case c.field.Entity == Dataset:
		end = ""
	case mlflowTimes(c.field.Key):
		set = mlflowNumeric
	}
	if !strings.Contains(set, "'"+op+"'") {
		if c.field.Entity == Attribute && mlflowTimes(c.field.Key) {
			set, end = mlflowLists, "" // MLflow prints the wrong set here
		}
		return nil, invalid("Invalid comparator '%s' not one of '%s%s", op, set, end)
	}
	f := Field{c.field.Entity, c.field.Key}
	if f.Entity == Attribute {
		f.Key = mlflowKey(f.Key)
	}
	switch op {
	case "IS NULL", "IS NOT NULL":
		return Null{Field: f, Not: op == "IS NOT NULL"}, nil
	case "IN", "NOT IN":
		return &In{Field: f, Values: c.values, Not: op == "NOT IN"}, nil
	}
	if c.values != nil {
		return nil, invalid("Expected a quoted string value for attributes. Got value %s", c.list)
	}
	x := &Cmp{Field: f, Value: c.value}
	switch op {
	case "=":
		x.Op = Eq
	case "!=":
		x.Op = Ne
	case "<":
		x.Op = Lt
	case "<=":
		x.Op = Le
	case ">":
		x.Op = Gt
	case ">=":
		x.Op = Ge
	case "LIKE":
		x.Op, x.like = Like, newPattern(c.value.Text, false)
	case "ILIKE":
		x.Op, x.like = ILike, newPattern(c.value.Text, true)
	}
	return x, nil
}

// pyUnescape reads the escapes that Python's strings and ours share.
func pyUnescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(s)
}
