package store

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"flightdeck/backends"
)

// What MLflow accepts, and the words in which it refuses the rest.

const (
	maxKey        = 250
	maxParam      = 6000
	maxTag        = 8000
	maxExpName    = 500
	maxExpTag     = 20000
	maxModelTag   = 100_000
	maxAlias      = 255
	badCharacters = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
)

// checkName checks the name of a metric, a param or a tag; where is how MLflow's
// message calls the field.
func checkName(name, where string) error {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("/_.- :", r) {
			return invalidValue(where, name, badCharacters)
		}
	}
	clean := normPath(name)
	if clean != name || clean == "." || strings.HasPrefix(clean, "..") || strings.HasPrefix(clean, "/") {
		return invalidValue(where, name, "Names may be treated as files in certain cases, and must not resolve to other names"+
			" when treated as such. This name would resolve to "+pyString(clean))
	}
	return nil
}

// normPath cleans a path as Python does, which keeps two slashes at the beginning.
func normPath(name string) string {
	clean := path.Clean(name)
	if strings.HasPrefix(name, "//") && !strings.HasPrefix(name, "///") && strings.HasPrefix(clean, "/") {
		return "/" + clean
	}
	return clean
}

// invalidValue is MLflow's message about a field's value; why may be empty.
func invalidValue(where string, value any, why string) error {
	v, err := json.Marshal(value)
	if err != nil {
		v = []byte(strconv.Quote(fmt.Sprint(value)))
	}
	if why == "" {
		return invalid("Invalid value %s for parameter '%s' supplied.", asciiJSON(v), where)
	}
	return invalid("Invalid value %s for parameter '%s' supplied: %s", asciiJSON(v), where, why)
}

// asciiJSON escapes as Python's json does: everything beyond ASCII, and not < > &.
func asciiJSON(b []byte) string {
	s := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
	var out strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// pyString writes a string as Python's repr does, for messages that hold one.
func pyString(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// checkLength counts characters, as Python does.
func checkLength(what string, limit int, v string) error {
	if len(v) <= limit || utf8.RuneCountInString(v) <= limit {
		return nil
	}
	return invalid("'%s' exceeds the maximum length of %d characters", what, limit)
}

func checkMetric(m *backends.Metric, where string) error {
	if err := checkName(m.Key, where+"name"); err != nil {
		return err
	}
	if m.Time < 0 {
		return invalidValue(where+"timestamp", m.Time, fmt.Sprintf("metric '%s' (value=%s). Timestamp must be a nonnegative long (64-bit integer) ", m.Key, pyFloat(m.Value)))
	}
	return checkLength("Metric name", maxKey, m.Key)
}

// pyFloat writes a number as Python does.
func pyFloat(v float64) string {
	s := strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64))
	s = strings.TrimPrefix(s, "+")
	if strings.Trim(s, "-0123456789") == "" {
		s += ".0"
	}
	return s
}

// A value of a param or of a run's tag that is too long is cut, as MLflow does, so
// that a training does not die of a long command line. The others are refused.

func checkParam(p *backends.Param, where string) error {
	if err := checkName(p.Key, where+"key"); err != nil {
		return err
	}
	p.Value = shorten(p.Value, maxParam)
	return checkLength("Param key", maxKey, p.Key)
}

func checkTag(t *backends.Tag, where string) error {
	t.Value = shorten(t.Value, maxTag)
	return checkTagOf(*t, where, maxTag)
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit {
			return s[:i]
		}
		n++
	}
	return s
}

func checkTagOf(t backends.Tag, where string, limit int) error {
	if err := checkName(t.Key, where+"key"); err != nil {
		return err
	}
	if err := checkLength(where+"key", maxKey, t.Key); err != nil {
		return err
	}
	return checkLength(where+"value", limit, t.Value)
}

func checkExperimentName(name string) error {
	if name == "" {
		return invalid("Invalid experiment name: ''")
	}
	return checkLength("name", maxExpName, name)
}

func checkModelName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return invalid("Missing value for required parameter 'name'.")
	case strings.ContainsAny(name, "/:"):
		return invalid("Invalid model name '%s'. Names cannot contain '/' or ':'.", name)
	case path.Clean(name) != name || name == "." || strings.HasPrefix(name, ".."):
		return invalidValue("name", name, "Names may be treated as files in certain cases, and must not resolve to other names"+
			" when treated as such. This name would resolve to "+pyString(path.Clean(name)))
	}
	return nil
}

// checkAlias is for every use of an alias, checkAliasFree for setting one: MLflow
// keeps some for itself.
func checkAlias(alias string) error {
	switch {
	case alias == "":
		return invalid("Registered model alias name cannot be empty.")
	case !regexp.MustCompile(`^[\pL\pN_-]*$`).MatchString(alias):
		return invalid("Invalid alias name: '%s'. Names may only contain alphanumerics, underscores (_), and dashes (-).", alias)
	}
	return checkLength("Registered model alias name", maxAlias, alias)
}

func checkAliasFree(alias string) error {
	switch {
	case strings.EqualFold(alias, "latest"):
		return invalid("'latest' alias name (case insensitive) is reserved.")
	case regexp.MustCompile(`^[vV]\d+$`).MatchString(alias):
		return invalid("Version alias name '%s' is reserved.", alias)
	}
	return nil
}

// PyJSON writes JSON as Python's json does: everything beyond ASCII escaped.
func PyJSON(b []byte) string { return asciiJSON(b) }

// PyText writes a text in JSON as Python's json does.
func PyText(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // it is a text
		panic(err)
	}
	return asciiJSON(b)
}

// PyRepr writes a text as Python's repr does.
func PyRepr(s string) string { return pyString(s) }
