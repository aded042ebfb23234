package track

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// fields are the members of a request: from the body or from the query, and what the
// path filled in. They are read in the order in which MLflow checks them: the first
// mistake stays in err, and what is read after it is zero.
type fields struct {
	m    map[string]json.RawMessage
	raw  []byte // the body of a batch, whose members are found when they are asked for
	err  error
	http *http.Request
}

func (a *api) readFields(w http.ResponseWriter, r *http.Request, params map[string]string) (*fields, error) {
	f := &fields{m: map[string]json.RawMessage{}, http: r}
	if isStream(r) {
		f.fill(params)
		return f, nil
	}
	if r.Method == http.MethodGet && r.URL.RawQuery != "" || r.Method == http.MethodHead {
		for k, v := range r.URL.Query() {
			f.m[k] = quotedTexts(v)
		}
		f.fill(params)
		return f, nil
	}
	if t := r.Header.Get("Content-Type"); t != "" && r.Method != http.MethodGet {
		if kind, _, err := mime.ParseMediaType(t); err != nil || kind != "application/json" {
			return nil, &apiError{store.InvalidParameter, "Bad Request. Content-Type must be one of ['application/json']."}
		}
	}
	limit := a.o.MaxBody
	if strings.HasSuffix(r.URL.Path, "/log-inputs") {
		limit *= 4
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	if f.raw = body; !strings.HasSuffix(r.URL.Path, "/log-batch") {
		if err := f.parse(); err != nil {
			return nil, err
		}
	}
	f.fill(params)
	return f, nil
}

func (f *fields) fill(params map[string]string) {
	for k, v := range params {
		f.m[k] = appendText(nil, v)
	}
}

// quotedTexts are the values of a key of a query: one is a text, more are a list.
func quotedTexts(v []string) []byte {
	if len(v) == 1 {
		return appendText(nil, v[0])
	}
	b := []byte{'['}
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	in := http.MaxBytesReader(w, r.Body, limit)
	var body []byte
	var err error
	if n := r.ContentLength; n >= 0 && n <= limit {
		body = make([]byte, n)
		_, err = io.ReadFull(in, body)
	} else {
		body, err = io.ReadAll(in)
	}
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, &apiError{store.InvalidParameter, fmt.Sprintf("Batched logging API requests must be at most %d bytes, got a request of size %d.", limit, max(r.ContentLength, limit+1))}
	case err != nil:
		return nil, &apiError{badRequest, "the request was cut off: " + err.Error()}
	}
	return body, nil
}

// parse finds the members of a body. One that is no JSON is empty for MLflow, and one
// that is a string of JSON is what is in that: old clients encode twice.
func (f *fields) parse() error {
	var twice string
	if json.Unmarshal(f.raw, &twice) == nil {
		f.raw = []byte(twice)
	}
	if !json.Valid(f.raw) {
		return nil
	}
	if err := json.Unmarshal(f.raw, &f.m); err != nil {
		return &apiError{badRequest, "the request is not a JSON object: " + err.Error()}
	}
	if f.m == nil { // null
		f.m = map[string]json.RawMessage{}
	}
	return nil
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

// wrong refuses a value of a member.
func (f *fields) wrong(name string, raw []byte) {
	f.fail("Invalid value %s for parameter '%s' supplied:  Hint: Value was of type '%s'.%s", pythonJSON(raw), name, pythonType(raw), seeDocs)
}

// pythonJSON writes a value as Python's json does, without space.
func pythonJSON(raw []byte) string {
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return string(raw)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return store.PyCompact(b)
}

// read decodes a member; false when it is not there.
func (f *fields) read(name string, to any) bool {
	raw, ok := f.m[name]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, to); err != nil {
		f.wrong(name, raw)
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

func (f *fields) has(name string) bool {
	raw, ok := f.m[name]
	return ok && string(raw) != "null"
}

func (f *fields) integer(name string) (int64, bool) {
	var n wireInt
	ok := f.read(name, &n)
	return int64(n), ok
}

// enum is an enum's name or its number, from 1; what is neither counts as left out,
// as it does for MLflow.
func (f *fields) enum(name string, values ...string) string {
	raw := strings.Trim(string(f.m[name]), `"`)
	for i, v := range values {
		if raw == v || raw == strconv.Itoa(i+1) {
			return v
		}
	}
	return ""
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

// valid replaces what is no UTF-8, which JSON cannot say.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}
