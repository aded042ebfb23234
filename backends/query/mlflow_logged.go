package query

import (
	"regexp"
	"strconv"
	"strings"
)

// The operators of the filter over logged models, as MLflow prints them.
const (
	loggedNumeric = "('<', '<=', '>', '>=', '=', '!=')"
	loggedText    = "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')"
	loggedColumns = " model_id experiment_id name artifact_location creation_timestamp_ms last_updated_timestamp_ms status lifecycle_stage model_type source_run_id status_message "
)

// ParseMLflowLogged reads the filter of MLflow's logged-models/search: comparisons of
// attributes, metrics, params and tags joined by AND. It is another grammar than that
// of runs: entities have their plural names only, and double quotes are part of a
// value. An error is an *MLflowError.
func ParseMLflowLogged(filter string) ([]Clause, error) {
	tokens := (&sqlScanner{src: filter}).tokens()
	for i, t := range tokens {
		if t.text == ";" && i+1 < len(tokens) {
			return nil, invalid("Invalid filter string: %s. Expected a single SQL expression.", pyString(filter))
		}
	}
	var out []Clause
	for _, t := range group(filter, tokens) {
		switch {
		case t.kind == sqlComparison:
			c, err := loggedClause(t)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		case !isAnd(t):
			return nil, invalid("Invalid filter string: %s. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').", pyString(filter))
		}
	}
	for _, c := range out { // MLflow looks its columns up when all is read
		if c.Entity == Attribute {
			if _, err := LoggedColumn(c.Key); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// LoggedColumn is MLflow's column for an attribute of logged models.
func LoggedColumn(name string) (string, error) {
	switch name {
	case "creation_time", "creation_timestamp":
		name = "creation_timestamp_ms"
	case "last_updated_timestamp":
		name = "last_updated_timestamp_ms"
	case "tags", "params", "metrics":
		return "", &MLflowError{"BAD_REQUEST", "Can't compare a collection to an object or collection; use contains() to test for membership."}
	}
	if strings.ContainsRune(name, ' ') || !strings.Contains(loggedColumns, " "+name+" ") {
		return "", &MLflowError{"INTERNAL_ERROR", "type object 'SqlLoggedModel' has no attribute " + pyString(name)}
	}
	return name, nil
}

func loggedClause(t sqlToken) (c Clause, err error) {
	if len(t.parts) != 3 {
		text := t.text
		if text == "" { // IS NULL, which has no text of its own
			text = t.parts[0].text + t.parts[1].text
		}
		return c, invalid("Invalid comparison: %s. Expected a comparison with 3 tokens.", text)
	}
	name, value := t.parts[0].text, t.parts[2].text
	c.Op = strings.ToUpper(t.parts[1].text)
	if c.Entity, c.Key, err = loggedField(name); err != nil {
		return c, err
	}
	numeric := c.Entity == Metrics || c.Entity == Attribute && strings.HasSuffix(c.Key, "_timestamp_ms")
	ops := loggedText
	if numeric {
		ops = loggedNumeric
	}
	if !strings.Contains(ops, "'"+c.Op+"'") {
		return c, invalid("Invalid comparison operator for %s.%s: %s. Expected one of %s.", c.Entity, c.Key, pyString(c.Op), ops)
	}
	switch {
	case numeric:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil && !isRange(err) {
			return c, &MLflowError{"INTERNAL_ERROR", "could not convert string to float: " + pyString(value)}
		}
		c.Number = n
	case strings.HasPrefix(value, "(") && strings.HasSuffix(value, ")"):
		list, err := mlflowList(value)
		if err != nil {
			return c, &MLflowError{"INTERNAL_ERROR", err.Error()}
		}
		for _, l := range list {
			c.List = append(c.List, l.Text)
		}
		if !strings.HasSuffix(c.Op, "IN") {
			return c, &MLflowError{"BAD_REQUEST", "a list does not compare by " + c.Op}
		}
	default:
		c.Text = strings.Trim(value, "'")
	}
	c.compile()
	return c, nil
}

func loggedField(name string) (Entity, string, error) {
	m := regexp.MustCompile(`^([a-z]+)\.(.+)$`).FindStringSubmatch(name)
	if m == nil {
		key := name
		if column, err := LoggedColumn(name); err == nil {
			key = column
		}
		return Attribute, strings.Trim(key, "`"), nil
	}
	key := strings.Trim(m[2], "`")
	switch m[1] {
	case "attributes":
		return Attribute, key, nil
	case "metrics":
		return Metrics, key, nil
	case "params":
		return Params, key, nil
	case "tags":
		return Tags, key, nil
	}
	return 0, "", invalid("Invalid entity type: %s. Expected one of ['attributes', 'metrics', 'params', 'tags'].", pyString(m[1]))
}
