package track

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// node is a JSON value as Python reads it: the members of an object in their order,
// NaN and Infinity, integers of any length, halves of a surrogate pair.
type node struct {
	kind  nodeKind
	text  string   // of a text; of a number, as it was written
	names []string // of an object's members, which are items
	items []node
}

type nodeKind byte

const (
	isNull nodeKind = iota
	isFalse
	isTrue
	isInt
	isFloat
	isText
	isList
	isDict
)

// deepest is how far Python follows what lies in each other.
const deepest = 900

// readPython reads a body as Python's json does. ok is false for what it refuses.
func readPython(b []byte) (v node, ok bool) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		return node{}, false
	}
	r := jsonReader{batchScanner{b: b, ok: true}}
	v = r.value(0)
	return v, r.ok && r.next() == 0 && r.i == len(b)
}

// jsonReader reads with a batch's scanner, but all that there is.
type jsonReader struct{ batchScanner }

func (r *jsonReader) value(depth int) (v node) {
	if depth > deepest {
		r.ok = false
		return v
	}
	switch c := r.next(); {
	case c == '"':
		return node{kind: isText, text: r.wide()}
	case c == '[':
		v.kind = isList
		r.list(func() { v.items = append(v.items, r.value(depth+1)) })
		return v
	case c == '{':
		return r.members(depth)
	}
	for _, w := range []struct {
		word string
		kind nodeKind
	}{{"null", isNull}, {"true", isTrue}, {"false", isFalse}, {"NaN", isFloat}, {"Infinity", isFloat}, {"-Infinity", isFloat}} {
		if bytes.HasPrefix(r.b[r.i:], []byte(w.word)) {
			r.i += len(w.word)
			return node{kind: w.kind, text: w.word}
		}
	}
	t := r.number()
	if r.ok = r.ok && len(t) > 0 && jsonNumber(t) && wholeNumber(t); !r.ok {
		return v
	}
	if v.kind = isInt; bytes.ContainsAny(t, ".eE") {
		v.kind = isFloat
	}
	v.text = string(t)
	return v
}

// wholeNumber reports whether the token is one number of JSON: jsonNumber looks only
// at its zeros and points.
func wholeNumber(t []byte) bool {
	_, err := strconv.ParseFloat(string(t), 64)
	return err == nil || strings.HasSuffix(err.Error(), strconv.ErrRange.Error())
}

// members keeps the last of members of one name, at the place of the first.
func (r *jsonReader) members(depth int) node {
	v := node{kind: isDict}
	r.sequence('{', '}', func() {
		if r.next() != '"' {
			r.ok = false
			return
		}
		name := r.wide()
		r.expect(':')
		one := r.value(depth + 1)
		if i := slices.Index(v.names, name); i >= 0 {
			v.items[i] = one
			return
		}
		v.names, v.items = append(v.names, name), append(v.items, one)
	})
	return v
}

// wide is a text; half of a surrogate pair stays one, in three bytes that are no UTF-8.
func (r *jsonReader) wide() string {
	inside, escaped := r.quoted()
	if !r.ok || !escaped {
		return string(inside)
	}
	var out []byte
	for i := 0; i < len(inside) && r.ok; {
		if inside[i] != '\\' {
			out = append(out, inside[i])
			i++
			continue
		}
		if inside[i+1] != 'u' { // a scanner lets no backslash end a text
			at := strings.IndexByte(`"\/bfnrt`, inside[i+1])
			if r.ok = at >= 0; r.ok {
				out = append(out, "\"\\/\b\f\n\r\t"[at])
			}
			i += 2
			continue
		}
		u, ok := hex4(inside[i:])
		i += 6
		if ok && utf16.IsSurrogate(u) && i < len(inside) {
			if low, isPair := hex4(inside[i:]); isPair && utf16.DecodeRune(u, low) != utf8.RuneError {
				u = utf16.DecodeRune(u, low)
				i += 6
			}
		}
		r.ok = ok
		out = appendWide(out, u)
	}
	return string(out)
}

func appendWide(b []byte, u rune) []byte {
	if utf16.IsSurrogate(u) {
		return append(b, 0xe0|byte(u>>12), 0x80|byte(u>>6)&0xbf, 0x80|byte(u)&0xbf)
	}
	return utf8.AppendRune(b, u)
}

// hex4 reads \uXXXX.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil && !bytes.ContainsAny(b[2:6], "+-_")
}

// member is a member of an object, and whether there is one.
func (v *node) member(name string) (node, bool) {
	if i := slices.Index(v.names, name); i >= 0 {
		return v.items[i], true
	}
	return node{}, false
}

// pythonType is what Python calls the value's type.
func (v *node) pythonType() string {
	return [...]string{"NoneType", "bool", "bool", "int", "float", "str", "list", "dict"}[v.kind]
}

// appendPython writes the value as Python's json.dumps does with sorted keys and no
// space.
func (v *node) appendPython(b []byte) []byte {
	switch v.kind {
	case isText:
		return appendASCII(b, v.text)
	case isInt:
		if v.text == "-0" {
			return append(b, '0')
		}
		return append(b, v.text...)
	case isFloat:
		return v.appendFloat(b)
	case isList:
		b = append(b, '[')
		for i := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.items[i].appendPython(b)
		}
		return append(b, ']')
	case isDict:
		names := slices.Clone(v.names)
		slices.Sort(names)
		b = append(b, '{')
		for i, name := range names {
			if i > 0 {
				b = append(b, ',')
			}
			one, _ := v.member(name)
			b = one.appendPython(append(appendASCII(b, name), ':'))
		}
		return append(b, '}')
	}
	return append(b, [...]string{"null", "false", "true"}[v.kind]...)
}

// appendPlain writes the value as JSON that Go reads; NaN and an infinity as texts.
func (v *node) appendPlain(b []byte) []byte {
	switch v.kind {
	case isText:
		return appendText(b, v.text)
	case isFloat:
		if strings.HasSuffix(v.text, "y") || v.text == "NaN" {
			return appendText(b, v.text)
		}
		return append(b, v.text...)
	case isList, isDict:
		ends := "[]"
		if v.kind == isDict {
			ends = "{}"
		}
		b = append(b, ends[0])
		for i := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			if v.kind == isDict {
				b = append(appendText(b, v.names[i]), ':')
			}
			b = v.items[i].appendPlain(b)
		}
		return append(b, ends[1])
	}
	return v.appendPython(b)
}

func (v *node) appendFloat(b []byte) []byte {
	f, err := strconv.ParseFloat(v.text, 64)
	switch {
	case err != nil && f > 0 || v.text == "Infinity":
		return append(b, "Infinity"...)
	case err != nil || v.text == "-Infinity":
		return append(b, "-Infinity"...)
	case v.text == "NaN":
		return append(b, "NaN"...)
	}
	return appendFloat(b, f)
}

// appendASCII writes a text with all beyond ASCII escaped.
func appendASCII(b []byte, s string) []byte {
	unit := func(u rune) {
		const digits = "0123456789abcdef"
		b = append(b, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1 && i+2 < len(s): // half of a pair, see wide
			unit(rune(s[i]&15)<<12 | rune(s[i+1]&63)<<6 | rune(s[i+2]&63))
			size = 3
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case strings.ContainsRune("\b\f\n\r\t", r):
			b = append(b, '\\', "bfnrt"[strings.IndexRune("\b\f\n\r\t", r)])
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			unit(hi)
			unit(lo)
		case r < 0x20 || r > 0x7e:
			unit(r)
		default:
			b = append(b, byte(r))
		}
		i += size
	}
	return append(b, '"')
}
