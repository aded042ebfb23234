package track

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// Numbers on the wire: an int64 is a number or a string of one, a double that JSON
// has no number for is the string NaN, Infinity or -Infinity.

type wireInt int64

func (n *wireInt) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = wireInt(i)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64) // 1e3 and 5.0 are integers too
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return fmt.Errorf("%s is not an integer", b)
	}
	*n = wireInt(f)
	return nil
}

type wireFloat float64

func (f *wireFloat) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	switch s {
	case "NaN":
		*f = wireFloat(math.NaN())
		return nil
	case "Infinity":
		*f = wireFloat(math.Inf(1))
		return nil
	case "-Infinity":
		*f = wireFloat(math.Inf(-1))
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(s, "xX_") {
		return fmt.Errorf("%s is not a double", b)
	}
	*f = wireFloat(v)
	return nil
}

// MarshalJSON writes what Python writes: a double keeps its point.
func (f wireFloat) MarshalJSON() ([]byte, error) {
	v := float64(f)
	switch {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	}
	b := strconv.AppendFloat(nil, v, 'g', -1, 64)
	if a := math.Abs(v); a >= 1e-4 && a < 1e16 || v == 0 {
		b = strconv.AppendFloat(nil, v, 'f', -1, 64)
		if !strings.Contains(string(b), ".") {
			b = append(b, ".0"...)
		}
	}
	return b, nil
}

type wireMetric struct {
	Key   *string    `json:"key"`
	Value *wireFloat `json:"value"`
	Time  *wireInt   `json:"timestamp"`
	Step  *wireInt   `json:"step"`
}

// fields are the members of a request, from the body or from the query. The first
// mistake stays in err, and what is read after it is zero.
type fields struct {
	m   map[string]json.RawMessage
	err error
}

func readFields(w http.ResponseWriter, r *http.Request) (*fields, error) {
	f := &fields{m: map[string]json.RawMessage{}}
	if r.Method == http.MethodGet {
		for k, v := range r.URL.Query() {
			b, err := json.Marshal(v[0])
			if err != nil {
				return nil, err
			}
			f.m[k] = b
		}
		return f, nil
	}
	if t := r.Header.Get("Content-Type"); t != "" && !strings.HasPrefix(strings.ToLower(t), "application/json") {
		return nil, &apiError{store.InvalidParameter, "Bad Request. Content-Type must be one of ['application/json'], got " + t}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, &apiError{store.InvalidParameter, fmt.Sprintf("Batched logging API requests must be at most %d bytes, got a request of size %d.", maxBody, max(r.ContentLength, maxBody+1))}
	case err != nil:
		return nil, &apiError{badRequest, "the request was cut off: " + err.Error()}
	}
	if err := json.Unmarshal(body, &f.m); err != nil {
		return nil, &apiError{badRequest, "the request is not a JSON object: " + err.Error()}
	}
	return f, nil
}

const seeDocs = " See the API docs for more information about request parameters."

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = &apiError{store.InvalidParameter, fmt.Sprintf(format, args...)}
	}
}

func (f *fields) missing(name string) {
	f.fail("Missing value for required parameter '%s'.%s", name, seeDocs)
}

// read decodes a member; false when it is not there.
func (f *fields) read(name string, to any) bool {
	raw, ok := f.m[name]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, to); err != nil {
		f.fail("Invalid value %s for parameter '%s' supplied:  Hint: Value was of type '%s'.%s", raw, name, pythonType(raw), seeDocs)
		return false
	}
	return true
}

func pythonType(raw []byte) string {
	switch {
	case raw[0] == '"':
		return "str"
	case raw[0] == '{':
		return "dict"
	case raw[0] == '[':
		return "list"
	case raw[0] == 't' || raw[0] == 'f':
		return "bool"
	case strings.ContainsAny(string(raw), ".eE"):
		return "float"
	}
	return "int"
}

func (f *fields) text(name string) (s string) {
	f.read(name, &s)
	return s
}

// required is a text that may not be empty.
func (f *fields) required(name string) string {
	s := f.text(name)
	if s == "" {
		f.missing(name)
	}
	return s
}

func (f *fields) integer(name string) (int64, bool) {
	var n wireInt
	ok := f.read(name, &n)
	return int64(n), ok
}

func (f *fields) tags(name string) (tags []backends.Tag) {
	f.read(name, &tags)
	for i, t := range tags {
		if t.Key == "" {
			f.missing(fmt.Sprintf("%s[%d].key", name, i))
		}
	}
	return tags
}

// run is the run's id, which old clients call run_uuid.
func (f *fields) run() string {
	if id := f.text("run_id"); id != "" {
		return id
	}
	if id := f.text("run_uuid"); id != "" {
		return id
	}
	return f.required("run_id")
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encode(w, v)
}

func encode(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that went away does not hear it
}

func momentOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

type empty struct{}
