package lines

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain is text without escape sequences and other control characters.
func plain(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == 0x9b }) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == 0x1b:
			i += escape(text[i:])
			continue
		case r >= ' ' && r != 0x7f && r != 0x9b || r == '\t':
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// escape is the length of the escape sequence that text begins with.
func escape(text string) int {
	if len(text) < 2 {
		return len(text)
	}
	switch text[1] {
	case '[': // up to its final byte
		for i := 2; i < len(text); i++ {
			if text[i] >= 0x40 && text[i] <= 0x7e {
				return i + 1
			}
		}
		return len(text)
	case ']', 'P', 'X', '^', '_': // up to BEL or ESC \
		for i := 2; i < len(text); i++ {
			if text[i] == 7 {
				return i + 1
			}
			if text[i] == 0x1b {
				return min(i+2, len(text))
			}
		}
		return len(text)
	}
	return 2
}

func letter(r rune) bool { return unicode.IsLetter(r) || r == '_' }

func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_./@-", c) >= 0 || c >= 0x80
}

const (
	mostProse = 16 << 10 // of one line: no person wrote more
	mostName  = 128
)

// prose reads pairs, counts and places in a training out of any text.
func prose(text string) (f found) {
	if len(text) > mostProse || strings.Contains(text, "Namespace(") || strings.Contains(text, "Config(") || strings.Contains(text, "config:") { // settings, printed
		return f
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '=' || c == ':':
			if key, ok := nameBefore(text, i); ok {
				i = f.pair(text, key, i) - 1
			}
		case c == '/':
			f.count(text, i)
		case c == ' ' || c == '[' || c == '#':
			f.place(text, i)
		}
	}
	return f
}

// nameBefore is the name that ends at i, blanks between them aside. A word before
// it that says of which data it is belongs to it.
func nameBefore(text string, i int) (string, bool) {
	end := len(strings.TrimRight(text[:i], " "))
	if i-end > 8 { // columns may be aligned, but not that far
		return "", false
	}
	start := end
	for start > 0 && end-start <= mostName && inName(text[start-1]) {
		start--
	}
	key := strings.TrimLeft(text[start:end], "-./@")
	if r, _ := utf8.DecodeRuneInString(key); key == "" || end-start > mostName || !letter(r) || !utf8.ValidString(key) {
		return "", false
	}
	before := strings.TrimRight(text[:start], " ")
	if len(before) < start && measure(key) {
		w := len(before)
		for w > 0 && len(before)-w <= mostName && inName(before[w-1]) {
			w--
		}
		if word := before[w:]; part(word) {
			key = strings.ToLower(word + "_" + key)
		}
	}
	return key, true
}

// pair reads the number behind the sign at i, and answers where the text goes on.
func (f *found) pair(text, key string, i int) int {
	at := i + 1
	for at < len(text) && text[at] == ' ' && at-i < 16 {
		at++
	}
	if text[i] == ':' && at == i+1 && !measure(key) && !isEpoch(key) && !isStep(key) { // host:8080
		return i + 1
	}
	end := at
	for end < len(text) && !strings.ContainsRune(" \t,;|)]}(", rune(text[end])) {
		end++
	}
	token := text[at:end]
	if strings.HasSuffix(token, "%") && end < len(text) && text[end] == '|' { // how far a bar is
		return end
	}
	if isEpoch(key) || isStep(key) {
		if n, _, ok := strings.Cut(strings.TrimPrefix(token, "["), "/"); ok || token != n {
			token = n // 3/10
		}
	}
	v, whole, ok := number(token)
	if !ok {
		return i + 1
	}
	f.add(key, v, whole)
	return end
}

// count reads a count with its total around the slash at i: 42/100.
func (f *found) count(text string, i int) {
	start, end := i, i+1
	for start > 0 && text[start-1] == ' ' {
		start--
	}
	right := start
	for start > 0 && digit(text[start-1]) {
		start--
	}
	for end < len(text) && text[end] == ' ' {
		end++
	}
	left := end
	for end < len(text) && digit(text[end]) {
		end++
	}
	if start == right || left == end || end < len(text) && (inName(text[end]) || text[end] == ':') {
		return
	}
	if start > 0 && (inName(text[start-1]) || strings.IndexByte("=:", text[start-1]) >= 0) {
		return // a path, a date, a value
	}
	done, err1 := strconv.ParseInt(text[start:right], 10, 64)
	total, err2 := strconv.ParseInt(text[left:end], 10, 64)
	if err1 != nil || err2 != nil || total < 1 || done > total {
		return
	}
	if name := wordBefore(text, start); isEpoch(name) || isStep(name) || f.counts {
		return // Epoch 3/10 is read as such
	}
	if strings.HasSuffix(strings.TrimRight(text[:start], " "), ":") && measure(wordBefore(text, start)) {
		return // Accuracy: 9850/10000
	}
	f.done, f.total, f.counts = done, total, true
}

// wordBefore is the word before i, with the signs between them left out.
func wordBefore(text string, i int) string {
	end := len(strings.TrimRight(text[:i], " [#:("))
	start := end
	for start > 0 && end-start <= mostName && inName(text[start-1]) {
		start--
	}
	return text[start:end]
}

// place reads a place in a training that has no sign before its number: Epoch 3,
// step [10/100].
func (f *found) place(text string, i int) {
	at := i + 1
	for at < len(text) && strings.IndexByte(" [#(", text[at]) >= 0 {
		at++
	}
	if at == len(text) || !digit(text[at]) {
		return
	}
	if i > 0 && strings.IndexByte(" [#(", text[i-1]) >= 0 {
		return // seen from the first of them
	}
	start := i
	for start > 0 && i-start <= mostName && inName(text[start-1]) {
		start--
	}
	key := text[start:i]
	if !isEpoch(key) && !isStep(key) {
		return
	}
	end := at
	for end < len(text) && (digit(text[end]) || text[end] == '.') {
		end++
	}
	if end < len(text) && (letter(rune(text[end])) || text[end] == '%') {
		return // step 3ms
	}
	if v, whole, ok := number(strings.TrimRight(text[at:end], ".")); ok {
		f.add(key, v, whole)
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number reads a number as programs print it. One with a unit is none, but for
// percent.
func number(token string) (v float64, whole, ok bool) {
	token = strings.TrimSuffix(strings.TrimRight(token, ".,;"), "%")
	switch strings.ToLower(strings.TrimLeft(token, "+-")) {
	case "nan":
		return math.NaN(), false, true
	case "inf", "infinity":
		return math.Inf(1 - 2*strings.Count(token[:1], "-")), false, true
	}
	if token == "" || len(token) > 64 || strings.Trim(token, "0123456789+-.eE") != "" || !strings.ContainsAny(token, "0123456789") {
		return 0, false, false
	}
	v, err := strconv.ParseFloat(token, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false, false
	}
	return v, !strings.ContainsAny(token, ".eE"), true
}
