package query

import (
	"strconv"
	"strings"
)

const (
	mlflowExperiments = "{'name', 'creation_time', 'last_update_time', 'experiment_id'}"
	experimentLists   = "['experiment_id']"
)

func experimentTime(key string) bool { return key == "creation_time" || key == "last_update_time" }

// ParseMLflowExperiments reads the filter of MLflow's experiments/search: comparisons
// of name, experiment_id, creation_time and last_update_time, and of tags, joined by
// AND. The operators IS NULL and IS NOT NULL of a tag have no value. An error is an
// *MLflowError.
func ParseMLflowExperiments(filter string) ([]Clause, error) {
	tokens, err := oneStatement(filter)
	if err != nil {
		return nil, err
	}
	if filter != "" && len(tokens) == 0 {
		return nil, invalid("Invalid filter %s. Could not be parsed.", pyString(filter))
	}
	var bad []string
	for _, t := range tokens {
		if t.kind != sqlComparison && !isAnd(t) {
			bad = append(bad, t.text)
		}
	}
	if len(bad) > 0 {
		return nil, invalid("Invalid clause(s) in filter string: %s", strings.Join(bad, ", "))
	}
	return takeClauses(tokens, experimentClause, experimentComparator)
}

func experimentClause(t sqlToken) (c Clause, err error) {
	left, op := t.parts[0], t.parts[1]
	c.Op = strings.Join(strings.Fields(strings.ToUpper(op.text)), " ")
	switch {
	case len(t.parts) > 3:
		return c, invalid("Invalid comparison clause. Expected 3 tokens found %d", len(t.parts))
	case left.kind != sqlName:
		return c, invalid("Invalid comparison clause. Expected 'Identifier' found '%s'", left.text)
	}
	if c.Entity, c.Key, err = experimentField(left.text); err != nil {
		return c, err
	}
	if len(t.parts) == 2 {
		if c.Entity != Tags {
			return c, invalid("IS NULL / IS NOT NULL is only supported for tags, not for attribute '%s'", c.Key)
		}
		return c, nil
	}
	return c, experimentValue(&c, t.parts[2])
}

func experimentField(name string) (Entity, string, error) {
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
	key, _ = trimQuotes(key, `'"`)
	key, _ = trimQuotes(key, "`")
	if e == Attribute && !strings.Contains(mlflowExperiments, "'"+key+"'") {
		return e, "", invalid("Invalid attribute key '%s' specified. Valid keys are '%s'", key, mlflowExperiments)
	}
	return e, key, nil
}

func experimentValue(c *Clause, t sqlToken) error {
	isNumber := t.kind == sqlInt || t.kind == sqlFloat
	switch {
	case c.Entity == Attribute && experimentTime(c.Key):
		if !isNumber {
			return invalid("Expected numeric value type for numeric attribute: %s. Found %s", c.Key, t.text)
		}
		c.Text = t.text
		return nil
	case t.kind == sqlString || t.kind == sqlName:
		text, ok := trimQuotes(t.text, `'"`)
		if !ok {
			return invalid("Parameter value is either not quoted or unidentified quote types used for string value %s. Use either single or double quotes.", t.text)
		}
		c.Text = text
		return nil
	case c.Entity == Tags:
		return invalid("Expected a quoted string value for tag (e.g. 'my-value'). Got value %s", t.text)
	case t.kind == sqlParen && c.Key != "experiment_id":
		return invalid("Only %s attributes support comparison with a list of quoted string values.", experimentLists)
	case t.kind == sqlParen:
		list, err := mlflowList(t.text)
		for _, l := range list {
			c.List = append(c.List, l.Text)
		}
		return err
	}
	return invalid("Expected a quoted string value for attributes. Got value %s", t.text)
}

func experimentComparator(c *Clause) error {
	isText := c.Op == "=" || c.Op == "!=" || c.Op == "LIKE" || c.Op == "ILIKE"
	switch {
	case c.Entity == Tags && (c.Op == "IS NULL" || c.Op == "IS NOT NULL"):
		return nil
	case c.Entity == Tags && !isText:
		return invalid("Invalid comparator for tag: %s", c.Op)
	case c.Entity == Tags:
	case experimentTime(c.Key):
		if !strings.Contains(mlflowNumeric, "'"+c.Op+"'") {
			return invalid("Invalid comparator '%s' not one of '%s", c.Op, mlflowLists)
		}
		n, err := strconv.ParseInt(c.Text, 10, 64)
		if err != nil {
			return invalid("Invalid value for numeric attribute '%s': '%s'", c.Key, strings.Trim(pyNumberOrString(c.Text), "'"))
		}
		c.Number = float64(n)
		return nil
	case c.Key == "experiment_id":
		if c.Op != "=" && c.Op != "!=" && c.Op != "IN" && c.Op != "NOT IN" {
			return invalid("Invalid comparator for experiment_id: %s", c.Op)
		}
		return experimentIDs(c)
	case !isText:
		return invalid("Invalid comparator '%s' not one of '%s'", c.Op, mlflowLists)
	}
	c.like = newPattern(c.Text, c.Op == "ILIKE")
	return nil
}

// experimentIDs brings the ids of a clause into the form in which they are kept.
func experimentIDs(c *Clause) error {
	if c.List == nil {
		c.List = []string{c.Text}
		c.Op = map[string]string{"=": "IN", "!=": "NOT IN"}[c.Op]
	}
	for i, id := range c.List {
		n, err := strconv.ParseInt(strings.TrimSpace(id), 10, 64)
		if err != nil {
			return invalid("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", id)
		}
		c.List[i] = strconv.FormatInt(n, 10)
	}
	return nil
}

// ParseOrderExperiments reads one order_by clause of experiments/search: an attribute,
// then ASC or DESC. An error is an *MLflowError.
func ParseOrderExperiments(clause string) (key string, desc bool, err error) {
	name, desc, err := ParseOrderModels(clause)
	if err != nil {
		return "", false, err
	}
	e, key, err := experimentField(name)
	if err == nil && e != Attribute {
		err = invalid("Invalid order_by entity: tag")
	}
	return key, desc, err
}
