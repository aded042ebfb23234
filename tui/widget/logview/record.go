package logview

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxRecord is the longest line that is looked into for JSON or logfmt.
const maxRecord = 16 << 10

// field is one key and its value as it is shown: strings bare where that is clear,
// everything else as it was written.
type field struct{ key, value string }

// record is a structured line.
type record struct {
	time, level, msg string
	rest             []field
}

// parse recognises a line that is one JSON object, or logfmt from end to end.
func parse(line []byte) (record, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || len(line) > maxRecord || !utf8.Valid(line) {
		return record{}, false
	}
	var fields []field
	var ok bool
	if line[0] == '{' {
		fields, ok = parseJSON(line)
	} else {
		fields, ok = parseLogfmt(string(line))
	}
	if !ok {
		return record{}, false
	}
	return arrange(fields), true
}

// arrange finds the three fields that every format has; the others keep their order.
func arrange(fields []field) record {
	var r record
	for _, f := range fields {
		switch f.key {
		case "time", "ts", "timestamp", "@timestamp", "asctime", "t":
			if r.time == "" {
				r.time = f.value
				continue
			}
		case "level", "lvl", "severity", "levelname", "loglevel", "log.level":
			if r.level == "" {
				r.level = f.value
				continue
			}
		case "msg", "message", "@message":
			if r.msg == "" {
				r.msg = f.value
				continue
			}
		}
		r.rest = append(r.rest, f)
	}
	return r
}

// parseJSON is the fields of an object, in their order.
func parseJSON(line []byte) ([]field, bool) {
	if !json.Valid(line) {
		return nil, false
	}
	var fields []field
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, false
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, false
		}
		key, _ := k.(string)
		fields = append(fields, field{key, jsonValue(raw)})
	}
	return fields, len(fields) > 0
}

func jsonValue(raw json.RawMessage) string {
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

// parseLogfmt is the fields of key=value key="quoted \" value"; a key alone has no value.
// A line of prose that only mentions a value is none.
func parseLogfmt(line string) ([]field, bool) {
	var fields []field
	values := 0
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			break
		}
		n := 0
		for n < len(line) && isKey(line[n]) {
			n++
		}
		if n == 0 {
			return nil, false
		}
		key := line[:n]
		line = line[n:]
		switch {
		case line == "" || line[0] == ' ' || line[0] == '\t':
			fields = append(fields, field{key, ""})
			continue
		case line[0] != '=':
			return nil, false
		}
		value, size, ok := logfmtValue(line[1:])
		if !ok {
			return nil, false
		}
		values++
		fields = append(fields, field{key, value})
		line = line[1+size:]
	}
	return fields, values >= 2 && values*2 > len(fields)
}

func logfmtValue(s string) (value string, size int, ok bool) {
	if s == "" || s[0] != '"' {
		n := strings.IndexAny(s, " \t")
		if n < 0 {
			n = len(s)
		}
		return s[:n], n, !strings.Contains(s[:n], `"`)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '\t' {
				return "", 0, false
			}
			var v string
			if json.Unmarshal([]byte(s[:i+1]), &v) != nil {
				v = s[1:i]
			}
			return v, i + 1, true
		}
	}
	return "", 0, false
}

func isKey(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-/@", c) >= 0
}
