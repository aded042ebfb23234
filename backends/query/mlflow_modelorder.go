package query

import "strings"

// ParseOrderModels reads one order_by clause of a search in the registry: a key, one
// of keys, then ASC or DESC. An error is an *MLflowError.
func ParseOrderModels(clause string) (key string, desc bool, err error) {
	tokens := (&sqlScanner{src: clause}).tokens()
	stamp := len(tokens) > 0 && strings.EqualFold(tokens[0].text, "timestamp")
	if len(tokens) == 0 || len(tokens) > 2 || tokens[0].kind != sqlName && !stamp || keyword(tokens[0]) || strings.TrimSpace(clause) != clause ||
		len(tokens) == 2 && tokens[1].kind != sqlName && tokens[1].kind != sqlWord {
		return "", false, invalid("Invalid order_by clause '%s'. Could not be parsed.", clause)
	}
	key = tokens[0].text
	if len(tokens) == 1 {
		return key, false, nil
	}
	key, _ = trimQuotes(key, "`\"")
	switch strings.ToLower(tokens[1].text) {
	case "asc":
	case "desc":
		desc = true
	default:
		return "", false, invalid("Invalid ordering key in order_by clause '%s'.", clause)
	}
	return key, desc, nil
}

// MLflowVersionOrders is the set of keys by which model-versions/search orders.
const MLflowVersionOrders = "{'name', 'version_number', 'creation_timestamp', 'last_updated_timestamp'}"

// ParseOrderVersions is ParseOrderModels for model-versions/search.
func ParseOrderVersions(clause string) (key string, desc bool, err error) {
	if key, desc, err = ParseOrderModels(clause); err != nil {
		return "", false, err
	}
	entity, rest, dotted := strings.Cut(key, ".")
	if key, _ = trimQuotes(key, `'"`); !dotted {
		key, _ = trimQuotes(key, "`")
	} else {
		if entity != "attribute" && entity != "tag" && entity != "tags" {
			return "", false, invalid("Invalid entity type '%s'. Valid entity types are ('attribute', 'tag', 'tags')", entity)
		}
		key, _ = trimQuotes(rest, `'"`)
		key, _ = trimQuotes(key, "`")
	}
	if !dotted || entity == "attribute" {
		if !strings.Contains(MLflowVersionOrders, "'"+key+"'") {
			return "", false, invalid("Invalid attribute key '%s' specified. Valid keys are '%s'", key, MLflowVersionOrders)
		}
	} else if !strings.Contains(MLflowVersionOrders, "'"+key+"'") {
		return "", false, invalid("Invalid order by key '%s' specified. Valid keys are %s", key, MLflowVersionOrders)
	}
	return key, desc, nil
}
