package track

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"flightdeck/backends/local/store"
)

// The token of a page says also of which search it is.

func (s loggedSearch) orderJSON() string {
	if len(s.order) == 0 {
		return "null"
	}
	opt := func(t string) string {
		if t == "" {
			return "null"
		}
		return store.PyText(t)
	}
	var list []string
	for _, o := range s.order {
		list = append(list, `{"field_name": `+store.PyText(o.Field)+`, "ascending": `+strconv.FormatBool(o.Ascending == nil || *o.Ascending)+
			`, "dataset_name": `+opt(o.Name)+`, "dataset_digest": `+opt(o.Digest)+`}`)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func (s loggedSearch) parts() (experiments, filter, order string) {
	ids := make([]string, len(s.experiments))
	for i, id := range s.experiments {
		ids[i] = store.PyText(id)
	}
	filter = "null"
	if s.filter != "" {
		filter = store.PyText(s.filter)
	}
	return "[" + strings.Join(ids, ", ") + "]", filter, s.orderJSON()
}

func (s loggedSearch) token(offset int64) string {
	experiments, filter, order := s.parts()
	return base64.StdEncoding.EncodeToString([]byte(`{"experiment_ids": ` + experiments + `, "filter_string": ` + filter +
		`, "order_by": ` + order + `, "offset": ` + strconv.FormatInt(offset, 10) + `}`))
}

// offset checks that the token is of this search.
func (s loggedSearch) offset(token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	var t struct {
		Experiments json.RawMessage `json:"experiment_ids"`
		Filter      json.RawMessage `json:"filter_string"`
		Order       json.RawMessage `json:"order_by"`
		Offset      int64           `json:"offset"`
	}
	b, ok := pyBase64(token)
	if !ok {
		return 0, &apiError{internal, "Incorrect padding"}
	}
	if err := json.Unmarshal(b, &t); err != nil {
		why := err.Error()
		if len(b) == 0 {
			why = "Expecting value: line 1 column 1 (char 0)" // Python's words
		}
		return 0, refuse("Invalid page token: %s. %s", token, why)
	}
	experiments, filter, order := s.parts()
	for _, c := range [...]struct {
		what, want string
		got        json.RawMessage
	}{
		{"Experiment IDs in the page token do not match the requested experiment IDs.", experiments, t.Experiments},
		{"Filter string in the page token does not match the requested filter string.", filter, t.Filter},
		{"Order by in the page token does not match the requested order by.", order, t.Order},
	} {
		if want, got := pyBare(c.want), pyBare(string(c.got)); want != got {
			return 0, refuse("%s Expected: %s. Found: %s", c.what, want, got)
		}
	}
	return t.Offset, nil
}

// pyBare prints a JSON value as Python's f-strings do.
func pyBare(raw string) string {
	var s string
	if json.Unmarshal([]byte(raw), &s) == nil && raw != "null" {
		return s
	}
	if raw == "" || raw == "[]" || raw == `""` {
		raw = "null"
	}
	return pyValue([]byte(raw))
}
