package track

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"flightdeck/backends/local/store"
)

// fields are the members of a request: from the body or from the query, and what the
// path filled in. Where the route has a message they are of its types, and checked;
// elsewhere they are read in the order in which MLflow checks them: the first mistake
// stays in err, and what is read after it is zero.
type fields struct {
	m       map[string]json.RawMessage
	raw     []byte // the body of a batch, whose members are found when they are asked for
	sent    node   // the request as it was sent
	message *message
	err     error
	http    *http.Request
}

func (a *api) readFields(w http.ResponseWriter, r *http.Request, of *message, params map[string]string) (*fields, error) {
	f := &fields{m: map[string]json.RawMessage{}, http: r, message: of}
	if isStream(r) {
		f.fill(params)
		return f, nil
	}
	if r.Method == http.MethodGet && r.URL.RawQuery != "" || of == nil && r.Method == http.MethodHead {
		if err := f.ask(parseQuery(r.URL.RawQuery)); err != nil {
			return nil, err
		}
		f.fill(params)
		return f, nil
	}
	if err := checkKind(r, of != nil); err != nil {
		return nil, err
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

// checkKind checks a body's type as MLflow does: letter by letter. What has no message
// may leave it out.
func checkKind(r *http.Request, needed bool) error {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return nil
	}
	sent, ok := r.Header["Content-Type"]
	if !ok && !needed {
		return nil
	}
	if !ok {
		return refuse("Bad Request. Content-Type header is missing.")
	}
	if kind, _, _ := strings.Cut(sent[0], ";"); kind != "application/json" {
		return refuse("Bad Request. Content-Type must be one of ['application/json'].")
	}
	return nil
}

// ask takes the members from a query.
func (f *fields) ask(q map[string][]string) error {
	if f.message == nil {
		for k, v := range q {
			if k != "run_id" && k != "run_ids" { // the first counts
				v = v[:1]
			}
			f.m[k] = quotedTexts(v)
		}
		return nil
	}
	v := node{kind: isDict}
	for i := range f.message.members {
		member := &f.message.members[i]
		got, ok := q[member.name]
		if !ok {
			continue
		}
		one := node{kind: isText, text: got[0]}
		switch lower := strings.ToLower(got[0]); {
		case member.repeated:
			one = node{kind: isList}
			for _, s := range got {
				one.items = append(one.items, node{kind: isText, text: s})
			}
		case member.kind == ofBool && lower == "true":
			one = node{kind: isTrue}
		case member.kind == ofBool && lower == "false":
			one = node{kind: isFalse}
		case member.kind == ofBool:
			return refuse("Invalid boolean value: %s, must be 'true' or 'false'.", got[0])
		}
		v.names, v.items = append(v.names, member.name), append(v.items, one)
	}
	return f.take(v)
}

// parseQuery reads a query as MLflow's server does, which is less strict than net/url: what
// is no escape stays, and only & parts.
func parseQuery(raw string) map[string][]string {
	q := map[string][]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		k = loose(k)
		q[k] = append(q[k], loose(v))
	}
	return q
}

// loose undoes percent escapes. Those that make no UTF-8 stay.
func loose(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if !strings.Contains(s, "%") {
		return s
	}
	var out, escaped []byte
	flush := func() {
		for len(escaped) > 0 {
			r, size := utf8.DecodeRune(escaped)
			if r == utf8.RuneError && size == 1 {
				out = fmt.Appendf(out, "%%%02X", escaped[0])
			} else {
				out = append(out, escaped[:size]...)
			}
			escaped = escaped[size:]
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && s[i+1] != '+' {
				escaped = append(escaped, byte(n))
				i += 2
				continue
			}
		}
		flush()
		out = append(out, s[i])
	}
	flush()
	return string(out)
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
		return nil, &apiError{store.InvalidParameter, fmt.Sprintf("Batched logging API requests must be at most %d bytes, got a request of size %d.", big.Limit, max(r.ContentLength, big.Limit+1))}
	case err != nil:
		return nil, &apiError{badRequest, "the request was cut off: " + err.Error()}
	}
	return body, nil
}

// parse finds the members of a body. One that is no JSON is empty for MLflow, and one
// that is a string of JSON is what is in that: old clients encode twice.
func (f *fields) parse() error {
	v, ok := readPython(f.raw)
	if ok && v.kind == isText {
		f.raw = []byte(v.text)
		if v, ok = readPython(f.raw); !ok {
			return &apiError{badRequest, "the request is a text, and no JSON is in it"}
		}
	}
	if !ok || v.kind == isNull {
		v = node{kind: isDict}
	}
	if f.message != nil {
		return f.take(v)
	}
	f.sent = v
	for i, name := range v.names {
		f.m[name] = v.items[i].appendPlain(nil)
	}
	if v.kind != isDict {
		return &apiError{badRequest, "the request is not a JSON object but a " + v.pythonType()}
	}
	return nil
}

// take reads the route's message from what was sent, and checks it.
func (f *fields) take(v node) error {
	f.sent = v
	if twice := f.message.twice(&v); twice != nil {
		return refuse("Request specifies both '%s' and '%s'; provide only one of them.", twice.name, twice.camel)
	}
	if v.kind != isDict && v.kind != isList {
		return crash(&v)
	}
	whole := f.message.read(&v, func(name string, raw []byte) { f.m[name] = raw })
	return f.message.check(&v, whole)
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

// required is a text that may not be empty. A message has been checked for it; where
// it is empty all the same, the store says what it is missing.
func (f *fields) required(name string) string {
	s := f.text(name)
	if s == "" && f.message == nil {
		f.missing(name)
	}
	return s
}

// experiment is an experiment's id, which MLflow reads as Python reads a number.
func (f *fields) experiment() string {
	id := f.required("experiment_id")
	if n, ok := pythonInt(id); ok {
		return n.String()
	}
	return id
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
