package preview

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"flightdeck/tui/widget/cell"
)

// plain is text as it is; bytes that are no text are shown in hexadecimal.
func plain(s source) (Doc, error) {
	data, err := s.head(Limit)
	if err != nil {
		return Doc{}, err
	}
	if bytes.IndexByte(data, 0) >= 0 || !mostlyText(data) {
		return hexDoc(data, s.size), nil
	}
	return textDoc("text", data, s.size), nil
}

func textDoc(kind string, data []byte, size int64) Doc {
	d := Doc{Kind: kind, Note: first(int64(len(data)), size)}
	if d.Note != "" {
		data = wholeRunes(data)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d.Rows = make([]Row, 0, min(maxRows, bytes.Count(data, []byte("\n"))+1))
	for line := range strings.Lines(string(data)) {
		if !d.add(Row{Text: strings.TrimRight(line, "\r\n")}) {
			break
		}
	}
	return d
}

// add appends a row; false when there are enough, which the document then says.
func (d *Doc) add(r Row) bool {
	if len(d.Rows) == maxRows {
		d.Note = fmt.Sprintf("first %s rows", cell.Count(maxRows, " "))
		return false
	}
	d.Rows = append(d.Rows, r)
	return true
}

// wholeRunes is text without the part of a character that it was cut in.
func wholeRunes(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

// mostlyText allows for one byte in twenty that is no UTF-8: logs in Latin-1.
func mostlyText(data []byte) bool {
	head := wholeRunes(data[:min(len(data), 4096)])
	bad := 0
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		i += n
	}
	return bad*20 <= len(head)
}

// hexBytes is how many bytes are shown in hexadecimal: enough to recognise a
// format by.
const hexBytes = 4096

func hexDoc(data []byte, size int64) Doc {
	data = data[:min(len(data), hexBytes)]
	d := Doc{Kind: "bytes", Note: first(int64(len(data)), size)}
	for at := 0; at < len(data); at += 16 {
		part := data[at:min(at+16, len(data))]
		text := make([]byte, len(part))
		for i, b := range part {
			text[i] = '.'
			if b >= 0x20 && b < 0x7f {
				text[i] = b
			}
		}
		d.Rows = append(d.Rows, Row{Label: fmt.Sprintf("%08x", at), Text: fmt.Sprintf("%-47s  %s", fmt.Sprintf("% x", part), text)})
	}
	return d
}

func jsonDoc(s source) (Doc, error) {
	data, err := s.head(Limit)
	if err != nil {
		return Doc{}, err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var valid json.RawMessage
	if err := json.Unmarshal(data, &valid); err != nil {
		if s.size > int64(len(data)) && mostlyText(data) { // of course not: its end is missing
			return textDoc("JSON", data, s.size), nil
		}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			before := data[:min(max(syntax.Offset-1, 0), int64(len(data)))]
			line := bytes.Count(before, []byte("\n")) + 1
			column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
			return Doc{}, fmt.Errorf("not valid JSON: line %d, column %d: %w", line, column, err)
		}
		return Doc{}, fmt.Errorf("not valid JSON: %w", err)
	}
	d := Doc{Kind: "JSON"}
	layJSON(data, &d)
	return d, nil
}

// layJSON breaks valid JSON into rows, with indentation that a hostile nesting
// cannot blow up and lists of numbers on one row. The values stay as they are
// written.
func layJSON(data []byte, d *Doc) {
	const deepest = 20
	var line strings.Builder
	depth := 0
	turn := func(by int) bool {
		ok := d.add(Row{Text: line.String()})
		line.Reset()
		depth += by
		line.WriteString(cell.Blank(2 * min(depth, deepest)))
		return ok
	}
	for i, ok := 0, true; i < len(data) && ok; i++ {
		switch c := data[i]; c {
		case ' ', '\t', '\r', '\n':
		case '"':
			n := stringEnd(data[i:])
			line.Write(data[i : i+n])
			i += n - 1
		case '{', '[':
			line.WriteByte(c)
			if n := short(data[i:]); n > 0 {
				line.WriteString(strings.Join(strings.Fields(strings.ReplaceAll(string(data[i+1:i+n]), ",", ", ")), " "))
				i += n - 1
				continue
			}
			ok = turn(+1)
		case '}', ']':
			ok = turn(-1)
			line.WriteByte(c)
		case ',':
			line.WriteByte(c)
			ok = turn(0)
		case ':':
			line.WriteString(": ")
		default:
			line.WriteByte(c)
		}
	}
	d.add(Row{Text: line.String()})
}

// stringEnd is the length of the string that b starts with.
func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// short is the length of a list that is written on one row: empty, or numbers.
func short(b []byte) int {
	for i := 1; i < min(len(b), 80); i++ {
		switch c := b[i]; {
		case c == b[0]+2: // ] after [, } after {
			return i + 1
		case bytes.IndexByte([]byte("0123456789+-.eE, \t\r\n"), c) < 0:
			return 0
		}
	}
	return 0
}
