package track

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"flightdeck/backends/local/store"
)

// A page token is base64 of JSON, as MLflow's: {"offset": 100}. Where MLflow's words
// about a wrong one print Python's values, so do these.

func pageToken(offset int64) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"offset": %d}`, offset))
}

func pageOffset(token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	b, ok := pyBase64(token)
	if !ok {
		return 0, refuse("Invalid page token, could not base64-decode")
	}
	var parsed struct {
		Offset json.RawMessage `json:"offset"`
	}
	if !json.Valid(b) {
		return 0, refuse("Invalid page token, decoded value=%s", pyBytes(b))
	}
	if err := json.Unmarshal(b, &parsed); err != nil {
		v, _ := readPython(b)
		return 0, &apiError{internal, "'" + v.pythonType() + "' object has no attribute 'get'"} // as MLflow fails over it
	}
	text := strings.Trim(string(parsed.Offset), `"`)
	switch text {
	case "", "null", "0", "0.0", "false", "[]", "{}":
		return 0, refuse("Invalid page token, parsed value=%s", pyValue(b))
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if f, isFloat := strconv.ParseFloat(string(parsed.Offset), 64); err != nil && isFloat == nil {
		return int64(f), nil
	}
	if err != nil {
		return 0, refuse("Invalid page token, not stringable %s", text)
	}
	return n, nil
}

// page is one page of the items, from the token on, and the next token.
func page[T any](all []T, token string, size int64) ([]T, string, error) {
	offset, err := pageOffset(token)
	if err != nil {
		return nil, "", err
	}
	some, got := cutPage(all, offset, size)
	if got != size+1 {
		return some, "", nil
	}
	return some, pageToken(offset + size), nil
}

// cutPage cuts as MLflow does with SQL's OFFSET and LIMIT and then in Python: one more
// than size is fetched, to see whether there is more. That tells what becomes of a
// size that makes no sense.
func cutPage[T any](all []T, offset, size int64) (some []T, got int64) {
	rest := all[min(max(offset, 0), int64(len(all))):]
	got = int64(len(rest))
	if limit := size + 1; limit >= 0 { // a negative one is none
		got = min(got, limit)
	}
	keep := min(got, size)
	if size < 0 { // Python counts from the end
		keep = max(0, got+size)
	}
	return rest[:keep], got
}

// pyBase64 decodes as Python does: what is not of the alphabet is skipped.
func pyBase64(s string) ([]byte, bool) {
	clean := strings.Map(func(r rune) rune {
		if r < 0x80 && strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r) {
			return r
		}
		return -1
	}, s)
	b, err := base64.StdEncoding.DecodeString(clean)
	return b, err == nil
}

func pyBytes(b []byte) string {
	quote := byte('\'')
	if bytes.IndexByte(b, '\'') >= 0 && bytes.IndexByte(b, '"') < 0 {
		quote = '"'
	}
	out := []byte{'b', quote}
	for _, c := range b {
		switch {
		case c == quote || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c >= 0x20 && c < 0x7f:
			out = append(out, c)
		default:
			out = fmt.Appendf(out, `\x%02x`, c)
		}
	}
	return string(append(out, quote))
}

func pyTexts(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = store.PyRepr(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// pyValue prints a JSON value as Python prints what it reads of it.
func pyValue(raw []byte) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out strings.Builder
	inside, count := []json.Delim{}, []int{0}
	for {
		t, err := d.Token()
		if err != nil {
			return out.String()
		}
		if end, ok := t.(json.Delim); ok && (end == ']' || end == '}') {
			out.WriteRune(rune(end))
			inside, count = inside[:len(inside)-1], count[:len(count)-1]
			continue
		}
		if n := len(inside); n > 0 && count[n] > 0 {
			if inside[n-1] == '{' && count[n]%2 == 1 {
				out.WriteString(": ")
			} else {
				out.WriteString(", ")
			}
		}
		count[len(count)-1]++
		switch v := t.(type) {
		case json.Delim:
			out.WriteRune(rune(v))
			inside, count = append(inside, v), append(count, 0)
		case string:
			out.WriteString(store.PyRepr(v))
		case bool:
			out.WriteString(map[bool]string{true: "True", false: "False"}[v])
		case json.Number:
			out.WriteString(v.String())
		case nil:
			out.WriteString("None")
		}
	}
}
